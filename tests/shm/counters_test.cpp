// Counters: one writer a block, taken over between incarnations and owners.
#include "shm/counters.hpp"

#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "processes.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

using layout::cost_allow;
using layout::count_allow;
using layout::counter_block;
using shm::counter_values;
using shm::worker;

// Two worker slots of one entry and the shared one.
struct table {
    std::array<layout::worker_slot, 3> slots{};
    std::array<counter_block, 3> blocks{};
    [[nodiscard]] worker own(std::size_t i) { return {&slots[i], &blocks[i], 1, (i + 1) << 47, false}; }
    [[nodiscard]] worker shared() { return {&slots[2], &blocks[2], 1, 3ULL << 47, true}; }

    template <class Memory = shm::hardware>
    [[nodiscard]] counter_values sum(std::uint64_t incarnation) const {
        counter_values total{};
        shm::add_block<Memory>(blocks[0], incarnation, total);
        shm::add_block<Memory>(blocks[1], incarnation, total);
        shm::add_block<Memory>(blocks[2], incarnation | shm::shared_mark, total);
        return total;
    }
};

// Fails if the two halves of a decision are counted in different blocks or not both.
TEST(Counters, ADecisionCountsOnceAndWithItsCost) {
    table t;
    for (int i = 0; i < 10; ++i) shm::count_decision(t.own(0), 0, 5, count_allow, cost_allow, 3);
    shm::count(t.own(1), 0, 5, layout::count_reset, 4);
    EXPECT_EQ(t.sum(5)[count_allow], 10U);
    EXPECT_EQ(t.sum(5)[cost_allow], 30U);
    EXPECT_EQ(t.sum(5)[layout::count_reset], 4U);
}

// Fails if counts of a deleted primitive turn up in its successor, or a stale handle wipes the successor's.
TEST(Counters, CountsBelongToOneIncarnation) {
    table t;
    shm::count(t.own(0), 0, 5, count_allow, 100);
    shm::count(t.own(0), 0, 6, count_allow, 1);
    shm::count(t.own(0), 0, 5, count_allow, 100);  // by a handle that outlived its primitive
    EXPECT_EQ(t.sum(6)[count_allow], 1U);
    EXPECT_EQ(t.sum(5)[count_allow], 0U);
}

// Fails if counts that stand for an incarnation are set to zero by who finds out late that he counts for it.
TEST(Counters, WhoHasABlockAlreadyKeepsItsCounts) {
    table t;
    shm::count(t.own(0), 0, 5, count_allow, 100);
    EXPECT_TRUE(shm::counting::own<shm::hardware>(t.blocks[0], 5));
    EXPECT_EQ(t.sum(5)[count_allow], 100U);
    EXPECT_FALSE(shm::counting::own<shm::hardware>(t.blocks[0], 4));
    EXPECT_TRUE(shm::counting::own<shm::hardware>(t.blocks[0], 6));
    EXPECT_EQ(t.sum(6)[count_allow], 0U);
}

// Fails if a decision that cost one, or nothing, costs those who share otherwise.
TEST(Counters, SharersPayWhatItCosts) {
    table t;
    shm::open_shared_block(t.blocks[2], 5);
    for (const std::uint64_t cost : {0U, 1U, 2U}) shm::count_decision(t.shared(), 0, 5, count_allow, cost_allow, cost);
    EXPECT_EQ(t.sum(5)[count_allow], 3U);
    EXPECT_EQ(t.sum(5)[cost_allow], 3U);
}

// Fails if what stands behind the blocks is added for an entry that there is not, or a block of all for one worker's.
TEST(Counters, NothingIsCountedBeyondTheEntriesAndTheWorkers) {
    constexpr std::uint32_t workers = 3, entries = 2;
    const scratch_segment segment{workers, entries};
    for (std::size_t i = 0; i <= workers; ++i) {
        shm::hardware::store_relaxed(segment->worker(i).thread, 77);
        auto& behind = segment->counters(i).data()[entries];
        shm::hardware::store_relaxed(behind.incarnation, i == workers ? 5 | shm::shared_mark : 5);
        shm::hardware::store_relaxed(behind.counts[0], 3);
    }
    EXPECT_EQ(shm::sum(*segment, entries, 5), counter_values{});
    auto& shared = segment->counters(workers)[1];
    shm::hardware::store_relaxed(shared.incarnation, 5);  // without its mark: a scribbler's
    shm::hardware::store_relaxed(shared.counts[0], 3);
    EXPECT_EQ(shm::sum(*segment, 1, 5), counter_values{});
}

// Fails if a thread that shares counts into a block that nobody opened for it, or opens it itself.
TEST(Counters, TheSharedBlockCountsOnlyForWhatItWasOpenedFor) {
    table t;
    shm::count_decision(t.shared(), 0, 5, count_allow, cost_allow, 3);
    EXPECT_EQ(t.sum(5), counter_values{});
    shm::open_shared_block(t.blocks[2], 5);
    shm::count_decision(t.shared(), 0, 5, count_allow, cost_allow, 3);
    shm::count(t.shared(), 0, 5, layout::count_evicted, 1);
    EXPECT_EQ(t.sum(5)[count_allow], 1U);
    EXPECT_EQ(t.sum(5)[cost_allow], 3U);
    EXPECT_EQ(t.sum(5)[layout::count_evicted], 1U);
    shm::open_shared_block(t.blocks[2], 6);
    shm::count_decision(t.shared(), 0, 5, count_allow, cost_allow, 3);
    EXPECT_EQ(t.sum(6), counter_values{});
}

// An owner counts for a new incarnation and may die anywhere; then the slot's next owner counts; a reader looks all the time.
// Fails if the incarnation is published before the old counts are gone, or a take-over that was cut short is taken for done.
TEST(Counters, ATakeOverCutShortAnywhereLeavesExactCounts) {
    const auto attempt = [](interleaving& run) {
        const auto t = std::make_unique<table>();
        shm::count(t->own(0), 0, 5, count_allow, 1000);
        int counted = 0;
        std::uint64_t seen = 0;
        const auto read = [&] {
            for (int i = 0; i < 2; ++i) {
                const std::uint64_t now = t->sum<stepped>(6)[count_allow];
                if (now < seen || now > 2)
                    run.fail("the reader saw " + std::to_string(now) + " after " + std::to_string(seen));
                seen = now;
            }
        };
        const auto write = [&] {
            shm::count<stepped>(t->own(0), 0, 6, count_allow, 1);
            ++counted;
        };
        run.together({write, read});
        const int before = counted;
        run.together({write});
        const std::uint64_t total = t->sum(6)[count_allow];
        // A death may come after the store that counts and before the writer knows.
        if (total < static_cast<std::uint64_t>(counted) || total > 2) run.fail("total " + std::to_string(total));
        if (counted == 2 && before == 1 && total != 2) run.fail("two counted, total " + std::to_string(total));
    };
    EXPECT_EQ(explore({.preemptions = 3, .deaths = 1}, attempt).failure, "");
}

// Fails if sharers lose each other's adds.
TEST(Counters, SharersLoseNothingInAnyOrder) {
    const auto attempt = [](interleaving& run) {
        const auto t = std::make_unique<table>();
        shm::open_shared_block(t->blocks[2], 6);
        const auto write = [&] { shm::count_decision<stepped>(t->shared(), 0, 6, count_allow, cost_allow, 5); };
        run.together({write, write, write});
        if (t->sum(6)[count_allow] != 3 || t->sum(6)[cost_allow] != 15) run.fail("lost an add");
    };
    EXPECT_EQ(explore({.preemptions = 3, .deaths = 0}, attempt).failure, "");
}

}  // namespace
}  // namespace seki::test
