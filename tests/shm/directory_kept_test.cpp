// Pieces of the arena that stay what they were: whoever was stopped on the way into a deleted bulkhead harms nobody when it goes on.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "shm/bulkhead_piece.hpp"
#include "shm/directory_entry.hpp"
#include "shm/directory_fixture.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/processes.hpp"
#include "support/seed.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

using shm::permit;

constexpr std::uint64_t nobody_there = 0x3'0001;  // the name of a process that there is not

class DirectoryKept : public DirectoryTest {
protected:
    shm::placement make(std::string_view name, std::uint64_t permits = 1024) const {
        const auto made = primitives().create(bulkhead(name, permits), [&](const shm::placement& at) {
            EXPECT_TRUE(shm::permits_of(*where, at).deserted());
            shm::permits_of(*where, at).set_max(10);
        });
        if (!made) ADD_FAILURE() << made.error().message;
        return made ? *made : shm::placement{};
    }
    void remove(const shm::placement& at) const {
        primitives().remove(at.index);
        shm::permits_of(*where, at).set_max(0);
    }
    void fill_the_rest() const {
        for (std::uint64_t buckets = 512; buckets >= 2; buckets /= 2)
            for (int i = 0;
                 primitives().create(limiter(std::to_string(buckets) + "." + std::to_string(i), buckets), no_fill);
                 ++i) {
            }
    }
    [[nodiscard]] bool overlaps_any(const shm::placement& one) const {
        for (const auto& other : primitives().list())
            if (other.index != one.index && one.arena_offset < other.arena_offset + other.arena_size &&
                other.arena_offset < one.arena_offset + one.arena_size)
                return true;
        return false;
    }
};

// Fails if memory in which a permit may still be given back, or taken by who was stopped before its compare-and-swap, becomes a table of keys.
TEST_F(DirectoryKept, NothingButPermitsIsMadeWhereABulkheadWas) {
    const auto first = make("database");
    const auto permits = shm::permits_of(*where, first);
    shm::claim_process_token();
    permit held = permits.try_take(nobody_there, 0, shm::process_seeker{*where});
    remove(first);
    fill_the_rest();
    EXPECT_FALSE(overlaps_any(first));
    EXPECT_GE(primitives().arena_used(), first.arena_size);
    EXPECT_TRUE(permits.give_back(held));
    EXPECT_EQ(primitives().list(layout::kind::bulkhead).size(), 0U);
    // The arena is full, and yet there is room for another bulkhead.
    const auto second = make("cache");
    EXPECT_EQ(second.arena_offset, first.arena_offset);
    EXPECT_NE(second.incarnation, first.incarnation);
    EXPECT_EQ(primitives().find(layout::kind::bulkhead, "cache")->incarnation, second.incarnation);
}

// Fails if a piece is taken for another's because one stands right before or behind it: it would never be used again.
TEST_F(DirectoryKept, APieceBetweenOthersIsUsedAgain) {
    const auto before = make("before"), middle = make("middle"), behind = make("behind");
    ASSERT_EQ(before.arena_offset + before.arena_size, middle.arena_offset);
    ASSERT_EQ(middle.arena_offset + middle.arena_size, behind.arena_offset);
    remove(middle);
    EXPECT_EQ(make("next").arena_offset, middle.arena_offset);
}

// Fails if an entry says what it is before its piece is such: who died meanwhile would leave another kind's piece under its name.
TEST_F(DirectoryKept, AnEntryIsOfNoKindWhileItGetsItsPiece) {
    const auto old = primitives().create(policy("old"), no_fill);
    ASSERT_TRUE(old);
    primitives().remove(old->index);
    layout::directory_entry& entry = primitives().entry(old->index);
    ASSERT_EQ(shm::hardware::load_relaxed(entry.kind), static_cast<std::uint64_t>(layout::kind::policy));
    std::array<layout::word, 8> piece{};
    for (layout::word& each : piece) shm::hardware::store_relaxed(each, 77);
    shm::placement made = *old;
    made.kind = layout::kind::bulkhead;
    int stores = 0;
    unlucky::before_store = [&](const void* stored) {
        if (stored == &entry.kind) return;
        ++stores;
        EXPECT_EQ(shm::hardware::load_relaxed(entry.kind), static_cast<std::uint64_t>(layout::kind::none));
    };
    shm::entry_words<unlucky>{entry}.give_piece(made, piece);
    unlucky::before_store = [](const void* /*where*/) {};
    EXPECT_EQ(stores, 2 + static_cast<int>(made.shape.size() + piece.size()));
    EXPECT_EQ(shm::hardware::load_relaxed(entry.kind), static_cast<std::uint64_t>(layout::kind::bulkhead));
    for (const layout::word& each : piece) EXPECT_EQ(shm::hardware::load_relaxed(each), 0U);
}

// Fails if a number is wasted with each primitive that is made, or one is used twice.
TEST_F(DirectoryKept, IncarnationsFollowEachOther) {
    for (std::uint64_t time = 1; time < 5; ++time) {
        const auto made = primitives().create(policy("p" + std::to_string(time)), no_fill);
        ASSERT_TRUE(made);
        EXPECT_EQ(made->incarnation, time);
        EXPECT_EQ(shm::hardware::load_relaxed(where->header().next_incarnation), time);
    }
}

// Fails if what stands behind the last entry is taken for one more: other words of the segment, which may look like it.
TEST_F(DirectoryKept, BehindTheLastEntryThereIsNone) {
    const auto kept = make("kept");
    const auto copied = [this](std::uint32_t index) {
        std::memcpy(static_cast<void*>(where->directory().data() + max_primitives), &where->directory()[index],
                    sizeof(layout::directory_entry));
    };
    copied(kept.index);
    EXPECT_EQ(primitives().list().size(), 1U);
    EXPECT_EQ(primitives().list(layout::kind::bulkhead).size(), 1U);
    EXPECT_FALSE(primitives().at(max_primitives));
    remove(kept);
    copied(kept.index);
    EXPECT_EQ(primitives().list_kept().size(), 1U);
    EXPECT_EQ(primitives().arena_used(), kept.arena_size);
}

// Fails if what another kind left in its piece is taken for permits.
TEST_F(DirectoryKept, WhereALimiterStoodABulkheadFindsZeros) {
    const auto old = primitives().create(limiter("login", 64), [&](const shm::placement& at) {
        std::memset(where->arena(at.arena_offset, at.arena_size).data(), 0xff, at.arena_size);
    });
    ASSERT_TRUE(old) << old.error().message;
    primitives().remove(old->index);
    EXPECT_EQ(make("database").arena_offset, old->arena_offset) << "make() looks at what is there";
}

// Fails if a version comes again, by which who was stopped while it took a permit would take the terms for those it knew.
TEST_F(DirectoryKept, TheNextBulkheadFindsTheTermsOfTheLast) {
    const auto first = make("database");
    const auto version_of = [&](const shm::placement& at) {
        const auto bytes = where->arena(at.arena_offset, at.arena_size);
        const auto& control = *reinterpret_cast<layout::permit_control*>(bytes.data() + sizeof(layout::permit_bell) +
                                                                         shm::permits<>::bytes_for(1024));
        return layout::unpack_permit_terms(shm::hardware::load_relaxed(control.terms)).version;
    };
    const std::uint64_t before = version_of(first);
    EXPECT_GT(before, 0U);
    remove(first);
    const auto second = make("cache");
    ASSERT_EQ(second.arena_offset, first.arena_offset);
    EXPECT_GT(version_of(second), before);
}

// Fails if the permits of a deleted bulkhead that somebody still holds count for the next one.
TEST_F(DirectoryKept, ALivingHolderOfADeletedBulkheadIsInNobodysWay) {
    const shm::attachment attached{where};
    const auto first = make("database");
    permit held = shm::permits_of(*where, first).try_take(attached.me().owner, 0, shm::process_seeker{*where});
    ASSERT_TRUE(held);
    remove(first);
    const auto second = make("cache");
    EXPECT_NE(second.arena_offset, first.arena_offset);
    EXPECT_TRUE(shm::permits_of(*where, first).give_back(held));
    EXPECT_EQ(shm::permits_of(*where, second).in_use(), 0U);
    EXPECT_EQ(make("third").arena_offset, first.arena_offset);
}

// Fails if a dead holder keeps a piece for ever.
TEST_F(DirectoryKept, ADeadHolderOfADeletedBulkheadIsInNobodysWay) {
    const auto first = make("database");
    const auto permits = shm::permits_of(*where, first);
    ASSERT_TRUE(permits.try_take(nobody_there, 0, shm::process_seeker{*where}));
    remove(first);
    const auto second = make("cache");
    EXPECT_EQ(second.arena_offset, first.arena_offset);
    EXPECT_EQ(permits.in_use(), 0U);
}

// Fails if a piece is used for tables that do not fit it, or if making and deleting without end uses up the segment.
TEST_F(DirectoryKept, OnlyBulkheadsOfTheSameSizeFollow) {
    const auto small = make("small");
    remove(small);
    const auto large = make("large", 2048);
    EXPECT_NE(large.arena_offset, small.arena_offset);
    remove(large);
    const std::uint64_t used = primitives().arena_used();
    for (int i = 0; i < 1000; ++i) remove(make("again", i % 2 == 0 ? 1024 : 2048));
    EXPECT_EQ(primitives().arena_used(), used);
    EXPECT_EQ(primitives().list_kept().size(), 2U);
}

// Fails if memory in which a duration may still be written, by plain stores, becomes a table of keys or permits.
TEST_F(DirectoryKept, NothingButABreakerIsMadeWhereABreakerWas) {
    const auto first = primitives().create(breaker("payments"), no_fill);
    ASSERT_TRUE(first);
    primitives().remove(first->index);
    EXPECT_NE(make("database").arena_offset, first->arena_offset);
    fill_the_rest();
    EXPECT_FALSE(overlaps_any(*first));
    const auto second = primitives().create(breaker("mail"), no_fill);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->arena_offset, first->arena_offset);
}

// Fails if breakers that come and go in whatever sizes use up the segment, or its entries.
TEST_F(DirectoryKept, BreakersOfAnySizeComeAndGoWithoutEnd) {
    std::mt19937_64 random{seed_or(1)};
    for (int i = 0; i < 2'000; ++i) {
        const auto made = primitives().create(breaker("it", random() >> 48 >> random() % 17), no_fill);
        ASSERT_TRUE(made) << made.error().message;
        primitives().remove(made->index);
    }
    EXPECT_LE(primitives().list_kept().size(), 6U);
}

// Fails if who finds no room is not told that some of it waits for others.
TEST_F(DirectoryKept, WhoFindsNoRoomIsToldWhatIsKept) {
    const auto first = primitives().create(breaker("payments"), no_fill);
    ASSERT_TRUE(first);
    primitives().remove(first->index);
    const auto refused = primitives().create(limiter("large", 1 << 20), no_fill);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(
                  "(4 KiB in 1 entries are kept of what was deleted, for others of the same kind and size)"),
              std::string::npos)
        << refused.error().message;
    for (std::uint32_t i = 1; i < max_primitives; ++i)
        ASSERT_TRUE(primitives().create(policy(std::to_string(i)), no_fill));
    const auto none_left = primitives().create(policy("one more"), no_fill);
    ASSERT_FALSE(none_left);
    EXPECT_NE(none_left.error().message.find("max_primitives = 24 already (4 KiB in 1 entries are kept"),
              std::string::npos)
        << none_left.error().message;
}

// Fails if one is made in what was another's: of another kind, or of another shape in as many bytes.
TEST_F(DirectoryKept, WhatIsAsLargeIsNotTheSame) {
    const auto old = make("old", 1000);
    const std::uint64_t bytes = bulkhead("old", 1000).arena_bytes;
    ASSERT_EQ(shm::whole_pages(bytes), shm::whole_pages(bulkhead("next", 999).arena_bytes));
    remove(old);
    EXPECT_NE(make("next", 999).arena_offset, old.arena_offset);
    const auto plain = [](layout::kind kind) {
        return shm::directory::request{.kind = kind, .name = "one", .arena_bytes = layout::page, .initial = {}};
    };
    const auto retry = primitives().create(plain(layout::kind::retry), no_fill);
    ASSERT_TRUE(retry);
    primitives().remove(retry->index);
    const auto hedge = primitives().create(plain(layout::kind::hedge), no_fill);
    ASSERT_TRUE(hedge);
    EXPECT_NE(hedge->arena_offset, retry->arena_offset);
    EXPECT_EQ(primitives().create(plain(layout::kind::retry), no_fill)->arena_offset, retry->arena_offset);
    EXPECT_EQ(make("last", 1000).arena_offset, old.arena_offset);
}

// Fails if a kept piece is used over which an entry lies that a scribbler made larger, on either side.
TEST_F(DirectoryKept, APieceOverWhichAnotherWasScribbledIsNotUsed) {
    const auto before = make("before"), middle = make("middle"), behind = make("behind");
    remove(middle);
    const auto scribbled = [&](const shm::placement& other, std::uint64_t offset) {
        layout::directory_entry& entry = primitives().entry(other.index);
        shm::hardware::store_relaxed(entry.arena_offset, offset);
        shm::hardware::store_relaxed(entry.arena_size, 2 * other.arena_size);
        const auto made = make("next");
        EXPECT_NE(made.arena_offset, middle.arena_offset);
        remove(made);
        shm::hardware::store_relaxed(entry.arena_offset, other.arena_offset);
        shm::hardware::store_relaxed(entry.arena_size, other.arena_size);
    };
    scribbled(before, before.arena_offset);
    scribbled(behind, middle.arena_offset);
    EXPECT_EQ(make("last").arena_offset, middle.arena_offset);
}

// Fails if an entry that an administrator left half-written is taken for a piece that is kept.
TEST_F(DirectoryKept, AScribbledEntryKeepsNothing) {
    const auto other = primitives().create(limiter("login", 512), no_fill);
    ASSERT_TRUE(other);
    const auto first = make("database");
    remove(first);
    layout::directory_entry& entry = primitives().entry(first.index);
    const std::uint64_t size = where->parts().size;
    for (const std::uint64_t wild : {std::uint64_t{0}, ~std::uint64_t{0}, first.arena_offset + 1, size}) {
        shm::hardware::store_relaxed(entry.arena_offset, wild);
        EXPECT_TRUE(primitives().list_kept().empty());
        EXPECT_EQ(primitives().arena_used(), other->arena_size);
    }
    // One that lies over the tables of another is not used, whichever end it lies over; nor one that is larger than what is asked for.
    shm::hardware::store_relaxed(entry.kind, static_cast<std::uint64_t>(layout::kind::bulkhead));
    shm::hardware::store_relaxed(entry.arena_size, first.arena_size);
    for (std::size_t i = 0; i < first.shape.size(); ++i) shm::hardware::store_relaxed(entry.shape[i], first.shape[i]);
    for (const std::uint64_t over : {other->arena_offset, other->arena_offset + other->arena_size - layout::page}) {
        shm::hardware::store_relaxed(entry.arena_offset, over);
        ASSERT_EQ(primitives().list_kept().size(), 1U);
        const auto made = make("cache");
        EXPECT_FALSE(overlaps_any(made));
        EXPECT_NE(made.index, first.index);
        remove(made);
        shm::hardware::store_relaxed(primitives().entry(made.index).kind,
                                     static_cast<std::uint64_t>(layout::kind::none));
    }
    shm::hardware::store_relaxed(entry.arena_offset, first.arena_offset);
    shm::hardware::store_relaxed(entry.arena_size, first.arena_size + layout::page);
    ASSERT_EQ(primitives().list_kept().size(), 1U);
    EXPECT_NE(make("cache").index, first.index);
}

// Fails if what comes before a piece that is kept is taken for something that lies in it.
TEST_F(DirectoryKept, APieceIsUsedAgainAmongOthers) {
    const auto before = primitives().create(limiter("login", 64), no_fill);
    const auto first = make("database");
    const auto after = primitives().create(limiter("upload", 64), no_fill);
    ASSERT_TRUE(before && after);
    ASSERT_LT(before->arena_offset, first.arena_offset);
    ASSERT_LT(first.arena_offset, after->arena_offset);
    remove(first);
    EXPECT_EQ(make("cache").arena_offset, first.arena_offset);
}

}  // namespace
}  // namespace seki::test
