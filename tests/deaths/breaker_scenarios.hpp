// What breakers are stepped through: the worlds that processes find, what they do there, and what it comes to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "primitives/breaker_family.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {

// How a breaker stands, as far as it does not depend on the time.
struct standing {
    BreakerState state = BreakerState::closed;
    std::uint64_t calls = 0, errors = 0, slow = 0;
    std::uint64_t probes_ok = 0;
    std::uint64_t reopened = 0;
    friend bool operator==(const standing&, const standing&) = default;
    friend std::ostream& operator<<(std::ostream& to, const standing& it) {
        return to << "state " << static_cast<int>(it.state) << ", " << it.calls << " calls, " << it.errors
                  << " errors, " << it.slow << " slow, " << it.probes_ok << " probes ok, reopened " << it.reopened;
    }
};

[[nodiscard]] inline standing standing_of(const Breaker& it) {
    const BreakerStatus now = must(it.status());
    return {now.state, now.calls, now.errors, now.slow, now.probes_ok, now.reopened};
}

using maybe_standing = std::optional<standing>;  // none: there is no such breaker
inline void PrintTo(const maybe_standing& it, std::ostream* to) { it ? *to << *it : *to << "no breaker"; }

struct breaker_scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    maybe_standing before, after;
    std::vector<standing> between{};  // what a death may leave besides
    std::optional<std::size_t>
        room{};  // so many probes may be under way at once, those of the one that is stepped through among them
    bool fills_room = true;  // and as many are, when others take all they get; else a few milliseconds later
};
inline std::ostream& operator<<(std::ostream& to, const breaker_scenario& each) { return to << each.name; }

inline constexpr std::size_t probes_wanted = 3;
inline constexpr std::uint64_t window = 10;
inline constexpr auto a_year = 365 * 24h;

[[nodiscard]] inline BreakerOptions patient_options() {
    return {.window_size = window,
            .minimum_calls = 4,
            .slow_call_duration = a_year,
            .wait_duration = a_year,
            .wait_duration_max = a_year,
            .half_open_requests = probes_wanted,
            .max_half_open_duration = a_year};
}
[[nodiscard]] inline BreakerOptions brief_options() {
    BreakerOptions brief = patient_options();
    brief.wait_duration = 1ms;
    return brief;
}

inline void tell(const Breaker& it, Outcome outcome, int times = 1) {
    for (int i = 0; i < times; ++i) it.admit().tell(outcome);
}

// Waits until a call may change what an open or half-open breaker is: a millisecond or so.
inline void until_due(const Breaker& it) {
    while (must(it.status()).retry_after > 0ns) std::this_thread::yield();
}

// World: the breaker has seen so many calls of that kind.
[[nodiscard]] inline auto closed_after(int ok, int errors, BreakerOptions options = patient_options()) {
    return [=](const fs::path& folder) {
        const Breaker it = must(opened(folder).breaker("it", options));
        tell(it, Outcome::ok, ok);
        tell(it, Outcome::error, errors);
    };
}
[[nodiscard]] inline auto open_for(const BreakerOptions& options) {
    return [=](const fs::path& folder) {
        closed_after(0, 4, options)(folder);
        if (options.wait_duration < 1s) until_due(must(opened(folder).breaker("it")));
    };
}
// Half-open, that many probes ok, and that many held by a process that died.
[[nodiscard]] inline auto half_open_after(std::size_t ok, std::size_t dead = 0) {
    return [=](const fs::path& folder) {
        open_for(brief_options())(folder);
        auto* const it = new Breaker{must(opened(folder).breaker("it"))};
        auto* const held = new std::vector<Admission>;
        for (std::size_t i = 0; i < ok + dead; ++i) held->push_back(it->admit());
        for (std::size_t i = 0; i < ok; ++i) (*held)[i].ok();
        if (ok + dead == 0) it->admit().ignore();
    };
}
// The time for its probes is over.
inline void half_open_for_too_long(const fs::path& folder) {
    half_open_after(0)(folder);
    BreakerOptions options = brief_options();
    options.max_half_open_duration = 1ms;
    const Segment segment = opened(folder);
    if (!segment.change("it", options)) std::abort();
    until_due(must(segment.breaker("it")));
}
[[nodiscard]] inline auto forced(Errc (Breaker::*order)() const noexcept) {
    return [=](const fs::path& folder) {
        closed_after(2, 1)(folder);
        (void)(must(opened(folder).breaker("it")).*order)();
    };
}
[[nodiscard]] inline BreakerOptions timed(BreakerOptions options) {
    options.window_type = WindowType::time;
    options.window_size = 24h;
    return options;
}

// Attached, with a slot of its own, bound.
template <class Act>
[[nodiscard]] auto with_breaker(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        const Breaker it = must(segment.breaker("it"));
        (void)segment.handle()->attachment()->me();
        return [segment, it, &told, act] { told.tell(act(it)); };
    };
}
// The same for who was let in already.
[[nodiscard]] inline auto telling(Outcome outcome) {
    return [outcome](const fs::path& folder, answer& told) -> operation {
        auto held = std::make_shared<Admission>(must(opened(folder).breaker("it")).admit());
        return [held, &told, outcome] {
            held->tell(outcome);
            told.tell(true);
        };
    };
}
template <class Act>
[[nodiscard]] auto with_a_segment(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}
// By who has the lock already: the way there is a limiter's, too (every_instruction_test.cpp), and long.
[[nodiscard]] inline auto changing_to(const BreakerOptions& options) {
    return [options](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        const auto at = *shm::directory{segment.handle()->where()}.find(layout::kind::breaker, "it");
        return [=, &told] {
            primitives::family<BreakerOptions>::change(segment.handle()->where(), at, options);
            told.tell(true);
        };
    };
}

// Calls.
[[nodiscard]] inline bool call_ok(const Breaker& it) { return it.call(between).has_value(); }
[[nodiscard]] inline bool call_that_fails(const Breaker& it) {
    return it.call(between, [] { return Outcome::error; }).has_value();
}
[[nodiscard]] inline bool call_that_is_slow(const Breaker& it) {
    return it.call(between, [] { return Outcome::slow; }).has_value();
}
[[nodiscard]] inline bool ask_and_ignore(const Breaker& it) {
    Admission let_in = it.admit();
    const bool was = static_cast<bool>(let_in);
    between();
    let_in.ignore();
    return was;
}
// Whoever asks this way holds what it got as long as it lives.
[[nodiscard]] inline bool ask_and_hold(const Breaker& it) { return static_cast<bool>(*new Admission{it.admit()}); }

template <Errc (Breaker::*order)() const noexcept>
[[nodiscard]] Errc operate(const Breaker& it) {
    return (it.*order)();
}

[[nodiscard]] std::vector<breaker_scenario> calls_of_a_closed_breaker();
[[nodiscard]] std::vector<breaker_scenario> calls_of_an_open_breaker();
[[nodiscard]] std::vector<breaker_scenario> works_of_operators();

}  // namespace seki::test
