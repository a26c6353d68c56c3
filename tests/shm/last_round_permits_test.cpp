// The same as last_round_test.cpp of permits and who waits for them.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>

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
