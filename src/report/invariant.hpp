// The invariants of a segment that the doctor checks: their numbers, their names, and what each says. docs/guide/doctor.md lists the same, with what repair
// does; tests/report/invariants_test.cpp holds the two together, and plants a violation of each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace seki::report {

// Numbers and names are stable: sekictl prints both. A number is never given anew.
enum class invariant : std::uint8_t {
    entry_fits = 1,
    entry_known = 2,
    name_valid = 3,
    name_unique = 4,
    incarnation_issued = 5,
    incarnation_unique = 6,
    arena_disjoint = 7,
    terms_sane = 8,
    key_in_bucket = 9,
    key_unique = 10,
    key_possible = 11,
    empty_stamped = 12,
    stripe_whole = 13,
    permits_sound = 14,
    maxima_agree = 15,
    permit_owned = 16,
    breaker_possible = 17,
    window_whole = 18,
    probe_owned = 19,
    limit_possible = 20,
    budget_possible = 21,
    calls_measured = 22,
    counts_owned = 23,
    process_staged = 24,
    worker_owned = 25,
    header_stands = 26,
    listening_possible = 27,
    heartbeat_past = 28,
    owner_possible = 29,
    reserved_untouched = 30,
    name_padded = 31,
    terms_counted = 32,
    shape_given = 33,
    terms_agree = 34,
    ticket_possible = 35,
    stamp_issued = 36,
    permit_issued = 37,
    hints_past = 38,
    beyond_stepped = 39,
    origin_possible = 40,
    transitions_possible = 41,
    block_placed = 42,
    block_over = 43,
    told_reached = 44,
    owners_asked = 45,
    probe_issued = 46,
    adaptive_window_open = 47,
    queue_possible = 48,
    budget_earned = 49,
    calls_placed = 50,
    percentile_possible = 51,
    counts_placed = 52,
    shared_counts_marked = 53,
    process_unnamed = 54,
    process_described = 55,
    process_attached = 56,
    worker_issued = 57,
    worker_used = 58,
    hitter_possible = 59,
    ring_possible = 60,
    torn_counted = 61,
    doubt_possible = 62,
};

struct promise {
    invariant number;
    std::string_view name;
    std::string_view holds;  // where nobody scribbled
};

// All of them, by number, from 1 on.
[[nodiscard]] std::span<const promise> promises() noexcept;

[[nodiscard]] constexpr unsigned number_of(invariant which) noexcept { return static_cast<unsigned>(which); }
[[nodiscard]] std::string_view to_string(invariant which) noexcept;

}  // namespace seki::report
