// The same as last_round_test.cpp of permits and who waits for them; and what else shows in permits whose swaps are lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>

#include "shm/permit_waiters.hpp"
#include "shm/permits.hpp"
#include "shm/shedder_places.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

using machine = shm::hardware;

constexpr std::uint64_t second = 1'000'000'000;

// Each of these fails if the last of the rounds is not gone, or one more is.

struct seeker {
    static std::uint64_t now() { return second; }
    static bool alive(std::uint64_t /*owner*/) { return true; }
    static bool tired() { return false; }
    static void rest() {}
    static void reclaimed(std::uint64_t /*owner*/) {}
};

template <std::size_t capacity>
struct permit_memory {
    alignas(layout::cache_line) std::array<std::byte, shm::permits<>::bytes_for(capacity)> bytes{};
    [[nodiscard]] layout::permit_control& control() { return *reinterpret_cast<layout::permit_control*>(bytes.data()); }
};

struct permitted : ::testing::Test {
    using permits = shm::permits<unlucky>;
    permit_memory<8> memory;
    permits subject = permits::attach(memory.bytes);
};

TEST_F(permitted, LastRoundOfAChange) {
    const auto set_after = [this](int lost, std::uint64_t max) {
        const lost_swaps others{&memory.control().terms, lost};
        return subject.set_max(max);
    };
    EXPECT_TRUE(set_after(permits::max_changes - 1, 3));
    EXPECT_FALSE(set_after(permits::max_changes, 4));
    EXPECT_EQ(subject.max(), 3);
}

// Fails if who sets the terms right while others change them looks at every permit each time: thousands of times at as many words.
TEST(PermitLooks, WhoSetsTermsRightLooksAtThePermitsTwice) {
    struct looking : unlucky {
        static std::uint64_t load_seq_cst(const word& w) noexcept {
            ++looks();
            return shm::hardware::load_seq_cst(w);
        }
        static std::uint64_t& looks() noexcept {
            static std::uint64_t made = 0;
            return made;
        }
    };
    using permits = shm::permits<looking>;
    permit_memory<8> memory;
    const permits subject = permits::attach(memory.bytes);
    ASSERT_TRUE(subject.set_max(4));
    ASSERT_EQ(subject.take(5, 3, seeker{}).index, 3U);
    machine::store_relaxed(memory.control().terms, layout::pack(layout::permit_terms{7, 1, 1}));
    const auto looks_after = [&](int lost) {
        const lost_swaps others{&memory.control().terms, lost};
        const std::uint64_t before = looking::looks();
        subject.set_right();
        return looking::looks() - before;
    };
    constexpr std::uint64_t at_terms = 1, at_permits = 3;  // the fourth is the first that is held
    EXPECT_EQ(looks_after(permits::max_changes), at_terms + permits::max_looks * at_permits);
    EXPECT_EQ(subject.in_use(), 0U);
    EXPECT_EQ(looks_after(permits::max_changes - 1), at_terms + permits::max_looks * at_permits);
    EXPECT_EQ(subject.in_use(), 1U);
}

// Who finds that permits drained says so before it takes one, in a round of its own; and who finds none looks once more.
TEST_F(permitted, LastRoundOfWhoFindsThatTheyDrained) {
    const auto taken_after = [this](int lost) {
        EXPECT_TRUE(subject.set_max(2) && subject.set_max(1));
        const lost_swaps others{&memory.control().terms, lost};
        shm::permit taken = subject.take(5, 0, seeker{});
        return subject.give_back(taken);
    };
    EXPECT_FALSE(taken_after(2 * permits::max_rounds - 1));
    EXPECT_TRUE(taken_after(2 * permits::max_rounds - 2));
}

// Fails if a permit that is free is kept from others by the hint that there was none, or a hint is written that says nothing.
TEST_F(permitted, AHintThatThereIsNoneGoesWithTheFirstThatIsFree) {
    layout::permit_control& control = memory.control();
    ASSERT_TRUE(subject.set_max(1));
    EXPECT_EQ(layout::unpack_permit_terms(machine::load_relaxed(control.terms)).version, 1U);
    shm::permit taken = subject.take(5, 0, seeker{});
    ASSERT_TRUE(taken);
    for (const std::uint64_t now : {0U, 1U, 2U}) {
        struct : seeker {
            std::uint64_t time = 0;
            [[nodiscard]] std::uint64_t now() const { return time; }
        } at;
        at.time = now;
        EXPECT_FALSE(subject.take(6, 0, at));
        EXPECT_EQ(machine::load_relaxed(control.full_as_of), std::max<std::uint64_t>(now, 1)) << "0 is no hint";
    }
    for (const std::uint64_t hint : {1U, 77U}) {
        machine::store_relaxed(control.full_as_of, hint);
        EXPECT_TRUE(subject.give_back(taken));
        EXPECT_EQ(machine::load_relaxed(control.full_as_of), 0U);
        taken = subject.take(5, 0, seeker{});
    }
    // It is given back while another finds that there is none.
    struct : seeker {
        shm::permits<unlucky>* table = nullptr;
        shm::permit* held = nullptr;
        [[nodiscard]] std::uint64_t now() const {
            (void)table->give_back(*held);
            return second;
        }
    } late;
    late.table = &subject;
    late.held = &taken;
    EXPECT_TRUE(subject.take(6, 0, late));
    EXPECT_EQ(machine::load_relaxed(control.full_as_of), 0U);
}

// Whose holders are of that name, or live, and how often it was asked.
struct asker : seeker {
    std::uint64_t dead = 9;
    std::multiset<std::uint64_t> asked{};
    bool alive(std::uint64_t owner) {
        asked.insert(owner);
        return owner != dead;
    }
};

// Fails if nobody is asked about, one of the dead twice, one who lives is taken for dead by its name; or a permit is passed over, wherever who asks begins.
TEST_F(permitted, EachNameIsAskedAboutOnceWhereverOneBegins) {
    ASSERT_TRUE(subject.set_max(4));
    layout::word* const words = reinterpret_cast<layout::word*>(&memory.control() + 1);
    for (std::uint64_t begin = 0; begin < 4; ++begin) {
        for (std::uint64_t i = 0; i < 4; ++i) machine::store_relaxed(words[i], i == 2 ? 1 : 9);
        machine::store_relaxed(words[4], 0);
        machine::store_relaxed(memory.control().ask_next, begin);
        machine::store_relaxed(memory.control().asked_at, 0);
        asker who;
        shm::permit taken = subject.take(5, 0, who);
        EXPECT_TRUE(taken);
        EXPECT_EQ(subject.held_by(9), 0U) << begin;
        EXPECT_EQ(subject.held_by(1), 1U);
        EXPECT_EQ(who.asked, (std::multiset<std::uint64_t>{1, 9}));
        EXPECT_TRUE(subject.give_back(taken));
        asker again;
        EXPECT_EQ(subject.reclaim(again), 0U);
        EXPECT_EQ(again.asked, (std::multiset<std::uint64_t>{1}));
        machine::store_relaxed(words[2], 0);
    }
}

// Fails if a permit beyond the last is believed.
TEST_F(permitted, BehindTheLastPermitThereIsNone) {
    permit_memory<16> larger;
    const auto smaller = permits::attach(std::span{larger.bytes}.first(permits::bytes_for(8)));
    ASSERT_EQ(smaller.capacity(), 8U);
    layout::word* const words = reinterpret_cast<layout::word*>(&larger.control() + 1);
    machine::store_relaxed(words[8], 5);
    shm::permit held{.owner = 5, .token = shm::claim_process_token(), .index = 8};
    EXPECT_FALSE(smaller.give_back(held));
    EXPECT_EQ(machine::load_relaxed(words[8]), 5U);
    EXPECT_EQ(smaller.give_back_all(5), 0U);
    asker who;
    who.dead = 5;
    EXPECT_EQ(smaller.reclaim(who), 0U);
    EXPECT_EQ(machine::load_relaxed(words[8]), 5U);
}

// Its permits are taken by others so often.
struct busy_table {
    using permit_type = shm::permit;
    static constexpr int max_rounds = 5;
    int* lost;
    template <class Seeker>
    [[nodiscard]] shm::permit take(std::uint64_t owner, std::uint32_t near, Seeker&& /*by*/) const {
        EXPECT_EQ(near, 0) << "the first of them: who counts looks at all up to the last";
        return (*lost)-- > 0 ? shm::permit{} : shm::permit{.owner = owner};
    }
    [[nodiscard]] static std::uint64_t in_use() { return 0; }
    [[nodiscard]] static std::size_t capacity() { return 64; }
    [[nodiscard]] static std::uint64_t max() { return 0; }
    static bool raise_max(std::uint64_t /*max*/) { return true; }
};

TEST(LastRound, APlaceBeyondAllOthers) {
    const auto taken_after = [](int lost) {
        const shm::shedder_places<unlucky, busy_table> subject{{&lost}, {&lost}};
        return static_cast<bool>(subject.take_beyond(5, seeker{}));
    };
    EXPECT_TRUE(taken_after(busy_table::max_rounds - 1));
    EXPECT_FALSE(taken_after(busy_table::max_rounds));
}

// The places of a shedder: two tables.
struct places : ::testing::Test {
    static constexpr std::size_t within = 8, beyond = 160;
    using table = shm::permits<machine>;
    void SetUp() override { ASSERT_TRUE(subject.within().set_max(within)); }
    permit_memory<within> of_within;
    permit_memory<beyond> of_beyond;
    shm::shedder_places<machine> subject{table::attach(of_within.bytes), table::attach(of_beyond.bytes)};
};

// Fails if more places are opened than are needed, which who counts has to look at, or fewer.
TEST_F(places, BeyondAreOpenedByAndBy) {
    EXPECT_TRUE(subject.beyond().closed());
    for (std::uint64_t taken = 1; taken <= beyond; ++taken) {
        ASSERT_TRUE(subject.take_beyond(5, seeker{})) << taken;
        EXPECT_EQ(subject.beyond().max(), std::min<std::uint64_t>((taken + 63) / 64 * 64, beyond));
    }
    EXPECT_FALSE(subject.take_beyond(5, seeker{}));
}

// Fails if those beyond do not count, or stay open when nobody is there any more, or are closed over one who is.
TEST_F(places, WhoCountsClosesThoseBeyondWhenNobodyIsThere) {
    shm::claim_process_token();
    auto one = subject.take_beyond(5, seeker{}), two = subject.take_beyond(5, seeker{});
    auto inside = subject.take(5, 0, seeker{});
    ASSERT_TRUE(one && two && inside);
    EXPECT_FALSE(subject.at_most(2));
    EXPECT_TRUE(subject.at_most(3));
    EXPECT_TRUE(subject.give_back(inside));
    EXPECT_TRUE(subject.at_most(2)) << "all of them beyond";
    EXPECT_FALSE(subject.at_most(1));
    EXPECT_TRUE(subject.give_back(one));
    EXPECT_TRUE(subject.at_most(1));
    EXPECT_FALSE(subject.beyond().closed());
    EXPECT_TRUE(subject.give_back(two));
    EXPECT_TRUE(subject.at_most(0));
    EXPECT_TRUE(subject.beyond().closed());
    EXPECT_EQ(subject.in_use(), 0U);
}

// Fails if who closed it late, over more than all rounds open, leaves who comes next without a place, though there is one.
TEST(Places, AreOpenedBeyondAllThatAreHeld) {
    constexpr std::size_t many = 2'048, held = 1'500;
    permit_memory<8> of_within;
    const auto of_beyond = std::make_unique<permit_memory<many>>();
    using table = shm::permits<machine>;
    const shm::shedder_places<machine> subject{table::attach(of_within.bytes), table::attach(of_beyond->bytes)};
    shm::claim_process_token();
    for (std::size_t i = 0; i < held; ++i) ASSERT_TRUE(subject.take_beyond(5, seeker{}));
    subject.beyond().close();
    ASSERT_EQ(subject.beyond().max(), 0U);
    EXPECT_TRUE(subject.take_beyond(5, seeker{}));
    EXPECT_EQ(subject.in_use(), held + 1);
    EXPECT_EQ(subject.beyond().max(), (held + 64) / 64 * 64);
}

// Fails if what the dead held in either table does not count as come back.
TEST_F(places, WhatTheDeadHeldComesBackFromBoth) {
    ASSERT_TRUE(subject.take_beyond(9, seeker{}) && subject.take_beyond(9, seeker{}) && subject.take(9, 0, seeker{}));
    asker who;
    EXPECT_EQ(subject.reclaim(who), 3U);
    EXPECT_EQ(subject.in_use(), 0U);
}

// ---- who waits

struct waking_nobody {
    static std::uint64_t now() noexcept { return second; }
    static void sleep(layout::word& /*bell*/, std::uint32_t /*rings*/, std::uint64_t /*until_ns*/) noexcept {}
    static unsigned wake(layout::word& /*bell*/, unsigned /*how_many*/) noexcept { return 0; }
};

struct waiters : ::testing::Test {
    using bell_of = shm::permit_waiters<unlucky, waking_nobody>;
    layout::permit_bell bell{};
    permit_memory<8> memory;
    shm::permits<unlucky> room = shm::permits<unlucky>::attach(memory.bytes);
    bell_of subject{bell, room};
    void SetUp() override { ASSERT_TRUE(room.set_max(8)); }
};

// Fails if who loses to another writes over what that one did.
TEST_F(waiters, WhoComesSecondLeavesWhatTheFirstDid) {
    const auto lost_to = [this](const layout::bell_state& by_the_first) {
        unlucky::loses = [this, by_the_first, times = 0](const void* swapped) mutable {
            if (swapped != &bell.state || times++ > 0) return false;
            machine::store_relaxed(bell.state, layout::pack(by_the_first));
            return true;
        };
    };
    const auto state = [this] { return layout::unpack_bell(machine::load_relaxed(bell.state)); };
    machine::store_relaxed(bell.state, layout::pack(layout::bell_state{.arrivals = 1, .sleeping = true, .rings = 4}));
    lost_to({.arrivals = 7, .sleeping = true, .rings = 9});
    subject.wake(1);
    EXPECT_EQ(state(), (layout::bell_state{.arrivals = 7, .sleeping = false, .rings = 10}));
    lost_to({.arrivals = 20, .sleeping = false, .rings = 30});
    (void)subject.wait(5, second, seeker{}, [] { return shm::permit{}; }, [] { return true; });
    EXPECT_EQ(state(), (layout::bell_state{.arrivals = 21, .sleeping = true, .rings = 30}));
    unlucky::loses = [](const void* /*where*/) { return false; };
}

TEST_F(waiters, LastRoundOfARing) {
    machine::store_relaxed(bell.state, layout::pack(layout::bell_state{.sleeping = true}));
    const lost_swaps others{&bell.state, 2 * bell_of::max_rounds};
    subject.wake(1);
    EXPECT_EQ(others.tries(), bell_of::max_rounds + 1) << "and one, as nobody was woken";
}

// Fails if those who wait begin to look for a place where others do.
TEST_F(waiters, EachBeginsAtAPlaceOfItsOwn) {
    for (const std::uint64_t owner : {5U, 0x10'0006U, 0xfff'0007U}) {
        std::uint32_t at = 0;
        const auto look = [&] {
            room.for_each([&](std::uint32_t index, std::uint64_t /*owner*/) { at = index; });
            return shm::permit{.owner = owner};
        };
        EXPECT_EQ(subject.wait(owner, second, seeker{}, look, [] { return true; }).how, shm::waiting::taken);
        EXPECT_EQ(at, owner & 7);
    }
}

TEST_F(waiters, LastRoundOfAnArrival) {
    const lost_swaps others{&bell.state, 2 * bell_of::max_rounds};
    const auto done = subject.wait(5, second, seeker{}, [] { return shm::permit{}; }, [] { return true; });
    EXPECT_EQ(done.how, shm::waiting::timed_out);
    EXPECT_EQ(others.tries(), bell_of::max_rounds);
}

}  // namespace
}  // namespace seki::test
