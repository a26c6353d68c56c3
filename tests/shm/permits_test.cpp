// Permits and waiting for them, by one process: what each call promises, and what scribbled memory cannot do.
#include "shm/permits.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "shm/permit_pool.hpp"
#include "shm/permit_seeker.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using shm::hardware;
using shm::permit;
using shm::waiting;
using table = shm::permits<>;

constexpr std::uint64_t me = 0x10001, other = 0x10002;

// Who is dead is the test's to say, and what time it is.
struct seeker {
    std::set<std::uint64_t> dead;
    std::uint64_t time = 1'000'000'000;
    int asked = 0;
    int given_back = 0;
    int clock_reads = 0;
    int patience = 1'000'000;  // so many questions until it is tired
    int rested_at = 0;
    std::uint64_t now() {
        ++clock_reads;
        return time;
    }
    bool alive(std::uint64_t owner) {
        ++asked;
        return !dead.contains(owner);
    }
    [[nodiscard]] bool tired() const { return asked - rested_at >= patience; }
    void rest() { rested_at = asked; }
    void reclaimed(std::uint64_t) { ++given_back; }
};

// A kernel that counts, and in which nobody sleeps.
struct counting_kernel {
    static inline std::uint64_t time = 0;
    static inline unsigned sleeps = 0, wakes = 0, sleepers = 0;
    static std::uint64_t now() { return time; }
    static void sleep(layout::word&, std::uint32_t, std::uint64_t until) {
        ++sleeps;
        time = until;
    }
    static unsigned wake(layout::word&, unsigned) {
        ++wakes;
        return sleepers;
    }
};

class Permits : public testing::Test {
protected:
    Permits() {
        shm::claim_process_token();
        permits = table::attach(memory_.bytes);
        permits.set_max(3);
    }
    permit take(std::uint64_t owner = me, std::uint32_t near = 0) { return permits.try_take(owner, near, by); }
    std::vector<permit> take_all(std::uint64_t owner = me) {
        std::vector<permit> taken;
        while (const permit one = take(owner)) taken.push_back(one);
        return taken;
    }
    std::span<std::byte> bytes() { return memory_.bytes; }

    table permits;
    seeker by;

private:
    struct alignas(64) {
        std::array<std::byte, table::bytes_for(16)> bytes{};
    } memory_;
};

// Fails if more or fewer than max are given out, or one twice.
TEST_F(Permits, AsManyAsMaxAreGivenOutEachOnce) {
    auto taken = take_all();
    EXPECT_EQ(taken.size(), 3U);
    EXPECT_EQ(permits.in_use(), 3U);
    std::set<std::uint32_t> indices;
    for (const permit& one : taken) indices.insert(one.index);
    EXPECT_EQ(indices.size(), 3U);
    for (permit& one : taken) EXPECT_TRUE(permits.give_back(one));
    EXPECT_EQ(permits.in_use(), 0U);
}

// Fails if all who begin beyond the end come to the same permit, and so to the same line, however many they are.
TEST_F(Permits, WhoBeginsBeyondTheEndBeginsApart) {
    EXPECT_EQ(take(me, 5).index, 2U);
    EXPECT_EQ(take(other, 4).index, 1U);
    permits.set_max(0);
    EXPECT_FALSE(take(me, 5));
}

// Fails if a permit that was given back can be given back again, when the same process has taken its word meanwhile.
TEST_F(Permits, AReleasedPermitIsNotReleasedAgain) {
    permit first = take();
    ASSERT_TRUE(permits.give_back(first));
    const permit second = take();
    EXPECT_EQ(second.index, 0U);
    EXPECT_FALSE(permits.give_back(first));
    EXPECT_EQ(permits.in_use(), 1U);
}

// Fails if a permit is given back under another name than it was taken, or beyond the table.
TEST_F(Permits, AForeignReleaseDoesNothing) {
    const permit mine = take();
    permit forged{other, mine.token, mine.index};
    EXPECT_FALSE(permits.give_back(forged));
    permit beyond{me, mine.token, 0xffff'ffff};
    EXPECT_FALSE(permits.give_back(beyond));
    EXPECT_EQ(permits.held_by(me), 1U);
    EXPECT_EQ(permits.held_by(other), 0U);
}

// Fails if the copy of a permit that a child has works there.
TEST_F(Permits, AForkedChildReleasesNothing) {
    permit mine = take();
    const pid_t child = ::fork();
    if (child == 0) {
        permit copy = mine;
        const bool before = permits.give_back(copy);
        shm::claim_process_token();
        ::_exit(before || permits.give_back(mine) || permits.in_use() != 1 ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_TRUE(permits.give_back(mine));
}

// Fails if a worker without a name can take what nobody could give back for it.
TEST_F(Permits, WhoHasNoNameGetsNothing) { EXPECT_FALSE(take(0)); }

// Fails if refusing writes anything, or asks the kernel each time.
TEST_F(Permits, ARefusalOfAFullTableWritesNothingForAWhile) {
    take_all();
    const std::vector<std::byte> before{bytes().begin(), bytes().end()};
    by.asked = 0;
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(take());
    EXPECT_EQ(by.asked, 0);
    EXPECT_TRUE(std::ranges::equal(before, bytes()));
}

// Fails if the clock is read where there are permits.
TEST_F(Permits, TakingAFreePermitReadsNoClockAndAsksNobody) {
    EXPECT_TRUE(take());
    EXPECT_EQ(by.clock_reads + by.asked, 0);
}

// Fails if a dead process's permits stay out when somebody wants one, or a living one's come back.
TEST_F(Permits, AContendedTakerGetsWhatTheDeadHeld) {
    const permit kept = take(other);
    take_all();
    by.dead = {me};
    by.time += table::look_again_ns;
    const permit taken = take(other);
    EXPECT_TRUE(taken);
    EXPECT_EQ(by.given_back, 2);
    EXPECT_EQ(permits.held_by(me), 0U);
    EXPECT_EQ(permits.held_by(other), 2U);
    EXPECT_TRUE(kept);
}

// Fails if the hint that all are out is believed for good when nobody takes it away.
TEST_F(Permits, AWrongHintIsBelievedForAWhileOnly) {
    auto taken = take_all();
    permit last = taken.back();
    const std::vector<std::byte> full{bytes().begin(), bytes().begin() + sizeof(layout::permit_control)};
    permits.give_back(last);
    std::memcpy(bytes().data(), full.data(), full.size());  // as if its owner had died before it took the hint away
    EXPECT_FALSE(take());
    by.time += table::look_again_ns;
    EXPECT_TRUE(take());
}

// Fails if a hint is kept that was to be forgotten: the doctor does so with one of a time to come.
TEST_F(Permits, ForgottenHintsAreNoMore) {
    take_all();
    EXPECT_FALSE(take());
    EXPECT_EQ(permits.latest_hint(), by.time);
    EXPECT_TRUE(permits.seems_full([this] { return by.time; }));
    permits.forget_hints();
    EXPECT_EQ(permits.latest_hint(), 0U);
    EXPECT_FALSE(permits.seems_full([this] { return by.time; }));
}

// Fails if who wants a permit goes by another clock than CLOCK_MONOTONIC, a tick late at most.
TEST(ProcessSeeker, GoesByTheCoarseClock) {
    const auto coarse = [] {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
        return (std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}).count();
    };
    const auto before = coarse();
    const auto now = static_cast<std::int64_t>(shm::process_seeker::now());
    EXPECT_LE(before, now);
    EXPECT_LE(now, coarse());
}

// Fails if a permit from before a lowering lets too many in, wherever it lies; or if max is not reached again afterwards.
TEST_F(Permits, AfterLoweringNobodyIsLetInUntilEnoughCameBack) {
    auto taken = take_all();
    ASSERT_TRUE(permits.set_max(2));
    EXPECT_TRUE(permits.draining());
    EXPECT_FALSE(take());
    permits.give_back(taken[0]);  // two are out: at 1, and at 2, which is above max
    EXPECT_FALSE(take());
    permits.give_back(taken[1]);
    permit let_in = take();
    EXPECT_TRUE(let_in);
    EXPECT_FALSE(take());
    permits.give_back(taken[2]);
    EXPECT_TRUE(take());
    EXPECT_FALSE(permits.draining());
    EXPECT_EQ(permits.in_use(), 2U);
}

// Fails if raising leaves the hint behind, or goes beyond the memory.
TEST_F(Permits, RaisingMaxLetsInAtOnceAndEndsAtTheCapacity) {
    take_all();
    EXPECT_FALSE(take());
    EXPECT_TRUE(permits.set_max(16));
    EXPECT_EQ(take_all().size(), 13U);
    EXPECT_FALSE(permits.set_max(17));
    EXPECT_EQ(permits.max(), 16U);
    EXPECT_TRUE(permits.set_max(0));
    permits.give_back_all(me);
    EXPECT_FALSE(take());
}

// Fails if holders are told wrongly, or one's leaving takes what is another's.
TEST_F(Permits, WhoLeavesGivesBackItsOwn) {
    const permit a = take(me), b = take(other), c = take(me);
    EXPECT_EQ(permits.held_by(me), 2U);
    EXPECT_EQ(permits.give_back_all(me), 2U);
    EXPECT_EQ(permits.give_back_all(me), 0U);
    EXPECT_EQ(permits.held_by(other), 1U);
    EXPECT_TRUE(a && b && c);
}

// Fails if a table that is closed gives out more, is closed while somebody holds one, or is not when the last came back; or if raising lowers.
TEST_F(Permits, ClosedIsWhatNobodyHoldsAnythingOf) {
    permit one = take();
    permits.close();
    EXPECT_EQ(permits.max(), 0U);
    EXPECT_FALSE(permits.closed());
    EXPECT_FALSE(take());
    ASSERT_TRUE(permits.give_back(one));
    EXPECT_FALSE(permits.closed()) << "nobody has looked yet";
    permits.close();
    EXPECT_TRUE(permits.closed());
    EXPECT_TRUE(permits.raise_max(2));
    EXPECT_FALSE(permits.closed());
    EXPECT_TRUE(permits.raise_max(1));
    EXPECT_EQ(permits.max(), 2U);
    EXPECT_FALSE(permits.raise_max(17));
    EXPECT_EQ(permits.max(), 2U);
    permits.close();
    EXPECT_TRUE(permits.closed());
    table{}.close();
    EXPECT_TRUE(table{}.closed());
}

// One with room for so many.
template <std::size_t permits>
struct large_table {
    alignas(64) std::array<std::byte, table::bytes_for(permits)> bytes{};
    table it = table::attach(bytes);
};

// Fails if a table of one permit cannot be closed, or one of none is taken for one that somebody scribbled on.
TEST_F(Permits, OneOfOneOrOfNoneCanBeClosed) {
    const large_table<16> of_one;
    ASSERT_TRUE(of_one.it.set_max(1));
    of_one.it.close();
    EXPECT_TRUE(of_one.it.closed());
    EXPECT_TRUE(table{}.set_max(0));
    EXPECT_FALSE(table{}.set_max(1));
}

// Fails if many owners at once are mistaken for each other, or one that shares a place in the memory of asked ones with a dead one.
TEST_F(Permits, ReclaimingTellsOwnersApart) {
    const large_table<4000> made;
    const table& large = made.it;
    large.set_max(4000);
    for (std::uint64_t i = 0; i < 4000; ++i) ASSERT_TRUE(large.try_take(0x10000 + 1 + i % 777, 0, by));
    for (std::uint64_t i = 0; i < 777; i += 3) by.dead.insert(0x10001 + i);
    const std::uint64_t expected = [&] {
        std::uint64_t sum = 0;
        for (const std::uint64_t owner : by.dead) sum += large.held_by(owner);
        return sum;
    }();
    EXPECT_EQ(large.reclaim(by), expected);
    EXPECT_EQ(large.in_use(), 4000 - expected);
    large.for_each([&](std::uint32_t, std::uint64_t owner) { EXPECT_FALSE(by.dead.contains(owner)); });
}

// Fails if who asks forgets whom it has found living, because names are alike: each question takes system calls.
TEST_F(Permits, EachHolderIsAskedAboutOnce) {
    const large_table<4000> made;
    const table& large = made.it;
    large.set_max(4000);
    for (const std::uint64_t apart : {256ULL, 512ULL, 1024ULL, 1ULL << 16}) {
        for (std::uint64_t i = 0; i < 4000; ++i) ASSERT_TRUE(large.take(0x10001 + i % 4 * apart, 0, by));
        by.asked = 0;
        EXPECT_EQ(large.reclaim(by), 0U);
        EXPECT_EQ(by.asked, 4) << apart;
        for (std::uint64_t i = 0; i < 4; ++i) large.give_back_all(0x10001 + i * apart);
    }
}

// Fails if who is tired of asking goes on, or the next does not go on from there: some would never be asked about.
TEST_F(Permits, WhoIsTiredOfAskingLeavesTheOthersToTheNext) {
    constexpr std::uint64_t holders = 1000;
    const large_table<holders> made;
    const table& large = made.it;
    large.set_max(holders);
    for (std::uint64_t i = 0; i < holders; ++i) ASSERT_TRUE(large.take(0x10001 + i, 0, by));
    by.dead = {0x10001 + holders - 1};
    by.patience = 10;
    for (std::uint64_t turn = 1; turn < holders / 10; ++turn) {
        by.asked = 0;
        EXPECT_EQ(large.reclaim(by), 0U);
        EXPECT_EQ(by.asked, 10);
    }
    by.asked = 0;
    EXPECT_EQ(large.reclaim(by), 1U);
}

// Fails if the living, or the dead, are asked about as often as they hold one; or if one of the dead keeps what it holds behind the first.
TEST_F(Permits, TheDeadAreAskedAboutOnceAndLoseAllTheyHold) {
    permits.set_max(8);
    for (std::uint32_t i = 0; i < 8; ++i) ASSERT_TRUE(take(i % 2 == 0 ? me : other));
    EXPECT_EQ(permits.reclaim(by), 0U);
    EXPECT_EQ(by.asked, 2);
    by.dead = {other};
    EXPECT_EQ(permits.reclaim(by), 4U);
    EXPECT_EQ(by.given_back, 4);
    EXPECT_EQ(permits.held_by(me), 4U);
}

// Fails if one who holds a permit anywhere is overlooked, or counted twice, where it is asked whether there are no more than so many.
TEST_F(Permits, NoMoreThanSoManyAreHeldWhereverTheyLie) {
    permits.set_max(16);
    EXPECT_TRUE(permits.at_most(0));
    for (std::uint32_t place = 0; place < 16; ++place) {
        permit one = take(me, place);
        ASSERT_EQ(one.index, place);
        EXPECT_FALSE(permits.at_most(0)) << place;
        EXPECT_TRUE(permits.at_most(1)) << place;
        ASSERT_TRUE(permits.give_back(one));
    }
    for (std::uint64_t held = 1; held <= 16; ++held) {
        ASSERT_TRUE(take());
        EXPECT_TRUE(permits.at_most(held)) << held;
        EXPECT_FALSE(permits.at_most(held - 1)) << held;
    }
    EXPECT_TRUE(permits.at_most(17));
}

// Fails if anything in the memory is used as an index, or can keep permits out for good. Run under the address sanitizer.
TEST_F(Permits, ScribbledMemoryIndexesNothingAndHeals) {
    std::mt19937_64 random{seed_or(3)};
    for (int round = 0; round < 300; ++round) {
        for (auto& byte : bytes()) byte = random() % 4 == 0 ? std::byte{0xff} : static_cast<std::byte>(random());
        EXPECT_LE(permits.max(), permits.capacity());
        EXPECT_LE(permits.in_use(), permits.capacity());
        if (permit taken = take(me, static_cast<std::uint32_t>(random()))) {
            EXPECT_LT(taken.index, permits.capacity());
            permits.give_back(taken);
        }
        permits.for_each([&](std::uint32_t, std::uint64_t owner) { by.dead.insert(owner); });
        by.time += table::look_again_ns;
        EXPECT_TRUE(permits.set_max(1) && permits.set_max(2));
        EXPECT_LE(take_all().size(), 2U);
        permits.reclaim(by);
        permits.give_back_all(me);
        by.dead.clear();
        EXPECT_EQ(take_all().size(), 2U);
        permits.give_back_all(me);
    }
}

// Fails if memory that cannot be a table is taken for one.
TEST_F(Permits, MemoryThatDoesNotFitGivesOutNothing) {
    for (const auto part : {bytes().first(0), bytes().first(64), bytes().subspan(8)}) {
        const table none = table::attach(part);
        EXPECT_FALSE(none);
        EXPECT_FALSE(none.set_max(1));
        EXPECT_FALSE(none.try_take(me, 0, by));
        EXPECT_FALSE(none.seems_full([] { return std::uint64_t{2}; }));
        EXPECT_EQ(none.in_use() + none.max() + none.capacity(), 0U);
    }
}

class PermitPool : public testing::Test {
protected:
    using pool_type = shm::permit_pool<hardware, counting_kernel>;
    static constexpr shm::permit_capacity sizes{.permits = 8, .waiting = 8};

    PermitPool() {
        shm::claim_process_token();
        counting_kernel::time = 0;
        counting_kernel::sleeps = counting_kernel::wakes = counting_kernel::sleepers = 0;
        pool = pool_type::attach(memory_.bytes, sizes);
        pool.set_max(1);
        pool.set_max_waiting(1);
    }
    pool_type pool;
    seeker by;

private:
    struct alignas(64) {
        std::array<std::byte, pool_type::bytes_for(sizes)> bytes{};
    } memory_;
};

// Fails if a release makes a system call though nobody ever waited.
TEST_F(PermitPool, WhereNobodyWaitsNobodyIsWoken) {
    permit one = pool.try_take(me, 0, by);
    EXPECT_TRUE(pool.give_back(one));
    EXPECT_EQ(counting_kernel::wakes, 0U);
}

// Fails if the deadline is missed, a sleep has no limit, or a place in the room is kept.
TEST_F(PermitPool, WhoWaitsGivesUpAtItsDeadlineAndLooksAgainUntilThen) {
    const permit held = pool.try_take(other, 0, by);
    const auto waited = pool.take_until(me, 0, 22'000'000, by);
    EXPECT_EQ(waited.how, waiting::timed_out);
    EXPECT_FALSE(waited.held);
    EXPECT_EQ(counting_kernel::time, 22'000'000U);
    EXPECT_EQ(counting_kernel::sleeps, 5U);
    EXPECT_EQ(pool.waiting_now(), 0U);
    EXPECT_TRUE(held);
}

// Fails if a deadline that has passed, or is never, is not understood.
TEST_F(PermitPool, APassedDeadlineTakesWhatIsFreeAndWaitsForNothing) {
    counting_kernel::time = 1000;
    auto waited = pool.take_until(me, 0, 0, by);
    EXPECT_EQ(waited.how, waiting::taken);
    EXPECT_EQ(pool.take_until(me, 0, 0, by).how, waiting::timed_out);
    EXPECT_EQ(counting_kernel::sleeps, 0U);
    by.dead = {me};
    by.time += table::look_again_ns;
    EXPECT_EQ(pool.take_until(other, 0, std::numeric_limits<std::uint64_t>::max(), by).how, waiting::taken);
}

// Fails if max_waiting does not hold, or counts the dead.
TEST_F(PermitPool, NoMoreWaitThanMayAndDeadWaitersDoNotCount) {
    const permit held = pool.try_take(other, 0, by);
    pool.set_max_waiting(0);
    EXPECT_EQ(pool.take_until(me, 0, 1, by).how, waiting::crowded);
    EXPECT_TRUE(held);
    EXPECT_EQ(pool.max_waiting(), 0U);
}

// Fails if somebody goes on waiting for what is no more, takes a place along, or is not asked before it sleeps.
TEST_F(PermitPool, WaitingIsCalledOffWhenItIsNotWorthwhile) {
    permit held = pool.try_take(other, 0, by);
    int asked = 0;
    const auto waited = pool.take_until(me, 0, ~0ULL, by, [&] { return ++asked < 3; });
    EXPECT_EQ(waited.how, waiting::called_off);
    EXPECT_FALSE(waited.held);
    EXPECT_EQ(counting_kernel::sleeps, 2U);
    EXPECT_EQ(pool.waiting_now(), 0U);
    EXPECT_TRUE(pool.give_back(held));
}

// Fails if the bell goes on ringing when nobody is there any more.
TEST_F(PermitPool, AFutileRingIsTheLast) {
    permit held = pool.try_take(other, 0, by);
    EXPECT_EQ(pool.take_until(me, 0, 1, by).how, waiting::timed_out);
    pool.give_back(held);
    EXPECT_EQ(counting_kernel::wakes, 1U);
    held = pool.try_take(other, 0, by);
    pool.give_back(held);
    EXPECT_EQ(counting_kernel::wakes, 1U);
}

// Fails if a ring that woke somebody is taken for the last: others may sleep still.
TEST_F(PermitPool, WhileSomebodyIsWokenTheNextReleaseRingsToo) {
    permit held = pool.try_take(other, 0, by);
    EXPECT_EQ(pool.take_until(me, 0, 1, by).how, waiting::timed_out);
    counting_kernel::sleepers = 1;
    for (unsigned i = 1; i <= 3; ++i) {
        pool.give_back(held);
        EXPECT_EQ(counting_kernel::wakes, i);
        held = pool.try_take(other, 0, by);
    }
}

// Fails if raising max or reclaiming leaves sleepers asleep.
TEST_F(PermitPool, RaisingMaxAndReclaimingWake) {
    const permit held = pool.try_take(other, 0, by);
    counting_kernel::sleepers = 1;
    EXPECT_EQ(pool.take_until(me, 0, 1, by).how, waiting::timed_out);
    pool.set_max(1);
    const unsigned before = counting_kernel::wakes;
    pool.set_max(2);
    EXPECT_EQ(counting_kernel::wakes, before + 1);
    by.dead = {other};
    EXPECT_EQ(pool.reclaim(by), 1U);
    EXPECT_EQ(counting_kernel::wakes, before + 2);
    EXPECT_TRUE(held);
}

// Fails if a place of a dead waiter does not come back where many hold permits: asking of them leaves no time for the room.
TEST_F(PermitPool, ReclaimingComesToTheRoomHoweverManyHoldPermits) {
    pool.set_max(8);
    for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(pool.try_take(me + i, 0, by));
    ASSERT_TRUE(pool.room().take(other + 100, 0, by));
    by.dead = {other + 100};
    by.patience = 4;
    EXPECT_EQ(pool.reclaim(by), 0U);
    EXPECT_EQ(pool.waiting_now(), 0U);
}

// Fails if who has asked of holders finds no time to ask of waiters: the room would be full of dead ones.
TEST_F(PermitPool, WhoAskedOfHoldersStillAsksOfWaiters) {
    pool.set_max(8);
    for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(pool.try_take(me + i, 0, by));
    ASSERT_TRUE(pool.room().take(other + 100, 0, by));
    by.dead = {other + 100};
    by.patience = 4;
    EXPECT_EQ(pool.take_until(me + 200, 0, 1, by).how, waiting::timed_out);
    EXPECT_EQ(by.asked, 4 + 1);
}

// Fails if who has asked of waiters looks for a permit without time to ask of its holders, and takes the turn of asking from others: it sleeps beside a
// permit of the dead.
TEST_F(PermitPool, WhoAskedOfWaitersStillAsksOfHolders) {
    ASSERT_TRUE(pool.try_take(other, 0, by));
    ASSERT_FALSE(pool.try_take(me, 0, by)) << "asks";
    by.time += table::look_again_ns - 1;
    ASSERT_FALSE(pool.table().take(me, 0, by)) << "sees that it is full, and asks nobody";
    by.time += 1;
    ASSERT_TRUE(pool.room().take(other, 0, by));
    by.dead = {other};
    by.patience = 1;
    EXPECT_EQ(pool.take_until(me, 0, 1'000'000, by).how, waiting::taken);
    EXPECT_EQ(counting_kernel::sleeps, 0U);
}

// Fails if a pool is made of memory that is too small.
TEST_F(PermitPool, MemoryThatDoesNotFitGivesOutNothing) {
    std::array<std::byte, 128> small{};
    const auto none = pool_type::attach(small, sizes);
    EXPECT_FALSE(none);
    EXPECT_FALSE(none.set_max(1));
    EXPECT_EQ(none.take_until(me, 0, 1, by).how, waiting::crowded);
    EXPECT_FALSE(pool_type::attach(small, {.permits = 1ULL << 40, .waiting = 0}));
    EXPECT_FALSE(pool_type::attach(small, {.permits = 1, .waiting = ~0ULL}));
}

}  // namespace
}  // namespace seki::test
