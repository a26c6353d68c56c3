// What sekid does for bulkheads, adaptive limits, shedders and breakers at each tick, done here by hand: what the dead held comes back, and what an
// administrator died in the middle of is finished. In a segment that others use meanwhile, and not in one that is only read.
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <seki/telemetry.hpp>

#include "client_fixture.hpp"
#include "primitives/adaptive_status.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/processes.hpp"
#include "shm/roster.hpp"

namespace seki::test {
namespace {

using layout::kind;

class Upkeep : public ClientTest {
protected:
    Segment segment = opened();

    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    [[nodiscard]] shm::placement place(kind of, std::string_view name) const {
        return *shm::directory{where()}.find(of, name);
    }
    // Somebody who takes what `take` takes, and dies with it; nobody has heard of that yet.
    template <class Take>
    void die_with(Take take) const {
        child holder{[&](const line& parent) {
            [[maybe_unused]] const auto held = take();
            parent.tell();
            return parent.hear() == 1;
        }};
        (void)holder.talk().hear();
        holder.die();
        (void)shm::reap(where());
    }
    [[nodiscard]] std::uint64_t reclaimed(const shm::segment& in) const {
        return primitives::reclaim_permits(in, shm::roster{in});
    }
    void finish() const { primitives::finish_changes(where(), shm::roster{where()}); }
    void settle() const { primitives::settle_changes(where(), shm::roster{where()}); }
};

// Fails if what the dead held stays out, what the living hold does not, or it is not counted and told, once for each.
TEST_F(Upkeep, WhatTheDeadHeldComesBack) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 5}));
    const Adaptive backend = must(segment.adaptive("backend", {.max_limit = 9, .initial_limit = 9}));
    const Shedder api = must(segment.shedder("api", {.max_in_flight = 9}));
    const Permit mine = must(database.try_acquire());
    const AdaptivePermit mine_too = must(backend.try_acquire());
    die_with([&] {
        std::vector<Permit> held;
        for (int i = 0; i < 3; ++i) held.push_back(must(database.try_acquire()));
        return held;
    });
    die_with([&] { return must(backend.try_acquire()); });
    std::vector<std::string> told;
    const auto kept = must(telemetry::attach("seki.*.reclaimed", [&](const telemetry::Event& event) {
        std::string line = std::string{event.name} + " " + std::string{event.primitive};
        for (const auto& each : event.measurements)
            line += " " + std::string{each.name} + "=" + std::to_string(each.value);
        told.push_back(line);
    }));
    const Segment reader = opened(Access::read_only);
    EXPECT_EQ(reclaimed(reader.handle()->where()), 0U);
    EXPECT_EQ(reclaimed(where()), 4U);
    EXPECT_EQ(reclaimed(where()), 0U);
    EXPECT_EQ(must(database.status()).in_use, 1U);
    EXPECT_EQ(must(database.status()).reclaimed, 3U);
    EXPECT_EQ(must(backend.status()).in_use, 1U);
    EXPECT_EQ(must(backend.status()).reclaimed, 1U);
    EXPECT_THAT(told, testing::UnorderedElementsAre("seki.bulkhead.reclaimed database current=1 available=4",
                                                    "seki.bulkhead.reclaimed database current=1 available=4",
                                                    "seki.bulkhead.reclaimed database current=1 available=4",
                                                    "seki.adaptive.reclaimed backend in_flight=1 limit=9"));
}

// Fails if a place in half-open that a dead process took stays taken, or a living one's is given to others.
TEST_F(Upkeep, ProbesOfTheDeadComeBack) {
    const Breaker payments = must(segment.breaker(
        "payments", {.window_size = 10, .minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 2}));
    (void)payments.call([] {}, [] { return Outcome::error; });
    while (must(payments.status()).retry_after != 0ns) {
    }
    child prober{[&](const line& parent) {
        (void)payments.call([&] {
            parent.tell();
            (void)parent.hear();
        });
        return true;
    }};
    (void)prober.talk().hear();
    const auto probing = [&] { return primitives::reclaim_probes(where(), shm::roster{where()}); };
    EXPECT_EQ(probing(), 0U);
    prober.kill();
    (void)shm::reap(where());
    EXPECT_EQ(probing(), 1U);
    EXPECT_EQ(probing(), 0U);
}

// Fails if a maximum that is not that of the terms stays so, or is put in force while somebody else administers.
TEST_F(Upkeep, MaximaThatWereNotPutInForceAre) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 5, .max_waiting = 7}));
    const Adaptive backend = must(segment.adaptive("backend", {.max_limit = 30, .initial_limit = 9, .max_waiting = 4}));
    const Shedder api = must(segment.shedder("api", {.max_in_flight = 9}));
    const auto of_database = shm::permits_of(where(), place(kind::bulkhead, "database"));
    const auto of_backend = shm::permits_of(where(), place(kind::adaptive, "backend"));
    const auto of_api = shm::shedder_places_of(where(), place(kind::shedder, "api")).within();
    const auto expect_finished = [&] {
        EXPECT_EQ(of_database.max(), 5U);
        EXPECT_EQ(of_database.max_waiting(), 7U);
        EXPECT_EQ(of_backend.max(), 9U);
        EXPECT_EQ(of_backend.max_waiting(), 4U);
        EXPECT_EQ(of_api.max(), 9U);
    };
    expect_finished();
    of_database.set_max(3);
    {
        const auto others = must(shm::administration::lock(where().path(), 0ms));
        child other{[&](const line&) {
            finish();
            return of_database.max() == 3;
        }};
        EXPECT_TRUE(other.succeeded());
    }
    finish();
    expect_finished();
    of_database.set_max_waiting(3);
    finish();
    expect_finished();
    of_backend.set_max(3);
    finish();
    expect_finished();
    of_backend.set_max_waiting(3);
    finish();
    expect_finished();
    of_api.set_max(3);
    finish();
    expect_finished();
    ASSERT_TRUE(segment.change("backend", AdaptiveOptions{.max_limit = 30, .initial_limit = 9, .max_waiting = 2}));
    EXPECT_EQ(of_backend.max_waiting(), 2U);
    EXPECT_TRUE(primitives::is_enforced(where(), place(kind::adaptive, "backend"))) << "who finishes it has no end";
    const int opened_now = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ASSERT_GE(::inotify_add_watch(opened_now, (path() + ".lock").c_str(), IN_OPEN), 0);
    finish();
    std::array<char, 4096> events{};
    EXPECT_LT(::read(opened_now, events.data(), events.size()), 0) << "where all is done nobody asks for the lock";
    ::close(opened_now);
}

// Fails if a breaker whose terms were published, and no more, keeps a window that was counted for others, or stays closed where the new terms open it.
TEST_F(Upkeep, ABreakersWindowIsBroughtIntoAgreementWithItsTerms) {
    using family = primitives::family<BreakerOptions>;
    BreakerOptions options{.window_size = 10, .minimum_calls = 4, .failure_threshold = 100, .slow_call_threshold = 100};
    const Breaker payments = must(segment.breaker("payments", options));
    const auto at = place(kind::breaker, "payments");
    for (int i = 0; i < 4; ++i) (void)payments.call([] {}, [&] { return i < 2 ? Outcome::error : Outcome::ok; });
    const auto publish = [&] {
        shm::publish_terms(shm::directory{where()}.entry(at.index), family::terms_of(options));
        EXPECT_FALSE(family::settled(where(), at));
    };
    options.failure_threshold = 60;
    publish();
    settle();
    EXPECT_TRUE(family::settled(where(), at));
    EXPECT_EQ(must(payments.status()).calls, 4U) << "it counts as before";
    EXPECT_EQ(*payments.state(), BreakerState::closed);
    options.failure_threshold = 50;
    publish();
    settle();
    EXPECT_TRUE(family::settled(where(), at));
    EXPECT_EQ(*payments.state(), BreakerState::open);
    ASSERT_EQ(payments.reset(), Errc::none);
    (void)payments.call([] {});
    options.window_type = WindowType::time;
    options.window_size = 60s;
    publish();
    settle();
    EXPECT_TRUE(family::settled(where(), at));
    EXPECT_EQ(must(payments.status()).calls, 0U) << "it was counted for another window";
    (void)payments.call([] {});
    EXPECT_EQ(must(payments.status()).calls, 1U);
    options.window_size = 120s;
    publish();
    settle();
    EXPECT_EQ(must(payments.status()).calls, 0U) << "slices of another length";
}

// Fails if who changes a breaker takes what another left unfinished for done: what was counted for other slices would go on counting.
TEST_F(Upkeep, WhoChangesABreakerFinishesFirstWhatAnotherBegan) {
    using family = primitives::family<BreakerOptions>;
    BreakerOptions options{.window_type = WindowType::time, .window_size = 60s, .minimum_calls = 10};
    const Breaker payments = must(segment.breaker("payments", options));
    const auto at = place(kind::breaker, "payments");
    const std::uint32_t generation = shm::breaker_of(where(), at).look().generation;
    (void)payments.call([] {});
    options.window_size = 120s;
    shm::publish_terms(shm::directory{where()}.entry(at.index), family::terms_of(options));
    options.failure_threshold = 60;
    ASSERT_TRUE(segment.change("payments", options));
    EXPECT_EQ(must(payments.status()).calls, 0U);
    EXPECT_EQ(shm::breaker_of(where(), at).look().generation, generation + 1) << "the window began anew, once";
}

// Fails if who only reads, or is left behind in a segment that was replaced, changes anything.
TEST_F(Upkeep, WhoOnlyReadsOrIsLeftBehindChangesNothing) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 5}));
    const Breaker payments = must(segment.breaker("payments", {}));
    const auto at = place(kind::breaker, "payments");
    const auto of_database = shm::permits_of(where(), place(kind::bulkhead, "database"));
    of_database.set_max(3);
    shm::publish_terms(shm::directory{where()}.entry(at.index),
                       primitives::family<BreakerOptions>::terms_of({.failure_threshold = 60}));
    const Segment reader = opened(Access::read_only);
    const auto& reading = reader.handle()->where();
    primitives::finish_changes(reading, shm::roster{reading});
    primitives::settle_changes(reading, shm::roster{reading});
    EXPECT_EQ(of_database.max(), 3U);
    EXPECT_FALSE(primitives::family<BreakerOptions>::settled(where(), at));
    shm::hardware::store_relaxed(where().header().id.superseded, 1);
    finish();
    settle();
    EXPECT_EQ(reclaimed(where()), 0U);
    EXPECT_EQ(of_database.max(), 3U);
    EXPECT_FALSE(primitives::family<BreakerOptions>::settled(where(), at));
}

}  // namespace
}  // namespace seki::test
