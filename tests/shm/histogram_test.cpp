// Histograms of durations: one writer a block, sums that only rise, and contents that nobody has to believe.
#include "shm/histogram.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "support/interleaving.hpp"
#include "support/seed.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t incarnation = 7;

// Two worker slots and the shared one.
struct table {
    std::array<layout::histogram_block, 3> blocks{};
    [[nodiscard]] static shm::worker own(std::size_t i) { return {.stamp_base = (i + 1) << 47}; }
    [[nodiscard]] static shm::worker shared() { return {.stamp_base = 3ULL << 47, .shared = true}; }
    template <class Memory = shm::hardware>
    [[nodiscard]] shm::histogram<Memory> of(std::uint64_t which = incarnation) {
        return {blocks, which};
    }
    table() { of().fill(); }
};

// Fails if a duration lands beside its bucket, at a bound above all: bounds are the last that belongs to a bucket.
TEST(Histogram, ADurationCountsInTheBucketThatTheBoundsSay) {
    const auto by_search = [](std::uint64_t ns) {
        return static_cast<std::size_t>(std::ranges::lower_bound(layout::duration_bounds, ns) -
                                        layout::duration_bounds.begin());
    };
    for (const std::uint64_t bound : layout::duration_bounds)
        for (const std::uint64_t ns : {bound - 1, bound, bound + 1})
            EXPECT_EQ(layout::duration_bucket(ns), by_search(ns)) << ns;
    for (unsigned bit = 0; bit < 64; ++bit)
        for (const std::uint64_t ns : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) + 1})
            EXPECT_EQ(layout::duration_bucket(ns), by_search(ns)) << ns;
    std::mt19937_64 random{seed_or(1)};
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint64_t ns = random() >> (random() % 64);
        ASSERT_EQ(layout::duration_bucket(ns), by_search(ns)) << ns;
    }
}

// Fails if a worker's block is not its own, or the sum leaves one out.
TEST(Histogram, WhatAllWorkersRecordedAddsUp) {
    table t;
    t.of().record(table::own(0), 50'000);
    t.of().record(table::own(1), 50'000);
    t.of().record(table::own(1), 3'000'000);
    t.of().record(table::shared(), 120'000'000'000);
    const shm::durations seen = t.of().sum();
    EXPECT_EQ(seen.counts[0], 2U);
    EXPECT_EQ(seen.counts[5], 1U);
    EXPECT_EQ(seen.counts.back(), 1U);
    EXPECT_EQ(seen.total(), 4U);
    EXPECT_EQ(seen.sum_ns, 120'003'100'000U);
}

// Fails if a handle that outlived its primitive writes into what stands there now, or what it recorded is shown for another.
TEST(Histogram, DurationsBelongToOneIncarnation) {
    table t;
    t.of().record(table::own(0), 1);
    t.of(incarnation + 1).record(table::own(0), 1);
    EXPECT_EQ(t.of().sum().total(), 1U);
    EXPECT_EQ(t.of(incarnation + 1).sum(), shm::durations{});
    t.of(incarnation + 1).fill();
    t.of().record(table::own(0), 1);
    t.of().record(table::shared(), 1);
    EXPECT_EQ(t.of(incarnation + 1).sum(), shm::durations{});
}

// Fails if a worker slot for which there is no block makes somebody write past the end.
TEST(Histogram, WhoHasNoBlockRecordsNothing) {
    table t;
    const shm::histogram<> of_two{std::span{t.blocks}.first(1), incarnation};
    of_two.record(table::own(1), 1);
    of_two.record(table::shared(), 1);
    shm::histogram<>{}.record(table::own(0), 1);
    EXPECT_EQ(t.of().sum().total(), 0U);
}

// Fails if what stands behind the counts, or behind the last block, is added.
TEST(Histogram, NothingBehindIsAdded) {
    table t;
    for (layout::histogram_block& each : t.blocks) {
        t.of().record(table::own(0), 50'000);
        for (layout::word& word : each.reserved) shm::hardware::store_relaxed(word, 9);
    }
    const shm::histogram<> smaller{std::span{t.blocks}.first(2), incarnation};
    t.of().record(table::shared(), 50'000);
    EXPECT_EQ(smaller.sum().total(), 3U);
    EXPECT_EQ(smaller.sum().sum_ns, 150'000U);
    EXPECT_EQ(t.of().sum().sum_ns, 200'000U);
}

// Fails if a clock that jumped spoils the sum for ever.
TEST(Histogram, NoDurationIsLongerThanAYear) {
    table t;
    t.of().record(table::own(0), ~0ULL);
    EXPECT_EQ(t.of().sum().sum_ns, shm::histogram<>::longest);
    EXPECT_EQ(t.of().sum().counts.back(), 1U);
}

// A writer may die anywhere, its slot's next owner goes on, sharers add, and a reader looks all the time. Fails if a count goes down or one is lost.
TEST(Histogram, TotalsOnlyRiseWhoeverDiesWherever) {
    const auto attempt = [](interleaving& run) {
        const auto t = std::make_unique<table>();
        for (auto& block : t->blocks) {
            run.constant(std::as_bytes(std::span{&block.incarnation, 1}));
            run.constant(std::as_bytes(std::span{block.counts}.subspan(1)));
        }
        std::uint64_t recorded = 0, seen = 0;
        const auto look = [&] {
            for (int i = 0; i < 2; ++i) {
                const std::uint64_t total = t->of<stepped>().sum().total();
                if (total < seen) run.fail("the total went down to " + std::to_string(total));
                seen = total;
            }
        };
        const auto write = [&](const shm::worker& me) {
            return [&, me] {
                t->of<stepped>().record(me, 50'000);
                ++recorded;
            };
        };
        run.together({write(table::own(0)), write(table::shared()), look});
        run.together({write(table::own(0)), write(table::shared())});
        const std::uint64_t total = t->of().sum().total();
        // A death may come after the store that counts and before the writer knows.
        if (total < recorded || total > 4) run.fail("total " + std::to_string(total));
    };
    EXPECT_EQ(explore({.preemptions = 2, .deaths = 1}, attempt).failure, "");
}

// Fails if sharers lose each other's durations.
TEST(Histogram, SharersLoseNothingInAnyOrder) {
    const auto attempt = [](interleaving& run) {
        const auto t = std::make_unique<table>();
        const auto write = [&] { t->of<stepped>().record(table::shared(), 50'000); };
        run.together({write, write, write});
        if (t->of().sum().total() != 3 || t->of().sum().sum_ns != 150'000) run.fail("lost a duration");
    };
    EXPECT_EQ(explore({.preemptions = 3, .deaths = 0}, attempt).failure, "");
}

}  // namespace
}  // namespace seki::test
