// The numbers that samples and the jitter of retries are drawn by. Which they are nobody knows beforehand; but one tells the next, and the first of a thread
// what it was started by.
#include "primitives/random.hpp"

#include <array>
#include <cstdlib>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "shm/process_token.hpp"

namespace seki::test {
namespace {

// The number that an odd one gives 1 with, modulo 2^64: by Newton, each round twice as many bits.
constexpr std::uint64_t inverse(std::uint64_t odd) {
    std::uint64_t found = odd;
    for (int round = 0; round < 6; ++round) found *= 2 - odd * found;
    return found;
}
// What x was before x ^= x >> by, or x ^= x << by.
constexpr std::uint64_t before_right(std::uint64_t x, unsigned by) {
    std::uint64_t was = x;
    for (unsigned known = by; known < 64; known += by) was = x ^ was >> by;
    return was;
}
constexpr std::uint64_t before_left(std::uint64_t x, unsigned by) {
    std::uint64_t was = x;
    for (unsigned known = by; known < 64; known += by) was = x ^ was << by;
    return was;
}

// xorshift64*, as its author published it.
constexpr std::uint64_t multiplier = 2'685'821'657'736'338'717;
constexpr std::uint64_t state_after(std::uint64_t state) {
    state ^= state >> 12;
    state ^= state << 25;
    return state ^ state >> 27;
}
constexpr std::uint64_t state_before(std::uint64_t state) {
    return before_right(before_left(before_right(state, 27), 25), 12);
}
constexpr std::uint64_t state_of(std::uint64_t number) { return number * inverse(multiplier); }
static_assert(state_after(1) * multiplier == 5'180'492'295'206'395'165, "what others publish for a seed of 1");
static_assert(state_before(state_after(12'345)) == 12'345);

// What splitmix64 makes this number of, without the step of its counter.
constexpr std::uint64_t mixed_of(std::uint64_t seed) {
    seed = (seed ^ seed >> 30) * 13'787'848'793'156'543'929U;
    seed = (seed ^ seed >> 27) * 10'723'151'780'598'845'931U;
    return seed ^ seed >> 31;
}
constexpr std::uint64_t seed_of(std::uint64_t mixed) {
    const std::uint64_t second = before_right(mixed, 31) * inverse(10'723'151'780'598'845'931U);
    return before_right(before_right(second, 27) * inverse(13'787'848'793'156'543'929U), 30);
}
static_assert(mixed_of(0x9e37'79b9'7f4a'7c15) == 0xe220'a839'7b1d'cdaf, "what others publish for a seed of 0");
static_assert(seed_of(0xe220'a839'7b1d'cdaf) == 0x9e37'79b9'7f4a'7c15);

// Fails if one step of the generator is another or is left out: its period, and how evenly it scatters, are known of this one alone.
TEST(Random, FollowsXorshift64Star) {
    std::uint64_t last = primitives::next_random();
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t next = primitives::next_random();
        ASSERT_EQ(next, state_after(state_of(last)) * multiplier) << i;
        last = next;
    }
}

// Fails if a thread is started by anything but the process and a place of its own, well mixed, or by a number that may be 0, which never moves.
TEST(Random, IsStartedByTheProcessAndThePlaceOfTheThread) {
    static thread_local char here = 0;
    std::array<std::uint64_t, 8> first{};
    std::array<std::uintptr_t, 8> places{};
    std::latch all{8};  // of threads that come one after the other the places may be the same
    {
        std::array<std::jthread, 8> threads;
        for (std::size_t i = 0; i < threads.size(); ++i)
            threads[i] = std::jthread{[&, i] {
                all.arrive_and_wait();
                places[i] = reinterpret_cast<std::uintptr_t>(&here);
                first[i] = primitives::next_random();
            }};
    }
    const std::uint64_t token = shm::own_process_token();
    for (std::size_t i = 0; i < first.size(); ++i) {
        const std::uint64_t start = state_before(state_of(first[i]));
        EXPECT_EQ(start % 2, 1U);
        // Whether the lowest bit was set before is not to be seen.
        const auto is_near = [&](std::uint64_t mixed) {
            const auto place = static_cast<std::int64_t>(seed_of(seed_of(mixed) ^ token) - places[i]);
            return std::abs(place) < 1 << 20;  // what a thread has of its own stands together
        };
        EXPECT_TRUE(is_near(start) || is_near(start - 1)) << i;
    }
}

}  // namespace
}  // namespace seki::test
