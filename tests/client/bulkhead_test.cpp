// Bulkheads by their public face, in one process: what each call promises.
#include <seki/bulkhead.hpp>

#include <concepts>
#include <stdexcept>
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/may_sleep.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/memory.hpp"

namespace seki::test {
namespace {

static_assert(std::movable<Permit> && !std::copyable<Permit> && std::is_nothrow_move_constructible_v<Permit>);

class Bulkheads : public ClientTest {
protected:
    static std::uint64_t in_use(const Bulkhead& of) { return must(of.status()).in_use; }
    static std::vector<Permit> fill(const Bulkhead& with) {
        std::vector<Permit> held;
        while (auto permit = with.try_acquire()) held.push_back(std::move(*permit));
        return held;
    }
    static Errc why_not(const Result<Permit>& permit) { return permit ? Errc::none : permit.error().code; }
};

// Fails if more or fewer permits than max_concurrent are given out, or a call is not counted.
TEST_F(Bulkheads, AsManyPermitsAsMaxConcurrentAreGivenOut) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 3}));
    {
        const auto held = fill(database);
        EXPECT_EQ(held.size(), 3U);
        EXPECT_EQ(why_not(database.try_acquire()), Errc::bulkhead_full);
        const BulkheadStatus status = must(database.status());
        EXPECT_EQ(status.max_concurrent, 3U);
        EXPECT_EQ(status.in_use, 3U);
        EXPECT_EQ(status.waiting, 0U);
        EXPECT_EQ(status.acquired, 3U);
        EXPECT_EQ(status.rejected, 2U);
        EXPECT_EQ(status.reclaimed, 0U);
    }
    EXPECT_EQ(in_use(database), 0U);
    EXPECT_EQ(fill(database).size(), 3U);
}

// Fails if handles of the same name, or of another opening, are not one bulkhead.
TEST_F(Bulkheads, AllHandlesOfANameAreOneBulkhead) {
    const Segment one = opened(), other = opened();
    const Bulkhead made = must(one.bulkhead("database", {.max_concurrent = 2}));
    const Bulkhead found = must(other.bulkhead("database"));
    const Bulkhead copy = made;
    const auto first = must(made.try_acquire()), second = must(found.try_acquire());
    EXPECT_EQ(why_not(copy.try_acquire()), Errc::bulkhead_full);
    EXPECT_EQ(in_use(copy), 2U);
    EXPECT_EQ(made.name(), "database");
    EXPECT_EQ(must(found.options()).max_concurrent, 2U);
}

// Fails if a permit is given back twice, by somebody whom it was moved away from, or not when another takes its place.
TEST_F(Bulkheads, APermitIsGivenBackOnce) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2}));
    Permit first = must(database.try_acquire());
    EXPECT_TRUE(first);
    EXPECT_TRUE(first.release());
    EXPECT_FALSE(first);
    EXPECT_FALSE(first.release());
    EXPECT_EQ(in_use(database), 0U);

    Permit second = must(database.try_acquire());
    Permit third = must(database.try_acquire());
    Permit moved{std::move(second)};
    EXPECT_FALSE(second.release());
    EXPECT_EQ(in_use(database), 2U);
    moved = std::move(third);
    EXPECT_EQ(in_use(database), 1U);
    Permit& itself = moved;
    moved = std::move(itself);
    EXPECT_TRUE(moved);
    moved = Permit{};
    EXPECT_EQ(in_use(database), 0U);
    EXPECT_FALSE(Permit{}.release());
}

// Fails if a permit is lost with the handles that it came from, or its memory goes before it.
TEST_F(Bulkheads, APermitOutlivesTheHandlesItCameFrom) {
    const Segment watching = opened();
    const Bulkhead database = must(watching.bulkhead("database", {.max_concurrent = 2}));
    Permit held = must(must(must(open(path(), small())).bulkhead("database")).try_acquire());
    EXPECT_EQ(in_use(database), 1U);
    ASSERT_TRUE(watching.maintain());
    EXPECT_EQ(in_use(database), 1U);
    EXPECT_TRUE(held.release());
    EXPECT_EQ(in_use(database), 0U);
}

// Fails if closing one of two openings takes along what was acquired by the other.
TEST_F(Bulkheads, ClosingAnotherOpeningTakesNothing) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 4}));
    const Permit held = must(database.try_acquire());
    {
        const Segment other = opened();
        const Bulkhead its = must(other.bulkhead("database"));
        const Permit one = must(its.try_acquire());
        EXPECT_EQ(in_use(database), 2U);
    }
    ASSERT_TRUE(segment.maintain());
    EXPECT_EQ(in_use(database), 1U);
}

// Fails if who comes to a full bulkhead waits without being told to, longer than it was told, or is told the wrong reason. (One that waits a day
// runs into the time limit of the tests.)
TEST_F(Bulkheads, WaitingEndsAtTheEarlierOfMaxWaitAndTheTimeout) {
    const Segment segment = opened();
    BulkheadOptions options{.max_concurrent = 1};
    const Bulkhead database = must(segment.bulkhead("database", options));
    const Permit held = must(database.try_acquire());
    EXPECT_EQ(why_not(database.acquire()), Errc::bulkhead_full);
    EXPECT_EQ(why_not(database.acquire(0s)), Errc::bulkhead_full);
    EXPECT_EQ(why_not(database.acquire(-1s)), Errc::bulkhead_full);
    EXPECT_EQ(why_not(database.acquire(1ms)), Errc::timeout);
    EXPECT_EQ(why_not(database.acquire(1ns)), Errc::timeout);

    options.max_wait = 1ms;
    ASSERT_TRUE(segment.change("database", options));
    EXPECT_EQ(why_not(database.acquire()), Errc::timeout);
    EXPECT_EQ(why_not(database.acquire(24h)), Errc::timeout);
    EXPECT_EQ(why_not(database.acquire(std::chrono::nanoseconds::max())), Errc::timeout);

    options.max_wait = 24h;
    ASSERT_TRUE(segment.change("database", options));
    EXPECT_EQ(why_not(database.acquire(1ms)), Errc::timeout);
    EXPECT_EQ(why_not(database.try_acquire()), Errc::bulkhead_full);

    options.max_waiting = 0;
    ASSERT_TRUE(segment.change("database", options));
    EXPECT_EQ(why_not(database.acquire(24h)), Errc::bulkhead_full);
    EXPECT_EQ(must(database.status()).rejected, 11U);
}

// Fails if who is asked before each sleep is not asked, or is taken to say no whatever it says but 0. (One that waits on runs into the time limit of the tests.)
TEST_F(Bulkheads, WhoIsAskedBeforeASleepEndsTheWait) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_wait = 24h}));
    const Permit held = must(database.try_acquire());
    int left = 3;
    primitives::sleep_asked_of_thread = {[](void* context) { return --*static_cast<int*>(context); }, &left};
    EXPECT_EQ(why_not(database.acquire(24h)), Errc::interrupted);
    EXPECT_EQ(left, 0);
    primitives::sleep_asked_of_thread = {};
    EXPECT_EQ(why_not(database.acquire(1ms)), Errc::timeout);
}

// Fails if a wait is recorded as another time than it took, or one that was not waited is.
TEST_F(Bulkheads, WaitsAreMeasured) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_wait = 24h}));
    const Permit held = must(database.try_acquire());
    const shm::segment& where = segment.handle()->where();
    const auto waits = [&] {
        return shm::waits_of(where, *shm::directory{where}.find(layout::kind::bulkhead, "database")).sum(where);
    };
    const std::uint64_t before = shm::futex::now();
    EXPECT_EQ(why_not(database.acquire(3ms)), Errc::timeout);
    const std::uint64_t took = shm::futex::now() - before;
    EXPECT_EQ(waits().total(), 1U);
    EXPECT_GE(waits().sum_ns, 3'000'000U);
    EXPECT_LE(waits().sum_ns, took);
    ASSERT_TRUE(segment.change("database", BulkheadOptions{.max_concurrent = 1, .max_wait = 24h, .max_waiting = 0}));
    EXPECT_EQ(why_not(database.acquire(3ms)), Errc::bulkhead_full);
    EXPECT_EQ(waits().total(), 1U) << "there was no room to wait in";
}

// Fails if a waiter is not seen, not woken, or keeps its place in the room.
TEST_F(Bulkheads, AWaiterGetsWhatIsReleased) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_wait = 1h}));
    for (int round = 0; round < 20; ++round) {
        Permit held = must(database.try_acquire());
        std::jthread waiter{[&] { EXPECT_TRUE(must(database.acquire())); }};
        while (must(database.status()).waiting == 0) std::this_thread::yield();  // by its progress
        held.release();
    }
    const BulkheadStatus status = must(database.status());
    EXPECT_EQ(status.in_use + status.waiting, 0U);
    EXPECT_EQ(status.acquired, 40U);
    EXPECT_EQ(status.rejected, 0U);
}

// Fails if a permit cannot be given back by another thread, also when the one that acquired it has ended.
TEST_F(Bulkheads, APermitMayMoveToAnotherThread) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    Permit held;
    std::jthread{[&] { held = must(database.try_acquire()); }}.join();
    ASSERT_TRUE(segment.maintain());
    EXPECT_EQ(in_use(database), 1U);
    std::jthread{[mine = std::move(held)]() mutable { EXPECT_TRUE(mine.release()); }}.join();
    EXPECT_EQ(in_use(database), 0U);
}

// Fails if a function is called without a permit, with one that is kept, or what it returns is lost.
TEST_F(Bulkheads, CallRunsAFunctionWithAPermit) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    EXPECT_EQ(database.call([&] { return in_use(database); }).value_or(0), 1U);
    bool called = false;
    const CallResult<void> nothing = database.call([&] { called = true; });
    EXPECT_TRUE(nothing && called);
    const CallResult<int, Error> its_own =
        database.call([]() -> Result<int> { return std::unexpected(Error{Errc::not_found, "no such row"}); });
    ASSERT_FALSE(its_own.error().refused());
    EXPECT_EQ(its_own.error().own()->message, "no such row");
    EXPECT_THROW((void)database.call([] { throw std::runtime_error{"broken"}; }), std::runtime_error);
    EXPECT_EQ(in_use(database), 0U);

    const Permit held = must(database.try_acquire());
    const CallResult<void> refused = database.call([&] { ADD_FAILURE() << "called without a permit"; });
    EXPECT_EQ(refused.error().code(), Errc::bulkhead_full);
    EXPECT_EQ(database.call([] { return 7; }).or_else([] { return 8; }), 8);
}

// Fails if raising wakes nobody, lowering takes away what is held, or gives out more before it has drained.
TEST_F(Bulkheads, TheMaximumChangesWhileItRuns) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2}));
    auto held = fill(database);
    {
        std::jthread waiter{[&] { EXPECT_TRUE(must(database.acquire(1h))); }};
        while (must(database.status()).waiting == 0) std::this_thread::yield();
        ASSERT_TRUE(segment.change("database", BulkheadOptions{.max_concurrent = 1024}));
    }
    while (held.size() < 1024) held.push_back(must(database.try_acquire()));
    EXPECT_EQ(why_not(database.try_acquire()), Errc::bulkhead_full);

    ASSERT_TRUE(segment.change("database", BulkheadOptions{.max_concurrent = 1}));
    EXPECT_EQ(must(database.status()).max_concurrent, 1U);
    EXPECT_EQ(in_use(database), 1024U);
    while (!held.empty()) {
        EXPECT_EQ(why_not(database.try_acquire()), Errc::bulkhead_full);
        held.pop_back();
    }
    EXPECT_EQ(fill(database).size(), 1U);

    const auto beyond = segment.change("database", BulkheadOptions{.max_concurrent = 1025});
    EXPECT_EQ(beyond.error().code, Errc::invalid_argument);
    EXPECT_NE(beyond.error().message.find("at most 1024"), std::string::npos);
    EXPECT_EQ(must(database.options()).max_concurrent, 1U);
}

// Fails if an existing bulkhead is given away as one with other options, or the difference is not named.
TEST_F(Bulkheads, OtherOptionsAreAnError) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.bulkhead("database", {.max_concurrent = 3}));
    ASSERT_TRUE(segment.bulkhead("database", {.max_concurrent = 3}));
    const auto other = segment.bulkhead("database", {.max_concurrent = 4, .max_wait = 1s});
    EXPECT_EQ(other.error().code, Errc::different_options);
    EXPECT_NE(other.error().message.find("max_concurrent is 3, not 4; max_wait is 0s, not 1s"), std::string::npos)
        << other.error().message;
    EXPECT_EQ(segment.bulkhead("nothing").error().code, Errc::not_found);
    EXPECT_EQ(segment.bulkhead("", {}).error().code, Errc::invalid_argument);
    EXPECT_EQ(segment.bulkhead("none", {.max_concurrent = 0}).error().message,
              "bulkhead \"none\": max_concurrent 0 is too small: 1 to 65535");
    // A limiter may have the same name.
    EXPECT_TRUE(segment.limiter("database", six_a_year()));
}

// Fails if a handle of a deleted bulkhead goes on giving out permits, its waiters sleep on, or a permit of it is given back to another.
TEST_F(Bulkheads, ADeletedBulkheadSaysSoAndItsPermitsHarmNobody) {
    const Segment segment = opened();
    const Bulkhead old = must(segment.bulkhead("database", {.max_concurrent = 2}));
    auto held = fill(old);
    {
        std::jthread waiter{[&] { EXPECT_EQ(why_not(old.acquire(24h)), Errc::deleted); }};
        while (must(old.status()).waiting == 0) std::this_thread::yield();
        ASSERT_TRUE(segment.remove_bulkhead("database"));
    }
    EXPECT_EQ(why_not(old.try_acquire()), Errc::deleted);
    EXPECT_EQ(old.status().error().code, Errc::deleted);
    EXPECT_EQ(old.options().error().code, Errc::deleted);
    EXPECT_EQ(segment.bulkhead("database").error().code, Errc::not_found);

    const Bulkhead next = must(segment.bulkhead("database", {.max_concurrent = 2}));
    EXPECT_EQ(in_use(next), 0U);
    auto its = fill(next);
    EXPECT_EQ(its.size(), 2U);
    EXPECT_TRUE(held.front().release());
    held.clear();
    EXPECT_EQ(in_use(next), 2U);
    EXPECT_EQ(why_not(next.try_acquire()), Errc::bulkhead_full);
}

// Fails if an inspector can take permits.
TEST_F(Bulkheads, ReadOnlyLooksAndTakesNothing) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    const Permit held = must(database.try_acquire());
    const Bulkhead looking = must(opened(Access::read_only).bulkhead("database"));
    EXPECT_EQ(in_use(looking), 1U);
    const auto refused = looking.acquire(1s);
    EXPECT_EQ(refused.error().code, Errc::read_only);
    EXPECT_NE(refused.error().message.find("open it for writing"), std::string::npos);
}

// Fails if a handle stays in a segment that nobody else sees, or a permit of it is given back elsewhere.
TEST_F(Bulkheads, HandlesMoveOverAndPermitsStayWhereTheyAre) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2}));
    Permit old = must(database.try_acquire());
    ASSERT_TRUE(shm::segment::destroy(path()));
    EXPECT_EQ(why_not(database.try_acquire()), Errc::superseded);
    EXPECT_EQ(why_not(database.acquire(24h)), Errc::superseded);
    const Segment next = opened();
    while (why_not(database.acquire(24h)) == Errc::superseded) std::this_thread::yield();  // looked for now and then
    EXPECT_EQ(in_use(must(next.bulkhead("database"))), 0U);
    const auto held = fill(database);
    EXPECT_EQ(held.size(), 2U);
    EXPECT_TRUE(old.release());
    EXPECT_EQ(in_use(must(next.bulkhead("database"))), 2U);
}

// Fails if an error is not explained, or a short message says less than explain().
TEST_F(Bulkheads, ErrorsSayWhatToDo) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_waiting = 5}));
    EXPECT_EQ(database.explain(Errc::none).code, Errc::none);
    for (const Errc code : {Errc::bulkhead_full, Errc::timeout, Errc::deleted, Errc::superseded, Errc::no_space}) {
        const Error error = database.explain(code);
        EXPECT_EQ(error.code, code);
        EXPECT_TRUE(error.message.starts_with("bulkhead \"database\": ")) << error.message;
    }
    EXPECT_NE(database.explain(Errc::bulkhead_full).message.find("max_concurrent is 1"), std::string::npos);
    EXPECT_EQ(to_string(Errc::bulkhead_full), "bulkhead_full");
    EXPECT_EQ(to_string(Errc::timeout), "timeout");
}

// Fails if threads that acquire, wait and release are ever more than max_concurrent, or a permit is lost (the thread sanitizer sees more).
TEST_F(Bulkheads, ThreadsOfOneProcessShareThePermits) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2, .max_wait = 1h}));
    layout::word inside, most;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, database] {
                for (int round = 0; round < 500; ++round) {
                    const Permit permit = must(database.acquire());
                    const std::uint64_t now = shm::hardware::fetch_add_relaxed(inside, 1) + 1;
                    if (now > 2) shm::hardware::store_relaxed(most, now);
                    if (round % 16 == 0) std::this_thread::yield();
                    shm::hardware::fetch_add_relaxed(inside, ~std::uint64_t{0});
                }
            });
    }
    EXPECT_EQ(shm::hardware::load_relaxed(most), 0U);
    EXPECT_EQ(in_use(database), 0U);
    EXPECT_EQ(must(database.status()).acquired, 2000U);
}

}  // namespace
}  // namespace seki::test
