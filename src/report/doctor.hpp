// Checks every invariant of a segment, says which do not hold, and mends them.
//
// A sound segment in full use has no findings: what examine() reports cannot come from a process that was stopped or killed, only from somebody who wrote
// where nobody should. Things in between (an insert under way, the slots of a process that just died) are not findings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::report {

// The invariants. Their names are stable: --json prints them.
enum class invariant : std::uint8_t {
    entry_fits,  // an entry's numbers fit together and lie inside the arena, also of a piece that is kept; its incarnation is one that a counter reaches
    entry_known,         // its kind is one that there is
    name_valid,          // its name is one that could have been given
    name_unique,         // no two primitives of a kind share a name
    incarnation_issued,  // its incarnation was issued by the counter, which has not run away
    incarnation_unique,  // and to nobody else
    arena_disjoint,      // its tables, or the piece that it keeps for others, are nobody else's
    terms_sane,          // its terms, in force and of its creation, are what some options compile to
    key_in_bucket,       // a key stands in one of its two buckets
    key_unique,          // and nowhere else
    key_possible,        // its state could have come about by now
    empty_stamped,       // an empty slot is empty, bit for bit
    stripe_whole,        // a stripe is idle with the table's stamp, or busy with a key of that stripe
    permits_sound,       // the terms of a table of permits are such as could have been set
    maxima_agree,  // and its maximum is that of a bulkhead's terms, in force or before: an administrator may have died in between
    permit_owned,      // a permit, or a waiter's place, belongs to a process slot that there is
    breaker_possible,  // a breaker's word is one that there is, since a time that has been
    window_whole,      // its count window has as many outcomes as it says, each of them one
    probe_owned,       // the place of a probe belongs to a process slot that there is
    limit_possible,    // an adaptive limit begins its next probe within the day
    budget_possible,  // the budget of a retry or a hedge began its window at a time that has been, with calls that were made
    calls_measured,  // how long the calls of a hedge took was noted at a time that has been
    counts_owned,  // counters and durations are of an incarnation that was issued, and those that all share of the one that stands
    process_staged,  // a process slot is free, claimed or live
    worker_owned,    // a worker slot belongs to a process slot that there is
};

[[nodiscard]] std::string_view to_string(invariant broken) noexcept;

struct finding {
    invariant broken;
    std::string where;  // limiter "login", slot 17
    std::string what;   // what is wrong, and what repair() does about it
    // Which terms it was judged by: counts their changes.
    std::uint64_t terms_version = 0;

    friend bool operator==(const finding&, const finding&) = default;
};

// At most `most` findings; only reads, so it serves copies. A copy that was made while processes worked is not of one instant, and two halves
// that do not belong together can look like a mistake: what is wrong stands in the next copy too, bit for bit (confirmed()).
[[nodiscard]] std::vector<finding> examine(const shm::segment& where, std::size_t most = 1000);

// Those of `now` that were there before.
[[nodiscard]] std::vector<finding> confirmed(std::vector<finding> now, const std::vector<finding>& before);

// Mends what examine() finds, holding the administration lock; answers how many repairs were made. Keys that cannot be trusted are
// forgotten, terms give way to those of the creation, primitives of which nothing can be trusted are deleted.
[[nodiscard]] Result<std::size_t> repair(const shm::segment& where);

}  // namespace seki::report
