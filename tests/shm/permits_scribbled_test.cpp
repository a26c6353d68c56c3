// Permits while somebody changes their words faster than anybody can: what would be the others' progress otherwise is nobody's.
#include <array>

#include <gtest/gtest.h>

#include "shm/permit_pool.hpp"

namespace seki::test {
namespace {

// Memory in which somebody writes another number whenever a word of more than a permit is to be changed.
struct scribbled : shm::hardware {
    static inline const shm::word* target = nullptr;
    static bool cas_seq_cst(shm::word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        if (&w != target) return shm::hardware::cas_seq_cst(w, expected, desired);
        store_relaxed(w, expected += 1ULL << 33 | 1);
        return false;
    }
};
struct no_kernel {
    static inline unsigned woken = 0;
    static inline std::uint64_t time = 0;
    static std::uint64_t now() noexcept { return time += 1'000'000; }
    static void sleep(shm::word& /*bell*/, std::uint32_t /*rings*/, std::uint64_t /*until*/) noexcept {}
    static unsigned wake(shm::word& /*bell*/, unsigned /*how_many*/) noexcept { return woken += 1; }
};
struct seeker {
    static std::uint64_t now() noexcept { return no_kernel::now(); }
    static bool alive(std::uint64_t /*owner*/) noexcept { return true; }
    static bool tired() noexcept { return false; }
    static void rest() noexcept {}
    static void reclaimed(std::uint64_t /*owner*/) noexcept {}
};
struct nobody_lives : seeker {
    static bool alive(std::uint64_t /*owner*/) noexcept { return false; }
};
using pool_type = shm::permit_pool<scribbled, no_kernel>;

struct scene {
    static constexpr shm::permit_capacity room{.permits = 8, .waiting = 8};
    alignas(layout::cache_line) std::array<std::byte, pool_type::bytes_for(room)> bytes{};
    pool_type pool;
    scene() {
        new (bytes.data()) std::array<shm::word, sizeof bytes / sizeof(shm::word)>{};
        shm::claim_process_token();
        pool = pool_type::attach(bytes, room);
        pool.set_max(1);
        pool.set_max_waiting(8);
    }
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;
    ~scene() { scribbled::target = nullptr; }
    // Of the permits: their control line comes before their one line.
    [[nodiscard]] layout::permit_control& control() {
        return *reinterpret_cast<layout::permit_control*>(bytes.data() + bytes.size() - 2 * layout::cache_line);
    }
    // The bell comes first, then the terms of those who wait.
    void scribble_on(std::size_t line) {
        scribbled::target = reinterpret_cast<const shm::word*>(bytes.data() + line * layout::cache_line);
    }
};

// Each of these fails by not coming back, when a loop ends by nothing but the progress of others.
TEST(ScribbledPermits, WhoChangesTheMaximumGivesUp) {
    scene in;
    in.scribble_on(1);
    EXPECT_FALSE(in.pool.set_max_waiting(5));
}
TEST(ScribbledPermits, WhoSetsTermsRightGivesUp) {
    scene in;
    scribbled::store_relaxed(in.control().terms, layout::pack(layout::permit_terms{7, 0, 3}));
    scribbled::target = &in.control().terms;
    in.pool.set_right();
    EXPECT_FALSE(in.pool.table().sound());
}
TEST(ScribbledPermits, WhoRingsWakesSomebodyAllTheSame) {
    scene in;
    shm::permit held = in.pool.try_take(5, 0, seeker{});
    ASSERT_TRUE(held);
    in.scribble_on(0);
    scribbled::store_relaxed(*const_cast<shm::word*>(scribbled::target), layout::pack(layout::bell_state{0, true, 0}));
    const unsigned before = no_kernel::woken;
    EXPECT_TRUE(in.pool.give_back(held));
    EXPECT_GT(no_kernel::woken, before);
}
TEST(ScribbledPermits, WhoWaitsWaitsUntilItsDeadline) {
    scene in;
    ASSERT_TRUE(in.pool.try_take(5, 0, seeker{}));
    in.scribble_on(0);
    EXPECT_EQ(in.pool.take_until(5, 0, no_kernel::now() + 20'000'000, seeker{}).how, shm::waiting::timed_out);
}

// Fails if who sets a maximum after a scribbler forgets what is held beyond it; or if who finds nothing wrong changes anything.
TEST(ScribbledPermits, WhatIsOutIsCountedAgainOnceTheTermsAreSetRight) {
    scene in;
    const auto take = [&in] { return in.pool.table().take(5, 0, seeker{}); };
    in.pool.set_max(4);
    std::array held{take(), take(), take(), take()};
    in.pool.set_max(2);
    const std::uint64_t before = scribbled::load_seq_cst(in.control().terms);
    in.pool.set_right();
    EXPECT_EQ(scribbled::load_seq_cst(in.control().terms), before);
    for (const layout::permit_terms& wrong : {layout::permit_terms{0, 0, 0}, {7, 0, 2}, {7, 2, 2}, {7, 1, 1}}) {
        scribbled::store_relaxed(in.control().terms, layout::pack(wrong));
        in.pool.set_right();
        EXPECT_TRUE(in.pool.set_max(2));
        EXPECT_TRUE(in.pool.table().sound());
        EXPECT_EQ(in.pool.in_use(), held.size());
    }
    for (std::size_t left = held.size(); left >= 2; --left) {
        EXPECT_FALSE(take());
        EXPECT_TRUE(in.pool.give_back(held[held.size() - left]));
    }
    EXPECT_TRUE(take());
    EXPECT_FALSE(take());
}

// Fails when where to begin is believed: the look would go beyond the table.
TEST(ScribbledPermits, WhoAsksBeginsInTheTable) {
    scene in;
    ASSERT_TRUE(in.pool.try_take(5, 0, seeker{}));
    layout::permit_control& control = in.control();
    for (const std::uint64_t place : {std::uint64_t{8}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
        scribbled::store_relaxed(control.ask_next, place);
        EXPECT_EQ(in.pool.reclaim(nobody_lives{}), place == 8 ? 1U : 0U);
    }
}

// Fails when a pool that has no memory, as one whose piece is too small, looks into it; or says that it holds or gives out anything.
TEST(ScribbledPermits, WhereThereIsNoRoomThereIsNothing) {
    scene in;
    alignas(layout::cache_line) static std::array<std::byte, 2 * pool_type::bytes_for(scene::room)> large{};
    for (const pool_type& none :
         {pool_type{}, pool_type::attach(std::span{in.bytes}.first(layout::cache_line), scene::room),
          pool_type::attach(std::span{large}.subspan(sizeof(shm::word)), scene::room),
          pool_type::attach(large, {.permits = layout::max_permits + 1, .waiting = 8})}) {
        const auto& table = none.table();
        EXPECT_FALSE(none || table);
        EXPECT_TRUE(none.set_max(0)) << "it has that";
        EXPECT_FALSE(none.set_max(1));
        EXPECT_FALSE(none.try_take(5, 0, seeker{}));
        EXPECT_EQ(none.reclaim(nobody_lives{}), 0U);
        table.close();
        table.forget_hints();
        none.set_right();
        EXPECT_TRUE(table.closed() && table.sound() && none.deserted());
        EXPECT_FALSE(table.draining());
        EXPECT_EQ(table.latest_hint() + table.in_use() + table.max() + table.give_back_all(5), 0U);
        EXPECT_TRUE(table.at_most(0));
    }
}

// Fails when who leaves gives back what nobody named, or leaves something of its own.
TEST(ScribbledPermits, WhoLeavesGivesBackItsOwnAndNoOneElses) {
    scene in;
    in.pool.set_max(8);
    for (const std::uint64_t owner : {5U, 6U, 5U}) ASSERT_TRUE(in.pool.try_take(owner, 0, seeker{}));
    EXPECT_EQ(in.pool.table().give_back_all(0), 0U);
    EXPECT_EQ(in.pool.in_use(), 3U);
    EXPECT_EQ(in.pool.table().give_back_all(5), 2U);
    EXPECT_EQ(in.pool.table().held_by(6), 1U);
    EXPECT_EQ(in.pool.in_use(), 1U);
}

// Fails when a table is closed while somebody holds something, and who gives it back is not looked for; or is never closed.
TEST(ScribbledPermits, ATableClosesOnceNobodyHoldsAnything) {
    scene in;
    shm::permit held = in.pool.try_take(5, 0, seeker{});
    in.pool.table().close();
    EXPECT_FALSE(in.pool.table().closed());
    EXPECT_TRUE(in.pool.table().draining());
    EXPECT_TRUE(in.pool.give_back(held));
    in.pool.table().close();
    EXPECT_TRUE(in.pool.table().closed());
    in.pool.table().close();
    EXPECT_TRUE(in.pool.table().closed());
}

// Fails when who cannot set the terms, as somebody scribbles on them, goes on as if they were set.
TEST(ScribbledPermits, ATableWhoseTermsAreScribbledOnIsNotClosed) {
    scene in;
    scribbled::target = &in.control().terms;
    in.pool.table().close();
    scribbled::target = nullptr;
    EXPECT_EQ(layout::unpack_permit_terms(scribbled::load_seq_cst(in.control().terms)).drain != 0, true);
}

}  // namespace
}  // namespace seki::test
