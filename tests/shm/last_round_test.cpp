// Each loop that starts over when others were quicker has a bound, which is said in its header: it may still succeed in the last of its rounds, and gives up after it.
// Others are played by memory in which swaps are lost, or which changes before it is looked at again.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "layout/adaptive.hpp"
#include "layout/event.hpp"
#include "layout/hedge.hpp"
#include "layout/key_table.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "layout/worker.hpp"
#include "shm/adaptive_window.hpp"
#include "shm/directory.hpp"
#include "shm/event_ring.hpp"
#include "shm/key_table.hpp"
#include "shm/latency_window.hpp"
#include "shm/process_list.hpp"
#include "shm/retry_budget.hpp"
#include "shm/shedder_state.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

using machine = shm::hardware;

constexpr std::uint64_t second = 1'000'000'000;

// Each of these fails if the last of the rounds is not gone, or one more is.

TEST(LastRound, AnAdaptiveLimitCountsACall) {
    namespace law = algorithm::adaptive_limit;
    using window = shm::adaptive_window<unlucky>;
    const law::terms by{};
    const auto counted_after = [&by](int lost) {
        layout::adaptive_block block{};
        const window subject{block};
        subject.fill(by);
        const lost_swaps others{&block.window, lost};
        (void)subject.add(
            {.latency = 7, .now = second}, [&by] { return by; }, [] { return 1; }, [](auto most) { (void)most(); });
        return subject.window().calls;
    };
    EXPECT_EQ(counted_after(window::max_rounds - 1), 1);
    EXPECT_EQ(counted_after(window::max_rounds), 0);
}

TEST(LastRound, AnAdaptiveLimitMoves) {
    namespace law = algorithm::adaptive_limit;
    using window = shm::adaptive_window<unlucky>;
    const law::terms by{.window = 1};
    const auto moved_after = [&by](int lost) {
        layout::adaptive_block block{};
        const window subject{block};
        subject.fill(by);
        const lost_swaps others{&block.limit, lost};
        window::change made;
        for (std::uint64_t i = 0, calls = subject.window().target; i < calls; ++i)
            made = subject.add(
                {.latency = 7, .now = second}, [&by] { return by; }, [] { return 1; }, [](auto most) { (void)most(); });
        return made.from != 0;
    };
    EXPECT_TRUE(moved_after(window::max_rounds - 1));
    EXPECT_FALSE(moved_after(window::max_rounds));
}

TEST(LastRound, ARetryIsGranted) {
    using budget = shm::retry_budget<unlucky>;
    const budget::terms by{.min_per_second = 10};
    const auto granted_after = [&by](int lost, std::uint64_t now_ms, int& sums) {
        layout::retry_block block{};
        const budget subject{block};
        subject.fill(by, 5'000);
        const lost_swaps others{&block.budget, lost};
        return subject.take([] { return true; }, [now_ms] { return now_ms; }, [&by] { return by; },
                            [&sums] { return ++sums, std::uint64_t{0}; });
    };
    int sums = 0;
    EXPECT_TRUE(granted_after(budget::max_rounds - 1, 5'001, sums));
    EXPECT_FALSE(granted_after(budget::max_rounds, 5'001, sums));
    EXPECT_EQ(sums, 0);
    // As a new window is begun, for which all workers' counters are added up.
    EXPECT_TRUE(granted_after(budget::max_windows - 1, 9'000, sums));
    EXPECT_EQ(sums, budget::max_windows);
    EXPECT_FALSE(granted_after(budget::max_windows, 9'000, sums));
    EXPECT_EQ(sums, 2 * budget::max_windows);
}

TEST(LastRound, ALatencyIsCounted) {
    using window = shm::latency_window<unlucky>;
    const auto counted_after = [](int lost) {
        layout::latency_block block{};
        const window subject{block};
        subject.fill();
        namespace law = algorithm::latency;
        const lost_swaps others{&block.tallies[law::slice_of(60'000) % law::slices][law::bucket_of(1'000)], lost};
        subject.record(60'000, 1'000);
        return law::total(subject.look(60'000));
    };
    EXPECT_EQ(counted_after(window::max_rounds - 1), 1);
    EXPECT_EQ(counted_after(window::max_rounds), 0);
}

TEST(LastRound, AShedderDrops) {
    using state = shm::shedder_state<unlucky>;
    constexpr std::uint64_t ms = 1'000'000;
    const auto dropped_after = [](int lost) {
        layout::shedder_block block{};
        const state subject{block};
        subject.fill();
        (void)subject.drops(1'000 * ms, 50 * ms, true, {});
        const lost_swaps others{&block.codel, lost};
        return subject.drops(1'150 * ms, 50 * ms, true, {});
    };
    EXPECT_TRUE(dropped_after(state::max_rounds - 1));
    EXPECT_FALSE(dropped_after(state::max_rounds));
}

TEST(LastRound, AnEventFindsItsNumberInTheSharedRing) {
    using ring = shm::event_ring<unlucky>;
    const auto pushed_after = [](int lost) {
        layout::event_ring memory{};
        ring subject{memory};
        const lost_swaps others{&memory.pushed, lost};
        return subject.push(ring::content{1}, true);
    };
    EXPECT_TRUE(pushed_after(ring::max_rounds - 1));
    EXPECT_FALSE(pushed_after(ring::max_rounds));
}

// The terms of an entry that an administrator changes each time that they are read.
TEST(LastRound, TermsAreReadWhole) {
    constexpr int rounds = 8;
    layout::directory_entry entry{};
    const auto read_after = [&entry](int how_many) {
        const changes administrators{
            &entry.terms_version, how_many,
            [&entry] { machine::store_relaxed(entry.terms_version, machine::load_relaxed(entry.terms_version) + 1); }};
        return shm::read_terms<unlucky>(entry).version;
    };
    EXPECT_EQ(read_after(rounds), rounds);
    EXPECT_EQ(read_after(rounds + 1), shm::never_in_force);
}

// ---- the key table

struct key_table_of_two : ::testing::Test {
    using table = shm::key_table<unlucky>;
    static constexpr std::uint64_t stamp = 7, tag = layout::tag_bit | 42;

    struct inserter {
        static bool as_good_as_new(std::uint64_t /*state*/) { return false; }
        static std::uint64_t fresh() { return 3; }
        static std::uint64_t stamp() { return 8; }
        static void evicted() {}
        static bool stands() { return true; }
    };

    void SetUp() override { subject.fill(); }

    std::array<layout::bucket, 2> buckets{};
    std::array<layout::pair, 1> stripes{};
    table subject{buckets, stripes, stamp};
};

TEST_F(key_table_of_two, LastRoundOfAnInsert) {
    const lost_swaps others{&stripes[0], 2 * table::max_rounds};
    EXPECT_EQ(subject.insert(tag, inserter{}), table::insertion::hindered);
    EXPECT_EQ(others.tries(), table::max_rounds);
}

TEST_F(key_table_of_two, LastStepOfWhoFinishesAnInsert) {
    constexpr int steps = 8;
    machine::store_pair_release(
        stripes[0], {tag, layout::pack(layout::transaction{.sequence = 5, .phase = layout::phase::committing})});
    {
        const lost_swaps others{&stripes[0], steps};
        subject.finish_insert(0, inserter{});
        EXPECT_EQ(others.tries(), steps);
    }
    subject.finish_insert(0, inserter{});
    EXPECT_EQ(layout::unpack_transaction(machine::load_second_acquire(stripes[0])),
              (layout::transaction{.sequence = 6}));
    EXPECT_EQ(machine::load_first_acquire(stripes[0]), stamp);
}

// Whose slot was taken meanwhile begins again, under the next number: under no earlier one, by which others would know it.
TEST_F(key_table_of_two, AnInsertThatFindsItsSlotTakenGoesOnUnderTheNextNumber) {
    machine::store_pair_release(
        stripes[0],
        {tag, layout::pack(layout::transaction{.sequence = 5, .candidate = 0, .phase = layout::phase::preparing})});
    for (layout::bucket& bucket : buckets) machine::store_pair_release(bucket.slots[0], {tag + 1, 3});
    subject.finish_insert(0, inserter{});
    EXPECT_EQ(layout::unpack_transaction(machine::load_second_acquire(stripes[0])),
              (layout::transaction{.sequence = 6}));
}

// Fails if an insert that lost the slot it cleared to another counts a key as evicted, or one that it took is not counted.
TEST_F(key_table_of_two, WhatIsEvictedIsCountedOnce) {
    struct evicting : inserter {
        int* evictions;
        static bool as_good_as_new(std::uint64_t state) { return state == 3; }
        static std::uint64_t fresh() { return 4; }
        void evicted() const { ++*evictions; }
    };
    for (layout::bucket& bucket : buckets)
        for (std::uint64_t i = 0; i < bucket.slots.size(); ++i)
            machine::store_pair_release(bucket.slots[i], {tag + 1 + i, i == 2 ? 3U : 9U});
    const auto around = subject.around(tag);
    int evictions = 0;
    const lost_swaps others{&around.first->slots[2], 1};
    EXPECT_EQ(subject.insert(tag, evicting{{}, &evictions}), table::insertion::there);
    EXPECT_EQ(evictions, 1);
}

// ---- the list of processes

// Who joins, and finds each claim of his freed by somebody as often as that.
struct disturbed_joiner {
    layout::process_slot& slot;
    int frees;
    int locks = 0, drops = 0;
    [[nodiscard]] static std::uint64_t brief() { return 77; }
    [[nodiscard]] static shm::process_description description() { return {}; }
    bool take_lock() {
        ++locks;
        if (frees-- <= 0) return true;
        const layout::process_state now = shm::state_of<machine>(slot);
        machine::store_release(slot.owner, layout::pack(layout::process_state{now.generation, 0, layout::stage::free}));
        return true;
    }
    void drop_lock() { ++drops; }
};

// Who joins, and finds another's claim in the place of his, as often as that.
struct displaced_joiner : disturbed_joiner {
    int others;
    bool take_lock() {
        ++locks;
        if (others-- > 0)
            machine::store_release(slot.owner, layout::pack(layout::process_state{
                                                   .generation = 50, .who = 9, .stage = layout::stage::claimed}));
        return true;
    }
};

// Fails if who has the lock does not come in over the claims of those who have not, or takes more than a round for each.
TEST(LastRound, AProcessJoinsOverTheClaimsOfOthers) {
    layout::process_slot slot{};
    displaced_joiner mine{{slot, 0}, 3};
    EXPECT_EQ(shm::process_words<machine>{slot}.enter(mine), 51U);
    EXPECT_EQ(mine.locks, 4);
}

// Fails if who has no lock yet takes away a claim of another, who may be about to lock.
TEST(LastRound, AClaimOfAnotherIsLeftAloneWithoutTheLock) {
    layout::process_slot slot{};
    const layout::process_state others{.generation = 3, .who = 9, .stage = layout::stage::claimed};
    machine::store_release(slot.owner, layout::pack(others));
    disturbed_joiner mine{slot, 0};
    EXPECT_FALSE(shm::process_words<machine>{slot}.enter(mine));
    EXPECT_EQ(mine.locks, 0);
    EXPECT_EQ(shm::state_of<machine>(slot), others);
}

// Fails if generations do not begin anew after their last.
TEST(LastRound, TheLastGenerationIsFollowedByTheFirst) {
    layout::process_slot slot{};
    machine::store_release(slot.owner, layout::pack(layout::process_state{
                                           .generation = (1ULL << 48) - 1, .who = 0, .stage = layout::stage::free}));
    disturbed_joiner mine{slot, 0};
    EXPECT_EQ(shm::process_words<machine>{slot}.enter(mine), 0U);
}

TEST(LastRound, AProcessJoins) {
    constexpr int claims = 4;
    const auto joins_after = [](int frees, int locks) {
        layout::process_slot slot{};
        disturbed_joiner mine{slot, frees};
        const bool in = shm::process_words<machine>{slot}.enter(mine).has_value();
        EXPECT_EQ(mine.locks, locks);
        EXPECT_EQ(mine.drops, in ? 0 : 1) << "who is not in keeps no lock";
        return in;
    };
    EXPECT_TRUE(joins_after(claims - 1, claims));
    EXPECT_FALSE(joins_after(claims, claims));
}

}  // namespace
}  // namespace seki::test
