// One breaker and many processes, without sekid: what they count is the host's, and no death keeps it from closing.
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "fleet.hpp"
#include "primitives/breaker.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/processes.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr std::size_t told_word = 0, running_word = 64;

constexpr auto fails = [](int) { return Outcome::error; };
constexpr auto calls_one = [] { return 1; };

class BreakerHost : public testing::Test {
protected:
    host here{32};

    [[nodiscard]] Breaker made(const BreakerOptions& options) const {
        return must(here.segment().breaker("it", options));
    }
    // For who was forked from here.
    [[nodiscard]] Breaker found() const { return must(here.segment().breaker("it")); }
    [[nodiscard]] BreakerStatus now() const { return must(found().status()); }
    [[nodiscard]] shm::breaker<> shared() const {
        return shm::breaker_of(here.where(), must(primitives::breakers::find(here.where(), "it")));
    }
    [[nodiscard]] std::uint64_t counted(BreakerState from, BreakerState to) const {
        return shared().transitions()[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    }
    [[nodiscard]] std::uint64_t all_counted() const {
        std::uint64_t sum = 0;
        for (const auto& from : shared().transitions()) sum = std::accumulate(from.begin(), from.end(), sum);
        return sum;
    }
    void trip() const {
        while (now().state == BreakerState::closed) (void)found().call(calls_one, fails);
    }
    void await_probes() const {
        while (now().retry_after != 0ns) std::this_thread::yield();  // the limit of the test ends a hang
    }
    // Good calls until it is closed: from any state that a death may have left.
    void close_by_calls() const {
        const Breaker breaker = found();
        while (must(breaker.state()) != BreakerState::closed) (void)breaker.call(calls_one);
    }
};

// Fails if a process judges by its own outcomes, or one is lost in the race for the window.
TEST_F(BreakerHost, TheWindowIsOfTheHost) {
    (void)made({.window_size = 4'000, .minimum_calls = 4'000, .failure_threshold = 100, .slow_call_threshold = 100});
    std::vector<child> processes;
    for (int p = 0; p < 4; ++p)
        processes.emplace_back([&](const line&) {
            const Breaker breaker = found();
            for (int i = 0; i < 1'000; ++i)
                (void)breaker.call([&] { return i; }, [](int n) { return n % 10 == 0 ? Outcome::error : Outcome::ok; });
            return true;
        });
    for (child& each : processes) EXPECT_TRUE(each.succeeded());
    EXPECT_EQ(now().calls, 4'000U);
    EXPECT_EQ(now().errors, 400U);
    EXPECT_EQ(now().state, BreakerState::closed);
    // The next 3600 push out the first: exactly the last 4000 count.
    for (int i = 0; i < 3'600; ++i) (void)found().call(calls_one);
    EXPECT_EQ(now().calls, 4'000U);
    EXPECT_LE(now().errors, 50U);
}

// Fails if another process lets one more call through after one has tripped it.
TEST_F(BreakerHost, TrippedByOneItProtectsAllAtOnce) {
    (void)made({.minimum_calls = 2, .wait_duration = 24h});
    child other{[&](const line& parent) {
        const Breaker breaker = found();
        bool right = breaker.call(calls_one).has_value();
        parent.tell();
        (void)parent.hear();
        for (int i = 0; i < 100; ++i) right = right && !breaker.call(calls_one);
        return right;
    }};
    (void)other.talk().hear();
    trip();
    other.talk().tell();
    EXPECT_TRUE(other.succeeded());
}

// Fails if the race for the probes lets in one more or one less.
TEST_F(BreakerHost, ExactlySoManyProbesAreLetIn) {
    constexpr std::uint64_t rounds = 50, probes = 5;
    (void)made({.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = probes});
    std::vector<child> processes;
    for (int p = 0; p < 4; ++p)
        processes.emplace_back([&](const line& parent) {
            const Breaker breaker = found();
            while (parent.hear() != 0) {
                std::vector<Admission> held;
                for (int i = 0; i < 20; ++i)
                    if (Admission one = breaker.admit()) held.push_back(std::move(one));
                parent.tell(held.size());
                (void)parent.hear();
                for (Admission& one : held) one.ok();
                parent.tell();
            }
            return true;
        });
    for (std::uint64_t round = 0; round < rounds; ++round) {
        trip();
        await_probes();
        for (const child& each : processes) each.talk().tell();
        std::uint64_t let_in = 0;
        for (const child& each : processes) let_in += each.talk().hear();
        EXPECT_EQ(let_in, probes);
        EXPECT_EQ(now().probes, probes);
        for (const child& each : processes) each.talk().tell();
        for (const child& each : processes) (void)each.talk().hear();
        EXPECT_EQ(now().state, BreakerState::closed);
    }
    for (const child& each : processes) each.talk().tell(0);
    for (child& each : processes) EXPECT_TRUE(each.succeeded());
    EXPECT_EQ(counted(BreakerState::half_open, BreakerState::closed), rounds);
}

// Fails if a transition is counted or told twice, by a loser of its race, or not at all.
TEST_F(BreakerHost, EachTransitionIsToldOnceByWhoMadeIt) {
    (void)made({.window_size = 10, .minimum_calls = 2, .wait_duration = 1ms, .half_open_requests = 2});
    const std::uint32_t before = shared().look().generation;
    std::vector<child> processes;
    for (int p = 0; p < 4; ++p)
        processes.emplace_back([&, p](const line&) {
            const auto listening = must(telemetry::attach("seki.breaker.state_change",
                                                          [&](const telemetry::Event&) { here.add(told_word, 1); }));
            const Breaker breaker = found();
            std::minstd_rand random(static_cast<unsigned>(p + 1));
            while (shared().look().generation - before < 2'000)
                (void)breaker.call(calls_one, [&](int) { return random() % 5 == 0 ? Outcome::error : Outcome::ok; });
            return true;
        });
    for (child& each : processes) EXPECT_TRUE(each.succeeded());
    const std::uint64_t transitions = shared().look().generation - before;
    EXPECT_EQ(all_counted(), transitions);
    EXPECT_EQ(here.read(told_word), transitions);
    EXPECT_GT(counted(BreakerState::half_open, BreakerState::closed), 0U);
    EXPECT_GT(counted(BreakerState::half_open, BreakerState::open), 0U);
}

// Fails if the place of a probe dies with its process, and if it is given away while that lives.
TEST_F(BreakerHost, AProbeWhoseProcessIsKilledGivesItsPlaceBack) {
    (void)made({.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1, .max_half_open_duration = 24h});
    trip();
    await_probes();
    child probing{[&](const line& parent) {
        (void)found().call([&] {
            parent.tell();
            return parent.hear();
        });
        return true;
    }};
    (void)probing.talk().hear();
    const Breaker breaker = found();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(breaker.call(calls_one).error().code(), Errc::circuit_open);
    probing.kill();
    while (!breaker.call(calls_one)) std::this_thread::yield();  // the limit of the test ends a hang
    EXPECT_EQ(now().state, BreakerState::closed);
}

// Fails if a child tells what its parent was admitted to do, or the other way round.
TEST_F(BreakerHost, AnAdmissionBelongsToTheProcessThatAsked) {
    (void)made({.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1});
    Admission counted = found().admit();
    child first{[&](const line&) {
        counted.error();
        return now().calls == 0;
    }};
    EXPECT_TRUE(first.succeeded());
    counted.ok();
    EXPECT_EQ(now().calls, 1U);
    trip();
    await_probes();
    Admission probe = found().admit();
    ASSERT_TRUE(probe);
    child second{[&](const line&) {
        probe.ignore();
        return now().probes == 1 && !found().admit();
    }};
    EXPECT_TRUE(second.succeeded());
    // A call from which two processes return is told by the one that began it.
    probe.ok();
    EXPECT_EQ(now().state, BreakerState::closed);
    const pid_t parent = ::getpid();
    pid_t forked = 0;
    (void)found().call([&] {
        std::fflush(nullptr);
        return forked = ::fork();
    });
    if (::getpid() != parent) ::_exit(0);
    ::waitpid(forked, nullptr, 0);
    EXPECT_EQ(now().calls, 1U);
}

// Everybody dies at once, wherever they are, again and again. Fails if that leaves a breaker that cannot close, or a place that nobody gets.
TEST_F(BreakerHost, SigkillOfEveryoneLeavesABreakerThatCloses) {
    (void)made({.window_size = 50, .minimum_calls = 2, .wait_duration = 1ms, .half_open_requests = 3});
    std::mt19937_64 random{seed_or(71)};
    for (int round = 0; round < 60; ++round) {
        {
            std::vector<child> processes;
            for (unsigned p = 0; p < 3; ++p)
                processes.emplace_back([&, lot = static_cast<unsigned>(random())](const line&) -> bool {
                    const Breaker breaker = found();
                    std::minstd_rand chance(lot + p);
                    here.add(running_word, 1);
                    for (;;) {
                        const auto what = chance() % 4;
                        if (what == 0) {
                            breaker.admit().error();
                        } else if (what == 1) {
                            const Admission untold = breaker.admit();
                        } else {
                            (void)breaker.call(calls_one);
                        }
                    }
                });
            const std::uint64_t all = 3U * static_cast<unsigned>(round + 1);
            while (here.read(running_word) < all) std::this_thread::yield();
            // Let them go on for some transitions; who is killed is killed wherever it is.
            const std::uint32_t from = shared().look().generation;
            const std::uint64_t transitions = random() % 200;
            while (shared().look().generation - from < transitions) std::this_thread::yield();
            for (const child& each : processes) each.kill();
        }
        close_by_calls();
        EXPECT_EQ(now().probes, 0U);
    }
}

}  // namespace
}  // namespace seki::test
