// A process dies after each instruction of what it does with a breaker, and another one looks at what it left. And it stands still, while others
// call and operate, and then goes on. Which instructions are tried says route.hpp, what is done there breaker_scenarios.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "breaker_scenarios.hpp"
#include "drained.hpp"
#include "report/breaker_facts.hpp"
#include "shm/breaker_piece.hpp"

namespace seki::test {
namespace {

using enum BreakerState;
using testing::AnyOfArray;

// By calls alone, and probes that are ok. The bound is one that nobody comes near.
bool can_be_closed(const Breaker& it) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
        if (must(it.state()) == closed) return true;
        if (Admission let_in = it.admit())
            let_in.ok();
        else
            std::this_thread::yield();
    }
    return false;
}

// How many are let in at once.
std::vector<Admission> let_in_by(const Breaker& it, std::size_t most) {
    std::vector<Admission> held;
    while (held.size() < most) {
        Admission next = it.admit();
        if (!next) break;
        held.push_back(std::move(next));
    }
    return held;
}

// A breaker that nobody uses goes through all of its states as it should.
void expect_it_works(const Segment& segment, const Breaker& it) {
    ASSERT_TRUE(segment.change("it", brief_options()));
    ASSERT_EQ(it.automatic(), Errc::none);
    ASSERT_TRUE(can_be_closed(it));
    ASSERT_EQ(it.reset(), Errc::none);
    tell(it, Outcome::ok, 4);
    ASSERT_EQ(standing_of(it), (standing{.calls = 4}));
    tell(it, Outcome::error, 4);
    ASSERT_EQ(standing_of(it), (standing{.state = open}));
    until_due(it);
    {
        const auto probes = let_in_by(it, window);
        EXPECT_EQ(probes.size(), probes_wanted);
    }
    EXPECT_TRUE(can_be_closed(it));
}

// Each transition is counted, whoever died. One event for each and never two; one may be lost with whoever died.
void expect_one_event_for_each_transition(const Segment& segment, std::uint64_t lost) {
    const shm::segment& where = segment.handle()->where();
    const auto at = shm::directory{where}.find(layout::kind::breaker, "it");
    const auto first = static_cast<std::uint32_t>(at->incarnation) * 0x9e37'79b1U;
    const std::uint32_t made = shm::breaker_of(where, *at).look().generation - first;
    std::multiset<std::uint32_t> told;
    for (const auto& event : drained(where))
        if (event.head.kind == layout::event_kind::breaker_state_change)
            told.insert(static_cast<std::uint32_t>(event.second) - first);
    for (const std::uint32_t each : told) {
        EXPECT_EQ(told.count(each), 1U) << "transition " << each;
        EXPECT_TRUE(each > 0 && each <= made) << "transition " << each << " of " << made;
    }
    const std::uint64_t counted = report::look_at_breaker(where, *at).transitions_made();
    EXPECT_TRUE(told.size() <= made && made <= told.size() + lost) << told.size() << " told of " << made;
    EXPECT_EQ(counted, made);
}

class BreakerDeaths : public testing::TestWithParam<breaker_scenario> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return GetParam().prepare(stage_.folder(), *told_); });
    }

    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    // Somebody who tidies up finds all that the dead had been given, and nothing in between of what it did.
    void judge_death(bool tidied) const {
        const Segment segment = opened(stage_.folder());
        EXPECT_EQ(broken_in(segment), "");
        if (tidied) {
            ASSERT_TRUE(segment.maintain());
            EXPECT_EQ(broken_in(segment), "");
        }
        const breaker_scenario& played = GetParam();
        const auto found = segment.breaker("it");
        const maybe_standing now = found ? maybe_standing{standing_of(*found)} : std::nullopt;
        std::vector<maybe_standing> expected{played.after};
        if (!told_->was_given()) {
            expected.push_back(played.before);
            expected.insert(expected.end(), played.between.begin(), played.between.end());
        }
        EXPECT_THAT(now, AnyOfArray(expected));
        if (found) expect_one_event_for_each_transition(segment, 1);
        if (found && tidied) expect_all_places_free(*found);
        expect_it_works(segment, must(found ? found : segment.breaker("it", patient_options())));
    }

    static void expect_all_places_free(const Breaker& it) {
        const BreakerStatus now = must(it.status());
        EXPECT_EQ(now.probes, 0U);
        if (now.state != half_open || now.probes_ok == probes_wanted || now.retry_after < 1h) return;
        EXPECT_EQ(let_in_by(it, window).size(), probes_wanted - now.probes_ok);
    }

    stage stage_{GetParam().world};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: a transition is half made or told twice, a probe's place is lost or given twice, an
// outcome counts in part, or the breaker cannot be closed any more; and if that takes somebody who tidies up.
TEST_P(BreakerDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        for (const bool tidied : tidied_or_not()) {
            SCOPED_TRACE(tidied ? "tidied up" : "not tidied up");
            stepped_process dying = begin();
            (void)at.lead(dying);
            dying.kill();
            judge_death(tidied);
        }
    });
}

// Fails when others cannot call because somebody stands still, more or fewer probes are let in between them than there should be, an outcome
// is lost, or a transition is told twice or not at all.
TEST_P(BreakerDeaths, AndOthersCallWhileOneStandsStill) {
    const breaker_scenario& played = GetParam();
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        const bool stands = at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        const auto it = segment.breaker("it");
        std::size_t called = 0;
        std::vector<Admission> probes;
        if (it && must(it->state()) == closed)
            for (; called < 4; ++called) EXPECT_TRUE(call_ok(*it));
        else if (it)
            probes = let_in_by(*it, window);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        const std::size_t let_in = probes.size() + (told_->was_allowed() ? 1 : 0);
        if (played.room && stands) {
            EXPECT_LE(let_in, *played.room);
            if (played.fills_room) {
                EXPECT_EQ(let_in, *played.room);
            }
        }
        for (Admission& each : probes) each.ok();
        EXPECT_EQ(broken_in(segment), "");
        if (!it || !played.after) return;
        if (played.before && played.before->state == closed && played.after->state == closed &&
            played.before->calls <= played.after->calls) {
            EXPECT_EQ(standing_of(*it).calls, std::min(window, played.after->calls + called));
            EXPECT_EQ(standing_of(*it).errors, played.after->errors);
            EXPECT_EQ(standing_of(*it).slow, played.after->slow);
        }
        expect_one_event_for_each_transition(segment, 0);
        expect_it_works(segment, *it);
    });
}

class BreakerCalls : public BreakerDeaths {};

// Fails when what was under way as the breaker was reset counts afterwards: an outcome of an older generation trips it, closes it or takes a place.
TEST_P(BreakerCalls, BelongToTheGenerationThatLetThemIn) {
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        (void)at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        const Breaker it = must(segment.breaker("it"));
        EXPECT_EQ(it.reset(), Errc::none);
        EXPECT_TRUE(slow.finish());
        const standing now = standing_of(it);
        EXPECT_EQ(now.state, closed);
        EXPECT_LE(now.calls, 3U);
        EXPECT_EQ(broken_in(segment), "");
        expect_one_event_for_each_transition(segment, 0);
        expect_it_works(segment, it);
    });
}

// An administrator changes terms, and the window to agree with them.
struct change_of_terms {
    const char* name;
    BreakerOptions from, to;
    standing then;  // when all is done
};

// So little longer that outcomes which were counted for the one stand where the other looks for its own.
BreakerOptions longer_by_a_hair(BreakerOptions options) {
    options.window_size = 12h + 16ns;
    return options;
}
BreakerOptions half_a_day() {
    BreakerOptions options = timed(patient_options());
    options.window_size = 12h;
    return options;
}
BreakerOptions stricter(BreakerOptions options) {
    options.minimum_calls = 3;
    options.failure_threshold = 20;
    return options;
}

class BreakerChanges : public testing::TestWithParam<change_of_terms> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return changing_to(GetParam().to)(stage_.folder(), *told_); });
    }
    stage stage_{closed_after(3, 1, GetParam().from)};
    in_common<answer> told_;
};

// Fails when outcomes that were counted for other terms are judged by those in force, or a window that asks for opening stays as it is, because the
// administrator died between the terms and the window: whoever tidies up, or comes with an outcome that has to be judged, finishes the change first.
TEST_P(BreakerChanges, AreFinishedBySomebodyElse) {
    const change_of_terms& played = GetParam();
    route& way = way_of(std::string{"change_of_"} + played.name, [this] {
        stepped_process whole = begin();
        return walk(whole, stage_.folder());
    });
    int by_callers = 0;
    play_at(points_of(way, trying::to_die), way, std::string{played.name} + ": died", [&](const place& at) {
        for (const bool tidied : {true, false}) {
            SCOPED_TRACE(tidied ? "tidied up" : "left to callers");
            stepped_process dying = begin();
            (void)at.lead(dying);
            dying.kill();
            const Segment segment = opened(stage_.folder());
            const Breaker it = must(segment.breaker("it"));
            const bool changed = must(it.options()) == played.to;
            if (tidied)
                ASSERT_TRUE(segment.maintain());
            else
                tell(it, Outcome::error);
            standing now = standing_of(it);
            if (!tidied && now.state == closed && now.errors > played.then.errors && changed) --now.errors, --now.calls;
            const standing before{.calls = tidied ? 4U : 5U, .errors = tidied ? 1U : 2U};
            EXPECT_EQ(now, changed ? played.then : before);
            by_callers += changed && !tidied && !told_->was_given() ? 1 : 0;
            EXPECT_EQ(broken_in(segment), "");
            expect_one_event_for_each_transition(segment, 1);
        }
    });
    EXPECT_GT(by_callers, 0) << "nobody died in between";
}

constexpr auto name_of = [](const auto& each) { return each.param.name; };
INSTANTIATE_TEST_SUITE_P(Closed, BreakerDeaths, testing::ValuesIn(calls_of_a_closed_breaker()), name_of);
INSTANTIATE_TEST_SUITE_P(Open, BreakerDeaths, testing::ValuesIn(calls_of_an_open_breaker()), name_of);
INSTANTIATE_TEST_SUITE_P(Operated, BreakerDeaths, testing::ValuesIn(works_of_operators()), name_of);
INSTANTIATE_TEST_SUITE_P(Of, BreakerChanges,
                         testing::Values(change_of_terms{"length", half_a_day(), longer_by_a_hair(half_a_day()), {}},
                                         change_of_terms{"kind", half_a_day(), patient_options(), {}},
                                         change_of_terms{"thresholds", patient_options(), stricter(patient_options()),
                                                         standing{.state = open}}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Closed, BreakerCalls, testing::ValuesIn(calls_of_a_closed_breaker()), name_of);
INSTANTIATE_TEST_SUITE_P(Open, BreakerCalls, testing::ValuesIn(calls_of_an_open_breaker()), name_of);

}  // namespace
}  // namespace seki::test
