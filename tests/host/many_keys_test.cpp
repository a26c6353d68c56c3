// Many keys in a table that is always full, spent by processes that are killed meanwhile: never more for one key than its limit.
#include <random>

#include "fleet.hpp"
#include "primitives/clock.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 4, threads = 2, keys = 400;
constexpr std::size_t stop_word = 0, first_key_word = 64;
constexpr std::uint64_t limit = 3, kills = 12;
// One half of the keys is in use, then the other: so that there are keys which grow old.
constexpr std::uint64_t turn = 100'000'000;

std::string key_number(std::size_t i) { return "key " + std::to_string(i); }

class ManyKeys : public testing::TestWithParam<Algorithm> {
protected:
    void make(std::chrono::nanoseconds window) {
        (void)must(host_.segment().limiter(
            "it",
            {.algorithm = GetParam(), .limit = limit, .window = window, .max_keys = 64, .on_full = OnFull::deny}));
        start_ = primitives::read_clock(Clock::precise);
    }
    [[nodiscard]] std::uint64_t observed(std::size_t i) const { return host_.read(first_key_word + i); }

    void spend_and_kill() {
        fleet workers{host_, stop_word, processes, threads, [this](const Segment& segment, std::size_t) -> fleet::step {
                          return [this, limiter = must(segment.limiter("it")),
                                  random = std::mt19937_64{std::random_device{}()}](bool last) mutable {
                              const std::size_t i = (primitives::read_clock(Clock::precise) / turn % 2) * (keys / 2) +
                                                    random() % (keys / 2);
                              const Decision decision = limiter.check(key_number(i));
                              if (decision.error != Errc::none) std::abort();
                              if (decision.allowed) host_.add(first_key_word + i, 1);
                              return !last;
                          };
                      }};
        const auto span = std::chrono::nanoseconds{span_of_a_test()};
        const std::uint64_t end = start_ + static_cast<std::uint64_t>(span.count());
        for (std::uint64_t i = 0; i < kills || primitives::read_clock(Clock::precise) < end; ++i) {
            std::this_thread::sleep_for(std::chrono::microseconds{random_() % 10000});
            workers.kill_and_replace(random_() % workers.size());
        }
        ASSERT_TRUE(workers.finish());
    }

    host host_{16};
    std::uint64_t start_ = 0;
    std::mt19937_64 random_{seed_or(4)};
};

std::string name_of(const testing::TestParamInfo<Algorithm>& info) {
    return std::string{primitives::to_string(info.param)};
}
INSTANTIATE_TEST_SUITE_P(, ManyKeys,
                         testing::Values(Algorithm::gcra, Algorithm::sliding_window, Algorithm::fixed_window), name_of);

// Fails if a key that is still needed is evicted, or one key gets two slots: then it is admitted more than three times in a year, or
// is gone. That nothing at all is evicted is not promised: a worker that was killed or paused between the insert of a key and its first
// spend leaves it as good as new, and its slot is anybody's.
TEST_P(ManyKeys, ThatNeverExpireAreNeverEvictedAndNeverTwoInTheTable) {
    make(366 * 24h);
    spend_and_kill();
    const primitives::limiter it = host_.inside();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < keys; ++i) {
        ASSERT_LE(observed(i), limit) << key_number(i);
        const auto tag = it.hash()(key_number(i));
        std::size_t slots = 0;
        it.table().for_each([&](std::uint64_t found, std::uint64_t, std::size_t) { slots += found == tag ? 1U : 0U; });
        ASSERT_LE(slots, 1U) << key_number(i);
        if (observed(i) > 0) {
            ASSERT_EQ(slots, 1U) << key_number(i);
        }
        kept += slots;
    }
    EXPECT_GT(kept, 100U);
    EXPECT_GT(host_.counted()[layout::count_full], 0U);
}

// Fails if an eviction or a death makes a key new before its time: what comes back in 10 ms is one, or three in 30 ms.
TEST_P(ManyKeys, ThatComeAndGoAreAdmittedNoMoreThanTheFormulaAllows) {
    constexpr std::uint64_t window = 30'000'000;
    make(std::chrono::nanoseconds{window});
    spend_and_kill();
    const std::uint64_t end = primitives::read_clock(Clock::precise);
    // Windows that the run touched, each with its limit; or the burst and what came back. sliding_window admits no more than fixed_window.
    const std::uint64_t most = GetParam() == Algorithm::gcra ? limit + (end - start_) * limit / window
                                                             : limit * (end / window - start_ / window + 1);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < keys; ++i) {
        ASSERT_LE(observed(i), most) << key_number(i);
        total += observed(i);
    }
    EXPECT_GT(total, keys);
    EXPECT_GT(host_.counted()[layout::count_evicted], 0U);
    EXPECT_GT(host_.counted()[layout::count_full], 0U);
}

}  // namespace
}  // namespace seki::test
