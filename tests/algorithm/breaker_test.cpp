// The law of the breaker against a model that shares nothing with it: it keeps a history, names, and absolute times in 128 bits.
#include "algorithm/breaker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bounds.hpp"
#include "dice.hpp"
#include "support/sanitizers.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::breaker;
using law::decision;
using law::event;
using law::position;
using law::state;
using integer = boost::multiprecision::cpp_int;

law::terms any_terms(dice& random) {
    law::terms t;
    t.window_type = random.one_in(2) ? law::window_type::count : law::window_type::time;
    t.window = t.window_type == law::window_type::count
                   ? random.magnitude(1, law::max_window_calls)
                   : random.magnitude(law::min_window_duration, law::max_window_duration);
    t.minimum_calls = random.magnitude(1, law::max_window_calls);
    t.failure_threshold = random.one_in(3) ? random.any_of({1, 50, 99, 100}) : random.between(1, 100);
    t.slow_call_threshold = random.one_in(3) ? random.any_of({1, 80, 99, 100}) : random.between(1, 100);
    t.slow_call_duration = random.magnitude(1, law::max_duration);
    t.wait_duration = random.magnitude(law::millisecond, law::max_duration);
    t.wait_multiplier = random.any_of({100, 101, 150, 200, 250, 1'000, law::max_wait_multiplier});
    t.wait_duration_max = random.magnitude(law::millisecond, law::max_duration);
    t.half_open_requests = random.magnitude(1, law::max_half_open_requests);
    t.max_half_open_duration = random.magnitude(law::millisecond, law::max_duration);
    return t;
}

// What semantics says, told as a story.
class model {
public:
    explicit model(nanos born) { chapters_.push_back({"closed", born}); }

    struct answer {
        std::string to_call;  // pass, probe, refuse
        integer until = 0;
        bool moved = false;
    };

    answer call(nanos clock, const law::terms& t) {
        const std::string now_in = name();
        if (now_in == "closed" || now_in == "forced_closed" || now_in == "observe") return {"pass"};
        if (now_in == "forced_open") return {"refuse", integer{algorithm::never}};
        // A time that was nobody's is replaced.
        integer& since = chapters_.back().since;
        if (since > integer{clock} + law::clock_slack) since = clock;
        const integer at = std::max(since, integer{clock});
        if (now_in == "open") {
            const integer end = since + wait(t);
            if (at < end) return {"refuse", end - clock};
            turn("half_open", clock);
            return {"probe", t.max_half_open_duration, true};
        }
        const integer end = since + t.max_half_open_duration;
        if (at < end) return {"probe", end - clock};
        turn("open", clock);
        return {"refuse", wait(t), true};
    }
    bool tell(const std::string& what, std::size_t chapter, nanos clock) {
        if (chapter + 1 != chapters_.size()) return false;
        if (what == "trips" && name() == "closed") return turn("open", clock);
        if (what == "all ok" && name() == "half_open") return turn("closed", clock);
        if (what == "not ok" && name() == "half_open") return turn("open", clock);
        return false;
    }
    bool order(const std::string& wanted, nanos clock) {
        if (wanted == "reset") return turn("closed", clock);
        if (wanted == "renew") return (name() == "closed" || name() == "observe") && turn(name(), clock);
        if (wanted == "automatic")
            return name() != "closed" && name() != "open" && name() != "half_open" && turn("closed", clock);
        return name() != wanted && turn(wanted, clock);
    }
    void scribble(nanos time) { chapters_.back().since = time; }

    [[nodiscard]] std::string name() const { return chapters_.back().name; }
    [[nodiscard]] integer since() const { return chapters_.back().since; }
    [[nodiscard]] std::size_t chapter() const { return chapters_.size() - 1; }
    // Times it came from half_open to open since it was closed, or an operator had it.
    [[nodiscard]] std::size_t reopened() const {
        std::size_t times = 0;
        for (std::size_t i = chapter(); i > 0; --i) {
            if (chapters_[i].name == "open" && chapters_[i - 1].name == "half_open") ++times;
            if (chapters_[i].name != "open" && chapters_[i].name != "half_open") break;
        }
        return times;
    }

private:
    struct part {
        std::string name;
        integer since;
    };
    bool turn(const std::string& to, nanos clock) {
        const integer before = chapters_.back().since;
        const bool nobodys = before > integer{clock} + law::clock_slack;
        chapters_.push_back({to, nobodys ? integer{clock} : std::max(before, integer{clock})});
        return true;
    }
    [[nodiscard]] integer wait(const law::terms& t) const {
        integer wait = t.wait_duration;
        const integer longest = std::max(t.wait_duration, t.wait_duration_max);
        for (std::size_t i = 0; i < reopened(); ++i) wait = std::min<integer>(longest, wait * t.wait_multiplier / 100);
        return wait;
    }
    std::vector<part> chapters_;
};

std::string name_of(state s) {
    constexpr const char* names[] = {"closed", "open", "half_open", "forced_open", "forced_closed", "observe"};
    return names[static_cast<std::size_t>(s)];
}
std::string name_of(decision d) {
    constexpr const char* names[] = {"pass", "probe", "refuse"};
    return names[static_cast<std::size_t>(d)];
}

// Around the edges of what is due next, and sometimes behind, or absurd.
nanos next_time(dice& random, nanos t, nanos due) {
    switch (random.below(12)) {
        case 0: return t + due;
        case 1: return t + (due > 0 ? due - 1 : 0);
        case 2: return t + due + 1;
        case 3: return t - std::min(t, random.magnitude(1, 2 * law::clock_slack));
        case 4: return t + random.magnitude(1, second);
        case 5: return t + due + random.magnitude(1, 60 * second);
        default: return t;
    }
}

// Fails if any rule of a state, an edge of a time, or the generation that an event belongs to, is a unit off.
TEST(BreakerLaw, DoesWhatTheModelDoesWhateverHappens) {
    dice random{41};
    std::uint64_t transitions = 0, events = 0;
    for (int run = 0; run < test::rounds(30'000); ++run) {
        law::terms terms = any_terms(random);
        nanos t = random.magnitude(1, longest_uptime);
        const auto base = static_cast<std::uint32_t>(random.one_in(2) ? ~0U - random.below(4) : random.word());
        model told{t};
        position at{.generation = base, .since = t};
        nanos due = 0;
        for (int i = 0; i < 100; ++i, ++events) {
            if (random.one_in(200)) terms = any_terms(random);
            t = std::min(next_time(random, t, due), longest_uptime * 4);
            if (random.one_in(100)) {
                at.since = random.word() >> 2;
                told.scribble(at.since);
            }
            // Mostly of this generation, else of one before.
            const std::size_t chapter = random.one_in(4) ? random.below(told.chapter() + 1) : told.chapter();
            const auto generation = static_cast<std::uint32_t>(base + chapter);
            law::step done;
            bool moved = false;
            SCOPED_TRACE(testing::Message() << "run " << run << " step " << i << " t " << t);
            switch (random.below(8)) {
                case 0:
                    done = law::react(at, event::window_trips, generation, t, terms);
                    moved = told.tell("trips", chapter, t);
                    break;
                case 1:
                    done = law::react(at, event::probes_ok, generation, t, terms);
                    moved = told.tell("all ok", chapter, t);
                    break;
                case 2:
                    done = law::react(at, event::probe_failed, generation, t, terms);
                    moved = told.tell("not ok", chapter, t);
                    break;
                case 3: {
                    if (!random.one_in(8)) continue;
                    const auto which = random.below(6);
                    constexpr event orders[] = {event::reset,   event::force_open, event::force_closed,
                                                event::observe, event::automatic,  event::renew};
                    const std::string names[] = {"reset",   "forced_open", "forced_closed",
                                                 "observe", "automatic",   "renew"};
                    done = law::react(at, orders[which], generation, t, terms);
                    moved = told.order(names[which], t);
                    break;
                }
                default: {
                    done = law::react(at, event::call, generation, t, terms);
                    const model::answer expected = told.call(t, terms);
                    moved = expected.moved;
                    ASSERT_EQ(name_of(done.answer), expected.to_call);
                    ASSERT_EQ(integer{done.retry_after}, expected.until);
                    due = done.retry_after == algorithm::never ? 0 : done.retry_after;
                }
            }
            ASSERT_EQ(done.transition, moved);
            transitions += moved ? 1U : 0U;
            if (!moved) {
                ASSERT_EQ(done.next.generation, at.generation);
            }
            const position before = std::exchange(at, done.next);
            ASSERT_EQ(at.came_from, moved ? static_cast<std::uint8_t>(before.state) : before.came_from);
            ASSERT_EQ(name_of(at.state), told.name());
            ASSERT_EQ(integer{at.since}, told.since());
            ASSERT_EQ(at.generation, static_cast<std::uint32_t>(base + told.chapter()));
            ASSERT_EQ(at.reopened, told.reopened());
            ASSERT_EQ(law::unpack(law::pack(at)), at);
            ASSERT_EQ(law::is_closed(law::pack(at).first, at.generation), at.state == state::closed);
            ASSERT_FALSE(law::is_closed(law::pack(at).first, at.generation + 1));
        }
    }
    std::printf("%llu events, %llu transitions\n", static_cast<unsigned long long>(events),
                static_cast<unsigned long long>(transitions));
    EXPECT_GT(transitions, events / 10);
}

// Fails if a threshold is off by one call, or counts before minimum_calls.
TEST(BreakerLaw, ThresholdsAreExactFractions) {
    dice random{42};
    for (int i = 0; i < test::rounds(2'000'000); ++i) {
        const law::terms t = any_terms(random);
        law::tally seen{.total = random.magnitude(1, 100'000)};
        const auto near = [&](std::uint64_t percent) {
            return std::min(seen.total, (percent * seen.total / 100) + random.below(3) -
                                            std::min<std::uint64_t>(1, percent * seen.total / 100));
        };
        seen.errors = random.one_in(2) ? near(t.failure_threshold) : random.below(seen.total + 1);
        seen.slow = std::min(seen.total - seen.errors, near(t.slow_call_threshold));
        const integer least =
            t.window_type == law::window_type::count ? std::min(t.minimum_calls, t.window) : t.minimum_calls;
        const bool expected = integer{seen.total} >= least &&
                              (integer{seen.errors} * 100 >= integer{t.failure_threshold} * seen.total ||
                               (integer{seen.errors} + seen.slow) * 100 >= integer{t.slow_call_threshold} * seen.total);
        ASSERT_EQ(law::trips(seen, t), expected) << i;
    }
    EXPECT_FALSE(law::trips({}, {.minimum_calls = 0})) << "nothing is no reason";
}

// Fails if the edge belongs to the wrong side, or an error that was slow counts twice.
TEST(BreakerLaw, ACallIsSlowFromTheDurationOnUnlessItFailed) {
    const law::terms t{.slow_call_duration = 100};
    EXPECT_EQ(law::classify(false, 99, t), law::outcome::ok);
    EXPECT_EQ(law::classify(false, 100, t), law::outcome::slow);
    EXPECT_EQ(law::classify(true, 100, t), law::outcome::error);
    EXPECT_EQ(law::classify(true, 0, t), law::outcome::error);
}

// Fails if the count of re-openings wraps, or the wait of the last one it can tell is not the longest there is.
TEST(BreakerLaw, BackingOffStopsAtTheLongestWaitAndNeverStartsOver) {
    law::terms t{.wait_duration = law::millisecond, .wait_multiplier = 101, .wait_duration_max = law::max_duration};
    EXPECT_EQ(law::wait_after(law::max_reopened, t), law::max_duration);
    position at{.reopened = law::max_reopened, .state = state::half_open, .since = 1};
    at = law::react(at, event::probe_failed, 0, 2, t).next;
    EXPECT_EQ(at.reopened, law::max_reopened);
    EXPECT_EQ(law::unpack(law::pack(at)), at);

    t = {.wait_duration = 60 * second, .wait_multiplier = 200, .wait_duration_max = 10 * second};
    EXPECT_EQ(law::wait_after(5, t), 60 * second) << "a maximum below wait_duration shortens nothing";
    EXPECT_EQ(law::wait_after(0, t), 60 * second);
    t.wait_duration_max = 200 * second;
    EXPECT_EQ(law::wait_after(1, t), 120 * second);
    EXPECT_EQ(law::wait_after(2, t), 200 * second);
}

// Fails if any content of the two words leaves a breaker that calls cannot bring back, unless an operator forced it.
TEST(BreakerLaw, EveryContentOfTheWordLeadsBackToClosed) {
    dice random{43};
    for (int i = 0; i < test::rounds(1'000'000); ++i) {
        const law::terms terms = any_terms(random);
        position at =
            law::unpack({random.word(), random.one_in(2) ? random.word() : random.magnitude(1, longest_uptime)});
        if (at.state == state::forced_open) continue;
        nanos t = random.magnitude(1, longest_uptime);
        int calls = 0;
        while (!law::passes(at.state)) {
            ASSERT_LT(++calls, 6) << i;
            const law::step asked = law::react(at, event::call, at.generation, t, terms);
            at = asked.next;
            if (asked.answer == decision::probe)
                at = law::react(at, event::probes_ok, at.generation, t, terms).next;
            else
                t += asked.retry_after;
        }
    }
}

// Fails if what most refusals come to in a few instructions differs from the whole of the law: at the edges of the wait, in another state, by a clock that is
// behind.
TEST(BreakerLaw, APlainRefusalIsWhatTheLawAnswers) {
    dice random{44};
    std::uint64_t refused = 0;
    for (int i = 0; i < test::rounds(300'000); ++i) {
        const law::terms terms = any_terms(random);
        const position at{.reopened = static_cast<std::uint32_t>(random.below(3)),
                          .state = random.one_in(2) ? state::open : static_cast<state>(random.below(law::states)),
                          .since = random.magnitude(1, longest_uptime)};
        const nanos t = next_time(random, at.since, law::wait_after(at.reopened, terms));
        const law::step whole = law::asked(at, t, terms);
        const bool plain = at.state == state::open && at.since <= t && whole.answer == decision::refuse;
        ASSERT_EQ(law::plainly_refused(at, t, terms), plain ? whole.retry_after : 0) << i;
        refused += plain ? 1U : 0U;
    }
    EXPECT_GT(refused, 1'000U);
}

// Fails if a time of transition that lies ahead by just what clocks may differ is taken for nobody's, or one a nanosecond further on for somebody's.
TEST(BreakerLaw, ClocksMayDifferByASecondAndNoMore) {
    const law::terms terms;
    const nanos t = 100 * second;
    position at{.state = state::open, .since = t + law::clock_slack};
    EXPECT_EQ(law::asked(at, t, terms).next.since, at.since);
    EXPECT_EQ(law::elapsed(at, t), 0U);
    EXPECT_EQ(law::elapsed(at, at.since), 0U);
    EXPECT_EQ(law::elapsed(at, at.since + 1), 1U);
    ++at.since;
    EXPECT_EQ(law::asked(at, t, terms).next.since, t);
}

// Fails if a number that no state has is taken for one where a generation came from.
TEST(BreakerLaw, WhatCameFromNoStateCameFromNowhere) {
    for (std::uint64_t stored = 0; stored < 8; ++stored)
        EXPECT_EQ(law::came_from(stored << law::came_from_shift), stored < law::states ? stored : law::nowhere);
}

// Fails if leads() takes for possible what no event brings about, or for impossible what one does.
TEST(BreakerLaw, ExactlyTheTransitionsThatThereAreLeadSomewhere) {
    const law::terms terms;
    for (std::size_t from = 0; from < law::states; ++from) {
        std::array<bool, law::states> reached{};
        const position at{.generation = 7, .state = static_cast<state>(from), .since = law::second};
        for (int what = 0; what <= static_cast<int>(event::automatic); ++what)
            for (const nanos now : {law::second, law::second + 100 * terms.wait_duration}) {
                const law::step step = law::react(at, static_cast<event>(what), at.generation, now, terms);
                if (step.transition) reached.at(static_cast<std::size_t>(step.next.state)) = true;
            }
        for (std::size_t to = 0; to < law::states; ++to)
            EXPECT_EQ(law::leads(from, static_cast<state>(to)), reached.at(to)) << from << " to " << to;
    }
    for (const std::size_t no_state : {law::states, std::size_t{law::nowhere}})
        for (std::size_t to = 0; to < law::states; ++to) EXPECT_TRUE(law::leads(no_state, static_cast<state>(to)));
}

}  // namespace
}  // namespace seki::tests
