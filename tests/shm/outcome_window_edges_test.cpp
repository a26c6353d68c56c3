// What a window of outcomes counts at its edges, and when an outcome is judged by it.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "shm/outcome_window.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;
using machine = shm::hardware;
using shm::recorded;

constexpr std::uint32_t generation = 3;
constexpr auto always = [] { return true; };

template <std::size_t Blocks>
struct counted {
    layout::pair end{};
    std::array<layout::pair, Blocks> ring{};
    shm::count_window<> window{end, ring};
    recorded push(law::outcome outcome, const law::terms& terms, bool opens = false) {
        return window.push(generation, outcome, terms, opens, always);
    }
};

// Fails if a window that somebody scribbled larger than its ring counts what is not in it.
TEST(CountWindowEdges, NoneIsLargerThanItsRing) {
    counted<3> of{};
    const law::terms terms{.window = 10'000, .minimum_calls = 10'000};
    for (int i = 0; i < 100; ++i) (void)of.push(law::outcome::ok, terms);
    EXPECT_EQ(of.window.look(generation, terms).total, layout::outcomes_in_block);
    EXPECT_EQ(of.window.look(generation, {.window = 0}).total, 1U);
    EXPECT_EQ(of.window.look(generation + 1, terms).total, 0U);
}

// Fails if a block of another generation, or another block, is counted where one should stand.
TEST(CountWindowEdges, ABlockIsBelievedByItsGenerationAndItsNumber) {
    const law::terms terms{.window = 96, .minimum_calls = 1'000};
    for (const auto& [of_generation, number] :
         {std::pair{generation + 1, 1U}, {generation, 5U}, {generation + 1, 5U}}) {
        counted<6> of{};
        for (int i = 0; i < 100; ++i) (void)of.push(law::outcome::error, terms);
        ASSERT_EQ(of.window.look(generation, terms).errors, 96U);
        machine::store_pair_release(
            of.ring[1], layout::pack(layout::outcome_block{of_generation, number, layout::outcomes_mask / 3 * 2}));
        EXPECT_EQ(of.window.look(generation, terms).errors, 96U - layout::outcomes_in_block);
        EXPECT_EQ(of.window.look(generation, terms).slow, 0U);
    }
}

// Fails if an ok outcome is judged where others are, or is not where it only says what would be.
TEST(CountWindowEdges, AnOkOutcomeIsJudgedWhereItOpensNothing) {
    counted<3> of{};
    const law::terms terms{.window = 20, .minimum_calls = 2};
    for (int i = 0; i < 6; ++i) (void)of.push(law::outcome::error, terms);
    EXPECT_EQ(of.push(law::outcome::ok, terms, true), recorded::counted);
    EXPECT_EQ(of.push(law::outcome::ok, terms, false), recorded::trips);
}

struct timed {
    std::array<layout::pair, layout::outcome_slices + 1> slices{};  // one more than there are
    shm::time_window<> window{std::span{slices}.first<layout::outcome_slices>()};
    recorded push(law::outcome outcome, algorithm::nanos now, const law::terms& terms, bool opens = false) {
        return window.push(generation, outcome, now, terms, opens, always, [now] { return now; });
    }
};

constexpr law::terms by_time{
    .window_type = law::window_type::time, .window = 16 * law::second, .minimum_calls = 5, .failure_threshold = 50};

TEST(TimeWindowEdges, AnOkOutcomeIsJudgedWhereItOpensNothing) {
    timed of;
    for (int i = 0; i < 6; ++i) (void)of.push(law::outcome::error, law::second, by_time);
    EXPECT_EQ(of.push(law::outcome::ok, law::second, by_time, true), recorded::counted);
    EXPECT_EQ(of.push(law::outcome::ok, law::second, by_time, false), recorded::trips);
}

// Fails if a window out of which good outcomes went with the time stays closed by an ok one.
TEST(TimeWindowEdges, TheFirstOutcomeOfASliceIsJudgedWhateverItIs) {
    for (const std::uint64_t minimum : {0U, 5U}) {  // as somebody may have scribbled, and as it is
        law::terms terms = by_time;
        terms.minimum_calls = minimum;
        timed of;
        for (int i = 0; i < 10; ++i) EXPECT_EQ(of.push(law::outcome::ok, 0, terms, true), recorded::counted);
        for (int i = 0; i < 6; ++i)
            EXPECT_EQ(of.push(law::outcome::error, 8 * law::second, terms, true), recorded::counted);
        EXPECT_EQ(of.push(law::outcome::ok, 15 * law::second, terms, true), recorded::counted);
        EXPECT_EQ(of.push(law::outcome::ok, 16 * law::second, terms, true), recorded::trips);
    }
}

// Fails if what stands behind the last slice is counted.
TEST(TimeWindowEdges, BehindTheLastSliceThereIsNone) {
    timed of;
    const algorithm::nanos now = 16 * law::second;  // the first slice of lap 1
    machine::store_pair_release(of.slices.back(), layout::pack(layout::outcome_slice{generation, 0, 0, 50, 0}));
    EXPECT_EQ(of.window.look(generation, now, by_time), law::tally{});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(of.push(law::outcome::ok, now, by_time, true), recorded::counted);
    EXPECT_EQ(of.push(law::outcome::error, now, by_time, true), recorded::counted);
}

// Fails if who comes late with an outcome writes over what has been since, or a slice of a lap that no clock has come to keeps its outcome out.
TEST(TimeWindowEdges, WhoComesLateIsToldByTheLapThatTheClockCanHaveComeTo) {
    constexpr std::uint64_t slices = layout::outcome_slices, clock = 5 * slices + 3;  // in slices of a second
    for (std::uint64_t index = 0; index < slices; ++index)
        for (const auto& [lap, stopped] :
             {std::pair{3U, 3U}, {4U, 3U}, {5U, 3U}, {6U, 3U}, {3U, 4U}, {4U, 4U}, {5U, 4U}, {6U, 4U}, {7U, 4U}}) {
            timed of;
            machine::store_pair_release(of.slices[index], layout::pack(layout::outcome_slice{generation, lap, 1}));
            // As of an earlier lap, by who was stopped.
            const auto said = of.window.push(generation, law::outcome::ok, (stopped * slices + index) * law::second,
                                             by_time, false, always, [] { return clock * law::second; });
            const std::uint64_t latest = (clock + 1 - index) / slices;  // clocks differ by a second
            EXPECT_EQ(said == recorded::late, lap > stopped && lap <= latest) << "slice " << index << " of lap " << lap;
        }
}

// Fails if a slice is counted that has become another lap's while it was read.
TEST(TimeWindowEdges, ASliceThatChangesWhileItIsReadIsNotCounted) {
    timed of;
    (void)of.push(law::outcome::ok, 3 * law::second, by_time);
    const shm::time_window<unlucky> window{std::span{of.slices}.first<layout::outcome_slices>()};
    int looks = 0;
    const changes other{&of.slices[3], 2, [&] {
                            if (++looks == 2)
                                machine::store_pair_release(
                                    of.slices[3], layout::pack(layout::outcome_slice{generation, 1, 0, 9, 0}));
                        }};
    EXPECT_EQ(window.look(generation, 3 * law::second, by_time), law::tally{});
}

// Fails if a window so short that somebody must have scribbled it is longer than it says.
TEST(TimeWindowEdges, ASliceIsANanosecondAtLeast) {
    for (const std::uint64_t window : {std::uint64_t{0}, std::uint64_t{16}, std::uint64_t{31}}) {
        timed of;
        law::terms terms = by_time;
        terms.window = window;
        (void)of.push(law::outcome::ok, 100, terms);
        EXPECT_EQ(of.window.look(generation, 115, terms).total, 1U);
        EXPECT_EQ(of.window.look(generation, 116, terms).total, 0U);
    }
}

}  // namespace
}  // namespace seki::test
