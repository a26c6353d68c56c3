#include "primitives/event_types.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "algorithm/breaker.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::primitives {
namespace {

using layout::event_kind;

constexpr std::array<std::string_view, 6> states{"closed",      "open",          "half_open",
                                                 "forced_open", "forced_closed", "observe"};
constexpr std::array<std::string_view, 6> outcomes{"ignored", "ok", "error", "slow", "rejected"};
static_assert(static_cast<int>(algorithm::breaker::state::observe) == 5);
static_assert(static_cast<int>(algorithm::breaker::outcome::slow) == 3 && outcome_rejected == 4);

constexpr std::array<measurement_type, 2> permits{{{"current"}, {"available"}}};
constexpr std::array<std::string_view, 6> priorities{"0", "1", "2", "3"};
constexpr std::array<measurement_type, 2> in_flight{{{"in_flight"}, {"limit"}}};

constexpr detail_type error{.name = "error", .is_error = true};

constexpr std::array<std::string_view, 6> endings{"first", "extra", "call_failed", "deadline_exceeded"};
static_assert(static_cast<int>(hedge_status::deadline_exceeded) == 3);

constexpr event_type_table table{{
    {event_kind::limiter_allow, "seki.rate_limit.allow", "limiter", {{{"remaining"}, {"cost"}}}, {}, {}},
    {event_kind::limiter_deny,
     "seki.rate_limit.deny",
     "limiter",
     {{{"retry_after", unit::span}, {"cost"}}},
     {"shadow", {"", "true"}},
     {}},
    {event_kind::breaker_call,
     "seki.breaker.call",
     "breaker",
     {{{"duration", unit::span}, {}}},
     {"state", states},
     {"outcome", outcomes}},
    {event_kind::breaker_state_change,
     "seki.breaker.state_change",
     "breaker",
     {{{"system_time", unit::wall_time}, {"generation"}}},
     {"from", states},
     {"to", states}},
    {event_kind::bulkhead_acquire, "seki.bulkhead.acquire", "bulkhead", permits, {}, {}},
    {event_kind::bulkhead_release, "seki.bulkhead.release", "bulkhead", permits, {}, {}},
    {event_kind::bulkhead_rejected, "seki.bulkhead.rejected", "bulkhead", permits, {}, {}},
    {event_kind::bulkhead_reclaimed, "seki.bulkhead.reclaimed", "bulkhead", permits, {}, {}},
    {event_kind::retry_attempt, "seki.retry.attempt", "retry", {{{"attempt"}, {}}}, {}, error},
    {event_kind::retry_retry, "seki.retry.retry", "retry", {{{"attempt"}, {"delay", unit::span}}}, {}, error},
    {event_kind::retry_success, "seki.retry.success", "retry", {{{"attempt"}, {}}}, {}, {}},
    {event_kind::retry_exhausted, "seki.retry.exhausted", "retry", {{{"attempts"}, {}}}, {}, error},
    {event_kind::adaptive_acquire, "seki.adaptive.acquire", "adaptive", in_flight, {}, {}},
    {event_kind::adaptive_release, "seki.adaptive.release", "adaptive", in_flight, {}, {}},
    {event_kind::adaptive_rejected, "seki.adaptive.rejected", "adaptive", in_flight, {}, {}},
    {event_kind::adaptive_reclaimed, "seki.adaptive.reclaimed", "adaptive", in_flight, {}, {}},
    {event_kind::adaptive_limit_change, "seki.adaptive.limit_change", "adaptive", {{{"old"}, {"new"}}}, {}, {}},
    {event_kind::shed_admit, "seki.shed.admit", "shedder", {{{"in_flight"}, {}}}, {"priority", priorities}, {}},
    {event_kind::shed_shed, "seki.shed.shed", "shedder", {{{"in_flight"}, {}}}, {"priority", priorities}, {}},
    {event_kind::shed_codel_drop,
     "seki.shed.codel_drop",
     "shedder",
     {{{"drop_count"}, {}}},
     {"priority", priorities},
     {}},
    {event_kind::shed_reclaimed, "seki.shed.reclaimed", "shedder", in_flight, {}, {}},
    {event_kind::hedge_complete,
     "seki.hedge.complete",
     "hedge",
     {{{"count"}, {"duration", unit::span}}},
     {},
     {"status", endings}},
    {event_kind::health_check, "seki.health.check", "health", {{{"count"}, {}}}, {}, {"status", {}}},
}};

static_assert(
    [] {
        for (std::size_t i = 0; i < table.size(); ++i)
            if (static_cast<std::size_t>(table[i].kind) != i + 1) return false;
        return true;
    }(),
    "a kind is found by its number");

}  // namespace

const event_type_table& event_types() noexcept { return table; }

const event_type* find_event_type(event_kind kind) noexcept {
    const auto number = static_cast<std::size_t>(kind);
    return number >= 1 && number <= table.size() ? &table[number - 1] : nullptr;
}

Result<event_mask> match_events(std::string_view pattern) {
    return shm::contained([&]() -> Result<event_mask> {
        const std::string wanted{pattern};
        event_mask found = 0;
        if (!pattern.contains('\0'))
            for (const event_type& each : table)
                if (::fnmatch(wanted.c_str(), each.name.data(), 0) == 0) found |= mask_of(each.kind);
        if (found != 0) return found;
        std::string known;
        for (const event_type& each : table) known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
        return shm::refuse(Errc::invalid_argument, "pattern {} matches no event: there are {}", quoted(pattern), known);
    });
}

}  // namespace seki::primitives
