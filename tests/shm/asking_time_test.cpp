// How long who asks after others goes on.
#include "shm/asking_time.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "segment_fixture.hpp"
#include "shm/process_list.hpp"
#include "shm/workers.hpp"

namespace {

std::optional<timespec> played;        // the time that it is
std::function<void()> before_looking;  // at it

}  // namespace

// The library's calls find this one before that of libc.
extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which == CLOCK_MONOTONIC && before_looking) before_looking();
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

// Who asks after twenty members, all of whom have lost their lock files; and how long that takes.
struct Reaping : shm::test::SegmentTest {
    static constexpr std::uint64_t start = 5'000'000'000, span = 1'000;
    static constexpr std::uint32_t members = 20, at_least = asking_time::at_least;
    void SetUp() override {
        SegmentTest::SetUp();
        const auto made = shm::segment::create_or_attach(
            path, {.mode = 0660, .group = "", .max_workers = members, .max_primitives = 1, .size = 1 << 20});
        ASSERT_TRUE(made);
        where = *made;
        for (layout::process_slot& slot : where->processes())
            shm::hardware::store_release(slot.owner, layout::pack(layout::process_state{
                                                         .generation = 3, .who = 9, .stage = layout::stage::live}));
        set_time(start);
    }
    void TearDown() override {
        played.reset();
        before_looking = nullptr;
        where.reset();
        SegmentTest::TearDown();
    }
    // Time passes once those are asked that always are.
    void passes(std::uint64_t ns) {
        before_looking = [ns, looks = 0]() mutable {
            if (++looks > 2) set_time(start + ns);  // each of the two times that are counted begins with a look
        };
    }
    std::shared_ptr<shm::segment> where;
};

// Fails if who has no more time asks one more or one less, or says that another is the next.
TEST_F(Reaping, WhoHasNoTimeLeavesTheRestToTheNextTurn) {
    for (const std::uint32_t from : {0U, 5U, 15U}) {
        set_time(start);
        passes(span);
        const auto report = shm::reap(*where, from, span);
        EXPECT_FALSE(report.whole);
        EXPECT_EQ(report.lost_locks, at_least);
        EXPECT_EQ(report.next, (from + at_least) % members);
    }
    set_time(start);
    passes(span);
    const auto all = shm::reap(*where, 3, shm::asking_all_ns);
    EXPECT_TRUE(all.whole);
    EXPECT_EQ(all.lost_locks, members);
    EXPECT_EQ(all.next, 3U);
}

// Fails if who looked only briefly at somebody who may be another program by now does not begin with that one the next time, or who looked closely does.
TEST_F(Reaping, WhoLookedBrieflyBeginsThereTheNextTime) {
    passes(span / 4 - 1);
    auto report = shm::reap(*where, 2, span);
    EXPECT_TRUE(report.whole);
    EXPECT_EQ(report.lost_locks, members);
    EXPECT_EQ(report.next, 2U) << "all of them were looked at closely";
    set_time(start);
    passes(span / 4);
    report = shm::reap(*where, 2, span);
    EXPECT_TRUE(report.whole);
    EXPECT_EQ(report.lost_locks, members);
    EXPECT_EQ(report.next, 2 + at_least) << "the first of those that were not";
    // It comes to its end meanwhile.
    set_time(start);
    before_looking = [looks = 0]() mutable {
        set_time(++looks <= 2 ? start : start + (looks <= 10 ? span / 2 : span));
    };
    report = shm::reap(*where, 2, span);
    EXPECT_FALSE(report.whole);
    EXPECT_EQ(report.next, 2 + at_least + 4);
}

}  // namespace
}  // namespace seki::test
