// The sampled table of busiest keys.
#include "shm/hitters.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "processes.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t incarnation = 3;

std::uint64_t seed() {
    const char* given = std::getenv("SEKI_SEED");
    const std::uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260101;
    std::printf("SEKI_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
}

// Fails if a newcomer pushes a busy key out, a count is invented, or one is too low by more than the law of Misra and Gries allows.
TEST(Hitters, AKeyAboveOneIn33IsThereAndItsCountIsNearTheTruth) {
    const scratch_segment segment;
    const shm::attachment attached{segment.get()};
    std::mt19937_64 random{seed()};
    std::map<std::uint64_t, std::uint64_t> truth;
    constexpr std::uint64_t samples = 200'000;
    for (std::uint64_t i = 0; i < samples; ++i) {
        // Keys 1 to 10 have a twentieth each, and come late or early; the other half are strangers.
        const std::uint64_t draw = random() % 20;
        const std::uint64_t tag = draw < 10 ? draw + 1 : random() | 1ULL << 63;
        shm::record(attached.me(), incarnation, tag, tag % 2 == 0);
        ++truth[tag];
    }
    const auto found = shm::busiest(*segment, incarnation);
    for (std::uint64_t tag = 1; tag <= 10; ++tag) {
        const auto key = std::ranges::find(found, tag, &shm::busy_key::tag);
        ASSERT_NE(key, found.end()) << tag;
        const std::uint64_t count = (key->allowed + key->denied) / shm::sampling_rate;
        EXPECT_LE(count, truth[tag]);
        EXPECT_GE(count + samples / 33, truth[tag]);
        EXPECT_EQ(tag % 2 == 0 ? key->denied : key->allowed, 0U);
    }
    EXPECT_TRUE(std::ranges::is_sorted(found, std::greater{}, [](const auto& k) { return k.allowed + k.denied; }));
}

// Fails if workers are not merged, or another primitive's keys come in between.
TEST(Hitters, WhatAllWorkersSawIsAddedUpForEachPrimitive) {
    const scratch_segment segment;
    const shm::attachment attached{segment.get()};
    const auto work = [&] {
        for (int i = 0; i < 10; ++i) shm::record(attached.me(), incarnation, 77, i < 4);
        shm::record(attached.me(), incarnation + 1, 77, true);
    };
    work();
    std::thread{work}.join();
    const std::vector<shm::busy_key> expected{{77, 8 * shm::sampling_rate, 12 * shm::sampling_rate}};
    EXPECT_EQ(shm::busiest(*segment, incarnation), expected);
}

// Fails if a key that is allowed as often as it is denied is taken for one that was never seen.
TEST(Hitters, AKeyThatIsAllowedHalfTheTimeIsBusyToo) {
    const scratch_segment segment;
    const shm::attachment attached{segment.get()};
    for (int i = 0; i < 10; ++i) shm::record(attached.me(), incarnation, 77, i % 2 == 0);
    const std::vector<shm::busy_key> expected{{77, 5 * shm::sampling_rate, 5 * shm::sampling_rate}};
    EXPECT_EQ(shm::busiest(*segment, incarnation), expected);
    EXPECT_EQ(shm::busiest_of_all(*segment).at(incarnation), expected);
}

// Fails if what somebody scribbled into the slot of all is shown.
TEST(Hitters, WhatStandsInTheSharedSlotIsNobodys) {
    const scratch_segment segment{1};
    shm::hitting::replace<shm::hardware>(segment->worker(1).hitters[0], incarnation, 77);
    shm::hitting::bump<shm::hardware>(segment->worker(1).hitters[0], true);
    EXPECT_TRUE(shm::busiest(*segment, incarnation).empty());
    EXPECT_TRUE(shm::busiest_of_all(*segment).empty());
}

// Fails if counts of one key are shown for the next, when only its tag or only its incarnation tells that it has taken the place meanwhile.
TEST(Hitters, WhatBecomesAnothersWhileItIsLookedAtIsNotShown) {
    layout::hitter entry{};
    const auto seen_with = [&entry](layout::word& changing) {
        shm::hitting::replace<shm::hardware>(entry, incarnation, 77);
        shm::hitting::bump<shm::hardware>(entry, true);
        const changes other{&entry.denied, 1, [&changing] { shm::hardware::store_relaxed(changing, 99); }};
        return shm::hitting::look_at<unlucky>(entry).has_value();
    };
    layout::word elsewhere;
    EXPECT_TRUE(seen_with(elsewhere));
    EXPECT_FALSE(seen_with(entry.tag));
    EXPECT_FALSE(seen_with(entry.incarnation));
}

// Fails if the next key of an entry has the incarnation of the last as long as its counts are that one's: who died meanwhile would leave them to it.
TEST(Hitters, AnEntryIsNobodysUntilItIsTheNextKeys) {
    layout::hitter entry{};
    shm::hitting::replace<shm::hardware>(entry, incarnation, 77);
    shm::hitting::bump<shm::hardware>(entry, true);
    shm::hitting::bump<shm::hardware>(entry, false);
    int stores = 0;
    unlucky::before_store = [&](const void* /*where*/) {
        ++stores;
        EXPECT_EQ(shm::hardware::load_relaxed(entry.incarnation), 0U);
    };
    shm::hitting::replace<unlucky>(entry, incarnation + 1, 78);
    unlucky::before_store = [](const void* /*where*/) {};
    EXPECT_EQ(stores, 4);
    EXPECT_EQ(shm::hardware::load_relaxed(entry.incarnation), incarnation + 1);
    EXPECT_EQ(shm::hardware::load_relaxed(entry.allowed), 0U);
    EXPECT_EQ(shm::hardware::load_relaxed(entry.denied), 0U);
}

// Fails if a newcomer is paid by a count that is smaller than its other one.
TEST(Hitters, TheLargerCountPays) {
    layout::hitter entry{};
    const auto lowered = [&entry](std::uint64_t allowed, std::uint64_t denied) {
        shm::hardware::store_relaxed(entry.allowed, allowed);
        shm::hardware::store_relaxed(entry.denied, denied);
        shm::hitting::lower<shm::hardware>(entry);
        return std::pair{shm::hardware::load_relaxed(entry.allowed), shm::hardware::load_relaxed(entry.denied)};
    };
    EXPECT_EQ(lowered(3, 2), std::pair(std::uint64_t{2}, std::uint64_t{2}));
    EXPECT_EQ(lowered(2, 3), std::pair(std::uint64_t{2}, std::uint64_t{2}));
    EXPECT_EQ(lowered(2, 2), std::pair(std::uint64_t{1}, std::uint64_t{2}));
}

// Fails if some distance between two samples never comes, or one beyond the greatest.
TEST(Hitters, SamplesAreUpToSixtyThreeDecisionsApart) {
    std::set<std::uint32_t> seen;
    std::thread{[&seen] {
        (void)shm::sampling::draw();
        for (int i = 0; i < 20'000; ++i) {
            EXPECT_TRUE(shm::sampling::draw());
            seen.insert(shm::attachment::until_sample());
        }
    }}.join();
    EXPECT_EQ(seen.size(), 2 * shm::sampling_rate - 1);
    EXPECT_EQ(*seen.begin(), 0U);
    EXPECT_EQ(*seen.rbegin(), 2 * shm::sampling_rate - 2);
}

// Fails if the first decisions of threads are sampled more or less often than others.
TEST(Hitters, AThreadBeginsAnywhereInItsSequence) {
    std::set<std::uint32_t> seen;
    int samples = 0;
    constexpr int threads = 1'000;
    for (int i = 0; i < threads; ++i)
        std::thread{[&] {
            if (shm::sampling::draw())
                ++samples;
            else
                seen.insert(shm::attachment::until_sample());
        }}.join();
    EXPECT_GT(samples, 0);
    EXPECT_LT(samples, threads / 8);
    EXPECT_EQ(seen.size(), shm::sampling_rate - 1);
    EXPECT_EQ(*seen.begin(), 0U);
    EXPECT_EQ(*seen.rbegin(), shm::sampling_rate - 2);
}

// Fails if threads that share a slot write a table that has one writer.
TEST(Hitters, TheSharedSlotRecordsNothing) {
    const scratch_segment segment{1};
    const shm::attachment attached{segment.get()};
    static_cast<void>(attached.me());
    std::thread{[&] {
        ASSERT_TRUE(attached.me().shared);
        shm::record(attached.me(), incarnation, 77, true);
    }}.join();
    EXPECT_TRUE(shm::busiest(*segment, incarnation).empty());
    for (const auto& entry : segment->worker(1).hitters) EXPECT_EQ(shm::hardware::load_relaxed(entry.tag), 0U);
}

// Fails if the rate is not one in sampling_rate, or keys that take turns are never seen. The bounds are far beyond chance.
TEST(Hitters, OneDecisionInSamplingRateIsSampledWhoeverTakesTurns) {
    std::map<int, int> sampled_at;
    constexpr int rate = shm::sampling_rate;
    constexpr int decisions = 100'000 * rate;
    for (int i = 0; i < decisions; ++i)
        if (shm::sampled()) ++sampled_at[i % rate];
    int all = 0;
    for (const auto& [place, count] : sampled_at) {
        all += count;
        EXPECT_GT(count, 50'000 / rate) << place;
    }
    EXPECT_EQ(sampled_at.size(), static_cast<std::size_t>(rate));
    constexpr int expected = decisions / rate;
    EXPECT_NEAR(all, expected, expected / 20.0);
}

// Fails if a newcomer that finds no room takes one all the same, or takes none from the others; or if an entry that has nothing left keeps its room, or one that
// has something of one kind loses it.
TEST(Hitters, WhoFindsNoRoomTakesOneFromEachAndWhoHasNothingLeftMakesRoom) {
    const scratch_segment segment;
    const shm::attachment attached{segment.get()};
    const std::size_t places = attached.me().slot->hitters.size();
    const auto all = [&] {
        std::map<std::uint64_t, std::uint64_t> counts;
        for (const shm::busy_key& key : shm::busiest(*segment, incarnation))
            counts[key.tag] = (key.allowed + key.denied) / shm::sampling_rate;
        return counts;
    };
    const auto record = [&](std::uint64_t tag) { shm::record(attached.me(), incarnation, tag, tag % 2 == 0); };
    for (std::uint64_t tag = 1; tag <= places; ++tag) record(tag);
    record(3);
    record(4);
    ASSERT_EQ(all().size(), places);
    record(1'000);
    EXPECT_EQ(all(), (std::map<std::uint64_t, std::uint64_t>{{3, 1}, {4, 1}}));
    record(2'000);
    EXPECT_EQ(all(), (std::map<std::uint64_t, std::uint64_t>{{3, 1}, {4, 1}, {2'000, 1}}));
    // What was one limiter's is not another's.
    shm::record(attached.me(), incarnation + 1, 3, true);
    EXPECT_EQ(all()[3], 1U);
    EXPECT_EQ(shm::busiest_of_all(*segment).at(incarnation + 1),
              (std::vector<shm::busy_key>{{3, shm::sampling_rate, 0}}));
}

}  // namespace
}  // namespace seki::test
