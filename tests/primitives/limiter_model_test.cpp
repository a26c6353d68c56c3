// A limiter beside a model of it: the law on one word for each key. Every answer, every count and every event must be the model's, whichever way through
// the limiter a check takes.
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "limiter_fixture.hpp"
#include "primitives/hooks.hpp"
#include "primitives/law.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

namespace law = algorithm;

// An event, in short: what it says first is what is left, or for how long to wait.
std::string line(bool allowed, std::string_view key, std::uint64_t cost, std::uint64_t measured) {
    return fmt::format("{} {} for {}: {}", allowed ? "allow" : "deny", key.substr(0, 9), cost, measured);
}
std::string line(const telemetry::Event& event) {
    return line(event.name.ends_with("allow"), *event.key, static_cast<std::uint64_t>(event.measurements[1].value),
                static_cast<std::uint64_t>(event.measurements[0].value));
}

class LimiterModel : public LimiterTest {
protected:
    // A check as the model makes it: what it answers, and what it counts.
    [[nodiscard]] Decision expected(const primitives::limiter_terms& terms, const primitives::demand& wanted) {
        if (wanted.key.size() > 4096 || wanted.cost < 0) return {.error = Errc::invalid_argument};
        const auto cost = std::min<std::uint64_t>(static_cast<std::uint64_t>(wanted.cost), primitives::max_count + 1);
        const bool spends = wanted.spend && cost > 0;
        if (terms.mode == Mode::off) {
            const std::uint64_t all = primitives::with_law(terms, [](const auto& by) { return by.capacity(); });
            return {.allowed = true, .limit = all, .remaining = all};
        }
        const auto found = keys_.find(std::string{wanted.key});
        law::outcome said = primitives::with_law(terms, [&](const auto& by) {
            const std::uint64_t state = found == keys_.end() ? by.fresh(now) : found->second;
            law::outcome first = by.check(state, now, cost);
            if (first.allowed && first.delay > wanted.patience) {
                const law::nanos wait = first.delay - wanted.patience;
                first = by.check(state, now, 0);
                first.allowed = false;
                first.retry_after = wait;
            }
            return first;
        });
        const bool shadow = !said.allowed && terms.mode == Mode::shadow;
        if (spends && said.allowed) keys_[std::string{wanted.key}] = said.state;
        if (spends && !(wanted.again && !said.allowed && !shadow)) {
            counts_[shadow ? layout::count_shadow : said.allowed ? layout::count_allow : layout::count_deny] += 1;
            counts_[shadow ? layout::cost_shadow : said.allowed ? layout::cost_allow : layout::cost_deny] += cost;
        }
        // Who waits looks again, and is told when the law may say yes.
        const Clock told_by = wanted.patience == law::never ? terms.clock : Clock::precise;
        if (spends && !(wanted.again && !said.allowed && !shadow))
            events_.push_back(line(
                said.allowed, wanted.key, cost,
                said.allowed ? said.remaining : std::min(primitives::wait_for(said.retry_after, told_by), law::never)));
        return primitives::tell(said, shadow, told_by);
    }

    void compare(const LimiterOptions& options, bool somebody_is_told) {
        const auto limiter = make(options);
        const auto terms = limiter.terms();
        keys_.clear();
        counts_ = {};
        events_.clear();
        std::vector<std::string> told;
        auto* const handler =
            somebody_is_told
                ? primitives::hooks::attach(primitives::emitter::limiter_decisions,
                                            [&](const telemetry::Event& event) { told.push_back(line(event)); })
                : nullptr;
        for (int step = 0; step < 150; ++step) {
            if (below(2) == 0)
                pass(std::chrono::nanoseconds{
                    std::array<std::int64_t, 5>{1, 1'000, 999'999, 100'000'000, 1'700'000'000}.at(below(5))});
            primitives::demand wanted{
                .key = keys.at(below(keys.size())),
                .cost = below(20) == 0 ? std::array<std::int64_t, 4>{-1, 10'000'000, 16'777'216, 1LL << 62}.at(below(4))
                                       : static_cast<std::int64_t>(below(5)),
                .spend = below(4) != 0};
            if (below(3) == 0) {
                wanted.patience = std::array<law::nanos, 4>{0, 1, 100'000'000, 500'000'000}.at(below(4));
                wanted.again = below(3) == 0;
            }
            const Decision was = limiter.decide(wanted, [this](Clock) { return now; });
            const Decision wants = expected(terms, wanted);
            ASSERT_EQ(was.error, wants.error) << step;
            ASSERT_EQ(was.allowed, wants.allowed) << step;
            ASSERT_EQ(was.shadow, wants.shadow) << step;
            ASSERT_EQ(was.limit, wants.limit) << step;
            ASSERT_EQ(was.remaining, wants.remaining) << step;
            ASSERT_EQ(was.retry_after, wants.retry_after) << step;
            ASSERT_EQ(was.reset_after, wants.reset_after) << step;
            ASSERT_EQ(was.delay, wants.delay) << step;
        }
        if (handler != nullptr) {
            primitives::hooks::detach(handler);
            EXPECT_EQ(told, events_);
        }
        const auto sums = counted(limiter);
        counts_[layout::count_full] = sums[layout::count_full];  // two keys of 64 may want the same place
        EXPECT_EQ(sums, counts_);
    }

    [[nodiscard]] std::uint64_t below(std::uint64_t end) {
        return std::uniform_int_distribution<std::uint64_t>{0, end - 1}(chance);
    }

    std::mt19937_64 chance;
    const std::vector<std::string> keys{"alice", "bob", "", std::string(4096, 'x'), std::string(4097, 'x')};

private:
    std::map<std::string, std::uint64_t> keys_;
    shm::counter_values counts_{};
    std::vector<std::string> events_;
};

// Fails if a way through a check answers, counts or tells otherwise than the law.
TEST_F(LimiterModel, AnswersAsTheLawDoes) {
    const std::uint64_t seed = seed_or(6);
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(seed));
    chance.seed(seed);
    for (int round = 0; round < 12 && !HasFatalFailure(); ++round)
        for (const Algorithm algorithm : every_algorithm)
            for (const Mode mode : {Mode::enforce, Mode::shadow, Mode::off}) {
                compare({.algorithm = algorithm,
                         .limit = 1 + below(6),
                         .window = std::array<std::chrono::nanoseconds, 3>{300ms, 1s, 5s}.at(below(3)),
                         .max_keys = 64,
                         .mode = mode,
                         .clock = below(4) == 0 ? Clock::coarse : Clock::precise},
                        below(2) == 0);
                ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
            }
}

// Fails if a check on trial counts or tells before it is kept, or something else then; or a denial that was foretold is not one as any other.
TEST_F(LimiterModel, WhatIsKeptIsCountedAndToldOnce) {
    const auto limiter = make({.limit = 5, .window = 60s, .max_keys = 64});
    std::vector<std::string> told;
    auto* const handler = primitives::hooks::attach(
        primitives::emitter::limiter_decisions, [&](const telemetry::Event& event) { told.push_back(line(event)); });
    const auto clock = [this](Clock) { return now; };
    const primitives::demand two{.key = "alice", .cost = 2};
    primitives::receipt made;
    const Decision answer = limiter.attempt(two, made, clock);
    ASSERT_TRUE(answer.allowed);
    EXPECT_TRUE(made.taken);
    EXPECT_EQ(made.then, now);
    EXPECT_EQ(counted(limiter), shm::counter_values{});
    EXPECT_TRUE(told.empty());
    limiter.keep(two, made, answer);
    shm::counter_values wanted{};
    wanted[layout::count_allow] = 1;
    wanted[layout::cost_allow] = 2;
    EXPECT_EQ(counted(limiter), wanted);
    EXPECT_EQ(told, (std::vector<std::string>{line(true, "alice", 2, 3)}));
    limiter.keep(two, {}, answer);  // nothing was let through
    limiter.count_denial({.key = "alice", .cost = 0}, {});
    limiter.count_denial({.key = "alice", .cost = -1}, {});
    EXPECT_EQ(counted(limiter), wanted);
    limiter.count_denial({.key = "bob", .cost = 1}, {.retry_after = 7ns});
    limiter.count_denial({.key = "bob", .cost = std::int64_t{1} << 62}, {.retry_after = 7ns});
    wanted[layout::count_deny] = 2;
    wanted[layout::cost_deny] = 1 + primitives::max_count + 1;
    EXPECT_EQ(counted(limiter), wanted);
    EXPECT_EQ(told, (std::vector<std::string>{line(true, "alice", 2, 3), line(false, "bob", 1, 7),
                                              line(false, "bob", primitives::max_count + 1, 7)}));
    primitives::hooks::detach(handler);
}

// Fails if a key of the greatest length cannot be reset or given back, or a longer one can.
TEST_F(LimiterModel, KeysAreForgottenUpToTheGreatestLength) {
    const auto limiter = make({.limit = 5, .window = 60s, .max_keys = 64});
    EXPECT_EQ(limiter.reset(std::string(4096, 'x')), Errc::none);
    EXPECT_EQ(limiter.reset(std::string(4097, 'x')), Errc::invalid_argument);
    EXPECT_EQ(limiter.refund(std::string(4096, 'x'), 0), Errc::none);
    EXPECT_EQ(limiter.refund("alice", -1), Errc::invalid_argument);
    EXPECT_EQ(counted(limiter)[layout::count_reset], 1U);
    EXPECT_EQ(counted(limiter)[layout::count_refund], 1U);
}

// Fails if who finds no room is told to wait for another time than a unit of cost takes.
TEST_F(LimiterModel, WhoFindsNoRoomWaitsForOneUnit) {
    for (const Algorithm algorithm : every_algorithm) {
        const auto limiter =
            make({.algorithm = algorithm, .limit = 4, .window = 60s, .max_keys = 1, .on_full = OnFull::deny});
        Decision last;
        for (int i = 0; last.error == Errc::none && counted(limiter)[layout::count_full] == 0 && i < 1'000; ++i)
            last = check(limiter, std::to_string(i));
        EXPECT_FALSE(last.allowed);
        EXPECT_EQ(last.retry_after,
                  algorithm == Algorithm::sliding_window || algorithm == Algorithm::fixed_window ? 15s + 1ns : 15s);
        ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
    }
}

}  // namespace
}  // namespace seki::test
