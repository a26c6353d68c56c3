// What is told of two deeds that may be done in either order, and how long the accesses of an instruction are taken to be.
#include <gtest/gtest.h>

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "plain_instructions.hpp"
#include "reach.hpp"
#include "shm/memory.hpp"
#include "stage.hpp"
#include "touches.hpp"

namespace seki::test {
namespace {

using shm::hardware;

constexpr std::uint64_t memory = 0, other_memory = 1;

reach reading(std::uint64_t offset, std::uint64_t bytes) {
    reach it;
    it.reads(memory, offset, bytes);
    return it;
}
reach writing(std::uint64_t offset, std::uint64_t bytes) {
    reach it;
    it.writes(memory, offset, bytes);
    return it;
}

// Fails when who writes what the other reads or writes is overlooked.
TEST(Reach, MeetsWhereOneWritesWhatTheOtherTouches) {
    EXPECT_TRUE(writing(64, 8).meets(reading(64, 8)));
    EXPECT_TRUE(reading(64, 8).meets(writing(64, 8)));
    EXPECT_TRUE(writing(64, 8).meets(writing(64, 8)));
    EXPECT_TRUE(writing(63, 2).meets(reading(64, 8)));
    EXPECT_TRUE(writing(0, 64).meets(reading(56, 8)));
}

// Fails when all must be tried.
TEST(Reach, DoesNotMeetWhereBothReadOrElsewhere) {
    EXPECT_FALSE(reading(64, 8).meets(reading(64, 8)));
    EXPECT_FALSE(writing(64, 8).meets(writing(72, 8)));
    reach elsewhere;
    elsewhere.writes(other_memory, 64, 8);
    EXPECT_FALSE(writing(64, 8).meets(elsewhere));
}

// Fails when what was read first and written then counts as read.
TEST(Reach, KeepsWhatIsWrittenAmongWhatIsRead) {
    reach both = writing(0, 8);
    both.reads(memory, 0, 64);
    EXPECT_TRUE(both.meets(reading(0, 8)));
    EXPECT_FALSE(both.meets(reading(8, 8)));
    reach later = reading(0, 64);
    later.writes(memory, 0, 8);
    EXPECT_TRUE(later.meets(reading(0, 8)));
}

// Fails when two that ask the kernel are taken to be strangers, or anybody to be one of who may do anything.
TEST(Reach, MeetsWhoAsksTooAndWhoMayDoAnything) {
    reach asking, another, anything;
    asking.asks();
    another.asks();
    anything.is_anything();
    EXPECT_TRUE(asking.meets(another));
    EXPECT_FALSE(asking.meets(writing(0, 8)));
    EXPECT_TRUE(anything.meets(reach{}));
    EXPECT_TRUE(reach{}.meets(anything));
}

#ifdef __x86_64__

// Fails when an access is taken to be shorter than it may be.
TEST(AccessOfAnInstruction, IsAsLongAsItMayBe) {
    EXPECT_EQ(access_of(0x188948).bytes, 8U);         // mov %rbx, (%rax)
    EXPECT_EQ(access_of(0x1ab10f48f0).bytes, 8U);     // lock cmpxchg %rbx, (%rdx), its REX after its LOCK
    EXPECT_EQ(access_of(0x0fc70f48f0).bytes, 16U);    // lock cmpxchg16b (%rdi)
    EXPECT_EQ(access_of(0x00110f).bytes, 64U);        // movups %xmm0, (%rax)
    EXPECT_EQ(access_of(0x006ffec5).bytes, 64U);      // vmovdqu (%rax), %ymm0
    EXPECT_EQ(access_of(0x006f487ffe62).bytes, 64U);  // EVEX
    EXPECT_TRUE(access_of(0xa4f3).is_string);         // rep movsb
    EXPECT_TRUE(access_of(0xa4f3).moves);
    EXPECT_FALSE(access_of(0xa6f3).moves);  // repe cmpsb
}

struct two_lines {
    layout::word words[16];
};

// Fails when who is watched is seen to touch other words than it does, or reading is not told from writing.
TEST(Touches, AreThoseOfTheOneThatIsWatched) {
    const in_common<two_lines> shared;
    stepped_process one{[&]() -> operation {
        return [&] {
            hardware::store_release(shared->words[3], hardware::load_acquire(shared->words[9]));
            ::raise(SIGSTOP);
        };
    }};
    touches all{one};
    ASSERT_TRUE(all.go_on(100));
    // In the memory that only has its inode for a name: whichever that is, these are its words.
    std::size_t met = 0;
    for (std::size_t at = 0; at < 16; ++at) {
        stepped_process reader{[&]() -> operation {
            return [&, at] {
                (void)hardware::load_acquire(shared->words[at]);
                ::raise(SIGSTOP);
            };
        }};
        touches its{reader};
        ASSERT_TRUE(its.go_on(100));
        if (!its.reached().meets(all.reached())) continue;
        ++met;
        EXPECT_EQ(at, 3U);
    }
    EXPECT_EQ(met, 1U);
    for (std::size_t at = 0; at < 16; ++at) {
        stepped_process writer{[&]() -> operation {
            return [&, at] {
                hardware::store_release(shared->words[at], 1);
                ::raise(SIGSTOP);
            };
        }};
        touches its{writer};
        ASSERT_TRUE(its.go_on(100));
        EXPECT_EQ(its.reached().meets(all.reached()), at == 3 || at == 9) << at;
    }
}

// Fails when who is watched no longer, for touching too much, is believed to have touched no more.
TEST(Touches, MayBeAnyWhereNobodyWatchesAnyMore) {
    const in_common<two_lines> shared;
    stepped_process one{[&]() -> operation {
        return [&] {
            for (auto& each : shared->words) hardware::store_release(each, 1);
            ::raise(SIGSTOP);
        };
    }};
    touches all{one};
    ASSERT_TRUE(all.go_on(4));
    EXPECT_TRUE(all.reached().meets(reach{}));
    for (const auto& each : shared->words) EXPECT_EQ(hardware::load_acquire(each), 1U);
}

#endif

}  // namespace
}  // namespace seki::test
