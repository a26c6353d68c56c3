// A retry budget in a storm: eight processes whose every call fails and is made again, as often as it may be, and which are killed all the time.
//
//     SEKI_SECONDS=60 build/tests/host/retry_host_test       a minute for each, instead of four seconds
//     SEKI_SEED=7                                            another storm
#include <chrono>
#include <random>

#include "fleet.hpp"
#include "primitives/clock.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 8;

// Words that all share.
enum what : std::size_t { made_again, denied, given_up, stop = 64 };

struct budget {
    double ratio;
    std::uint64_t thousandths;
    std::uint64_t min_per_second;
};

class RetryStorm : public testing::TestWithParam<budget> {
protected:
    [[nodiscard]] static RetryOptions options() {
        return {.max_attempts = 4,
                .base_delay = 0ns,
                .max_delay = 0ns,
                .ratio = GetParam().ratio,
                .min_per_second = GetParam().min_per_second};
    }
    // Half of the processes have their attempts made, the others make them themselves.
    [[nodiscard]] fleet::work working() const {
        return [this](const Segment& segment, std::size_t which) -> fleet::step {
            return [this, retry = must(segment.retry("it")), which](bool last) {
                const Errc why = which % 2 == 0 ? by_call(retry) : by_hand(retry);
                here_.add(why == Errc::budget_spent ? denied : given_up, 1);
                return !last;
            };
        };
    }
    // A retry is noted before it is made, so none is that was not noted.
    Errc by_call(const Retry& retry) const {
        std::uint64_t attempts = 0;
        const auto failed = retry.call([&]() -> std::expected<void, int> {
            if (++attempts > 1) here_.add(made_again, 1);
            return std::unexpected(1);
        });
        return failed.error().code();
    }
    Errc by_hand(const Retry& retry) const {
        RetryLoop loop = retry.begin();
        for (;;) {
            const RetryStep next = loop.failed();
            if (!next) return next.why;
            here_.add(made_again, 1);
        }
    }
    [[nodiscard]] RetryStatus status() const { return must(must(here_.segment().retry("it")).status()); }

    host here_{64};
    std::mt19937_64 random_{seed_or(5)};
};

INSTANTIATE_TEST_SUITE_P(, RetryStorm, testing::Values(budget{0.0, 0, 100}, budget{0.001, 1, 10}, budget{0.05, 50, 0}),
                         [](const auto& of) { return "thousandths" + std::to_string(of.param.thousandths); });

// Fails if all processes together make more retries than the calls they counted and the windows that may have begun allow, whoever was killed where; or
// none at all; or if what they made and what they counted do not agree.
TEST_P(RetryStorm, NoMoreRetriesThanTheBudgetOfTheHost) {
    const auto begin = primitives::clock_ms();
    (void)must(here_.segment().retry("it", options()));
    {
        fleet workers{here_, stop, processes, 1, working()};
        const auto end = std::chrono::steady_clock::now() + duration_or(4s);
        while (std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::microseconds{random_() % 20'000});
            workers.kill_and_replace(random_() % processes);
        }
        EXPECT_TRUE(workers.finish());
    }
    const std::uint64_t windows = 1 + (primitives::clock_ms() - begin) / 1000;
    const RetryStatus counted = status();
    const std::uint64_t made = here_.read(made_again);
    std::printf("%llu calls, %llu retries in up to %llu windows, %llu denied\n",
                static_cast<unsigned long long>(counted.calls), static_cast<unsigned long long>(made),
                static_cast<unsigned long long>(windows), static_cast<unsigned long long>(counted.denied));
    EXPECT_LE(made * 1000, GetParam().thousandths * counted.calls + GetParam().min_per_second * windows * 1000);
    EXPECT_LE(made, counted.retries);
    EXPECT_GT(made, 0U);
    EXPECT_GT(counted.denied, 0U);
    EXPECT_GE(counted.denied, here_.read(denied));
    EXPECT_GE(counted.exhausted, here_.read(given_up));
}

}  // namespace
}  // namespace seki::test
