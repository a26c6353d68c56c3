// The windows that ship, through the ways in which actors may run through each other at the edges of blocks and slices.
#include <gtest/gtest.h>

#include <array>
#include <span>

#include "shm/breaker_scenarios.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using law::outcome;
using shm::recorded;

// Fails if a late one puts an old block over a newer one.
TEST(OutcomeWindowInterleavings, WhoIsStoppedWithAFullBlockInHandSpoilsNoLaterOne) {
    const auto one = window_scenarios<shm::count_window<stepped>>::a_keeper_is_stopped;
    expect_none_fails({.preemptions = 2, .deaths = 0}, {.preemptions = 3, .deaths = 0}, one);
}

// Fails if an outcome is lost, or counted for one that died before it was told, where a block becomes full.
TEST(OutcomeWindowInterleavings, AtTheEndOfABlockEachOutcomeIsCountedOnce) {
    for (const int before : {22, 23, 24, 47})
        expect_none_fails({.preemptions = 3, .deaths = 1}, [&](interleaving& play) {
            std::array<layout::pair, 4> ring{};
            layout::pair end;
            const shm::count_window<stepped> window{end, ring};
            const law::terms t{.window = 48, .minimum_calls = 48, .failure_threshold = 100, .slow_call_threshold = 100};
            std::array<std::uint64_t, 4> counts{};
            const auto push = [&](outcome what) {
                if (window.push(0, what, t, true, [] { return true; }) == recorded::counted)
                    ++counts[static_cast<std::size_t>(what)];
            };
            for (int i = 0; i < before; ++i) push(outcome::ok);
            play.together({[&] { push(outcome::error); }, [&] { push(outcome::slow); }});
            if (before >= 47) return;  // the oldest have left
            const law::tally seen = window.look(0, t);
            if (seen != law::tally{counts[1] + counts[2] + counts[3], counts[2], counts[3]}) play.fail("miscounted");
        });
}

// Fails if a slice that is moved on takes an outcome with it, or an outcome of a generation that is over is counted in the next.
TEST(OutcomeWindowInterleavings, ASliceIsMovedOnByOneAndCountsForAll) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, [](interleaving& play) {
        std::array<layout::pair, layout::outcome_slices> slices{};
        const shm::time_window<stepped> window{slices};
        const law::terms t{.window_type = law::window_type::time, .window = 16 * law::second, .minimum_calls = 100};
        layout::word generation;
        std::array<std::uint64_t, 2> counts{};
        const auto push = [&](std::uint32_t of, outcome what, std::uint64_t at) {
            const auto current = [&] { return stepped::load_acquire(generation) == of; };
            const auto done =
                window.push(of, what, at * law::second, t, true, current, [&] { return at * law::second; });
            counts[of] += done == recorded::counted ? 1U : 0U;
        };
        push(0, outcome::ok, 84);
        counts[0] = 0;
        for (std::size_t i = 0; i < slices.size(); ++i)
            if (i != 100 % slices.size()) play.constant(std::as_bytes(std::span{&slices[i], 1}));
        play.together({[&] { push(0, outcome::error, 100); },
                       [&] {
                           push(0, outcome::ok, 100);
                           stepped::store_release(generation, 1);
                           push(1, outcome::ok, 100);
                       },
                       [&] { push(0, outcome::slow, 100); }});
        const law::tally old = window.look(0, 100 * law::second, t);
        const law::tally next = window.look(1, 100 * law::second, t);
        // One that dies while it looks again has put its outcome in.
        const std::uint64_t untold = play.died(0) || play.died(1) || play.died(2) ? 1 : 0;
        const std::uint64_t put_in = next.total - counts[1];
        if (put_in > untold || next.errors + next.slow != 0) play.fail("the next generation is miscounted");
        if (counts[1] + put_in == 0 && old.total - counts[0] > untold) play.fail("miscounted");
        if (counts[1] + put_in != 0 && old.total != 0) play.fail("an outcome that came late takes a slice back");
    });
}

// Fails if two outcomes that go into two slices at once are each judged without the other, while neither dies; or if one that a death left there is
// not judged with the next. A good one may be the one that reaches minimum_calls.
void outcomes_of_two_slices_are_judged_together(outcome first, outcome second) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, [=](interleaving& play) {
        std::array<layout::pair, layout::outcome_slices> slices{};
        const shm::time_window<stepped> window{slices};
        const law::terms t{.window_type = law::window_type::time, .window = 16 * law::second, .minimum_calls = 2};
        int tripped = 0;
        for (std::size_t i = 0; i < slices.size(); ++i)
            if (i != 99 % slices.size() && i != 100 % slices.size())
                play.constant(std::as_bytes(std::span{&slices[i], 1}));
        const auto push = [&](std::uint64_t at, outcome what) {
            const auto done =
                window.push(0, what, at * law::second, t, true, [] { return true; }, [&] { return 100 * law::second; });
            tripped += done == recorded::trips ? 1 : 0;
        };
        play.together({[&] { push(99, first); }, [&] { push(100, second); }});
        if (play.died(0) || play.died(1)) push(100, outcome::error);
        if (tripped == 0 && window.look(0, 100 * law::second, t).total >= 2) play.fail("nobody opens");
    });
}

TEST(OutcomeWindowInterleavings, BadOutcomesOfTwoSlicesAreJudgedTogether) {
    outcomes_of_two_slices_are_judged_together(outcome::error, outcome::error);
}
TEST(OutcomeWindowInterleavings, AGoodOneThatReachesMinimumCallsIsJudgedWithABadOne) {
    outcomes_of_two_slices_are_judged_together(outcome::ok, outcome::error);
    outcomes_of_two_slices_are_judged_together(outcome::error, outcome::ok);
}

}  // namespace
}  // namespace seki::test
