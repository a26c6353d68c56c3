// What the hot paths may not do: ask for memory. A program of its own, because it replaces operator new, as the sanitizers do.
#include <seki/seki.hpp>

#include <cstdlib>
#include <new>
#include <string>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"
#include "shm/event_ring.hpp"
#include "shm/memory.hpp"

// Every allocation of this program goes by here. Not inlined: g++ would see half of a pair, and warn of it.
namespace {
constinit seki::layout::word allocations;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    seki::shm::hardware::fetch_add_relaxed(allocations, 1);
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace seki::test {
namespace {

class Allocations : public ClientTest {
protected:
    // How often a hundred calls ask for memory, once the thread has its slot.
    static std::uint64_t of(auto&& call) {
        call();
        const std::uint64_t before = shm::hardware::load_relaxed(allocations);
        for (int i = 0; i < 100; ++i) call();
        return shm::hardware::load_relaxed(allocations) - before;
    }
};

// Fails if the count does not count: the tests below would pass whatever the calls do.
TEST_F(Allocations, AreCounted) {
    EXPECT_EQ(of([] { (void)std::string(1000, 'x'); }), 100U);
}

// Fails if a check, let through or refused, allocates.
TEST_F(Allocations, AreNoneInACheck) {
    const Segment segment = opened();
    const Limiter api = must(segment.limiter("api", {.limit = 50, .window = 1h, .max_keys = 64}));
    EXPECT_EQ(of([&] { (void)api.check("alice"); }), 0U);
    EXPECT_FALSE(api.check("alice").allowed);
}

// Fails if acquiring, being refused, or giving back allocates.
TEST_F(Allocations, AreNoneInTryAcquire) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    EXPECT_EQ(of([&] {
                  const auto permit = database.try_acquire();
                  const auto refused = database.try_acquire();
                  const auto waited = database.acquire(0s);
                  if (!permit || refused || waited) std::abort();
              }),
              0U);
    const Adaptive backend =
        must(segment.adaptive("backend", {.min_limit = 1, .max_limit = 1, .initial_limit = 1, .max_waiting = 0}));
    const Shedder door = must(segment.shedder("door", {.max_in_flight = 1}));
    EXPECT_EQ(of([&] {
                  const auto permit = backend.try_acquire();
                  const auto refused = backend.try_acquire();
                  const auto place = door.admit(0);
                  const auto shed = door.admit(1);
                  if (!permit || refused || !place || shed) std::abort();
              }),
              0U);
}

// Fails if a call through a breaker allocates: one that is let through, is slow, fails, trips it, or is refused; or a probe.
TEST_F(Allocations, AreNoneInACallThroughABreaker) {
    const Segment segment = opened();
    const Breaker calm = must(segment.breaker("calm", BreakerOptions{}));
    EXPECT_EQ(of([&] { (void)calm.call([] { return 7; }); }), 0U);
    const Breaker by_time = must(segment.breaker("by_time", {.window_type = WindowType::time, .window_size = 10s}));
    EXPECT_EQ(of([&] {
                  (void)by_time.call([] {});
                  by_time.admit().ok();
              }),
              0U);
    // Opens at each second error, and is half-open as soon as its wait is over.
    const Breaker busy =
        must(segment.breaker("busy", {.minimum_calls = 2, .wait_duration = 1ms, .half_open_requests = 1}));
    EXPECT_EQ(of([&] {
                  for (int i = 0; i < 3; ++i) (void)busy.call([] {}, [] { return Outcome::error; });
                  if (busy.call([] {})) (void)busy.reset();
              }),
              0U);
    EXPECT_EQ(calm.open(), Errc::none);
    EXPECT_EQ(of([&] {
                  if (calm.call([] { return 7; })) std::abort();
              }),
              0U);
    const Limiter api = must(segment.limiter("api", {.limit = 50, .window = 1h, .max_keys = 64}));
    EXPECT_EQ(of([&] { (void)execute(by_time, {api, "alice"}, [] { return 7; }); }), 0U);
    EXPECT_FALSE(api.check("alice").allowed);
}

// Fails if a call around which there is a retry allocates: one that succeeds, is made again, is denied that, or stops at the deadline; or a deadline does.
TEST_F(Allocations, AreNoneInARetry) {
    const Segment segment = opened();
    const RetryOptions at_once{.base_delay = 0s, .max_delay = 0s, .ratio = 0, .min_per_second = 20};
    const Retry retry = must(segment.retry("it", at_once));
    const auto fails = []() -> std::expected<int, int> { return std::unexpected(7); };
    EXPECT_EQ(of([&] { (void)retry.call([] { return 7; }); }), 0U);
    EXPECT_EQ(of([&] { (void)retry.call(fails, [](int) { return true; }, [](const RetryStep&) {}); }), 0U);
    EXPECT_GT(must(retry.status()).denied, 0U) << "the budget was never spent";
    EXPECT_EQ(of([&] {
                  const Deadline limit{1h};
                  RetryLoop loop = retry.begin();
                  (void)loop.failed(Again::after(2h));
                  if (!Deadline::check()) std::abort();
              }),
              0U);
}

// Fails if a call by a policy allocates: one that goes through all parts, one that is refused, or the fallback of that.
TEST_F(Allocations, AreNoneInACallByAPolicy) {
    const Segment segment = opened();
    (void)must(segment.limiter("api", {.limit = 50, .window = 1h, .max_keys = 64}));
    (void)must(segment.shedder("door", ShedderOptions{}));
    (void)must(segment.bulkhead("database", BulkheadOptions{}));
    (void)must(segment.breaker("payments", BreakerOptions{}));
    (void)must(segment.retry("again", {.base_delay = 0s, .max_delay = 0s}));
    const Policy policy = must(segment.policy("checkout", {.deadline = 1h,
                                                           .limiter = "api",
                                                           .shedder = "door",
                                                           .bulkhead = "database",
                                                           .breaker = "payments",
                                                           .retry = "again"}));
    EXPECT_EQ(of([&] { (void)policy.execute({.key = "alice"}, [] { return 7; }); }), 0U);
    EXPECT_FALSE(policy.execute({.key = "alice"}, [] { return 7; })) << "no call was refused";
    EXPECT_EQ(of([&] { (void)policy.execute({.key = "alice", .priority = 3}, [] { return 7; }); }), 0U);
    EXPECT_EQ(of([&] { (void)Policy{{.deadline = 1h}}.execute([] { return 7; }); }), 0U);
    const Policy by_limit{{.adaptive = must(segment.adaptive("backend", {.min_limit = 1, .initial_limit = 1}))}};
    EXPECT_EQ(of([&] { (void)by_limit.execute([] { return 7; }); }), 0U);
    EXPECT_EQ(of([&] {
                  (void)by_limit.execute([&] { return by_limit.execute([] { return 7; }).or_else([] { return 8; }); });
              }),
              0U);
}

// Fails if telling of what happens allocates: into the ring, with room and without, or to a handler.
TEST_F(Allocations, AreNoneInEvents) {
    const Segment segment = opened();
    const Limiter api = must(segment.limiter("api", {.limit = 50, .window = 1h, .max_keys = 64}));
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    const Breaker payments = must(segment.breaker("payments", {.minimum_calls = 2, .wait_duration = 1ms}));
    layout::header& header = segment.handle()->where().header();
    shm::hardware::store_relaxed(header.event_sample, ~0ULL);
    shm::hardware::store_relaxed(header.id.listening, primitives::read_clock(Clock::precise) + 20'000'000'000);
    const auto everything = [&] {
        (void)api.check("alice");
        (void)payments.call([] {}, [] { return Outcome::error; });
        const auto permit = database.try_acquire();
        const auto refused = database.try_acquire();
    };
    EXPECT_EQ(of(everything), 0U);
    const auto counts = shm::counts_of(segment.handle()->attachment()->me().slot->events);
    EXPECT_GT(counts.pushed, 20U) << "nothing was told";
    EXPECT_GT(counts.dropped, 20U) << "there was room for all";
    const auto subscription = must(telemetry::attach("*", [](const telemetry::Event&) {}));
    EXPECT_EQ(of(everything), 0U);
}

}  // namespace
}  // namespace seki::test
