// Memory that runs out is an error like others: nothing is thrown across the API, no process ends, and nothing is left half-done. Each call is
// made again and again, its first allocation failing, then its second, until one goes through without. A program of its own, because it
// replaces operator new, as the sanitizers do.
#include <cstdlib>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "client_fixture.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "shm/memory.hpp"

// Not inlined: g++ would see half of a pair, and warn of it.
namespace {
thread_local constinit int until_failure = 0;  // 0: none is about to fail
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (until_failure > 0 && --until_failure == 0) throw std::bad_alloc{};
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace seki::test {
namespace {

using testing::AnyOf;

class OutOfMemory : public ClientTest {
protected:
    // `call` answers what came of it. It is told after each failure that was not the last.
    static void each_allocation_fails(const std::function<Errc()>& call, const std::function<void()>& afterwards) {
        for (int nth = 1; nth < 10'000; ++nth) {
            until_failure = nth;
            const Errc answer = call();
            const bool failed = until_failure == 0;
            until_failure = 0;
            if (!failed) {
                EXPECT_GT(nth, 1) << "it needs no memory";
                EXPECT_EQ(answer, Errc::none);
                return;
            }
            // None: it could do without.
            EXPECT_THAT(answer, AnyOf(Errc::none, Errc::no_space)) << nth << ": " << to_string(answer);
            afterwards();
        }
        ADD_FAILURE() << "it never comes to an end";
    }
    template <class T>
    static Errc code_of(const Result<T>& done) {
        return done ? Errc::none : done.error().code;
    }
};

// Fails if opening ends the process, or leaves a segment that the next one cannot use.
TEST_F(OutOfMemory, InOpenIsAnErrorAndTheNextOneOpens) {
    const OpenOptions options = small();
    const std::string where = path();
    each_allocation_fails([&] { return code_of(open(where, options)); },
                          [&] {
                              ASSERT_TRUE(open(where, options));
                              ASSERT_TRUE(shm::segment::destroy(where));
                          });
}

// Fails if a configuration file is applied in part.
TEST_F(OutOfMemory, InOpenByAFileMakesAllOfItOrNothing) {
    std::ofstream{folder() / "seki.toml"} << "[limiter.one]\nlimit = 5\nwindow = \"1h\"\nmax_keys = 16\n"
                                          << "[limiter.two]\nlimit = 5\nwindow = \"1h\"\nmax_keys = 16\n";
    const Segment whole = opened();
    OpenOptions options;
    options.config = folder() / "seki.toml";
    const std::string where = path();
    const auto there = [&] { return shm::directory{whole.handle()->where()}.list().size(); };
    each_allocation_fails([&] { return code_of(open(where, options)); },
                          [&] {
                              EXPECT_THAT(there(), AnyOf(0U, 2U));
                              if (there() == 2) {
                                  ASSERT_TRUE(whole.remove_limiter("one"));
                                  ASSERT_TRUE(whole.remove_limiter("two"));
                              }
                          });
    EXPECT_EQ(there(), 2U);
}

// Fails if one of these ends the process, or leaves a limiter that cannot be used.
TEST_F(OutOfMemory, InMakingFindingChangingAndDeletingIsAnError) {
    const Segment segment = opened();
    const LimiterOptions options = six_a_year();
    LimiterOptions changed = options;
    changed.limit = 12;
    each_allocation_fails([&] { return code_of(segment.limiter("limiter-with-a-name-that-is-long", options)); },
                          [&] { (void)segment.remove_limiter("limiter-with-a-name-that-is-long"); });
    each_allocation_fails([&] { return code_of(segment.limiter("limiter-with-a-name-that-is-long")); }, [] {});
    each_allocation_fails([&] { return code_of(segment.change("limiter-with-a-name-that-is-long", changed)); }, [] {});
    each_allocation_fails([&] { return code_of(segment.maintain()); }, [] {});
    EXPECT_TRUE(segment.limiter("limiter-with-a-name-that-is-long")->check("alice").allowed);
    each_allocation_fails([&] { return code_of(segment.remove_limiter("limiter-with-a-name-that-is-long")); },
                          [&] { ASSERT_TRUE(segment.limiter("limiter-with-a-name-that-is-long", changed)); });
}

// Fails if a handle whose segment is replaced ends the process, or never comes to the next one.
TEST_F(OutOfMemory, InMovingOverKeepsSupersededAndALaterCallMovesOver) {
    for (int nth = 1; nth < 1000; ++nth) {
        const Segment old = opened();
        const Limiter login = must(old.limiter("login", six_a_year()));
        ASSERT_TRUE(login.check("alice").allowed);
        ASSERT_TRUE(shm::segment::destroy(path()));
        const Segment next = opened();
        until_failure = nth;
        const Decision decision = login.check("alice");
        const bool failed = until_failure == 0;
        until_failure = 0;
        EXPECT_THAT(decision.error, AnyOf(Errc::none, Errc::superseded));
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!login.check("alice").allowed && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        EXPECT_EQ(login.check("alice").error, Errc::none);
        if (!failed) return;
    }
    ADD_FAILURE() << "it never comes to an end";
}

// Fails if a call of a breaker ends the process where it cannot be said why the change is not settled: in a file that was removed.
TEST_F(OutOfMemory, InSettlingAChangeLeavesItToTheNext) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.breaker("it", {}));
    const shm::segment& where = segment.handle()->where();
    const auto at = shm::directory{where}.find(layout::kind::breaker, "it");
    std::filesystem::remove(path());
    until_failure = 1;
    primitives::settle_change(where, *at);
    EXPECT_EQ(std::exchange(until_failure, 0), 0) << "it needs no memory";
}

// Fails if the sentence of an error is worth an exception.
TEST_F(OutOfMemory, InExplainingLeavesTheErrorWithoutItsSentence) {
    const Limiter login = must(opened().limiter("login", six_a_year()));
    until_failure = 1;
    const Error error = login.explain(Errc::damaged);
    until_failure = 0;
    EXPECT_EQ(error.code, Errc::damaged);
    EXPECT_EQ(error.message, "");
}

// Fails if a thread's first check ends the process because there is no memory to note the thread's slot.
TEST_F(OutOfMemory, InAThreadsFirstCheckItSharesASlot) {
    const Limiter login = must(opened().limiter("login", {.limit = 1'000'000, .window = 1h, .max_keys = 16}));
    for (int nth = 1; nth < 16; ++nth) {
        bool allowed = false;
        std::thread{[&] {
            until_failure = nth;
            allowed = login.check("alice").allowed;
            until_failure = 0;
        }}.join();
        EXPECT_TRUE(allowed) << nth;
    }
}

// Fails if many demands end the process for want of memory, or something is spent before it is there; or if few need any.
TEST_F(OutOfMemory, InCheckAllSpendsNothing) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", {.limit = 1017, .window = 366 * 24h, .max_keys = 16}));
    ASSERT_TRUE(login.check("first").allowed);  // the thread joins
    const std::vector<Demand> many(1000, Demand{login, "alice"}), few(16, Demand{login, "alice"});
    const auto code_of_all = [&] {
        const Decision made = check_all(many);
        EXPECT_EQ(made.allowed, made.error == Errc::none);
        return made.error;
    };
    each_allocation_fails(code_of_all, [&] { EXPECT_EQ(login.peek("alice", 0).remaining, 1017U); });
    EXPECT_EQ(login.peek("alice", 0).remaining, 17U);
    until_failure = 1;
    const bool allowed = check_all(few).allowed;
    const Decision denied = check_all(few);
    EXPECT_EQ(std::exchange(until_failure, 0), 1);
    EXPECT_TRUE(allowed);
    EXPECT_EQ(denied.error, Errc::none);
    EXPECT_EQ(denied.remaining, 1U);
}

// Fails if a thread that had no memory to find its process's name, or a process that had none to join, is refused ever after: as if there were no room.
TEST_F(OutOfMemory, InAThreadsFirstAcquireIsOverWithTheNextOne) {
    for (int nth = 1; nth < 64; ++nth) {
        const Segment segment = opened();
        const Bulkhead gate = must(segment.bulkhead("it", {.max_concurrent = 4}));
        for (int thread = 0; thread < 2; ++thread)  // the first one joins
            std::thread{[&] {
                until_failure = nth;
                (void)gate.try_acquire();
                until_failure = 0;
                EXPECT_TRUE(gate.try_acquire()) << nth << ", thread " << thread;
            }}.join();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace seki::test
