// A breaker is deleted, and another made of its memory, while somebody is on the way into the first: whom the second lets in, and what it counts, is its own.
#pragma once

#include <cstdint>

#include "shm/breaker_scenarios.hpp"

namespace seki::test {

// Both are `subject`: of the same memory, and of the same shape. The first is that of breaker_world.
template <class Breaker>
class breaker_made_anew : public breaker_world<Breaker, stepped> {
public:
    using base = breaker_world<Breaker, stepped>;
    static constexpr std::uint64_t first = 1, second = 2;  // incarnations
    static constexpr std::uint32_t second_stamp = 7;

    explicit breaker_made_anew(const law::terms& wanted) : base{wanted} {
        shm::hardware::store_release(this->incarnation, first);
    }

    // What each call of a handle begins with (primitives/bound_place.hpp).
    [[nodiscard]] bool first_stands() const { return stepped::load_acquire(this->incarnation) == first; }
    void make_second() {
        make_second([] {});
    }
    template <class PublishTerms>
    void make_second(PublishTerms publish_terms) {
        stepped::store_release(this->incarnation, 0);
        publish_terms();
        this->subject.fill(second_stamp, law::state::closed, this->time());
        begun_ = static_cast<std::uint32_t>(shm::hardware::load_relaxed(this->block.told));  // no late one writes there
        stepped::store_release(this->incarnation, second);
    }
    // Not if who made it died meanwhile.
    [[nodiscard]] bool second_stands() const { return stepped::load_acquire(this->incarnation) == second; }
    [[nodiscard]] std::uint32_t moved_since() const { return this->subject.look().generation - begun_; }

private:
    std::uint32_t begun_ = 0;
};

template <class Breaker>
struct breaker_reuse_scenarios {
    using world = breaker_made_anew<Breaker>;
    using scenarios = breaker_scenarios<Breaker>;
    using admission = typename Breaker::admission;
    using outcome = law::outcome;
    using state = law::state;

    static void expect_its_own_transitions(interleaving& play, const world& in) {
        if (in.counted_transitions() != in.moved_since()) play.fail("a transition of another breaker is counted");
    }

    // Of a breaker with one place, which is taken: who asks for it gets none by the deletion, nor one of the second's, where he would never tell how it went.
    static void a_prober_is_late(interleaving& play) {
        world in{scenarios::terms(1)};
        in.open_and_wait();
        typename scenarios::probes_in_flight flying;
        flying.begin(play, in, 1, 1);
        bool own = false;
        play.together({[&] {
                           if (in.first_stands()) flying.begin(play, in, 2, 1, world::first);
                       },
                       [&] {
                           in.make_second();
                           in.open_and_wait();
                           own = flying.begin(play, in, 3, 1);
                           flying.begin(play, in, 4, 1);
                       }});
        if (!in.second_stands()) return;
        if (!play.died(1) && in.state() != state::half_open) play.fail("it moved, and nobody told it an outcome");
        if (!play.died(1) && !own) play.fail("a probe of another breaker has its place");
        expect_its_own_transitions(play, in);
    }

    // The first is open, and lets nobody in for long. The second does; by its terms the first would, too.
    static void a_call_is_late(interleaving& play) {
        world in{scenarios::terms(1)};
        law::terms of_second = in.terms;
        of_second.wait_duration = law::millisecond;
        layout::word changed;
        const auto law_now = [&] { return stepped::load_acquire(changed) != 0 ? of_second : in.terms; };
        while (in.state() == state::closed) (void)in.call(1, outcome::error);
        in.pass(of_second.wait_duration);
        play.together({[&] {
                           if (in.subject.admit(law_now, in.by(2, world::first)))
                               play.fail("another breaker lets it in");
                       },
                       [&] { in.make_second([&] { stepped::store_release(changed, 1); }); }});
    }

    // A probe of the first ends when the second has let one in from the same process.
    template <outcome ended>
    static void a_probe_ends_late(interleaving& play) {
        world in{scenarios::terms(1)};
        in.open_and_wait();
        const admission old = in.admit(1);
        admission next;
        play.together({[&] { (void)in.report(old, ended, 1, world::first); },
                       [&] {
                           in.make_second();
                           in.open_and_wait();
                           next = in.admit(1);
                       }});
        if (!in.second_stands()) return;
        if (!play.died(1) && in.state() != state::half_open) play.fail("it goes by a probe of another breaker");
        if (!play.died(1) && !next) play.fail("a place is not given");
        if (!play.died(1) && in.admit(3)) play.fail("too many probes are let in");
        expect_its_own_transitions(play, in);
    }

    // The first would open by this outcome; the second has one of its own.
    static void an_outcome_is_late(interleaving& play, law::window_type window) {
        law::terms by = scenarios::terms(1);
        by.window_type = window;
        if (window == law::window_type::time) by.window = layout::outcome_slices * law::second;
        world in{by};
        (void)in.call(7, outcome::error);
        const admission old = in.admit(1);
        std::uint64_t counted = 0;
        play.together({[&] { (void)in.report(old, outcome::error, 1, world::first); },
                       [&] {
                           in.make_second();
                           const admission own = in.admit(2);
                           counted += in.report(own, outcome::ok, 2) == Breaker::report_result::counted ? 1U : 0U;
                       }});
        if (!in.second_stands()) return;
        const auto seen = in.subject.window(in.terms, in.time());
        if (in.state() != state::closed) play.fail("it opens by an outcome of another breaker");
        if (seen.errors != 0) play.fail("an outcome of another breaker is counted");
        if (!play.died(1) && (counted != 1 || seen.total != 1)) play.fail("an outcome is lost");
        expect_its_own_transitions(play, in);
    }
    static void an_outcome_is_late_by_count(interleaving& play) { an_outcome_is_late(play, law::window_type::count); }
    static void an_outcome_is_late_in_time(interleaving& play) { an_outcome_is_late(play, law::window_type::time); }

    // An operator's word that was for the first is none for the second.
    static void an_operator_is_late(interleaving& play) {
        world in{scenarios::terms(1)};
        play.together({[&] {
                           if (in.first_stands())
                               (void)in.subject.operate(law::event::reset, in.terms, in.by(1, world::first));
                       },
                       [&] {
                           in.make_second();
                           (void)in.subject.operate(law::event::reset, in.terms, in.by(2));
                       }});
        if (!in.second_stands()) return;
        if (in.moved_since() > 1) play.fail("it is moved by what was for another breaker");
        expect_its_own_transitions(play, in);
    }
};

}  // namespace seki::test
