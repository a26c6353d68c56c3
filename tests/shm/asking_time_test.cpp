// How long who asks after others goes on.
#include "shm/asking_time.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

#include "segment_fixture.hpp"

namespace {

std::optional<timespec> played;  // the time that it is

}  // namespace

// The library's calls find this one before that of libc.
extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which == CLOCK_MONOTONIC && played) return *time = *played, 0;
    return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
}

namespace seki::test {
namespace {

using shm::asking_time;

void set_time(std::uint64_t ns) {
    played = {.tv_sec = static_cast<time_t>(ns / 1'000'000'000), .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
}

// Fails when fewer are asked than may always be, or more once the time is over.
TEST(AskingTime, SoManyAreAskedHoweverShortItIs) {
    asking_time asking;
    for (unsigned i = 0; i < asking_time::at_least; ++i) EXPECT_FALSE(asking.over(0)) << i;
    EXPECT_TRUE(asking.over(0));
    asking = {};
    EXPECT_FALSE(asking.over(0)) << "it begins anew";
}

// Fails when it is over though there is time left: what was asked before, or since when, is not as it should be.
TEST(AskingTime, GoesOnWhileThereIsTime) {
    constexpr std::uint64_t hour = 3'600'000'000'000;
    asking_time asking;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(asking.over(hour)) << i;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(asking.over(shm::asking_all_ns)) << i;
    EXPECT_TRUE(asking.over(0));
}

// Fails when the time is counted from another question than the first, or it is over a nanosecond early or late.
TEST(AskingTime, IsCountedFromTheFirstQuestionOn) {
    constexpr std::uint64_t start = 5'000'000'007, span = 100;
    asking_time asking;
    set_time(start);
    EXPECT_EQ(asking_time::now_ns(), start);
    EXPECT_FALSE(asking.over(span));
    set_time(start + span / 2);
    for (unsigned i = 1; i < asking_time::at_least; ++i) EXPECT_FALSE(asking.over(span)) << i;
    set_time(start + span - 1);
    EXPECT_FALSE(asking.over(span));
    set_time(start + span);
    EXPECT_TRUE(asking.over(span));
    played.reset();
}

struct Tended : shm::test::SegmentTest {};

// Fails when a beat from longer ago than is promised after a death, or of a future that no clock of this host shows, is taken for a sekid that ticks.
TEST_F(Tended, ABeatIsBelievedForAsLongAsIsPromised) {
    constexpr std::uint64_t ms = 1'000'000, beat = 1'000'000 * ms;
    const auto where = shm::segment::create_or_attach(path, shm::test::small);
    ASSERT_TRUE(where);
    shm::hardware::store_relaxed((*where)->header().heartbeat_ns, beat);
    EXPECT_TRUE(shm::is_tended(**where, beat));
    EXPECT_TRUE(shm::is_tended(**where, beat + 100 * ms - 1));
    EXPECT_FALSE(shm::is_tended(**where, beat + 100 * ms));
    EXPECT_TRUE(shm::is_tended(**where, beat - 20 * ms)) << "by a coarse clock";
    EXPECT_FALSE(shm::is_tended(**where, beat - 20 * ms - 1));
    EXPECT_FALSE(shm::is_tended(**where, ~std::uint64_t{0} / 2));
}

}  // namespace
}  // namespace seki::test
