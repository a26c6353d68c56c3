// What sekid does for limiters now and then: keys that nobody needs any more, and their texts, go; nothing else changes.
#include "primitives/limiter_upkeep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>

#include "limiter_fixture.hpp"
#include "primitives/limiter_table.hpp"
#include "shm/administration.hpp"

namespace seki::test {
namespace {

class LimiterUpkeep : public LimiterTest {
protected:
    static constexpr LimiterOptions soon_new{.limit = 1000, .window = 1s, .max_keys = 64};
    static constexpr LimiterOptions new_at_once{.limit = 1000, .window = 1ms, .max_keys = 64};
    static constexpr LimiterOptions not_for_long{.limit = 6, .window = 366 * 24h, .max_keys = 64};

    [[nodiscard]] bool holds(std::string_view text) const { return memory().find(text) != std::string_view::npos; }

    [[nodiscard]] static std::size_t keys_of(const primitives::limiter& of) {
        std::size_t keys = 0;
        of.table().for_each([&](std::uint64_t, std::uint64_t, std::size_t) { ++keys; });
        return keys;
    }

    // Until what was checked by new_at_once is as good as new, by the clock that a sweep goes by.
    static void let_it_be_new() {
        const std::uint64_t then = primitives::read_clock(Clock::precise) + 2'000'000;
        while (primitives::read_clock(Clock::coarse) < then) std::this_thread::yield();
    }

    // Goes round until it is so; keys become as good as new by the clock of the machine.
    [[nodiscard]] bool comes(const std::function<bool()>& so) const {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!so()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            (void)primitives::sweep(where(), shm::roster{where()}, 0);
            std::this_thread::yield();
        }
        return true;
    }
};

// Fails if an expired key or its text stays, or if a key that is in use loses its state or its text.
TEST_F(LimiterUpkeep, ExpiredKeysGoWithTheirTextsAndTheOthersStay) {
    const auto api = make(soon_new, "api");
    const auto login = make(not_for_long, "login");
    EXPECT_TRUE(api.check({.key = "mallory-who-left"}).allowed);
    EXPECT_TRUE(login.check({.key = "alice-who-stays", .cost = 4}).allowed);
    EXPECT_TRUE(holds("mallory"));
    EXPECT_TRUE(comes([&] { return keys_of(api) == 0 && !holds("mallory"); }));
    EXPECT_TRUE(holds("alice-who-stays"));
    EXPECT_EQ(keys_of(login), 1U);
    EXPECT_FALSE(login.check({.key = "alice-who-stays", .cost = 3}).allowed);
    EXPECT_EQ(counted(api)[layout::count_evicted], 0U);
}

// Fails if the text of a slot that was emptied by somebody else stays in memory.
TEST_F(LimiterUpkeep, TextsOfEmptySlotsGo) {
    const auto login = make(not_for_long, "login");
    EXPECT_TRUE(login.check({.key = "left-behind"}).allowed);
    const auto at = login.table().find(login.hash()("left-behind"));
    ASSERT_TRUE(at);
    ASSERT_TRUE(
        shm::hardware::cas_pair(*at.slot, {login.hash()("left-behind"), at.state}, {shm::next_stamp(in()->me()), 0}));
    EXPECT_EQ(primitives::sweep(where(), shm::roster{where()}, 0), 0U);
    EXPECT_FALSE(holds("left-behind"));
}

// Fails if a turn looks at more than it may, or if going on from where the last one ended misses a slot, also past the end of all tables.
TEST_F(LimiterUpkeep, ATurnIsBoundedAndTurnsGoRound) {
    const auto one = make(soon_new, "one");
    const auto two = make(soon_new, "two");
    for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(one.check({.key = std::to_string(i)}).allowed);
        EXPECT_TRUE(two.check({.key = std::to_string(i)}).allowed);
    }
    const std::uint64_t all = one.table().slot_count() + two.table().slot_count();
    std::uint64_t first = all - 5;  // the first turn goes past the end
    const auto full_round = [&] {
        for (std::uint64_t looked = 0; looked < all + 16; looked += 16, first += 16)
            EXPECT_LE(primitives::sweep(where(), shm::roster{where()}, first, 16), 16U);
    };
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (keys_of(one) + keys_of(two) != 0 && std::chrono::steady_clock::now() < deadline) full_round();
    EXPECT_EQ(keys_of(one) + keys_of(two), 0U);
}

// Fails if a turn takes more slots than it may, forgets one, or says another number than it cleared.
TEST_F(LimiterUpkeep, ATurnOfOneSlotClearsThatSlot) {
    const auto it = make(new_at_once);
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(it.check({.key = std::to_string(i)}).allowed);
    let_it_be_new();
    // Hardly less than 40: where the buckets of a key were full, it has the slot of another, which was as good as new.
    const std::size_t kept = keys_of(it);
    ASSERT_GT(kept, 30U);
    std::uint64_t cleared = 0;
    for (const std::uint64_t first : {0U, 1U})  // every other one, or the one beside it might be gone already
        for (std::uint64_t slot = first; slot < it.table().slot_count(); slot += 2) {
            const std::uint64_t here = primitives::sweep(where(), shm::roster{where()}, slot, 1);
            EXPECT_LE(here, 1U) << slot;
            cleared += here;
            EXPECT_EQ(keys_of(it), kept - cleared) << slot;
        }
    EXPECT_EQ(cleared, kept);
}

// Fails if there must be limiters for a sweep to look for some.
TEST_F(LimiterUpkeep, WithoutLimitersThereIsNothingToSweep) {
    EXPECT_EQ(primitives::sweep(where(), shm::roster{where()}, 7), 0U);
}

// Fails if an insert whose process died in its middle keeps its stripe busy although somebody looks after the table.
TEST_F(LimiterUpkeep, InsertsThatTheDeadLeftAreFinished) {
    const auto login = make(not_for_long, "login");
    for (std::size_t i = 0; i < login.table().stripe_count(); ++i) {
        layout::pair& stripe = login.table().stripe(i);
        const std::uint64_t idle = shm::hardware::load_second_acquire(stripe);
        const std::uint64_t begun = layout::pack({.sequence = 0, .candidate = 3, .phase = layout::phase::preparing});
        ASSERT_TRUE(shm::hardware::cas_pair(stripe, {login.table().stamp(), idle}, {layout::tag_bit | (i + 1), begun}));
    }
    (void)primitives::sweep(where(), shm::roster{where()}, 0);
    for (std::size_t i = 0; i < login.table().stripe_count(); ++i) {
        const auto left = layout::unpack_transaction(shm::hardware::load_second_acquire(login.table().stripe(i)));
        EXPECT_EQ(left, (layout::transaction{.sequence = 1})) << i;
    }
}

// Fails if a turn of half the slots looks at more than half the stripes.
TEST_F(LimiterUpkeep, OnlyTheInsertsOfThatPartAreFinished) {
    const auto login = make(not_for_long, "login");
    const std::size_t all = login.table().stripe_count();
    for (std::size_t i = 0; i < all; ++i) {
        const std::uint64_t begun = layout::pack({.sequence = 0, .candidate = 3, .phase = layout::phase::preparing});
        shm::hardware::store_pair_release(login.table().stripe(i), {layout::tag_bit | (i + 1), begun});
    }
    (void)primitives::sweep(where(), shm::roster{where()}, 0, login.table().slot_count() / 2);
    for (std::size_t i = 0; i < all; ++i) {
        const auto left = layout::unpack_transaction(shm::hardware::load_second_acquire(login.table().stripe(i)));
        EXPECT_EQ(left.phase == layout::phase::idle, i < all / 2) << i;
    }
}

// Fails if a key that such an insert takes the slot of is not counted, or the one that it is for does not get it.
TEST_F(LimiterUpkeep, AKeyThatLosesItsSlotToTheInsertOfTheDeadIsCounted) {
    const auto it = make(new_at_once);
    EXPECT_TRUE(it.check({.key = "alice"}).allowed);
    const auto& table = it.table();
    const auto old = table.find(it.hash()("alice"));
    ASSERT_TRUE(old);
    // A key whose first bucket is the one where alice stands.
    std::uint64_t tag = layout::tag_bit;
    const std::size_t index = table.index_of(old);
    while (&table.slot(index / layout::slots_per_bucket * layout::slots_per_bucket) !=
           &table.around(tag).first->slots.front())
        tag += 0x0001'0000'0000'0000;
    const std::uint64_t begun =
        layout::pack({.sequence = 0, .candidate = index % layout::slots_per_bucket, .phase = layout::phase::preparing});
    // By a turn of the other half, which does not come by the slot itself.
    const std::size_t half = table.slot_count() / 2;
    const bool stands_first = index < half;
    shm::hardware::store_pair_release(table.stripe(stands_first ? table.stripe_count() - 1 : 0), {tag, begun});
    let_it_be_new();
    EXPECT_EQ(primitives::sweep(where(), shm::roster{where()}, stands_first ? half : 0, half), 0U);
    EXPECT_EQ(counted(it)[layout::count_evicted], 1U);
    EXPECT_EQ(table.find(tag).slot, old.slot);
    EXPECT_FALSE(table.find(it.hash()("alice")));
}

// Fails if a limiter that a library made which set no marks never has a text again, or gets its marks while somebody else may be making something of its memory.
TEST_F(LimiterUpkeep, TextsWithoutMarksGetThemUnderTheLock) {
    const auto it = make({.limit = 1000, .window = 366 * 24h, .max_keys = 64});
    const auto sizes = shm::table_bytes(shm::unpack_limiter_shape(it.place().shape));
    std::ranges::fill(where()
                          .arena(it.place().arena_offset, it.place().arena_size)
                          .subspan(sizes.stripes_bytes + sizes.buckets_bytes, sizes.texts_bytes),
                      std::byte{0});
    ASSERT_TRUE(it.check({.key = "alice"}).allowed);
    const auto lacking = [&] {
        std::size_t all = 0;
        for (std::size_t slot = 0; slot < it.table().slot_count(); ++slot)
            all += it.texts().lacks_mark(it.texts().look(slot)) ? 1U : 0U;
        return all;
    };
    EXPECT_EQ(lacking(), it.table().slot_count());
    {
        const auto held = shm::administration::lock(where());
        ASSERT_TRUE(held);
        (void)primitives::sweep(where(), shm::roster{where()}, 0);
        EXPECT_EQ(lacking(), it.table().slot_count());
    }
    (void)primitives::sweep(where(), shm::roster{where()}, 0);
    EXPECT_EQ(lacking(), 0U);
    const std::uint64_t tag = it.hash()("alice");
    const auto text = [&] { return it.texts().read(it.table().index_of(it.table().find(tag)), tag, it.hash()); };
    EXPECT_FALSE(text());
    // When it is next sampled.
    for (int i = 0; i < 3 * 63; ++i) ASSERT_TRUE(it.check({.key = "alice"}).allowed);
    ASSERT_TRUE(text());
    EXPECT_EQ(text()->key, "alice");
}

// Fails if a sweep writes where it may only read, or in a segment that workers have left.
TEST_F(LimiterUpkeep, WhoMayNotWriteSweepsNothing) {
    const auto api = make(new_at_once, "api");
    EXPECT_TRUE(api.check({.key = "alice"}).allowed);
    let_it_be_new();
    const auto seen = shm::segment::attach(path(), shm::segment::access::read_only);
    ASSERT_TRUE(seen);
    EXPECT_EQ(primitives::sweep(**seen, shm::roster{**seen}, 0), 0U);
    shm::hardware::store_release(where().header().id.superseded, 1);
    EXPECT_EQ(primitives::sweep(where(), shm::roster{where()}, 0), 0U);
    EXPECT_EQ(keys_of(api), 1U);
}

}  // namespace
}  // namespace seki::test
