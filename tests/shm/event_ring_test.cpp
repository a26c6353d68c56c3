// The event ring by itself: order, room, the next owner, and numbers that nobody but a scribbler writes.
#include "shm/event_ring.hpp"

#include <array>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "support/seed.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

using shm::hardware;
using ring = shm::event_ring<>;

shm::event_content event(std::uint64_t number) {
    shm::event_content made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = number * 1'000 + i;
    return made;
}

std::vector<std::uint64_t> drained(layout::event_ring& memory) {
    std::vector<std::uint64_t> numbers;
    ring{memory}.drain([&](const shm::event_content& each) {
        EXPECT_EQ(each, event(each[0] / 1'000));
        numbers.push_back(each[0] / 1'000);
    });
    return numbers;
}

// Fails if events change on their way, or their order does.
TEST(EventRing, EventsComeOutWholeAndInOrder) {
    layout::event_ring memory{};
    for (std::uint64_t i = 0; i < 200; ++i) {
        ASSERT_TRUE(ring{memory}.push(event(2 * i), false));
        ASSERT_TRUE(ring{memory}.push(event(2 * i + 1), i % 2 == 0));
        ASSERT_EQ(drained(memory), (std::vector{2 * i, 2 * i + 1}));
    }
    EXPECT_EQ(shm::counts_of(memory).pushed, 400U);
    EXPECT_EQ(shm::counts_of(memory).dropped, 0U);
}

// Fails if a full ring overwrites, blocks, or forgets to count; or if what is shared counts otherwise.
TEST(EventRing, AFullRingKeepsTheOldestAndCountsTheOthers) {
    for (const bool shared : {false, true}) {
        layout::event_ring memory{};
        for (std::uint64_t i = 0; i < 100; ++i)
            EXPECT_EQ(ring{memory}.push(event(i), shared), i < layout::event_ring::capacity);
        EXPECT_FALSE(ring{memory}.has_room());
        EXPECT_EQ(shm::counts_of(memory).dropped, 36U);
        const auto kept = drained(memory);
        ASSERT_EQ(kept.size(), 64U);
        EXPECT_EQ(kept.back(), 63U);
        EXPECT_TRUE(ring{memory}.has_room());
    }
}

// Fails if a record that was written over after it was published is delivered, or not counted.
TEST(EventRing, AnEventThatIsNotWholeIsCountedAndNotDelivered) {
    layout::event_ring memory{};
    for (std::uint64_t i = 0; i < 3; ++i) ring{memory}.push(event(i), false);
    hardware::store_relaxed(memory.records[1].content[7], 0);
    EXPECT_EQ(drained(memory), (std::vector<std::uint64_t>{0, 2}));
    EXPECT_EQ(shm::counts_of(memory).torn, 1U);
}

// Fails if an event of the shared slot is given up when a consumer comes between its number and its record, or when it comes again what is torn is not.
TEST(EventRing, WhatIsNotWholeYetInTheSharedSlotHasUntilTheNextTime) {
    layout::event_ring memory{};
    const auto drained_shared = [&] {
        std::vector<std::uint64_t> numbers;
        ring{memory}.drain([&](const shm::event_content& each) { numbers.push_back(each[0] / 1'000); }, true);
        return numbers;
    };
    for (std::uint64_t i = 0; i < 4; ++i) ring{memory}.push(event(i), true);
    auto& late = memory.records[1].content[7];
    const std::uint64_t said = hardware::load_relaxed(late);
    hardware::store_relaxed(late, 0);
    EXPECT_EQ(drained_shared(), std::vector<std::uint64_t>{0});
    hardware::store_relaxed(late, said);
    hardware::store_relaxed(memory.records[2].seal, 0);
    EXPECT_EQ(drained_shared(), (std::vector<std::uint64_t>{1, 3})) << "the third had as long";
    EXPECT_EQ(shm::counts_of(memory).torn, 1U);
    ring{memory}.push(event(4), true);
    hardware::store_relaxed(memory.records[4].seal, 0);
    EXPECT_TRUE(drained_shared().empty());
    EXPECT_EQ(shm::counts_of(memory).torn, 1U);
    EXPECT_TRUE(drained_shared().empty());
    EXPECT_EQ(shm::counts_of(memory).torn, 2U);
}

// Fails if the change of some single word goes unnoticed.
TEST(EventRing, TheSealCoversEveryWordAndTheNumber) {
    const auto whole = event(7);
    const std::uint64_t seal = layout::seal_of(3, whole);
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (int bit = 0; bit < 64; ++bit) {
            auto changed = whole;
            changed[i] ^= 1ULL << bit;
            EXPECT_NE(layout::seal_of(3, changed), seal);
        }
    for (std::uint64_t number = 4; number < 1'000; ++number) EXPECT_NE(layout::seal_of(number, whole), seal);
}

// Fails if the count of what was taken goes back, a ring gets stuck for good, or numbers lead out of it.
TEST(EventRing, NumbersOfAScribblerHarmNobody) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    constexpr std::array<std::uint64_t, 7> numbers{0, 1, 64, 65, 1'000'000, most >> 1, most};
    for (const std::uint64_t pushed : numbers)
        for (const std::uint64_t taken : numbers) {
            layout::event_ring memory{};
            hardware::store_relaxed(memory.pushed, pushed);
            hardware::store_relaxed(memory.taken, taken);
            EXPECT_TRUE(drained(memory).empty());
            EXPECT_TRUE(ring{memory}.push(event(1), false));
            EXPECT_EQ(drained(memory), std::vector<std::uint64_t>{1});
        }
}

// Fails if who finds less pushed than was taken sets back what was taken, or what a scribbler wrote counts as torn.
TEST(EventRing, WhatWasTakenStaysTaken) {
    layout::event_ring memory{};
    EXPECT_EQ(ring{memory}.drain([](const auto&) {}), 0U);
    hardware::store_relaxed(memory.pushed, 5);
    hardware::store_relaxed(memory.taken, 9);
    EXPECT_EQ(ring{memory}.drain([](const auto&) {}), 0U);
    EXPECT_EQ(hardware::load_relaxed(memory.taken), 9U);
    hardware::store_relaxed(memory.pushed, 9 + layout::event_ring::capacity + 1);
    EXPECT_EQ(ring{memory}.drain([](const auto&) {}), 0U);
    EXPECT_EQ(hardware::load_relaxed(memory.taken), 9 + layout::event_ring::capacity + 1);
    EXPECT_EQ(shm::counts_of(memory).torn, 0U);
}

// Fails if who loses to another consumer says that it delivered something.
TEST(EventRing, WhoComesSecondDeliversNothing) {
    layout::event_ring memory{};
    ASSERT_TRUE(ring{memory}.push(event(1), false));
    const lost_swaps others{&memory.taken, 1};
    int delivered = 0;
    EXPECT_EQ(shm::event_ring<unlucky>{memory}.drain([&](const auto&) { ++delivered; }), 0U);
    EXPECT_EQ(delivered, 0);
    EXPECT_EQ(shm::event_ring<unlucky>{memory}.drain([&](const auto&) { ++delivered; }), 1U);
}

// Memory that says how often something was added, so that sharers lose nothing.
struct adding : hardware {
    static inline int times = 0;
    static std::uint64_t fetch_add_relaxed(layout::word& w, std::uint64_t value) noexcept {
        return ++times, hardware::fetch_add_relaxed(w, value);
    }
};

// Fails if those who share a ring count by load and store, or its owner by an instruction that takes the line from all others.
TEST(EventRing, WhatIsDroppedIsAddedWhereOthersDropToo) {
    layout::event_ring memory{};
    adding::times = 0;
    shm::event_ring<adding>{memory}.drop(false, 2);
    EXPECT_EQ(adding::times, 0);
    shm::event_ring<adding>{memory}.drop(true, 3);
    EXPECT_EQ(adding::times, 1);
    EXPECT_EQ(shm::counts_of(memory).dropped, 5U);
}

// Fails if the last place is not one, or places that are asked for beside are not left.
TEST(EventRing, HasRoomUpToTheLastPlace) {
    layout::event_ring memory{};
    for (std::size_t i = 0; i + 1 < layout::event_ring::capacity; ++i) {
        EXPECT_EQ(ring{memory}.has_room(2), i + 2 < layout::event_ring::capacity) << i;
        ASSERT_TRUE(ring{memory}.push(event(i), false));
    }
    EXPECT_TRUE(ring{memory}.has_room());
    EXPECT_FALSE(ring{memory}.has_room(1));
    ASSERT_TRUE(ring{memory}.push(event(63), false));
    EXPECT_FALSE(ring{memory}.has_room());
}

// Fails like the others, for whatever bytes.
TEST(EventRing, AnyBytesAreDrainedWithoutHarm) {
    std::mt19937_64 random{seed_or(1)};
    for (int round = 0; round < 2'000; ++round) {
        layout::event_ring memory{};
        for (auto& record : memory.records) {
            hardware::store_relaxed(record.seal, random());
            for (auto& each : record.content) hardware::store_relaxed(each, random());
        }
        const std::uint64_t taken = random();
        hardware::store_relaxed(memory.taken, taken);
        hardware::store_relaxed(memory.pushed, taken + random() % 80);
        EXPECT_TRUE(drained(memory).empty());
        EXPECT_TRUE(ring{memory}.push(event(1), true));
        EXPECT_EQ(drained(memory).size(), 1U);
    }
}

}  // namespace
}  // namespace seki::test
