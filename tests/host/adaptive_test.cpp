// An adaptive limit in a storm: processes that acquire and release, and are killed, while the limit moves.
//
//     SEKI_SECONDS=60 build/tests/host/adaptive_host_test       a minute, instead of four seconds
//     SEKI_SEED=7                                               another storm
#include <random>

#include "fleet.hpp"
#include "ledger.hpp"
#include "primitives/adaptive_status.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 4, threads = 2;
constexpr std::uint64_t least = 2, most = 6;

// Words that all share.
enum what : std::size_t { let_in, lost, too_many, stop = 64 };

class AdaptiveStorm : public testing::TestWithParam<AdaptiveLaw> {
protected:
    [[nodiscard]] static AdaptiveOptions options() {
        return {.algorithm = GetParam(),
                .min_limit = least,
                .max_limit = most,
                .initial_limit = 4,
                .window = 16,
                .probe_interval = 1s};
    }
    [[nodiscard]] fleet::work working(std::uint64_t seed) const {
        return [this, seed](const Segment& segment, std::size_t which) -> fleet::step {
            return [this, page = page::of(book_, which, threads), backend = must(segment.adaptive("it")),
                    random = std::mt19937_64{seed + which}](bool last) mutable {
                auto permit = backend.acquire(5ms);
                if (!permit) return !last;
                here_.add(let_in, 1);
                book_.enter(page.life, page.record);
                if (book_.together(page.life) > most) here_.add(too_many, 1);
                book_.leave(page.record);
                const Outcome outcome = random() % 40 == 0 ? Outcome::error : Outcome::ok;
                if (!permit->release(outcome) || permit->release()) here_.add(lost, 1);
                return !last;
            };
        };
    }
    ledger book_;  // before anything else is opened
    host here_{64};
    std::mt19937_64 random_{seed_or(6)};
};

// Fails if a kill keeps a permit, if more are ever held at once than max_limit (counted without asking it), if a limit leaves its bounds, if a permit is lost by who lives, or if the limit in
// force is not the last one when all is quiet.
TEST_P(AdaptiveStorm, InFlightIsExactAfterKills) {
    const Adaptive backend = must(here_.segment().adaptive("it", options()));
    fleet storm{here_, stop, processes, threads, working(random_())};
    const auto end = std::chrono::steady_clock::now() + duration_or(4s);
    std::uint64_t killed = 0;
    while (std::chrono::steady_clock::now() < end) {
        const std::uint64_t before = here_.read(let_in);
        for (int look = 0; look < 1'000'000 && here_.read(let_in) < before + random_() % 500; ++look) {
            const AdaptiveStatus now = must(backend.status());
            ASSERT_LE(now.in_use, most);
            ASSERT_GE(now.limit, least);
            ASSERT_LE(now.limit, most);
        }
        storm.kill_and_replace(random_() % storm.size());
        ++killed;
        ASSERT_TRUE(here_.segment().maintain());
    }
    ASSERT_TRUE(storm.finish());
    here_.maintain();
    EXPECT_EQ(here_.read(lost), 0U);
    EXPECT_EQ(here_.read(too_many), 0U);
    EXPECT_EQ(must(backend.status()).in_use, 0U);
    const auto place = must(primitives::adaptives::find(here_.where(), "it"));
    EXPECT_TRUE(primitives::is_enforced(here_.where(), place));
    std::vector<AdaptivePermit> held;
    while (auto permit = backend.try_acquire()) held.push_back(std::move(*permit));
    EXPECT_EQ(held.size(), must(backend.status()).limit);
    EXPECT_GT(must(backend.status()).reclaimed, 0U);
    std::printf("%llu calls, %llu kills, %llu permits reclaimed\n", static_cast<unsigned long long>(here_.read(let_in)),
                static_cast<unsigned long long>(killed),
                static_cast<unsigned long long>(must(backend.status()).reclaimed));
}

INSTANTIATE_TEST_SUITE_P(, AdaptiveStorm, testing::Values(AdaptiveLaw::aimd, AdaptiveLaw::gradient, AdaptiveLaw::vegas),
                         [](const auto& of) { return "law" + std::to_string(static_cast<int>(of.param)); });

}  // namespace
}  // namespace seki::test
