// A fleet spends one key while its terms change, and afterwards an exact model of the formulas replays every admission.
//
// Times race: who reads the clock first need not be the first to spend. What is asked of a run is therefore that there is an order of its
// admissions in which the model, given the time and the terms of each, admits every one and answers what its caller was told. Where an admission stands
// in that order is taken from its answer (how far the key was from being as good as new), and is believed only as far as the model agrees.
//
// A denial leaves no trace, so it has no place in that order. It was right if there was a moment between its reading of the clock and its return at which
// the model denies it. Nothing is ever given back here, so the more was spent the more is denied; and whoever had spent before a denial was
// decided, had read the clock before it returned. So each denial is held against all that has a time not later than its return: what the model
// would admit even so was denied wrongly.
#include <map>
#include <memory>

#include "algorithm/models.hpp"
#include "answers.hpp"
#include "one_key.hpp"

namespace seki::test {
namespace {

using std::chrono::nanoseconds;
using tests::bucket_model;
using tests::window_model;

constexpr std::uint64_t window_ns = 10'000'000;

class Replayed : public OneKey {
protected:
    void begin() {
        change_terms();
        // The key is there before the fleet is, and a bucket is empty.
        ASSERT_TRUE(
            spend(host_.inside(), is_bucket() ? static_cast<std::int64_t>(eras_.back().capacity()) : 1).allowed);
    }

    // One check, with the time that it went by.
    Decision spend(const primitives::limiter& limiter, std::int64_t cost = 1, bool tell_denials = true) const {
        std::uint64_t time = 0;
        const Decision given = limiter.decide({.key = key, .cost = cost}, [&](Clock which) {
            return time = primitives::read_clock(which);  // the last reading is the one that decides
        });
        if (given.error != Errc::none) std::abort();
        if (given.allowed || tell_denials)
            answers_.write({.time = time,
                            .after = primitives::read_clock(clock()),
                            .limit = given.limit,
                            .remaining = given.remaining,
                            .reset_after = static_cast<std::uint64_t>(given.reset_after.count()),
                            .allowed = given.allowed});
        return given;
    }
    // Of its denials a thread tells the first after each admission: the others say the same again.
    [[nodiscard]] fleet::work spending() const {
        return [this](const Segment& segment, std::size_t) -> fleet::step {
            const auto place = must(primitives::limiters::find(segment.handle()->where(), "it"));
            return [this, limiter = std::make_shared<primitives::limiter>(segment.handle()->attachment(), place),
                    tell = true](bool last) mutable {
                tell = spend(*limiter, 1, tell).allowed;
                return !last;
            };
        };
    }

    void change_terms() {
        const LimiterOptions next = any_terms();
        const std::uint64_t before = primitives::read_clock(clock());
        if (eras_.empty())
            (void)must(host_.segment().limiter("it", next));
        else
            ASSERT_TRUE(host_.segment().change("it", next));
        if (!eras_.empty()) eras_.back().until = primitives::read_clock(clock());
        eras_.push_back({.options = next, .from = before});
    }
    // A bucket of any rate whose backlog takes about ten seconds to drain, so that the key is never as good as new; a window of any limit. The
    // capacity is another one than those of the terms before.
    LimiterOptions any_terms() {
        const auto unlike = [this](std::uint64_t value) { return value - value % 64 + eras_.size() % 64; };
        LimiterOptions terms{
            .algorithm = GetParam(), .window = nanoseconds{window_ns}, .max_keys = 64, .clock = clock()};
        if (!is_bucket()) {
            terms.limit = unlike(200 + random_() % 2000);
            return terms;
        }
        const std::uint64_t interval = 20'000 + random_() % 200'000;
        terms.limit = 100 + random_() % 1000;
        terms.window = nanoseconds{interval * terms.limit + random_() % terms.limit};
        terms.burst = unlike((10'000'000'000 + random_() % 10'000'000) / interval);
        return terms;
    }

    void replay() const {
        const std::vector<answer> admitted = answers_.read(true), denied = answers_.read(false);
        for (const auto* all : {&admitted, &denied})
            for (const answer& each : *all)
                ASSERT_NE(era_of(each, eras_), nullptr) << "by a capacity of " << each.limit << " at " << each.time;
        if (is_bucket())
            replay_bucket(admitted, denied);
        else
            replay_windows(admitted, denied);
    }

    void spend_and_replay() {
        begin();
        {
            fleet workers{host_, stop_word, processes, threads, spending()};
            for (const running test; test;) {
                std::this_thread::sleep_for(std::chrono::microseconds{random_() % 4000});
                change_terms();
            }
            ASSERT_TRUE(workers.finish());
        }
        replay();
        EXPECT_EQ(host_.counted()[layout::count_allow], answers_.read(true).size());
    }

    void no_moment_exceeds(std::uint64_t limit) const;
    [[nodiscard]] virtual Clock clock() const { return Clock::precise; }

private:
    static std::uint64_t elapsed_of(std::uint64_t time, std::uint64_t number) {
        return time / window_ns < number ? 0 : time % window_ns;
    }
    // How much of what was spent in the previous window still counts.
    static std::uint64_t share_up(std::uint64_t previous, std::uint64_t elapsed) {
        const tests::uint128 product = tests::uint128{previous} * (window_ns - elapsed);
        return static_cast<std::uint64_t>((product + window_ns - 1) / window_ns);
    }
    static std::map<std::uint64_t, std::vector<answer>> by_window(const std::vector<answer>& admitted) {
        std::map<std::uint64_t, std::vector<answer>> windows;
        for (const answer& each : admitted) {
            const std::uint64_t end = each.time + each.reset_after;
            EXPECT_EQ(end % window_ns, 0U) << each.time;
            windows[end / window_ns - (GetParam() == Algorithm::sliding_window ? 2 : 1)].push_back(each);
        }
        return windows;
    }
    void replay_bucket(std::vector<answer> admitted, const std::vector<answer>& denied) const;
    void replay_windows(const std::vector<answer>& admitted, const std::vector<answer>& denied) const;

protected:
    answers answers_;
    std::vector<era> eras_;
};

class ReplayedByTheCoarseClock : public Replayed {
    [[nodiscard]] Clock clock() const override { return Clock::coarse; }
};

// The backlog only grows, by at least a nanosecond each time: so its end, told as a distance, orders the admissions.
void Replayed::replay_bucket(std::vector<answer> admitted, const std::vector<answer>& denied) const {
    const auto shape_of = [&](const answer& given) {
        const LimiterOptions& terms = era_of(given, eras_)->options;
        return bucket_model::shape{
            .interval = bucket_model::interval_of(static_cast<std::uint64_t>(terms.window.count()), terms.limit),
            .burst = terms.burst};
    };
    const auto end_of = [](const answer& given) { return given.time + given.reset_after; };
    std::ranges::sort(admitted, {}, end_of);
    bucket_model model;
    std::uint64_t cost = admitted.front().limit;  // of what begin() spent
    for (const answer& each : admitted) {
        const auto shape = shape_of(each);
        ASSERT_TRUE(model.allows(each.time, cost, shape)) << each.time;
        model.spend(each.time, cost, shape);
        ASSERT_EQ(model.reset_after(each.time), each.reset_after) << each.time;
        ASSERT_EQ(model.remaining(each.time, shape), each.remaining) << each.time;
        cost = 1;
    }
    // The end of what was spent by each time.
    std::ranges::sort(admitted, {}, &answer::time);
    std::vector<std::uint64_t> ends;
    for (const answer& each : admitted) ends.push_back(std::max(ends.empty() ? 0 : ends.back(), end_of(each)));
    for (const answer& each : denied) {
        const auto by_then = std::ranges::upper_bound(admitted, each.after, {}, &answer::time) - admitted.begin();
        const auto shape = shape_of(each);
        ASSERT_GT(ends[static_cast<std::size_t>(by_then) - 1] + shape.interval, each.time + shape.horizon())
            << each.time;
    }
}

// A fixed window says when it ends, a sliding one when the next but one begins. Within a window the count says how many came before.
void Replayed::replay_windows(const std::vector<answer>& admitted, const std::vector<answer>& denied) const {
    const bool sliding = GetParam() == Algorithm::sliding_window;
    std::map<std::uint64_t, std::vector<answer>> windows = by_window(admitted);
    const auto previous_of = [&](std::uint64_t number) {
        const auto before = windows.find(number - 1);
        return sliding && before != windows.end() ? before->second.size() : 0;
    };
    window_model model{sliding, window_ns};
    for (auto& [number, members] : windows) {
        const std::uint64_t previous = previous_of(number);
        std::ranges::sort(members, {}, [&](const answer& given) {
            return given.limit - given.remaining - share_up(previous, elapsed_of(given.time, number));
        });
        for (const answer& each : members) {
            ASSERT_TRUE(model.allows(each.time, 1, each.limit)) << each.time;
            model.spend(each.time, 1);
            ASSERT_EQ(static_cast<std::uint64_t>(model.latest()), number) << each.time;
            ASSERT_EQ(model.remaining(each.time, each.limit), each.remaining) << each.time;
        }
    }
    for (auto& [number, members] : windows) std::ranges::sort(members, {}, &answer::time);
    std::size_t judged = 0;
    for (const answer& each : denied) {
        const std::uint64_t number = each.time / window_ns;
        if (each.after / window_ns != number) continue;  // one does not know in which of the two it was denied
        const auto& members = windows[number];
        const auto by_then = std::ranges::upper_bound(members, each.after, {}, &answer::time) - members.begin();
        const std::uint64_t still_counts = share_up(previous_of(number), each.time % window_ns);
        ASSERT_GT(still_counts + static_cast<std::uint64_t>(by_then) + 1, each.limit) << each.time;
        ++judged;
    }
    EXPECT_GT(judged, 0U);
}

// What the dead were admitted may be missing here, so there is no replay. But less was spent then than was admitted, and what of it has a time up to
// some moment fits into the formula at that moment: the last of it to be spent found all the others spent, and was admitted at a time when no less of
// the previous window counted than does at the moment.
void Replayed::no_moment_exceeds(std::uint64_t limit) const {
    const bool sliding = GetParam() == Algorithm::sliding_window;
    std::uint64_t before = 0, previous = 0;
    for (auto& [number, members] : by_window(answers_.read(true))) {
        if (number != before + 1 || !sliding) previous = 0;
        std::ranges::sort(members, {}, &answer::time);
        std::uint64_t count = 0;
        for (const answer& each : members)
            ASSERT_LE(share_up(previous, elapsed_of(each.time, number)) + ++count, limit) << each.time;
        before = number;
        previous = members.size();
    }
}

INSTANTIATE_TEST_SUITE_P(, Replayed, every_algorithm, name_of);
// The buckets are one law.
INSTANTIATE_TEST_SUITE_P(, ReplayedByTheCoarseClock,
                         testing::Values(Algorithm::gcra, Algorithm::sliding_window, Algorithm::fixed_window), name_of);

// Fails if two processes spend the same unit, one is lost between them, one decides by a mixture of terms or by such as were not in force, or a unit is
// kept from who was denied it.
TEST_P(Replayed, EveryAnswerIsThatOfTheFormulaWhileRateAndCapacityChange) { spend_and_replay(); }

// Fails as above; and if a clock that is behind, or stands still for milliseconds, lets more through, or less.
TEST_P(ReplayedByTheCoarseClock, EveryAnswerIsThatOfTheFormulaWhileRateAndCapacityChange) { spend_and_replay(); }

class ReplayedWindows : public Replayed {};
INSTANTIATE_TEST_SUITE_P(, ReplayedWindows, testing::Values(Algorithm::sliding_window, Algorithm::fixed_window),
                         name_of);

// Fails if a death gives a window back what was spent in it, or in the one before.
TEST_P(ReplayedWindows, NoMomentExceedsTheFormulaThoughProcessesAreKilled) {
    begin();
    fleet workers{host_, stop_word, processes, threads, spending()};
    std::uint64_t kills = 0;
    for (const running test; test; ++kills) {
        std::this_thread::sleep_for(std::chrono::microseconds{random_() % 8000});
        workers.kill_and_replace(random_() % workers.size());
    }
    ASSERT_TRUE(workers.finish());
    no_moment_exceeds(eras_.back().capacity());
    const std::uint64_t told = answers_.read(true).size();
    EXPECT_LE(told, host_.counted()[layout::count_allow]);
    EXPECT_LE(host_.counted()[layout::count_allow], told + kills * threads);
}

}  // namespace
}  // namespace seki::test
