// What is planted into the pieces of the arena.
#include <fmt/format.h>

#include "algorithm/latency.hpp"
#include "layout/hedge.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "planted_violations.hpp"
#include "primitives/clock.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using layout::kind;
using shm::hardware;

constexpr std::uint64_t hour = 3'600ULL * 1'000'000'000;
constexpr std::uint64_t of_no_slot = layout::pack_worker_owner(4'000, 1);  // there are four
constexpr std::uint64_t of_time_to_come = layout::pack_worker_owner(0, 1ULL << 40);

std::uint64_t now() { return primitives::read_clock(Clock::precise); }
void write(layout::word& at, std::uint64_t value) { hardware::store_release(at, value); }
void write(layout::pair& at, layout::pair_value value) { hardware::store_pair_release(at, value); }

std::string in_slot(const planted_stage& on, std::size_t index, layout::pair_value value) {
    write(on.keys().slot(index), value);
    return on.slot_place(index);
}
std::string in_state(const planted_stage& on, algorithm::breaker::position position) {
    const auto [first, second] = algorithm::breaker::pack(position);
    write(on.breaker().block().state, {first, second});
    return "breaker \"calls\"";
}
std::string in_ring(const planted_stage& on, std::size_t place, std::uint64_t number) {
    constexpr std::uint64_t all_ok = 0x5555'5555'5555;
    write(on.breaker().ring()[place], layout::pack(layout::outcome_block{on.generation(), number, all_ok}));
    return "breaker \"calls\"";
}
std::string in_place(const planted_stage& on, std::uint64_t owner) {
    write(on.breaker().all_places()[7], {layout::pack_place(on.generation(), layout::place::taken), owner});
    return "breaker \"calls\", probe 7";
}
std::string in_terms(const planted_stage& on, layout::permit_terms terms) {
    write(on.permits().terms, layout::pack(terms));
    return "bulkhead \"database\", the table of its permits";
}
std::string in_permit(const planted_stage& on, std::uint64_t owner) {
    write(on.permit(), owner);
    return "bulkhead \"database\", permit 2";
}
std::string in_budget(const planted_stage& on, layout::budget_window window) {
    write(on.first<layout::retry_block>(kind::retry, "again").budget, {0, layout::pack(window)});
    return "retry \"again\", its budget";
}
layout::latency_block& latencies(const planted_stage& on) {
    return on.first<layout::hedge_block>(kind::hedge, "search").latencies;
}
std::string in_tally(const planted_stage& on, std::uint32_t slice, std::size_t row) {
    write(latencies(on).tallies[row % layout::latency_slices][77], std::uint64_t{slice} << 32 | 1);
    return "hedge \"search\", how long its calls took";
}

std::vector<violation> of_limiters() {
    using enum invariant;
    return {
        {key_in_bucket, [](const planted_stage& on) { return in_slot(on, on.empty_slot(false), {on.a_key(), 0}); }},
        {key_unique,
         [](const planted_stage& on) {
             const std::size_t one = on.slot_of_a_key(), other = on.empty_slot(true);
             (void)in_slot(on, other, {on.a_key(), hardware::load_second_acquire(on.keys().slot(one))});
             return on.slot_place(std::max(one, other));
         }},
        {key_possible,
         [](const planted_stage& on) { return in_slot(on, on.slot_of_a_key(), {on.a_key(), layout::ticket_bit - 1}); }},
        {empty_stamped,
         [](const planted_stage& on) { return in_slot(on, on.empty_slot(true), {0, layout::ticket_bit | 5}); }},
        {ticket_possible,
         [](const planted_stage& on) {
             return in_slot(on, on.empty_slot(true), {on.a_key(), layout::ticket(0, 1ULL << 40)});
         }},
        {stamp_issued,
         [](const planted_stage& on) { return in_slot(on, on.empty_slot(true), {1ULL << 47 | 1ULL << 40, 0}); }},
        {stripe_whole,
         [](const planted_stage& on) {
             write(on.keys().stripe(3), {0, 3});
             return std::string{"limiter \"login\", stripe 3"};
         }},
    };
}

std::vector<violation> of_permits() {
    using enum invariant;
    return {
        {permits_sound, [](const planted_stage& on) { return in_terms(on, {7, 2'000, 2'000}); }},
        {maxima_agree, [](const planted_stage& on) { return in_terms(on, {7, 8, 8}); }},
        {permit_owned, [](const planted_stage& on) { return in_permit(on, of_no_slot); }},
        {permit_issued, [](const planted_stage& on) { return in_permit(on, of_time_to_come); }},
        {hints_past,
         [](const planted_stage& on) {
             write(on.permits().asked_at, now() + hour);
             return std::string{"bulkhead \"database\", the table of its permits"};
         }},
        {beyond_stepped,
         [](const planted_stage& on) {
             shm::shedder_places_of(on.where(), on.at(kind::shedder, "door")).beyond().set_max(7);
             return std::string{"shedder \"door\", the table of its places beyond the maximum"};
         }},
        {limit_possible,
         [](const planted_stage& on) {
             write(on.last<layout::adaptive_block>(kind::adaptive, "limit").limit, {5ULL << 48, ~0ULL});
             return std::string{"adaptive \"limit\", its limit"};
         }},
        {adaptive_window_open,
         [](const planted_stage& on) {
             write(on.last<layout::adaptive_block>(kind::adaptive, "limit").window,
                   {layout::pack(layout::adaptive_window{.target = 40, .calls = 3, .drops = 4}), 0});
             return std::string{"adaptive \"limit\", its window"};
         }},
        {queue_possible,
         [](const planted_stage& on) {
             const std::uint64_t ahead = (now() + 2 * hour) >> algorithm::codel::tick_shift;
             write(on.last<layout::shedder_block>(kind::shedder, "door").codel, {ahead << 16, 0});
             return std::string{"shedder \"door\", its queue"};
         }},
    };
}

std::vector<violation> of_breakers() {
    using enum invariant;
    using algorithm::breaker::state;
    return {
        {breaker_possible,
         [](const planted_stage& on) {
             return in_state(on, {.generation = on.generation(), .state = state::open, .since = ~0ULL >> 2});
         }},
        {origin_possible,
         [](const planted_stage& on) {
             return in_state(
                 on, {.generation = on.generation(), .state = state::half_open, .came_from = 0, .since = now()});
         }},
        {window_whole,
         [](const planted_stage& on) {
             write(on.breaker().block().window_end, layout::pack(layout::outcome_block{on.generation(), 5, 0b1}));
             return std::string{"breaker \"calls\""};
         }},
        {block_placed, [](const planted_stage& on) { return in_ring(on, 2, 0); }},
        {block_over, [](const planted_stage& on) { return in_ring(on, 5, 5); }},
        {probe_owned, [](const planted_stage& on) { return in_place(on, of_no_slot); }},
        {probe_issued, [](const planted_stage& on) { return in_place(on, of_time_to_come); }},
        {transitions_possible,
         [](const planted_stage& on) {
             constexpr auto open = static_cast<std::size_t>(state::open);
             write(on.breaker().block().transitions[open][open],
                   layout::pack(layout::transition_count{on.generation() - 1, 5}));
             return std::string{"breaker \"calls\""};
         }},
        {told_reached,
         [](const planted_stage& on) {
             write(on.breaker().block().told, on.generation() + 3U);
             return std::string{"breaker \"calls\""};
         }},
        {owners_asked,
         [](const planted_stage& on) {
             write(on.breaker().block().looked, now() + hour);
             return std::string{"breaker \"calls\""};
         }},
    };
}

std::vector<violation> of_budgets() {
    using enum invariant;
    return {
        {budget_possible,
         [](const planted_stage& on) {
             return in_budget(on, {.start_ms = primitives::clock_ms() + 1'000'000, .left = 5});
         }},
        {budget_earned,
         [](const planted_stage& on) {
             return in_budget(on, {.start_ms = primitives::clock_ms(), .left = 2'000'000});
         }},
        {calls_measured, [](const planted_stage& on) { return in_tally(on, 0xffff'0000, 0); }},
        {calls_placed,
         [](const planted_stage& on) {
             const std::uint32_t slice = algorithm::latency::slice_of(primitives::clock_ms());
             return in_tally(on, slice, slice + 1);
         }},
        {percentile_possible,
         [](const planted_stage& on) {
             write(latencies(on).answer_ns, 12'345);
             return std::string{"hedge \"search\", how long its calls took"};
         }},
    };
}

}  // namespace

std::vector<violation> violations_of_primitives() {
    std::vector<violation> all = of_limiters();
    for (const auto& more : {of_permits(), of_breakers(), of_budgets()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

}  // namespace seki::report
