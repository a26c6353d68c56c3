#include "report/invariant.hpp"

#include <algorithm>
#include <array>

namespace seki::report {
namespace {

using enum invariant;

constexpr auto all = std::to_array<promise>({
    {entry_fits, "entry_fits",
     "the numbers of an entry fit together and lie inside the arena, also of a piece that is kept; its incarnation is "
     "one that a counter reaches"},
    {entry_known, "entry_known", "the kind of an entry is one that there is"},
    {name_valid, "name_valid", "its name is one that could have been given"},
    {name_unique, "name_unique", "no two primitives of a kind share a name"},
    {incarnation_issued, "incarnation_issued", "its incarnation was issued by the counter, which has not run away"},
    {incarnation_unique, "incarnation_unique", "no two entries have the same incarnation"},
    {arena_disjoint, "arena_disjoint", "its tables, or the piece that it keeps for others, are nobody else's"},
    {terms_sane, "terms_sane", "its terms, in force and of its creation, are what some options compile to"},
    {key_in_bucket, "key_in_bucket", "a key stands in one of its two buckets"},
    {key_unique, "key_unique", "a key stands in one slot"},
    {key_possible, "key_possible", "the state of a key could have come about by now"},
    {empty_stamped, "empty_stamped", "an empty slot has a stamp and nothing else"},
    {stripe_whole, "stripe_whole", "a stripe is idle with the stamp of its table, or busy with a key of that stripe"},
    {permits_sound, "permits_sound", "the terms of a table of permits are such as could have been set"},
    {maxima_agree, "maxima_agree", "the maximum of a table is that of the terms, in force or before"},
    {permit_owned, "permit_owned", "a permit, or the place of a waiter, belongs to a process slot that there is"},
    {breaker_possible, "breaker_possible", "the word of a breaker is one that there is, since a time that has been"},
    {window_whole, "window_whole", "a count window has as many outcomes as it says, each of them one"},
    {probe_owned, "probe_owned", "the place of a probe belongs to a process slot that there is"},
    {limit_possible, "limit_possible", "an adaptive limit begins its next probe within the day"},
    {budget_possible, "budget_possible",
     "the budget of a retry or a hedge began its window at a time that has been, with calls that were made"},
    {calls_measured, "calls_measured", "how long the calls of a hedge took was noted at a time that has been"},
    {counts_owned, "counts_owned",
     "counters and durations are of an incarnation that was issued, and those that all share of the one that stands"},
    {process_staged, "process_staged", "a process slot is free, claimed or live"},
    {worker_owned, "worker_owned", "a worker slot belongs to a process slot that there is"},
    {header_stands, "header_stands", "the header says what it said when the segment was attached"},
    {listening_possible, "listening_possible",
     "events of ordinary calls are wanted for no longer than anybody asks for them"},
    {heartbeat_past, "heartbeat_past", "sekid ticked at a time that has been"},
    {owner_possible, "owner_possible",
     "the number of the sekid that looks after the segment is one that a process can have"},
    {reserved_untouched, "reserved_untouched", "words that are nobody's are zero"},
    {name_padded, "name_padded", "behind its end a name has zeros"},
    {terms_counted, "terms_counted", "terms were published at least once, and no more often than anybody can"},
    {shape_given, "shape_given", "the tables of a primitive are divided as for some options, and of that size"},
    {terms_agree, "terms_agree", "the counts of a limiter's windows have as many bits as at its creation"},
    {ticket_possible, "ticket_possible",
     "a slot that is being given to a key names a transaction that its stripe came to, in a bucket of that key"},
    {stamp_issued, "stamp_issued", "the stamp of an empty slot is the table's, or one that its worker slot came to"},
    {permit_issued, "permit_issued", "a permit, or the place of a waiter, names a process that its slot had by now"},
    {hints_past, "hints_past",
     "a table of permits was last found full, and its holders asked after, at times that have been"},
    {beyond_stepped, "beyond_stepped", "the places of a shedder beyond its maximum are opened step by step"},
    {origin_possible, "origin_possible", "a breaker came to its state from one that leads there"},
    {transitions_possible, "transitions_possible", "only such transitions are counted as there are"},
    {block_placed, "block_placed", "a full block of outcomes stands where its number belongs"},
    {block_over, "block_over", "a full block of outcomes lies behind the end of its window"},
    {told_reached, "told_reached", "changes of a breaker are told up to a generation that it came to"},
    {owners_asked, "owners_asked", "the owners of probes were last asked after at a time that has been"},
    {probe_issued, "probe_issued", "the place of a probe names a process that its slot had by now"},
    {adaptive_window_open, "adaptive_window_open",
     "the window of an adaptive limit has fewer calls than end it, and no more drops or latency than its calls can "
     "have"},
    {queue_possible, "queue_possible", "what a shedder knows of its queue lies no further ahead than any interval"},
    {budget_earned, "budget_earned", "a budget has no more left than its calls can have earned"},
    {calls_placed, "calls_placed", "how long the calls of a hedge took is noted where its time belongs"},
    {percentile_possible, "percentile_possible",
     "the percentile of a hedge is the end of a bucket, found out at a time that has been"},
    {counts_placed, "counts_placed", "counters of a primitive that stands lie where its entry does"},
    {shared_counts_marked, "shared_counts_marked",
     "the counters that all share are marked as theirs, also where nothing stands"},
    {process_unnamed, "process_unnamed", "a free process slot names nobody"},
    {process_described, "process_described", "what describes the process of a slot belongs to its name"},
    {process_attached, "process_attached", "a process attached at a time that has been"},
    {worker_issued, "worker_issued", "a worker slot names a process that its slot had by now"},
    {worker_used, "worker_used", "a worker slot that anything was counted in has the number of a thread"},
    {hitter_possible, "hitter_possible", "a sample of a busy key is of a key, and of an incarnation that was issued"},
    {ring_possible, "ring_possible", "a ring has no more events than it has room for"},
    {torn_counted, "torn_counted", "of a ring no more events were torn than were taken"},
    {doubt_possible, "doubt_possible",
     "only in the ring that all share events are doubted, and only those that were pushed"},
});

constexpr bool by_number() {
    for (std::size_t i = 0; i < all.size(); ++i)
        if (number_of(all[i].number) != i + 1) return false;
    return true;
}
static_assert(by_number());

}  // namespace

std::span<const promise> promises() noexcept { return all; }

std::string_view to_string(invariant which) noexcept {
    const unsigned number = number_of(which);
    return number >= 1 && number <= all.size() ? all[number - 1].name : std::string_view{"unknown"};
}

}  // namespace seki::report
