#include "top/reading.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "primitives/option_names.hpp"
#include "report/text.hpp"
#include "shm/shape.hpp"

namespace seki::ctl::top {
namespace {

level parts(std::uint64_t used, std::uint64_t of) { return {used, of, fmt::format("{}/{}", used, of)}; }

level percent(double ratio) {
    const auto hundredths = static_cast<std::uint64_t>(std::lround(std::clamp(ratio, 0.0, 1.0) * 100));
    return {hundredths, 100, fmt::format("{}%", hundredths)};
}

void say(reading& of, std::string state, look mood) {
    of.state = std::move(state);
    of.mood = mood;
}

void say_room(reading& of, std::uint64_t waiting) {
    if (waiting != 0)
        say(of, fmt::format("{} wait", waiting), look::alarm);
    else if (of.filled->used >= of.filled->of)
        say(of, "full", look::warning);
    else
        say(of, "free", look::good);
}

void say_budget(reading& of, std::uint64_t left) {
    if (left == 0)
        say(of, "spent", look::alarm);
    else
        say(of, fmt::format("{} left", left), look::good);
}

void fill(reading& of, const report::limiter_facts& facts) {
    of.let_in = facts.counters.allow + facts.counters.shadow_deny;
    of.refused = facts.counters.deny;
    of.filled = parts(facts.keys, facts.options.max_keys);
    const Mode mode = facts.options.mode;
    say(of, std::string{primitives::to_string(mode)}, mode == Mode::enforce ? look::plain : look::warning);
}

look mood_of(BreakerState state) noexcept {
    switch (state) {
        case BreakerState::closed: return look::good;
        case BreakerState::open:
        case BreakerState::forced_open: return look::alarm;
        default: return look::warning;
    }
}

void fill(reading& of, const report::breaker_facts& facts) {
    const auto& counters = facts.counters;
    of.let_in = counters.ok + counters.error + counters.slow + counters.ignored;
    of.refused = counters.rejected;
    of.filled = percent(facts.failure_ratio());
    say(of, std::string{primitives::to_string(facts.status.state)}, mood_of(facts.status.state));
}

void fill(reading& of, const report::bulkhead_facts& facts) {
    of.let_in = facts.status.acquired;
    of.refused = facts.status.rejected;
    of.filled = parts(facts.status.in_use, facts.status.max_concurrent);
    say_room(of, facts.status.waiting);
}

void fill(reading& of, const report::adaptive_facts& facts) {
    of.let_in = facts.status.acquired;
    of.refused = facts.status.rejected;
    of.filled = parts(facts.status.in_use, facts.status.limit);
    say_room(of, facts.status.waiting);
    if (facts.status.probing) say(of, "probing", look::warning);
}

void fill(reading& of, const report::shedder_facts& facts) {
    const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
    of.let_in = sum(facts.status.admitted);
    of.refused = sum(facts.status.shed);
    of.filled = parts(facts.status.in_flight, facts.status.max_in_flight);
    say_room(of, 0);
    if (facts.status.dropping) say(of, "sheds", look::alarm);
}

void fill(reading& of, const report::retry_facts& facts) {
    of.let_in = facts.status.calls;
    of.refused = facts.status.denied;
    say_budget(of, facts.status.budget_left);
}

void fill(reading& of, const report::hedge_facts& facts) {
    of.let_in = facts.status.calls;
    of.refused = facts.status.denied;
    say_budget(of, facts.status.budget_left);
}

void fill(reading& of, const report::policy_facts& facts) {
    of.state = "-";
    if (!facts.missing.empty()) say(of, "incomplete", look::alarm);
}

}  // namespace

std::string id_of(layout::kind kind, std::string_view name) { return fmt::format("{} {}", shm::to_string(kind), name); }

std::string reading::id() const { return id_of(kind, name); }

std::vector<reading> read(const report::snapshot& all) {
    std::vector<reading> list;
    each_primitive(all, [&](const auto& facts) {
        reading each{.kind = facts.place.kind,
                     .name = report::for_terminal(facts.place.name),
                     .incarnation = facts.place.incarnation};
        fill(each, facts);
        list.push_back(std::move(each));
    });
    return list;
}

}  // namespace seki::ctl::top
