// The same as last_round_test.cpp of a breaker, its windows and its counts; and what else shows in a breaker whose swaps are lost.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "shm/breaker.hpp"
#include "shm/constant_terms.hpp"
#include "shm/outcome_window.hpp"
#include "shm/transition_counts.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;
using machine = shm::hardware;

// Each of these fails if the last of the rounds is not gone, or one more is.

// ---- windows of outcomes

constexpr law::terms by_count{.window = 20, .minimum_calls = 5};
constexpr law::terms by_time{.window_type = law::window_type::time, .window = 16 * law::second, .minimum_calls = 5};
constexpr auto always = [] { return true; };

struct counted : ::testing::Test {
    layout::pair end{};
    std::array<layout::pair, 3> ring{};
    shm::count_window<unlucky> subject{end, ring};
};

TEST_F(counted, LastRoundOfAnOutcome) {
    const auto push_after = [this](int lost) {
        const lost_swaps others{&end, lost};
        return subject.push(0, law::outcome::ok, by_count, true, always);
    };
    EXPECT_EQ(push_after(shm::max_window_rounds - 1), shm::recorded::counted);
    EXPECT_EQ(push_after(shm::max_window_rounds), shm::recorded::hindered);
}

TEST_F(counted, LastRoundOfAnOkOutcome) {
    ASSERT_EQ(subject.push(0, law::outcome::ok, by_count, true, always), shm::recorded::counted);
    const auto push_after = [this](int lost) {
        const lost_swaps others{&end, lost};
        return subject.push_ok(0, 20);
    };
    EXPECT_TRUE(push_after(3));
    EXPECT_FALSE(push_after(4));
}

TEST_F(counted, LastRoundOfALook) {
    const auto total_after = [this](int rounds) {
        machine::store_pair_release(end, layout::pack(layout::outcome_block{.generation = 0, .number = 1}));
        bool again = true;  // each round looks twice
        const changes others{&end, 2 * rounds, [&] {
                                 again = !again;
                                 if (again)
                                     machine::store_pair_release(end, {machine::load_first_acquire(end),
                                                                       machine::load_second_acquire(end) ^ 4});
                             }};
        return subject.look(0, by_count).total;
    };
    EXPECT_EQ(total_after(shm::max_window_rounds - 1), 1);
    EXPECT_EQ(total_after(shm::max_window_rounds), 0);
}

TEST_F(counted, LastRoundOfAnOrder) {
    const lost_swaps others{&end, 2 * shm::max_window_rounds};
    subject.order();
    EXPECT_EQ(others.tries(), shm::max_window_rounds);
}

TEST(LastRound, AnOutcomeGoesIntoItsSlice) {
    const auto push_after = [](int lost) {
        std::array<layout::pair, layout::outcome_slices> slices{};
        const shm::time_window<unlucky> subject{slices};
        const lost_swaps others{slices.data(), lost};
        return subject.push(0, law::outcome::ok, 0, by_time, true, always, [] { return algorithm::nanos{0}; });
    };
    EXPECT_EQ(push_after(shm::max_window_rounds - 1), shm::recorded::counted);
    EXPECT_EQ(push_after(shm::max_window_rounds), shm::recorded::hindered);
}

// ---- the breaker

struct caller {
    algorithm::nanos time = law::second;
    [[nodiscard]] algorithm::nanos now() const { return time; }
    static bool alive(std::uint64_t /*owner*/) { return true; }
    static bool tired() { return false; }
    static bool stands() { return true; }
    static void moved(shm::transition /*made*/) {}
    static std::uint64_t owner() { return 5; }
};

struct broken : ::testing::Test {
    using breaker = shm::breaker<unlucky>;
    void SetUp() override { subject.fill(1, law::state::closed, law::second); }
    void open() { ASSERT_TRUE(subject.operate(law::event::force_open, by_count, caller{})); }
    // As when it opened by itself, long ago.
    void open_long_ago() {
        auto at = subject.look();
        at.state = law::state::open;
        at.since = 0;
        const auto [first, after] = law::pack(at);
        machine::store_pair_release(block.state, {first, after});
    }

    layout::breaker_block block{};
    std::array<layout::pair, 3> ring{};
    std::array<layout::pair, 3> places{};
    breaker subject{block, ring, places};
    caller later{.time = 3600 * law::second};
};

TEST_F(broken, LastRoundOfAnOperator) {
    const auto opens_after = [this](int lost) {
        const lost_swaps others{&block.state, lost};
        return subject.operate(law::event::force_open, by_count, caller{});
    };
    EXPECT_FALSE(opens_after(breaker::max_rounds));
    EXPECT_TRUE(opens_after(breaker::max_rounds - 1));
}

TEST_F(broken, LastRoundOfWhoOpensIt) {
    const auto reported_after = [this](int lost) {
        const lost_swaps others{&block.state, lost};
        const law::terms one{.window = 20, .minimum_calls = 1};
        return subject.report({.generation = subject.look().generation}, law::outcome::error, law::second, one,
                              caller{});
    };
    EXPECT_EQ(reported_after(breaker::max_rounds), breaker::report_result::hindered);
    EXPECT_EQ(reported_after(breaker::max_rounds - 1), breaker::report_result::opened);
    EXPECT_EQ(subject.look().state, law::state::open);
}

TEST_F(broken, LastRoundOfWhoAsks) {
    open_long_ago();
    const auto let_in_after = [this](int lost) {
        const lost_swaps others{&block.state, lost};
        return static_cast<bool>(subject.admit(unchanging(by_count), later));
    };
    EXPECT_FALSE(let_in_after(breaker::max_rounds));
    EXPECT_TRUE(let_in_after(breaker::max_rounds - 1));
}

// A place that is free and is always taken by another: looked for twice, as some may have been given back in between.
TEST_F(broken, LastRoundOfAProbe) {
    open_long_ago();
    law::terms one = by_count;
    one.half_open_requests = 1;
    const auto let_in_after = [&](int lost) {
        const lost_swaps others{places.data(), lost};
        return static_cast<bool>(subject.admit(unchanging(one), later));
    };
    EXPECT_FALSE(let_in_after(2 * breaker::max_rounds));
    EXPECT_TRUE(let_in_after(2 * breaker::max_rounds - 1));
}

TEST_F(broken, LastRoundOfALook) {
    const changes others{&block.state, 4 * breaker::max_rounds, [this] {
                             machine::store_pair_release(block.state,
                                                         {machine::load_first_acquire(block.state) + (1ULL << 32), 0});
                         }};
    (void)subject.look();
    EXPECT_EQ(others.looks(), 1 + 2 * breaker::max_rounds) << "one, and two for each time that it looks again";
}

// Fails if who put an outcome in before new terms is not seen, as its window was not swapped in between: neither by outcomes nor by who reads the terms.
TEST_F(broken, NewTermsComeBetweenTheOutcomesOfTheirWindow) {
    const auto swaps = [this](const law::terms& by, const void* of) {
        const lost_swaps others{of, 0};
        subject.reconsider(by, caller{});
        return others.tries();
    };
    EXPECT_EQ(swaps(by_count, &block.window_end), 1);
    EXPECT_EQ(swaps(by_time, &block.window_end), 0);
    EXPECT_EQ(swaps(by_time, &block.slices.front()), 1);
    EXPECT_EQ(swaps(by_time, &block.slices.back()), 1);
    EXPECT_EQ(swaps(by_count, &block.slices.back()), 0);
}

// Fails if one of the dead is passed by, wherever who asks begins; if a place is not as it was when nobody had it; or if one counts that another gave back.
TEST_F(broken, AllPlacesOfTheDeadComeBackAndAreCountedOnce) {
    struct : caller {
        static bool alive(std::uint64_t /*owner*/) { return false; }
    } undertaker;
    const std::uint32_t generation = subject.look().generation;
    const std::uint64_t taken = layout::pack_place(generation, layout::place::taken),
                        free = layout::pack_place(generation, layout::place::free);
    for (int interval = 0; interval < 20; ++interval) {
        for (layout::pair& each : places) machine::store_pair_release(each, {taken, 9});
        undertaker.time += shm::look_interval;
        const lost_swaps others{&places[1], interval % 2};
        EXPECT_EQ(subject.reclaim(undertaker), interval % 2 == 0 ? 3U : 2U);
        EXPECT_EQ(shm::read_halves<machine>(places[0]), (layout::pair_value{free, 0}));
        EXPECT_EQ(shm::read_halves<machine>(places[2]), (layout::pair_value{free, 0}));
    }
}

// Fails if the short way counts what is to go the long one: the outcome of a probe, of a call of an earlier generation, or where it is not closed.
TEST_F(broken, TheShortWayIsForCallsOfAClosedBreakerAlone) {
    const std::uint32_t generation = subject.look().generation;
    ASSERT_EQ(subject.report({.generation = generation}, law::outcome::ok, law::second, by_count, caller{}),
              breaker::report_result::counted);
    const auto total = [&] { return subject.window(by_count, law::second).total; };
    EXPECT_FALSE(subject.count_ok_at_once(generation, 0, 5));
    EXPECT_FALSE(subject.count_ok_at_once(generation - 1, breaker::no_place, 5));
    EXPECT_EQ(total(), 1U);
    EXPECT_TRUE(subject.count_ok_at_once(generation, breaker::no_place, 5));
    EXPECT_EQ(total(), 2U);
    open_long_ago();
    EXPECT_FALSE(subject.count_ok_at_once(generation, breaker::no_place, 5));
}

// Fails if who is let in is told to wait.
TEST_F(broken, WhoIsLetInNeedNotWait) {
    EXPECT_EQ(subject.admit(unchanging(by_count), caller{}).retry_after, 0U);
    open_long_ago();
    const auto probe = subject.admit(unchanging(by_count), later);
    EXPECT_EQ(probe.answer, law::decision::probe);
    EXPECT_EQ(probe.retry_after, 0U);
}

// Fails if a new breaker does not say what its header says that it does, in each of its words.
TEST_F(broken, IsFilledWithWhatNobodyExpects) {
    constexpr std::uint32_t stamp = 3, generation = stamp * 0x9e37'79b1U, before = generation - 1;
    for (std::size_t i = 0; i < sizeof block / sizeof(layout::word); ++i)
        machine::store_relaxed(reinterpret_cast<layout::word*>(&block)[i], ~std::uint64_t{0});
    subject.fill(stamp, law::state::closed, law::second);
    EXPECT_EQ(subject.look(), (law::position{.generation = generation, .since = law::second}));
    EXPECT_EQ(machine::load_relaxed(block.looked), 0U);
    EXPECT_EQ(machine::load_relaxed(block.told), generation);
    const layout::pair_value block_before =
        layout::pack(layout::outcome_block{before, layout::outcome_count_mask, layout::outcomes_mask});
    EXPECT_EQ(shm::read_halves<machine>(block.window_end), block_before);
    for (const layout::pair& each : ring) EXPECT_EQ(shm::read_halves<machine>(each), block_before);
    for (const layout::pair& each : block.slices)
        EXPECT_EQ(shm::read_halves<machine>(each),
                  layout::pack(layout::outcome_slice{before, 0, layout::max_slice_ok, layout::max_slice_bad,
                                                     layout::max_slice_bad}));
    for (const layout::pair& each : places)
        EXPECT_EQ(shm::read_halves<machine>(each),
                  (layout::pair_value{layout::pack_place(before, layout::place::free), 0}));
    for (const auto& row : block.transitions)
        for (const layout::word& each : row)
            EXPECT_EQ(machine::load_relaxed(each), layout::pack(layout::transition_count{before, 0}));
}

// Who holds the places, and who asks whether they live.
struct asker : caller {
    bool alive(std::uint64_t owner) {
        ++asked;
        return owner != 9;
    }
    int asked = 0;
};

// Fails if one more is asked than there are, or one is asked when somebody asked a moment ago.
TEST_F(broken, EachHolderIsAskedAboutOnceInAnInterval) {
    open_long_ago();
    law::terms all = by_count;
    all.half_open_requests = places.size();
    for (std::size_t i = 0; i < places.size(); ++i) ASSERT_TRUE(subject.admit(unchanging(all), later));
    asker who;
    for (int interval = 1; interval < 9; ++interval) {
        who.time = later.time + static_cast<std::uint64_t>(interval) * shm::look_interval;
        who.asked = 0;
        EXPECT_FALSE(subject.admit(unchanging(all), who));
        EXPECT_EQ(who.asked, 3);
        EXPECT_FALSE(subject.admit(unchanging(all), who));
        EXPECT_EQ(who.asked, 3);
    }
}

// Fails if a place of the dead is passed by, wherever it is and wherever who asks begins.
TEST_F(broken, APlaceOfTheDeadIsFoundWhereverItIs) {
    open_long_ago();
    law::terms all = by_count;
    all.half_open_requests = places.size();
    for (std::size_t i = 0; i < places.size(); ++i) ASSERT_TRUE(subject.admit(unchanging(all), later));
    const std::uint64_t taken = machine::load_first_acquire(places[0]);
    asker who;
    for (std::uint64_t interval = 1; interval < 30; ++interval) {
        who.time = later.time + interval * shm::look_interval;
        machine::store_pair_release(places[interval % 3], {taken, 9});
        const auto inherited = subject.admit(unchanging(all), who);
        EXPECT_EQ(inherited.place, interval % 3);
        EXPECT_EQ(inherited.answer, law::decision::probe);
    }
}

// Fails if a breaker all of whose probes were ok stays half open when the last of them died before it closed it.
TEST_F(broken, WhoFindsAllProbesOkClosesIt) {
    open_long_ago();
    law::terms all = by_count;
    all.half_open_requests = places.size();
    const auto probe = subject.admit(unchanging(all), later);
    for (layout::pair& each : places)
        machine::store_pair_release(each, {layout::pack_place(probe.generation, layout::place::ok), 0});
    EXPECT_EQ(subject.admit(unchanging(all), later).answer, law::decision::pass);
    EXPECT_EQ(subject.look().state, law::state::closed);
}

// Fails if a place beyond the last is believed, or a probe that is to count for nothing is not told whether its place was still its own.
TEST_F(broken, WhatAProbeReports) {
    std::array<layout::pair, 3> more{};
    const breaker smaller{block, ring, std::span{more}.first(2)};
    open_long_ago();
    const auto probe = smaller.admit(unchanging(by_count), later);
    ASSERT_EQ(probe.answer, law::decision::probe);
    const auto report = [&](std::uint32_t place, law::outcome outcome) {
        auto let_in = probe;
        let_in.place = place;
        return smaller.report(let_in, outcome, later.time, by_count, later);
    };
    machine::store_pair_release(more[2], shm::read_halves<machine>(more[probe.place]));
    EXPECT_EQ(report(2, law::outcome::ok), breaker::report_result::late);
    EXPECT_EQ(report(2, law::outcome::ignore), breaker::report_result::late);
    EXPECT_EQ(report(probe.place, law::outcome::ignore), breaker::report_result::ignored);
    EXPECT_EQ(shm::read_halves<machine>(more[probe.place]),
              (layout::pair_value{layout::pack_place(probe.generation, layout::place::free), 0}));
    EXPECT_EQ(report(probe.place, law::outcome::ignore), breaker::report_result::late) << "it is given back";
    EXPECT_EQ(report(probe.place, law::outcome::error), breaker::report_result::late);
}

struct transitions : broken {
    static constexpr int rounds = 1'000;
    [[nodiscard]] shm::transition_counts<unlucky> counts() { return {block.state, block.transitions}; }
};

TEST_F(transitions, LastRoundOfACount) {
    open();
    const std::uint64_t first = machine::load_first_acquire(block.state);
    layout::word& counted = block.transitions[law::came_from(first)][static_cast<std::size_t>(law::state_of(first))];
    const std::uint64_t made = machine::load_relaxed(counted);
    const auto counted_after = [&](int lost) {
        machine::store_relaxed(counted, 0);
        const lost_swaps others{&counted, lost};
        counts().count(first);
        return machine::load_relaxed(counted) == made;
    };
    EXPECT_TRUE(counted_after(rounds - 1));
    EXPECT_FALSE(counted_after(rounds));
}

TEST_F(transitions, LastRoundOfALook) {
    const changes others{&block.state, 4 * rounds, [this] {
                             machine::store_pair_release(block.state,
                                                         {machine::load_first_acquire(block.state) + (1ULL << 32), 0});
                         }};
    (void)subject.transitions();
    EXPECT_EQ(others.looks(), 2 * rounds);
}

}  // namespace
}  // namespace seki::test
