// The weak memory itself: what the rules of C++ allow it must show, and what they forbid it must not. Each of these small programs is known by its name wherever
// memory models are told of; `outcomes` are what its readers saw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

// What a program may see: digits of what it noted down, in the order of its notes.
struct program {
    std::array<layout::word, 3> words{};
    layout::pair pair{};
    std::array<std::uint64_t, 4> notes{};
    layout::word &x = words[0], &y = words[1], &z = words[2];
};
using part = std::function<void(program&)>;

std::set<std::string> outcomes(const std::vector<part>& parts, std::size_t notes, int old_reads = 3) {
    std::set<std::string> all;
    const exploration done = explore({.preemptions = 3, .deaths = 0, .old_reads = old_reads}, [&](interleaving& play) {
        program now;
        std::vector<std::function<void()>> actors;
        actors.reserve(parts.size());
        for (const part& each : parts) actors.emplace_back([&now, &each] { each(now); });
        play.together(actors);
        std::string seen;
        for (std::size_t i = 0; i < notes; ++i) seen += static_cast<char>('0' + now.notes[i]);
        all.insert(seen);
    });
    EXPECT_EQ(done.failure, "");
    return all;
}

using m = stepped;

// Message passing: is the flag seen without the message?
const part sends_relaxed = [](program& p) { m::store_relaxed(p.x, 1), m::store_relaxed(p.y, 1); };
const part sends = [](program& p) { m::store_relaxed(p.x, 1), m::store_release(p.y, 1); };
const part receives_relaxed = [](program& p) { p.notes[0] = m::load_relaxed(p.y), p.notes[1] = m::load_relaxed(p.x); };
const part receives = [](program& p) { p.notes[0] = m::load_acquire(p.y), p.notes[1] = m::load_relaxed(p.x); };

TEST(Litmus, AMessageMayBeMissedUnlessBothSidesOrderIt) {
    EXPECT_THAT(outcomes({sends_relaxed, receives_relaxed}, 2), ElementsAre("00", "01", "10", "11"));
    EXPECT_THAT(outcomes({sends, receives_relaxed}, 2), Contains("10"));
    EXPECT_THAT(outcomes({sends_relaxed, receives}, 2), Contains("10"));
    EXPECT_THAT(outcomes({sends, receives}, 2), ElementsAre("00", "01", "11"));
}

// Fails if no old reads are not what they were: sequentially consistent.
TEST(Litmus, WithoutOldReadsNothingIsMissed) {
    EXPECT_THAT(outcomes({sends_relaxed, receives_relaxed}, 2, 0), ElementsAre("00", "01", "11"));
}

// Store buffering: each stores, and does not see the other's.
template <auto store, auto load>
std::vector<part> both_store_and_look() {
    return {[](program& p) { store(p.x, 1, m::here::current()), p.notes[0] = load(p.y, m::here::current()); },
            [](program& p) { store(p.y, 1, m::here::current()), p.notes[1] = load(p.x, m::here::current()); }};
}

TEST(Litmus, TwoWhoStoreAndLookMayBothLookTooEarlyUnlessAllIsInOneOrder) {
    EXPECT_THAT((outcomes(both_store_and_look<m::store_relaxed, m::load_relaxed>(), 2)), Contains("00"));
    EXPECT_THAT((outcomes(both_store_and_look<m::store_release, m::load_acquire>(), 2)), Contains("00"));
    EXPECT_THAT((outcomes(both_store_and_look<m::store_seq_cst, m::load_acquire>(), 2)), Contains("00"));
    EXPECT_THAT((outcomes(both_store_and_look<m::store_release, m::load_seq_cst>(), 2)), Contains("00"));
    EXPECT_THAT((outcomes(both_store_and_look<m::store_seq_cst, m::load_seq_cst>(), 2)), ElementsAre("01", "10", "11"));
}

// A swap of a pair, or a system call, between the store and the look.
TEST(Litmus, ABarrierOfEachIsEnoughForThat) {
    const auto swap = [](program& p) {
        (void)m::cas_pair(p.pair, {m::load_first_acquire(p.pair), 0}, {m::load_first_acquire(p.pair) + 1, 0});
    };
    const auto call = [](program&) { interleaving::barrier(); };
    const auto with = [](auto x_between, auto y_between) -> std::vector<part> {
        return {[=](program& p) { m::store_relaxed(p.x, 1), x_between(p), p.notes[0] = m::load_relaxed(p.y); },
                [=](program& p) { m::store_relaxed(p.y, 1), y_between(p), p.notes[1] = m::load_relaxed(p.x); }};
    };
    EXPECT_THAT(outcomes(with(call, call), 2), Not(Contains("00")));
    EXPECT_THAT(outcomes(with(call, [](program&) {}), 2), Contains("00"));
    EXPECT_THAT(outcomes(with(swap, [](program&) {}), 2), Contains("00"));
}

// Independent reads of independent writes: two readers who do not agree on what came first.
template <auto load>
std::vector<part> two_read_two() {
    return {[](program& p) { m::store_seq_cst(p.x, 1); }, [](program& p) { m::store_seq_cst(p.y, 1); },
            [](program& p) { p.notes[0] = load(p.x, m::here::current()), p.notes[1] = load(p.y, m::here::current()); },
            [](program& p) { p.notes[2] = load(p.y, m::here::current()), p.notes[3] = load(p.x, m::here::current()); }};
}

TEST(Litmus, TwoReadersMayDisagreeUnlessAllIsInOneOrder) {
    EXPECT_THAT((outcomes(two_read_two<m::load_acquire>(), 4)), Contains("1010"));
    EXPECT_THAT((outcomes(two_read_two<m::load_seq_cst>(), 4)), Not(Contains("1010")));
}

// Coherence: nobody sees a word go back, and all agree on the order of its stores.
TEST(Litmus, AWordNeverGoesBack) {
    const part counts = [](program& p) { m::store_relaxed(p.x, 1), m::store_relaxed(p.x, 2); };
    const part looks_twice = [](program& p) { p.notes[0] = m::load_relaxed(p.x), p.notes[1] = m::load_relaxed(p.x); };
    EXPECT_THAT(outcomes({counts, looks_twice}, 2), ElementsAre("00", "01", "02", "11", "12", "22"));
    const part sees_its_own = [](program& p) { m::store_relaxed(p.x, 3), p.notes[0] = m::load_relaxed(p.x); };
    EXPECT_THAT(outcomes({counts, sees_its_own}, 1), ElementsAre("1", "2", "3"));
}

// What is seen is seen by whoever is told: written by one, read by another, told to a third.
TEST(Litmus, WhatWasSeenIsHandedOn) {
    const part writes = [](program& p) { m::store_relaxed(p.x, 1); };
    const part hands_on = [](program& p) {
        if (m::load_acquire(p.x) == 1) m::store_release(p.y, 1);
    };
    EXPECT_THAT(outcomes({writes, hands_on, receives}, 2), Not(Contains("10")));
    const part hands_on_carelessly = [](program& p) {
        if (m::load_acquire(p.x) == 1) m::store_relaxed(p.y, 1);
    };
    EXPECT_THAT(outcomes({writes, hands_on_carelessly, receives}, 2), Contains("10"));
}

// A release sequence: who counts up the flag hands on what came with it; who stores it anew does not.
TEST(Litmus, WhoCountsUpHandsOnWhatCameWithIt) {
    const part adds = [](program& p) { m::fetch_add_relaxed(p.y, 1); };
    const part looks_for_two = [](program& p) {
        p.notes[0] = m::load_acquire(p.y) == 2 ? 1 : 0, p.notes[1] = m::load_relaxed(p.x);
    };
    EXPECT_THAT(outcomes({sends, adds, looks_for_two}, 2), Not(Contains("10")));
    const part stores_anew = [](program& p) {
        if (m::load_relaxed(p.y) == 1) m::store_relaxed(p.y, 2);
    };
    EXPECT_THAT(outcomes({sends, stores_anew, looks_for_two}, 2), Contains("10"));
}

// Two who each store to both words: each of their first stores may be the one that stays.
TEST(Litmus, StoresMayBeSeenInAnotherOrderThanTheyWereMade) {
    const auto stores = [](bool first) {
        return [=](program& p) { m::store_relaxed(first ? p.x : p.y, 1), m::store_relaxed(first ? p.y : p.x, 2); };
    };
    std::set<std::string> left;
    (void)explore({.preemptions = 3, .deaths = 0, .old_reads = 2}, [&](interleaving& play) {
        program now;
        play.together({[&] { stores(true)(now); }, [&] { stores(false)(now); },
                       [&] {
                           now.notes[0] = m::load_relaxed(now.x);
                           if (now.notes[0] == 2) now.notes[1] = m::load_relaxed(now.x);
                       }});
        left.insert(std::to_string(now.notes[0]) + std::to_string(now.notes[1]));
    });
    EXPECT_THAT(left, Contains("21"));
}

// Compare-and-swap: two never both win; one that fails may have seen what is old, and learns by it what its order says.
TEST(Litmus, ASwapIsOfTheLatest) {
    const auto swaps = [](std::size_t me) {
        return [=](program& p) {
            std::uint64_t nobody = 0;
            p.notes[me] = m::cas_acq_rel(p.x, nobody, 1 + me) ? 1 : 0;
        };
    };
    EXPECT_THAT(outcomes({swaps(0), swaps(1)}, 2), ElementsAre("01", "10"));
    const part counts = [](program& p) { m::store_relaxed(p.x, 1), m::store_relaxed(p.x, 2); };
    const part expects_two = [](program& p) {
        std::uint64_t expected = 2;
        p.notes[0] = m::cas_acq_rel(p.x, expected, 3) ? 9 : expected;
    };
    EXPECT_THAT(outcomes({counts, expects_two}, 1), ElementsAre("0", "1", "9"));
}

// Two stores to a pair, of which the second changes nothing: whoever swaps both may meet the second before the first, unless it releases.
TEST(Litmus, ASwapMayMeetTheSecondOfTwoStoresFirst) {
    const auto left = [](auto store) {
        std::set<std::string> all;
        (void)explore({.preemptions = 2, .deaths = 0, .old_reads = 1}, [&](interleaving& play) {
            program now;
            layout::word &first = shm::word_access::first(now.pair), &second = shm::word_access::second(now.pair);
            play.together({[&] { store(first, 2, m::here::current()), store(second, 0, m::here::current()); },
                           [&] { (void)m::cas_pair(now.pair, {0, 0}, {1, 1}); }});
            all.insert(std::to_string(m::load_relaxed(first)) + std::to_string(m::load_relaxed(second)));
        });
        return all;
    };
    EXPECT_THAT(left(m::store_relaxed), ElementsAre("20", "21"));
    EXPECT_THAT(left(m::store_release), ElementsAre("20"));
}

// Both halves of a pair change in one step: who acquires the one that is new finds the other new, or newer.
TEST(Litmus, HalvesOfAPairComeTogether) {
    const part changes = [](program& p) { (void)m::cas_pair(p.pair, {0, 0}, {1, 1}); };
    const part looks = [](program& p) {
        p.notes[0] = m::load_first_acquire(p.pair), p.notes[1] = m::load_second_acquire(p.pair);
    };
    EXPECT_THAT(outcomes({changes, looks}, 2), ElementsAre("00", "01", "11"));
}

// Two who store blindly, and end: in which order they did is known only to who looks when both have ended, as is who of them brought something along. Fails if an
// exploration takes the two orders for one state (support/interleaving.hpp): whichever comes second would not be looked at.
TEST(Litmus, WhoStoredFirstIsToldByWhoLooksLater) {
    const auto ends = [](program& p) { return m::fetch_add_relaxed(p.z, 1); };
    const part one = [=](program& p) { m::store_relaxed(p.x, 1), p.notes[3] = ends(p); };
    const part two_three = [=](program& p) { m::store_relaxed(p.x, 2), m::store_relaxed(p.x, 3), ends(p); };
    const part looks_twice = [=](program& p) {
        p.notes[2] = ends(p), p.notes[0] = m::load_relaxed(p.x), p.notes[1] = m::load_relaxed(p.x);
    };
    const auto seen = outcomes({one, two_three, looks_twice}, 4, 2);
    for (const char* each : {"1220", "2120", "1221", "2121"}) EXPECT_THAT(seen, Contains(each));
    const part brings_nothing = [=](program& p) { m::store_relaxed(p.y, 1), p.notes[3] = ends(p); };
    const part brings = [=](program& p) { sends(p), ends(p); };
    const part takes = [=](program& p) { p.notes[2] = ends(p), receives(p); };
    EXPECT_THAT(outcomes({brings_nothing, brings, takes}, 4, 1), Contains("1020"));
}

// Fails if an order that is weakened at one place of the code is not weaker, or is weaker at another, too.
TEST(Litmus, OneOrderIsWeakenedAlone) {
    const std::set<std::string> all{"00", "01", "11"};
    order_book::seen.clear();
    order_book::records = true;
    EXPECT_EQ(outcomes({sends, receives}, 2), all);
    order_book::records = false;
    int weaker = 0;
    for (const order_site& site : order_book::seen)
        for (std::size_t which = 0; which < site.function->weaker.size() && site.function->weaker[which].change;
             ++which) {
            order_book::weak = {site, which};
            EXPECT_THAT(outcomes({sends, receives}, 2), Contains("10")) << site.line;
            ++weaker;
        }
    order_book::weak.reset();
    EXPECT_EQ(weaker, 2);
    EXPECT_EQ(outcomes({sends, receives}, 2), all);
}

// A failure is said so that it runs again.
TEST(Litmus, AnOldReadIsSaidInTheSchedule) {
    const attempt misses = [](interleaving& play) {
        program now;
        play.together({[&] { sends_relaxed(now); }, [&] { receives(now); }});
        if (now.notes[0] == 1 && now.notes[1] == 0) play.fail("a message is missed");
    };
    EXPECT_EQ(explore({.preemptions = 2}, misses).failure, "");
    const exploration found = explore({.preemptions = 2, .old_reads = 1}, misses);
    ASSERT_THAT(found.failure, testing::HasSubstr("~1"));
    const std::size_t from = found.failure.find('"') + 1;
    setenv("SEKI_SCHEDULE", found.failure.substr(from, found.failure.rfind('"') - from).c_str(), 1);
    EXPECT_EQ(explore({.preemptions = 2, .old_reads = 1}, misses).failure, "a message is missed, by SEKI_SCHEDULE");
    unsetenv("SEKI_SCHEDULE");
}

}  // namespace
}  // namespace seki::test
