// What who waits for a permit asks of the kernel: until when it sleeps, how many are woken, what time it is.
#include <dlfcn.h>
#include <errno.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "shm/permit_pool.hpp"

namespace {

struct asked {
    long operation = 0;
    std::uint32_t value = 0;
    std::optional<timespec> until{};
};
std::vector<asked> of_the_kernel;
std::optional<long> played_answer;
std::optional<timespec> played_time;

}  // namespace

// The library's calls find these before those of libc.
extern "C" {

long syscall(long number, ...) noexcept {
    va_list rest;
    va_start(rest, number);
    std::array<long, 6> all{};
    for (long& each : all) each = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_futex && played_answer) {
        const auto* const until = reinterpret_cast<const timespec*>(all[3]);
        of_the_kernel.push_back(
            {all[1], static_cast<std::uint32_t>(all[2]), until == nullptr ? std::nullopt : std::optional{*until}});
        return *played_answer;
    }
    using real = long(long, ...);
    return reinterpret_cast<real*>(::dlsym(RTLD_NEXT, "syscall"))(number, all[0], all[1], all[2], all[3], all[4],
                                                                  all[5]);
}
int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which == CLOCK_MONOTONIC && played_time) return *time = *played_time, 0;
    return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
}
}

namespace seki::test {
namespace {

using shm::futex;

struct Futex : ::testing::Test {
    void SetUp() override { of_the_kernel.clear(); }
    void TearDown() override {
        played_answer.reset();
        played_time.reset();
    }
    layout::word bell;
};

// Fails if a sleep ends at another time than was asked for, or does not depend on the rings that were heard.
TEST_F(Futex, SleepsUntilThen) {
    played_answer = 0;
    futex::sleep(bell, 5, 3'000'000'001);
    ASSERT_EQ(of_the_kernel.size(), 1U);
    EXPECT_EQ(of_the_kernel[0].operation, FUTEX_WAIT_BITSET);
    EXPECT_EQ(of_the_kernel[0].value, 5U);
    ASSERT_TRUE(of_the_kernel[0].until);
    EXPECT_EQ(of_the_kernel[0].until->tv_sec, 3);
    EXPECT_EQ(of_the_kernel[0].until->tv_nsec, 1);
}

// Fails if others are woken than asked for, or an error is taken for some who woke.
TEST_F(Futex, SaysHowManyItWoke) {
    for (const auto& [answer, woken] : {std::pair{3L, 3U}, {1L, 1U}, {0L, 0U}, {-1L, 0U}}) {
        played_answer = answer;
        EXPECT_EQ(futex::wake(bell, 7), woken);
        EXPECT_EQ(of_the_kernel.back().operation, FUTEX_WAKE);
        EXPECT_EQ(of_the_kernel.back().value, 7U);
        EXPECT_FALSE(of_the_kernel.back().until);
    }
}

// Fails if a moment is taken for another.
TEST_F(Futex, TellsTheTimeInNanoseconds) {
    played_time = {.tv_sec = 3, .tv_nsec = 9};
    EXPECT_EQ(futex::now(), 3'000'000'009U);
}

// Fails if a permit that is given back wakes more than one, or none; a new maximum none or one; or the end of a window anybody who has nothing to take.
TEST_F(Futex, OneIsWokenForEachPermitAndAllForANewMaximum) {
    constexpr shm::permit_capacity room{.permits = 8, .waiting = 8};
    alignas(layout::cache_line) std::array<std::byte, shm::permit_pool<>::bytes_for(room)> memory{};
    const auto pool = shm::permit_pool<>::attach(memory, room);
    auto& state = reinterpret_cast<layout::permit_bell*>(memory.data())->state;
    const auto asleep = [&] {
        shm::hardware::store_relaxed(state, layout::pack(layout::bell_state{.sleeping = true}));
        of_the_kernel.clear();
    };
    struct seeker {
        static std::uint64_t now() noexcept { return 1; }
        static bool alive(std::uint64_t /*owner*/) noexcept { return true; }
        static bool tired() noexcept { return false; }
        static void rest() noexcept {}
        static void reclaimed(std::uint64_t /*owner*/) noexcept {}
    };
    played_answer = 1;
    asleep();
    ASSERT_TRUE(pool.set_max(2));
    ASSERT_EQ(of_the_kernel.size(), 1U);
    EXPECT_EQ(of_the_kernel[0].value, 0x7fff'ffffU);
    asleep();
    ASSERT_TRUE(pool.set_max(1));
    EXPECT_EQ(of_the_kernel.size(), 1U) << "there may be nothing to wait for any more";
    const auto after_a_window = [&](std::uint64_t max) {
        asleep();
        EXPECT_EQ(pool.set_max_by([max] { return max; }), max > 1);
        return of_the_kernel.size();
    };
    EXPECT_EQ(after_a_window(1), 0U);
    EXPECT_EQ(after_a_window(0), 0U);
    EXPECT_EQ(after_a_window(2), 1U);
    EXPECT_EQ(of_the_kernel.at(0).value, 0x7fff'ffffU);
    shm::claim_process_token();
    auto permit = pool.try_take(5, 0, seeker{});
    ASSERT_TRUE(permit);
    EXPECT_FALSE(pool.deserted());
    asleep();
    EXPECT_TRUE(pool.give_back(permit));
    ASSERT_EQ(of_the_kernel.size(), 1U);
    EXPECT_EQ(of_the_kernel[0].value, 1U);
    EXPECT_TRUE(pool.deserted());
    ASSERT_TRUE(pool.set_max_waiting(1));
    auto place = pool.room().try_take(5, 0, seeker{});
    ASSERT_TRUE(place);
    EXPECT_FALSE(pool.deserted()) << "somebody waits";
    EXPECT_TRUE(pool.room().give_back(place));
}

// Fails if as many as a table may ever have are too many, or one more are not.
TEST_F(Futex, AsManyAsThereMayBeAreNotTooMany) {
    static constexpr shm::permit_capacity most{.permits = layout::max_permits, .waiting = layout::max_permits};
    alignas(layout::cache_line) static std::array<std::byte, shm::permit_pool<>::bytes_for(most) + 4'096> memory{};
    const auto pool = [](std::uint64_t permits, std::uint64_t waiting) {
        return shm::permit_pool<>::attach(memory, {.permits = permits, .waiting = waiting});
    };
    EXPECT_EQ(pool(layout::max_permits, layout::max_permits).table().capacity(), layout::max_permits);
    EXPECT_EQ(pool(layout::max_permits, layout::max_permits).room().capacity(), layout::max_permits);
    EXPECT_FALSE(pool(layout::max_permits + 1, 8));
    EXPECT_FALSE(pool(8, layout::max_permits + 1));
}

}  // namespace
}  // namespace seki::test
