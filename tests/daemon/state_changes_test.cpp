// State changes of a breaker, from the processes that make them to who listens at sekid: each is told once, or counted as dropped.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <unordered_map>

#include "daemon/event_hub.hpp"
#include "host/fleet.hpp"
#include "primitives/breaker.hpp"
#include "shm/breaker_piece.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using layout::event_kind;
using shm::hardware;

constexpr int processes = 4, threads = 2;
constexpr std::size_t stop_word = 0;

// What came to a listener.
struct listener {
    explicit listener(daemon::event_hub& hub)
        : to{hub.subscribe(primitives::mask_of(event_kind::breaker_state_change)).to} {}

    void take() {
        const auto got = to->wait(0ms);
        missed += got.missed;
        for (const auto& each : got.events)
            if (!told.emplace(each.second, change{each.head.result, each.head.detail}).second) ++twice;
    }
    // Generations that do not begin as the one before them ended, where both were told.
    [[nodiscard]] std::uint64_t torn_apart() const {
        std::uint64_t found = 0;
        for (const auto& [generation, made] : told)
            if (const auto next = told.find(generation + 1); next != told.end())
                found += next->second.from != made.to ? 1U : 0U;
        return found;
    }

    struct change {
        std::uint8_t from, to;
    };
    std::shared_ptr<daemon::event_hub::subscriber> to;
    std::unordered_map<std::uint64_t, change> told;
    std::uint64_t missed = 0, twice = 0;
};

// By the number of worker slots: with few, all share a ring.
class StateChanges : public testing::TestWithParam<std::uint32_t> {
protected:
    StateChanges() {
        (void)must(here.segment().breaker(
            "it", {.window_size = 10, .minimum_calls = 2, .wait_duration = 1ms, .half_open_requests = 2}));
        before = it().look().generation;
    }
    [[nodiscard]] shm::breaker<> it() const {
        return shm::breaker_of(here.where(), must(primitives::breakers::find(here.where(), "it")));
    }
    [[nodiscard]] std::uint64_t transitions() const { return it().look().generation - before; }
    [[nodiscard]] std::uint64_t counted() const {
        std::uint64_t sum = 0;
        for (const auto& from : it().transitions()) sum = std::accumulate(from.begin(), from.end(), sum);
        return sum;
    }
    // For want of room, torn in the shared ring, or with who died.
    [[nodiscard]] std::uint64_t lost() const { return hardware::load_relaxed(here.where().header().changes_lost); }
    [[nodiscard]] std::uint64_t accounted() const { return heard.told.size() + heard.missed + lost(); }
    void drain() {
        hub.drain(here.where());
        heard.take();
    }

    // Calls that fail now and then, and an operator's words.
    [[nodiscard]] static fleet::work driving() {
        return [](const Segment& segment, std::size_t) -> fleet::step {
            return
                [breaker = must(segment.breaker("it")),
                 random = std::minstd_rand{static_cast<unsigned>(shm::claim_process_token() >> 8)}](bool last) mutable {
                    (void)breaker.call([] { return 1; },
                                       [&](int) { return random() % 5 == 0 ? Outcome::error : Outcome::ok; });
                    constexpr Errc (Breaker::* words[])() const noexcept = {
                        &Breaker::open, &Breaker::close, &Breaker::observe, &Breaker::automatic, &Breaker::reset};
                    if (random() % 200 == 0) (void)(breaker.*words[random() % 5])();
                    return !last;
                };
        };
    }

    // Drains as sekid does, sometimes too late, until a good many were told and some lost. `meanwhile` each time.
    template <class Meanwhile>
    void listen(Meanwhile meanwhile) {
        const auto end = std::chrono::steady_clock::now() + duration_or(2s);
        while (std::chrono::steady_clock::now() < end || lost() == 0 || heard.told.size() < 10'000) {
            meanwhile();
            std::this_thread::sleep_for(std::chrono::microseconds{random() % 3'000});
            drain();
        }
    }
    // When all of them have ended, whoever died on the way.
    void expect_an_account_of_each() {
        const std::uint64_t all = transitions();
        while (accounted() < all) {
            std::this_thread::yield();
            drain();
        }
        drain();
        std::printf("%llu transitions, %zu told, %llu lost, %llu missed, %llu made good\n",
                    static_cast<unsigned long long>(all), heard.told.size(), static_cast<unsigned long long>(lost()),
                    static_cast<unsigned long long>(heard.missed),
                    static_cast<unsigned long long>(hardware::load_relaxed(here.where().header().changes_made_good)));
        EXPECT_EQ(accounted(), all);
        EXPECT_EQ(heard.twice, 0U);
        EXPECT_EQ(heard.torn_apart(), 0U);
        EXPECT_EQ(counted(), all);
    }

    host here{GetParam()};
    std::uint32_t before = 0;
    daemon::event_hub hub{20ms};  // who takes longer than that to tell tells in vain
    listener heard{hub};
    std::mt19937_64 random{seed_or(31)};
};

INSTANTIATE_TEST_SUITE_P(, StateChanges, testing::Values(32U, 2U),
                         [](const auto& of) { return of.param > 8 ? "RingsOfTheirOwn" : "OneRingForMost"; });

// Fails if a transition is told twice, told as another than it was, or neither told nor counted as lost; or one that was told is counted, too.
TEST_P(StateChanges, EachIsToldOnceOrCountedAsDropped) {
    fleet workers{here, stop_word, processes, threads, driving()};
    listen([] {});
    ASSERT_TRUE(workers.finish());
    expect_an_account_of_each();
}

// The same of those whose makers died between the transition and the telling.
TEST_P(StateChanges, EachIsToldOnceOrCountedAsDroppedWhoeverDies) {
    {
        fleet workers{here, stop_word, processes, threads, driving()};
        listen([&] { workers.kill_and_replace(random() % workers.size()); });
    }
    expect_an_account_of_each();
}

}  // namespace
}  // namespace seki::test
