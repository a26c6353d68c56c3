#include "breaker_scenarios.hpp"

#include <memory>

namespace seki::test {
namespace {

using enum BreakerState;

constexpr standing half_open_with(std::uint64_t probes_ok) { return {.state = half_open, .probes_ok = probes_ok}; }

BreakerOptions stricter() {
    BreakerOptions options = patient_options();
    options.minimum_calls = 3;
    options.failure_threshold = 30;
    return options;
}
BreakerOptions of_mode(BreakerMode mode) {
    BreakerOptions options = patient_options();
    options.mode = mode;
    return options;
}

bool just_look(const Breaker& it) {
    const auto now = it.status();
    return now && now->calls == 3;
}

auto reclaim(const Segment& in) { return in.maintain(); }

operation look_for_the_first_time(const fs::path& folder, answer& told) {
    return [segment = opened(folder), &told] {
        const auto it = segment.breaker("it");
        between();
        told.tell(it && call_ok(*it));
    };
}

}  // namespace

std::vector<breaker_scenario> calls_of_a_closed_breaker() {
    const standing quiet{.calls = 3, .errors = 1}, busy{.calls = window};
    return {
        {"call_that_is_ok_at_once", closed_after(5, 0), with_breaker(call_ok), standing{.calls = 5},
         standing{.calls = 6}},
        {"call_that_is_ok_when_it_must_be_judged", closed_after(2, 1), with_breaker(call_ok), quiet,
         standing{.calls = 4, .errors = 1}},
        {"call_that_fails", closed_after(3, 0), with_breaker(call_that_fails), standing{.calls = 3},
         standing{.calls = 4, .errors = 1}},
        {"call_that_is_slow", closed_after(3, 0), with_breaker(call_that_is_slow), standing{.calls = 3},
         standing{.calls = 4, .slow = 1}},
        {"call_that_begins_a_block", closed_after(24, 0), with_breaker(call_ok), busy, busy},
        {"call_that_trips_it", closed_after(2, 1), with_breaker(call_that_fails), quiet, standing{.state = open}},
        {"slow_call_that_trips_it",
         closed_after(0, 1),
         with_breaker([](const Breaker& it) {
             for (int i = 0; i < 3; ++i) {
                 (void)call_that_is_slow(it);
                 between();
             }
             return true;
         }),
         standing{.calls = 1, .errors = 1},
         standing{.state = open},
         {{.calls = 2, .errors = 1, .slow = 1}, {.calls = 3, .errors = 1, .slow = 2}}},
        {"call_to_ignore", closed_after(2, 1), with_breaker(ask_and_ignore), quiet, quiet},
        {"first_call_of_a_process", closed_after(2, 1), look_for_the_first_time, quiet,
         standing{.calls = 4, .errors = 1}},
        {"call_in_a_time_window", closed_after(2, 1, timed(patient_options())), with_breaker(call_ok), quiet,
         standing{.calls = 4, .errors = 1}},
        {"call_that_trips_a_time_window", closed_after(2, 1, timed(patient_options())), with_breaker(call_that_fails),
         quiet, standing{.state = open}},
        {"status", closed_after(2, 1), with_breaker(just_look), quiet, quiet},
    };
}

std::vector<breaker_scenario> calls_of_an_open_breaker() {
    return {
        {"call_that_is_refused",
         open_for(patient_options()),
         with_breaker(call_ok),
         standing{.state = open},
         standing{.state = open},
         {},
         0},
        {"first_call_after_the_wait",
         open_for(brief_options()),
         with_breaker(ask_and_hold),
         standing{.state = open},
         half_open_with(0),
         {},
         probes_wanted},
        {"taking_a_probe",
         half_open_after(1),
         with_breaker(ask_and_hold),
         half_open_with(1),
         half_open_with(1),
         {},
         probes_wanted - 1},
        {"taking_the_probe_of_a_dead",
         half_open_after(1, 2),
         with_breaker(ask_and_hold),
         half_open_with(1),
         half_open_with(1),
         {},
         probes_wanted - 1,
         false},
        {"last_probe_in_the_place_of_a_dead",
         half_open_after(2, 1),
         telling(Outcome::ok),
         half_open_with(2),
         standing{.state = closed},
         {half_open_with(3)}},
        {"probe_that_is_ok", half_open_after(0), with_breaker(call_ok), half_open_with(0), half_open_with(1)},
        {"telling_that_a_probe_is_ok", half_open_after(1), telling(Outcome::ok), half_open_with(1), half_open_with(2)},
        {"last_probe_that_is_ok",
         half_open_after(2),
         with_breaker(call_ok),
         half_open_with(2),
         standing{.state = closed},
         {half_open_with(3)}},
        {"probe_that_is_bad", half_open_after(2), with_breaker(call_that_fails), half_open_with(2),
         standing{.state = open, .reopened = 1}},
        {"probe_that_is_slow", half_open_after(0), telling(Outcome::slow), half_open_with(0),
         standing{.state = open, .reopened = 1}},
        {"probe_to_ignore", half_open_after(2), with_breaker(ask_and_ignore), half_open_with(2), half_open_with(2)},
        {"call_after_too_long_half_open", half_open_for_too_long, with_breaker(call_ok), half_open_with(0),
         standing{.state = open, .reopened = 1}},
        {"maintenance", half_open_after(1, 2), with_a_segment(reclaim), half_open_with(1), half_open_with(1)},
    };
}

std::vector<breaker_scenario> works_of_operators() {
    const standing quiet{.calls = 3, .errors = 1};
    const auto nothing = [](const fs::path& folder) { (void)opened(folder); };
    return {
        {"reset", open_for(patient_options()), with_breaker(operate<&Breaker::reset>), standing{.state = open},
         standing{.state = closed}},
        {"reset_of_a_closed_one", closed_after(2, 1), with_breaker(operate<&Breaker::reset>), quiet,
         standing{.state = closed}},
        {"reset_of_a_half_open_one", half_open_after(2), with_breaker(operate<&Breaker::reset>), half_open_with(2),
         standing{.state = closed}},
        {"forcing_it_open", closed_after(2, 1), with_breaker(operate<&Breaker::open>), quiet,
         standing{.state = forced_open}},
        {"forcing_it_closed", half_open_after(1), with_breaker(operate<&Breaker::close>), half_open_with(1),
         standing{.state = forced_closed}},
        {"observing", closed_after(2, 1), with_breaker(operate<&Breaker::observe>), quiet, standing{.state = observe}},
        {"lifting_forced_open", forced(&Breaker::open), with_breaker(operate<&Breaker::automatic>),
         standing{.state = forced_open}, standing{.state = closed}},
        {"lifting_observe", forced(&Breaker::observe), with_breaker(operate<&Breaker::automatic>),
         standing{.state = observe}, standing{.state = closed}},
        {"options_that_trip_it", closed_after(2, 1), changing_to(stricter()), quiet, standing{.state = open}},
        {"options_of_another_window", closed_after(2, 1), changing_to(timed(patient_options())), quiet,
         standing{.state = closed}},
        {"options_of_another_mode", closed_after(2, 1), changing_to(of_mode(BreakerMode::forced_open)), quiet,
         standing{.state = forced_open}},
        {"options_of_the_wait", open_for(patient_options()), changing_to(brief_options()), standing{.state = open},
         standing{.state = open}},
        {"making_it", nothing, with_a_segment([](const Segment& in) { return in.breaker("it", patient_options()); }),
         std::nullopt, standing{}},
        {"deleting_it", half_open_after(1, 1),
         with_a_segment([](const Segment& in) { return in.remove_breaker("it"); }), half_open_with(1), std::nullopt},
    };
}

}  // namespace seki::test
