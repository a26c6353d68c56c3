// The percentile of latencies against the durations themselves: buckets by the book, tallies one step at a time, and ranks counted out.
#include "algorithm/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "dice.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::latency;

// The last bucket has no end, and is answered by where it begins.
std::vector<std::uint64_t> ends_by_the_book() {
    std::vector<std::uint64_t> ends{1ULL << 14};
    for (unsigned power = 14; power < 37; ++power)
        for (std::uint64_t eighth = 1; eighth <= 8; ++eighth) ends.push_back((1ULL << power) / 8 * (8 + eighth));
    ends.push_back(ends.back());
    return ends;
}

std::size_t bucket_by_the_book(const std::vector<std::uint64_t>& ends, std::uint64_t ns) {
    const auto found = std::lower_bound(ends.begin(), ends.end() - 1, ns);
    return static_cast<std::size_t>(found - ends.begin());
}

// Fails if a duration falls into another bucket than the one that ends next, at every edge and anywhere.
TEST(LatencyLaw, ADurationIsInTheBucketThatEndsNext) {
    const std::vector<std::uint64_t> ends = ends_by_the_book();
    ASSERT_EQ(ends.size(), law::buckets);
    const auto agrees = [&](std::uint64_t ns) { return law::bucket_of(ns) == bucket_by_the_book(ends, ns); };
    for (std::size_t i = 0; i < ends.size(); ++i) {
        ASSERT_EQ(law::end_of(i), ends[i]) << i;
        ASSERT_TRUE(agrees(ends[i] - 1) && agrees(ends[i]) && agrees(ends[i] + 1)) << i;
    }
    EXPECT_EQ(law::end_of(law::buckets), ends.back());
    EXPECT_TRUE(agrees(0) && agrees(1) && agrees(~0ULL));
    dice random{91};
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t ns = random.magnitude(0, ~0ULL);
        ASSERT_TRUE(agrees(ns)) << ns;
    }
}

// Fails if a tally of another slice is added to, one of a later slice is begun anew, one that is full starts over, or one that nobody can have written stays.
TEST(LatencyLaw, ATallyIsOfOneSlice) {
    const law::tally five{1'000, 5};
    EXPECT_EQ(law::add(five, 1'000), (law::tally{1'000, 6}));
    EXPECT_EQ(law::add(five, 1'001), (law::tally{1'001, 1}));
    EXPECT_EQ(law::add(five, 999), five);
    EXPECT_EQ(law::add({law::day + 7, 5}, 7), (law::tally{law::day + 7, 5}));
    EXPECT_EQ(law::add({law::day + 8, 5}, 7), (law::tally{7, 1}));
    EXPECT_EQ(law::add({7, ~0U}, 7), (law::tally{7, ~0U}));
    EXPECT_EQ(law::add({7, ~0U - 1}, 7), (law::tally{7, ~0U}));
    EXPECT_EQ(law::slice_of(1'999), 0U);
    EXPECT_EQ(law::slice_of(2'000), 1U);
}

// Fails if a slice counts for longer than eight of them, or for less, or one that is yet to come does.
TEST(LatencyLaw, EightSlicesCount) {
    const law::tally five{1'000, 5};
    EXPECT_EQ(law::counted(five, 999), 0U);
    EXPECT_EQ(law::counted(five, 1'000), 5U);
    EXPECT_EQ(law::counted(five, 1'007), 5U);
    EXPECT_EQ(law::counted(five, 1'008), 0U);
}

// Fails if a percentile is that of another rank: one too many or too few, of nothing, of all, of more than all.
TEST(LatencyLaw, APercentileIsTheBucketOfItsRank) {
    dice random{92};
    EXPECT_EQ(law::quantile({}, 500), 0U);
    for (int run = 0; run < 2'000; ++run) {
        law::counts all{};
        std::vector<std::size_t> sorted;
        for (std::uint64_t calls = random.magnitude(1, 3'000); calls > 0; --calls) {
            const std::size_t bucket =
                random.one_in(20) ? random.any_of({0, law::buckets - 1}) : random.below(law::buckets);
            ++all[bucket];
            sorted.push_back(bucket);
        }
        std::ranges::sort(sorted);
        ASSERT_EQ(law::total(all), sorted.size());
        for (const std::uint64_t thousandths :
             {0UL, 1UL, 500UL, 950UL, 999UL, 1'000UL, 1'001UL, ~0UL, random.below(1'001)}) {
            std::size_t rank = 1;  // of the first that so many thousandths do not exceed
            while (rank * 1'000 < sorted.size() * std::min<std::uint64_t>(thousandths, 1'000)) ++rank;
            ASSERT_EQ(law::quantile(all, thousandths), law::end_of(sorted[rank - 1]))
                << thousandths << " of " << sorted.size();
        }
    }
}

}  // namespace
}  // namespace seki::tests
