// Who changes the window of a limiter, and is stopped in the middle of it while windows pass: a clock of its own, which says what the test tells it.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <initializer_list>
#include <utility>

#include "limiter_fixture.hpp"
#include "primitives/limiter_family.hpp"

namespace {

std::vector<std::uint64_t>
    readings;                     // each is read once, and the last one from then on; none: it is the machine's clock
std::function<void()> meanwhile;  // happens before the last of them is read

}  // namespace

// The library's calls find this before that of libc.
extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which != CLOCK_MONOTONIC || readings.empty())
        return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
    if (readings.size() == 1 && meanwhile) std::exchange(meanwhile, nullptr)();
    const std::uint64_t now = readings.front();
    if (readings.size() > 1) readings.erase(readings.begin());
    *time = {.tv_sec = static_cast<time_t>(now / 1'000'000'000), .tv_nsec = static_cast<long>(now % 1'000'000'000)};
    return 0;
}

namespace seki::test {
namespace {

class LimiterStopped : public EveryLimiterTest {
protected:
    ~LimiterStopped() override {
        readings.clear();
        meanwhile = nullptr;
    }

    using family = primitives::family<LimiterOptions>;
    static constexpr std::uint64_t start = 1'000'000'000'000;  // a whole number of all windows here

    static LimiterOptions with_window(std::chrono::nanoseconds window) {
        return {.algorithm = GetParam(), .limit = 6, .window = window, .max_keys = 64};
    }
    // By a process that is stopped for so long after each time that it published.
    void change(const primitives::limiter& of, std::chrono::nanoseconds window,
                std::initializer_list<std::chrono::nanoseconds> stops) {
        readings = {start};
        for (const auto stop : stops) readings.push_back(readings.back() + static_cast<std::uint64_t>(stop.count()));
        family::change(where(), of.place(), with_window(window));
        readings.erase(readings.begin(), readings.end() - 1);  // it is as late as that now, whoever has read it
    }
    [[nodiscard]] std::uint64_t version(const primitives::limiter& of) const {
        return shm::terms_version(where().directory()[of.place().index]);
    }
    // Of the window of that time, as the terms name it.
    static std::uint64_t number(const primitives::limiter_terms& by, std::uint64_t time) {
        return time / by.window_ns + by.shift;
    }
    // What windows of a second foresee, and two: a minute of them, the next one, and the one that nobody begins.
    static constexpr std::uint64_t ahead = 62;
};
INSTANTIATE_TEST_SUITE_P(, LimiterStopped, testing::Values(Algorithm::sliding_window, Algorithm::fixed_window),
                         name_of_algorithm);

// Fails if who was stopped for a minute, and until the next window, all of which was foreseen, publishes once more.
TEST_P(LimiterStopped, ForAMinuteNeedDoNoMore) {
    const auto limiter = make(with_window(1s));
    const auto old = limiter.terms();
    const std::uint64_t first = version(limiter);
    change(limiter, 100s, {61s});
    EXPECT_EQ(version(limiter), first + 1);
    EXPECT_EQ(number(limiter.terms(), start), number(old, start) + ahead);
}

// Fails if what was spent by the new terms is forgotten, because who published them was stopped for some of the old windows afterwards.
TEST_P(LimiterStopped, AfterItPublishedForgetsNothingThatIsSpentMeanwhile) {
    const auto limiter = make(with_window(1s));
    now = start;
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    meanwhile = [&] {
        now = start + 1'900'000'000;
        EXPECT_TRUE(
            check(limiter, "alice", 6).allowed);  // once more, for windows of another length have no count in common
        EXPECT_FALSE(check(limiter, "alice").allowed);
    };
    change(limiter, 1h, {2s});
    ASSERT_FALSE(meanwhile) << "it does not look at the clock again";
    now = start + 2'000'000'000;
    EXPECT_FALSE(check(limiter, "alice").allowed);
}

// Fails if who was stopped for longer leaves it at that: calls that go by the terms of before may have begun the window that the new ones name.
TEST_P(LimiterStopped, ForLongerPublishesOnceMore) {
    const auto limiter = make(with_window(1s));
    const auto old = limiter.terms();
    const std::uint64_t first = version(limiter);
    change(limiter, 100s, {62s, 0s});
    EXPECT_EQ(version(limiter), first + 2);
    EXPECT_EQ(number(limiter.terms(), start + 62'000'000'000), number(old, start + 62'000'000'000) + ahead);
}

// Fails if windows that became shorter, so that the new numbers rise faster than the old ones, do not go on by two from what was published first.
TEST_P(LimiterStopped, ForLongerThanWindowsThatBecomeShorterGoesOnByTwo) {
    const auto limiter = make(with_window(1s));
    const auto old = limiter.terms();
    change(limiter, 500ms, {62s, 0s});
    EXPECT_EQ(number(limiter.terms(), start), number(old, start) + ahead + 2);
}

// Fails if who is stopped for so long each time never comes back: it holds the lock that all others wait for.
TEST_P(LimiterStopped, EachTimeEndsAllTheSame) {
    const auto limiter = make(with_window(1s));
    const std::uint64_t first = version(limiter);
    change(limiter, 100s, {62s, 62s, 62s, 62s, 62s, 62s, 62s, 62s, 62s, 62s, 62s, 62s});
    EXPECT_EQ(version(limiter), first + 8);
}

// Fails if numbers that are behind those of the clock, as windows were longer once, are taken for ones that did not come far.
TEST_P(LimiterStopped, ForManyWindowsGoesOnFromTheLastOfThem) {
    const auto limiter = make(with_window(1s));
    change(limiter, 1ms, {0s});
    const auto old = limiter.terms();
    ASSERT_LT(static_cast<std::int64_t>(old.shift), 0);
    change(limiter, 2ms, {61s, 0s});
    EXPECT_EQ(number(limiter.terms(), start + 61'000'000'000), number(old, start + 61'000'000'000) + 60'002);
}

// Fails if the last number that a state can keep is one too many, or the first that it cannot is taken.
TEST_P(LimiterStopped, MayNameWindowsUpToTheLastNumber) {
    const auto limiter = make(with_window(1s));
    auto terms = limiter.terms();
    const unsigned counts = GetParam() == Algorithm::sliding_window ? 2 * terms.count_bits : 24;
    const std::uint64_t last = (1ULL << (63 - counts)) - 1;
    readings = {start};
    // From windows of 1 s to windows of 2 s, at the second 1000: 1000 + shift + ahead = 500 + the new shift.
    const auto may_reach = [&](std::uint64_t number) {
        terms.shift = number - algorithm::lifetime / 2'000'000'000 - 500 - ahead;
        shm::publish_terms(where().directory()[limiter.place().index], primitives::pack(terms));
        return family::may_change(where(), limiter.place(), with_window(2s)).has_value();
    };
    EXPECT_TRUE(may_reach(last));
    EXPECT_FALSE(may_reach(last + 1));
}

}  // namespace
}  // namespace seki::test
