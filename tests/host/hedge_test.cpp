// A hedge's budget in a storm: eight processes whose every first attempt is slow, so that each call asks for another, and which are killed all the time.
//
//     SEKI_SECONDS=60 build/tests/host/hedge_host_test       a minute, instead of four seconds
//     SEKI_SEED=7                                            another storm
#include <chrono>
#include <random>
#include <vector>

#include "fleet.hpp"
#include "primitives/clock.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 8;

// Words that all share.
enum what : std::size_t { extra, answered, given_up, stop = 64 };

struct budget {
    double ratio;
    std::uint64_t thousandths;
    std::uint64_t min_per_second;
};

class HedgeStorm : public testing::TestWithParam<budget> {
protected:
    [[nodiscard]] static HedgeOptions options() {
        return {.delay = 0ns, .ratio = GetParam().ratio, .min_per_second = GetParam().min_per_second};
    }
    // The first attempt never gets a thread, and an extra one runs in the caller's own: what is tried here are processes. Who is denied one gives up soon.
    [[nodiscard]] fleet::work working() const {
        return [this](const Segment& segment, std::size_t) -> fleet::step {
            return [this, hedge = must(segment.hedge("it"))](bool last) {
                std::vector<HedgeTask> tasks;
                const Deadline soon{100us};
                const auto answer = hedge.call([this] { here_.add(extra, 1); },
                                               [&](const HedgeTask& task) {
                                                   tasks.push_back(task);
                                                   if (tasks.size() > 1) task();
                                               });
                if (answer || !answer.error().refused()) here_.add(answer ? answered : given_up, 1);
                return !last;
            };
        };
    }

    host here_{64};
    std::mt19937_64 random_{seed_or(6)};
};

INSTANTIATE_TEST_SUITE_P(, HedgeStorm, testing::Values(budget{0.0, 0, 100}, budget{0.05, 50, 0}),
                         [](const auto& of) { return "thousandths" + std::to_string(of.param.thousandths); });

// Fails if all processes together make more extra attempts than the calls they counted and the windows that may have begun allow, whoever was killed
// where; or none at all; or if what they made and what they counted do not agree.
TEST_P(HedgeStorm, NoMoreExtraAttemptsThanTheBudgetOfTheHost) {
    const auto begin = primitives::clock_ms();
    (void)must(here_.segment().hedge("it", options()));
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
    const HedgeStatus counted = must(must(here_.segment().hedge("it")).status());
    const std::uint64_t made = here_.read(extra);
    std::printf("%llu calls, %llu extra attempts in up to %llu windows, %llu denied\n",
                static_cast<unsigned long long>(counted.calls), static_cast<unsigned long long>(made),
                static_cast<unsigned long long>(windows), static_cast<unsigned long long>(counted.denied));
    EXPECT_LE(made * 1000, GetParam().thousandths * counted.calls + GetParam().min_per_second * windows * 1000);
    EXPECT_LE(made, counted.requests);
    EXPECT_GT(made, 0U);
    EXPECT_GT(counted.denied, 0U);
    EXPECT_GE(counted.wins, here_.read(answered));
    EXPECT_GE(counted.failed, here_.read(given_up));
    EXPECT_LE(counted.wins + counted.failed, counted.calls);
}

}  // namespace
}  // namespace seki::test
