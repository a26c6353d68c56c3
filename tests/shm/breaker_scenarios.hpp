// What a few actors do to one breaker at once, and what must hold afterwards. For the breaker that ships, where every interleaving must hold,
// and for those with an error planted, where one must not.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "shm/breaker_world.hpp"
#include "support/fingerprint.hpp"

namespace seki::test {

template <class Breaker>
struct breaker_scenarios {
    using world = breaker_world<Breaker, stepped>;
    using admission = typename Breaker::admission;
    using outcome = law::outcome;
    using state = law::state;

    static law::terms terms(std::uint64_t probes) {
        return {.window = 4,
                .minimum_calls = 2,
                .wait_duration = 100 * law::millisecond,
                .half_open_requests = probes,
                .max_half_open_duration = law::second};
    }

    // Each generation once: somebody made it, and nobody else.
    static void expect_one_winner_each(interleaving& play, world& in, bool anybody_died) {
        std::vector<std::uint32_t> told;
        for (const auto& made : in.told) told.push_back(made.generation);
        std::ranges::sort(told);
        if (std::ranges::adjacent_find(told) != told.end()) play.fail("a transition has two winners");
        if (!anybody_died && told.size() != in.subject.look().generation) play.fail("a transition is told to nobody");
        expect_each_is_counted(play, in);
    }
    // Whoever died: what is counted, by those who came after or only now by who looks, is each transition once.
    static void expect_each_is_counted(interleaving& play, world& in) {
        const std::uint64_t counted = in.counted_transitions();
        const std::uint64_t made = in.subject.look().generation;
        if (counted < made) play.fail("a transition is counted nowhere");
        if (counted > made) play.fail("a transition is counted twice");
    }
    // However it stands, it closes when all goes well from now on. `late` may be dead.
    static void expect_it_closes(interleaving& play, world& in) {
        expect_each_is_counted(play, in);
        for (int i = 0; !law::passes(in.state()); ++i) {
            if (i == 20) return play.fail("it does not close");
            const admission let_in = in.call(9, outcome::ok);
            if (!let_in) in.pass(let_in.retry_after);
        }
        expect_each_is_counted(play, in);
    }

    // Probes of one generation that are in flight at once, by who was let in and has not told.
    struct probes_in_flight {
        std::map<std::uint32_t, std::uint64_t> now;
        static std::uint32_t generation(const world& in) {
            return law::generation_of(shm::hardware::load_first_acquire(in.block.state));
        }
        // Right after it was let in, with no access in between. Where loads may be old, its last look may have been as early as its first step.
        // Whether it was.
        bool begin(interleaving& play, world& in, std::uint64_t who, std::uint64_t most, std::uint64_t of = 0) {
            const auto before = static_cast<std::uint32_t>(interleaving::hears(generation(in)));
            const admission let_in = in.admit(who, of);
            begin(play, in, let_in, most, before);
            return static_cast<bool>(let_in);
        }
        void begin(interleaving& play, const world& in, const admission& let_in, std::uint64_t most,
                   std::uint32_t before) {
            const std::uint32_t late = (play.allows_old_reads() ? before : generation(in)) - let_in.generation;
            if (let_in.place != Breaker::no_place && late != 0 && late >> 31 == 0)
                play.fail("a probe is let in after half_open");
            if (let_in.place != Breaker::no_place && ++now[let_in.generation] > most)
                play.fail("too many probes are let in");
        }
    };

    // `callers` come to a breaker that is due to probe. Each that is let in may stay in its call for good.
    static void race_into_half_open(interleaving& play, std::uint64_t places, std::uint64_t callers) {
        world in{terms(places)};
        in.open_and_wait();
        in.told.clear();
        const std::uint32_t before = in.subject.look().generation;
        probes_in_flight flying;
        std::vector<std::function<void()>> actors;
        for (std::uint64_t i = 1; i <= callers; ++i) actors.push_back([&, i] { flying.begin(play, in, i, places); });
        play.together(std::move(actors));
        std::uint64_t died = 0;
        for (std::uint64_t i = 0; i < callers; ++i) died += play.died(i) ? 1U : 0U;
        for (std::uint64_t i = 0; i < callers; ++i)
            if (play.died(i)) in.dead.insert(i + 1);
        if (died == 0 && flying.now[before + 1] != std::min(places, callers)) play.fail("a place is not given");
        if (in.told.size() > 1) play.fail("a transition has two winners");
        // The dead give back what they had.
        in.pass(shm::look_interval);
        for (std::uint64_t i = flying.now[before + 1]; i < places; ++i)
            if (!in.admit(8)) play.fail("a dead one keeps its place");
        if (in.admit(8)) play.fail("too many probes are let in");
        in.pass(law::second);
        expect_it_closes(play, in);
    }

    // Probes end at once, each with its outcome, and others come meanwhile.
    static void probes_end(interleaving& play, std::vector<outcome> outcomes, bool somebody_comes) {
        world in{terms(outcomes.size())};
        in.open_and_wait();
        in.told.clear();
        const std::uint32_t base = in.subject.look().generation;
        std::vector<admission> held;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i) held.push_back(in.admit(i + 1));
        std::vector<std::function<void()>> actors;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i)
            actors.push_back([&, i] { (void)in.report(held[i], outcomes[i], i + 1); });
        if (somebody_comes) actors.push_back([&] { (void)in.admit(8); });
        play.together(std::move(actors));
        bool died = false;
        for (std::size_t i = 0; i < outcomes.size() + (somebody_comes ? 1 : 0); ++i) died = died || play.died(i);
        const auto at = in.subject.look();
        const bool all_ok = std::ranges::all_of(outcomes, [](outcome each) { return each == outcome::ok; });
        if (!died && at.state != (all_ok ? state::closed : state::open)) play.fail("it is not judged");
        if (!died && at.generation != base + 2) play.fail("it moved too often");
        if (!all_ok && at.state == state::closed) play.fail("it closed on a bad outcome");
        std::vector<shm::transition> told = in.told;
        if (told.size() > at.generation - base) play.fail("a transition has two winners");
        for (std::uint64_t i = 0; i < outcomes.size(); ++i)
            if (play.died(i)) in.dead.insert(i + 1);
        in.pass(shm::look_interval);
        expect_it_closes(play, in);
    }

    // A caller is stopped on its way to a place while half_open ends and comes again.
    static void a_prober_is_stopped_for_long(interleaving& play) {
        world in{terms(1)};
        in.open_and_wait();
        const admission first = in.admit(1);
        probes_in_flight flying;
        play.together({[&] { flying.begin(play, in, 2, 1); },
                       [&] {
                           (void)in.report(first, outcome::ignore, 1);
                           const admission other = in.admit(3);
                           if (!other) return;
                           flying.begin(play, in, other, 1, other.generation);
                           (void)in.report(other, outcome::error, 3);
                           in.pass(in.terms.wait_duration);
                           flying.begin(play, in, 3, 1);
                       },
                       [&] { flying.begin(play, in, 4, 1); }});
    }

    // The longest that half_open may last ends while a caller is on its way to a place.
    static void half_open_ends_meanwhile(interleaving& play) {
        world in{terms(2)};
        in.open_and_wait();
        probes_in_flight flying;
        flying.begin(play, in, 1, 2);
        play.together({[&] { flying.begin(play, in, 2, 2); },
                       [&] {
                           in.pass(in.terms.max_half_open_duration);
                           if (in.admit(3)) play.fail("it stays half open for too long");
                       }});
        if (!play.died(1) && in.state() != state::open) play.fail("it stays half open for too long");
        expect_it_closes(play, in);
    }

    // A dead one's place, and two who want it.
    static void a_place_is_inherited(interleaving& play) {
        world in{terms(1)};
        in.open_and_wait();
        (void)in.admit(1);
        in.dead = {1};
        in.pass(shm::look_interval);
        probes_in_flight flying;
        play.together({[&] { flying.begin(play, in, 2, 1); }, [&] { flying.begin(play, in, 3, 1); },
                       [&] { (void)in.subject.reclaim(in.by(4)); }});
        for (std::uint64_t i : {0U, 1U})
            if (play.died(i)) in.dead.insert(i + 2);
        in.pass(law::second);
        expect_it_closes(play, in);
    }

    // Who asks while somebody tidies up gets the place of the dead, one way or the other; nobody else is there to have it.
    static void a_place_is_given_back_meanwhile(interleaving& play) {
        world in{terms(1)};
        in.open_and_wait();
        (void)in.admit(1);
        in.dead = {1};
        in.pass(shm::look_interval);
        admission let_in;
        play.together({[&] { let_in = in.admit(2); }, [&] { (void)in.subject.reclaim(in.by(3)); }});
        if (!let_in && !play.died(0)) play.fail("who asks is refused, and the place is free");
    }

    // The last outcomes of a closed breaker race: it opens once, on the window as it was.
    static void outcomes_race(interleaving& play, std::vector<outcome> outcomes, std::uint64_t before) {
        world in{terms(1)};
        std::vector<admission> held;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i) held.push_back(in.admit(i + 1));
        for (std::uint64_t i = 0; i < before; ++i) (void)in.call(7, outcome::ok);
        std::vector<std::function<void()>> actors;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i)
            actors.push_back([&, i] { (void)in.report(held[i], outcomes[i], i + 1); });
        play.together(std::move(actors));
        std::uint64_t died = 0;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i) died += play.died(i) ? 1U : 0U;
        expect_one_winner_each(play, in, died > 0);
        const auto seen = in.subject.window(in.terms, in.time());
        if (in.state() == state::closed) {
            if (law::trips(seen, in.terms)) play.fail("it stands closed on a window that should open it");
            const std::uint64_t all = before + outcomes.size();
            if (seen.total > std::min<std::uint64_t>(4, all)) play.fail("an outcome is counted twice");
            if (seen.total < std::min<std::uint64_t>(4, all - died)) play.fail("an outcome is lost");
        } else if (seen != law::tally{}) {
            play.fail("an open breaker has a window");
        }
    }

    // The same with a time window, the second a slice later. What a death leaves unjudged is judged with the next bad outcome.
    static void outcomes_race_in_time(interleaving& play, std::vector<outcome> outcomes, std::uint64_t before) {
        law::terms by_time = terms(1);
        by_time.window_type = law::window_type::time;
        by_time.window = layout::outcome_slices * law::second;
        world in{by_time};
        const std::size_t used = in.time() / law::second;  // and the next
        for (std::size_t i = 0; i < layout::outcome_slices; ++i)
            if (i != used && i != used + 1) play.constant(std::as_bytes(std::span{&in.block.slices[i], 1}));
        std::vector<admission> held;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i) held.push_back(in.admit(i + 1));
        for (std::uint64_t i = 0; i < before; ++i) (void)in.call(7, outcome::ok);
        std::vector<std::function<void()>> actors;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i)
            actors.push_back([&, i] {
                if (i == 1) in.pass(law::second);
                (void)in.report(held[i], outcomes[i], i + 1);
            });
        play.together(std::move(actors));
        std::uint64_t died = 0;
        for (std::uint64_t i = 0; i < outcomes.size(); ++i) died += play.died(i) ? 1U : 0U;
        expect_one_winner_each(play, in, died > 0);
        if (in.state() == state::closed) {
            const auto seen = in.subject.window(in.terms, in.time());
            if (died == 0 && law::trips(seen, in.terms)) play.fail("it stands closed on a window that should open it");
            if (seen.total > before + outcomes.size()) play.fail("an outcome is counted twice");
            if (seen.total + died < before + outcomes.size()) play.fail("an outcome is lost");
            (void)in.call(8, outcome::error);
        }
        if (in.state() == state::closed && law::trips(in.subject.window(in.terms, in.time()), in.terms))
            play.fail("what a death left is not judged with the next bad outcome");
    }

    // An operator resets while an outcome is on its way, and calls go on: the new window holds its own outcomes and no other.
    static void a_reset_comes_between(interleaving& play) {
        world in{terms(1)};
        (void)in.call(7, outcome::ok);
        const admission old = in.admit(1);
        std::uint64_t fresh = 0;
        play.together({[&] { (void)in.report(old, outcome::error, 1); },
                       [&] {
                           (void)in.subject.operate(law::event::reset, in.terms, in.by(2));
                           const admission next = in.admit(2);
                           fresh += in.report(next, outcome::ok, 2) == Breaker::report_result::counted ? 1U : 0U;
                       }});
        if (in.subject.look().generation == 0) return;
        const auto seen = in.subject.window(in.terms, in.time());
        if (seen.errors != 0) play.fail("an outcome of another generation is counted");
        if (!play.died(1) && seen.total != fresh) play.fail("an outcome is lost");
    }

    // The terms are changed, and then it opens by the new ones, while somebody asks who may have read the old ones: nobody probes sooner than the new ones say.
    static void terms_change_before_it_opens(interleaving& play) {
        world in{terms(1)};
        law::terms longer = in.terms;
        longer.wait_duration *= 10;
        layout::word changed;
        const auto law_now = [&] { return stepped::load_acquire(changed) != 0 ? longer : in.terms; };
        in.open_and_wait();
        play.together({[&] { (void)in.subject.admit(law_now, in.by(1)); },
                       [&] {
                           stepped::store_release(changed, 1);
                           (void)in.subject.operate(law::event::reset, longer, in.by(2));
                           in.open_and_wait();
                       }});
        if (!play.died(1) && in.state() != state::open) play.fail("it is probed sooner than its terms say");
    }

    // The number of probes changes while somebody is about to let in the first one. Where it does before half_open begins, the new number counts for all of that.
    static void terms_change_before_it_probes(interleaving& play, std::uint64_t before, std::uint64_t after) {
        world in{terms(before)};
        const law::terms later = terms(after);
        layout::word changed;
        const auto law_now = [&] { return stepped::load_acquire(changed) != 0 ? later : in.terms; };
        in.open_and_wait();
        std::uint64_t probes = 0;
        const auto ask = [&](std::uint64_t who) {
            const admission let_in = in.subject.admit(law_now, in.by(who));
            probes += let_in.place != Breaker::no_place ? 1U : 0U;
            return let_in;
        };
        bool for_all_of_it = false;
        play.together({[&] { (void)ask(1); },
                       [&] {
                           stepped::store_release(changed, 1);
                           for_all_of_it = in.state() == state::open;
                           const admission first = ask(2);
                           (void)ask(3);
                           if (after > 1) (void)in.subject.report(first, outcome::ok, in.time(), later, in.by(2));
                       }});
        if (!for_all_of_it) return;
        if (probes > after) play.fail("too many probes are let in");
        if (in.state() == state::closed) play.fail("it closed on too few");
    }
    static void fewer_probes_before_it_probes(interleaving& play) { terms_change_before_it_probes(play, 3, 1); }
    static void more_probes_before_it_probes(interleaving& play) { terms_change_before_it_probes(play, 1, 3); }

    // Two transitions of one kind and somebody who looks twice: he never sees fewer, nor more than were made.
    static void somebody_counts_transitions(interleaving& play) {
        world in{terms(1)};
        for (auto& from : in.block.transitions)
            for (layout::word& each : from)
                if (&each != &in.block.transitions[0][0]) play.constant(std::as_bytes(std::span{&each, 1}));
        std::array<std::uint64_t, 2> seen{};
        std::uint64_t made_at_last = 0;
        const auto reset = [&](std::uint64_t who) {
            (void)in.subject.operate(law::event::reset, in.terms, in.by(who));
        };
        play.together({[&] { reset(1); }, [&] { reset(2); },
                       [&] {
                           for (auto& each : seen) each = in.counted_transitions();
                           made_at_last = in.subject.look().generation;
                       }});
        if (!play.died(2) && seen[1] < seen[0]) play.fail("a count goes down");
        if (!play.died(2) && seen[1] > made_at_last) play.fail("a transition is counted twice");
        expect_one_winner_each(play, in, play.died(0) || play.died(1));
    }
};

// A count window at the edge of its ring's blocks: who is stopped with a full block in hand comes back when the ring has gone round.
template <class Window>
struct window_scenarios {
    static constexpr std::uint64_t blocks = 3;

    static void a_keeper_is_stopped(interleaving& play) {
        std::array<layout::pair, blocks> ring{};
        layout::pair end;
        const Window window{end, ring};
        const law::terms t{.window = 24, .minimum_calls = 24, .failure_threshold = 100, .slow_call_threshold = 100};
        std::deque<law::outcome> told;
        const auto push = [&](law::outcome what) {
            if (window.push(0, what, t, true, [] { return true; }) !=
                decltype(window.push(0, what, t, true, [] { return true; }))::counted)
                play.fail("not counted");
            told.push_back(what);
        };
        for (int i = 0; i < 24; ++i) push(i % 2 == 0 ? law::outcome::error : law::outcome::ok);
        play.remembers([&] {
            std::uint64_t all = 0;
            for (const law::outcome each : told) all = fold(all, static_cast<std::uint64_t>(each));
            return all;
        });
        play.together({[&] { push(law::outcome::ok); },
                       [&] {
                           // Round the ring and a bit.
                           for (int i = 0; i < 24 * 3 + 2; ++i)
                               push(i % 3 == 0 ? law::outcome::error : law::outcome::ok);
                       }});
        law::tally expected{.total = 24};
        for (std::size_t i = told.size() - 24; i < told.size(); ++i)
            expected.errors += told[i] == law::outcome::error ? 1U : 0U;
        if (window.look(0, t) != expected) play.fail("the window is not the last outcomes");
    }
};

}  // namespace seki::test
