// Breakers: how they are made, changed, looked at and forced. What goes through them: call.cpp.
#include <seki/breaker.h>

#include "capi/named.hpp"

namespace {

using namespace seki::capi;
using seki::BreakerMode;
using seki::BreakerOptions;
using seki::BreakerState;
using seki::Errc;
using std::chrono::nanoseconds;

template <class E>
constexpr bool same(int c, E cpp) {
    return c == static_cast<int>(cpp);
}
static_assert(same(SEKI_WINDOW_COUNT, seki::WindowType::count) && same(SEKI_WINDOW_TIME, seki::WindowType::time) &&
              same(SEKI_BREAKER_AUTOMATIC, BreakerMode::automatic) &&
              same(SEKI_BREAKER_FORCED_OPEN, BreakerMode::forced_open) &&
              same(SEKI_BREAKER_FORCED_CLOSED, BreakerMode::forced_closed) &&
              same(SEKI_BREAKER_OBSERVE, BreakerMode::observe) && same(SEKI_STATE_CLOSED, BreakerState::closed) &&
              same(SEKI_STATE_OPEN, BreakerState::open) && same(SEKI_STATE_HALF_OPEN, BreakerState::half_open) &&
              same(SEKI_STATE_FORCED_OPEN, BreakerState::forced_open) &&
              same(SEKI_STATE_FORCED_CLOSED, BreakerState::forced_closed) &&
              same(SEKI_STATE_OBSERVE, BreakerState::observe));

constexpr seki_breaker_options defaults = SEKI_BREAKER_OPTIONS_INIT;

// A window of the other type than window_type is refused by whoever makes the breaker, with a sentence of its own.
seki::WindowSize window_size(const seki_breaker_options& given) noexcept {
    if (given.window_type == SEKI_WINDOW_TIME || given.window_ns != 0) return nanoseconds{given.window_ns};
    return given.window_calls;
}

bool translate(const char* function, const seki_breaker_options& given, BreakerOptions& options) {
    if (is_outside(function, "options->window_type", given.window_type, 0, SEKI_WINDOW_TIME) ||
        is_outside(function, "options->mode", given.mode, 0, SEKI_BREAKER_OBSERVE))
        return false;
    options.window_type = static_cast<seki::WindowType>(given.window_type);
    options.window_size = window_size(given);
    options.minimum_calls = given.minimum_calls;
    options.failure_threshold = given.failure_threshold;
    options.slow_call_threshold = given.slow_call_threshold;
    options.slow_call_duration = nanoseconds{given.slow_call_duration_ns};
    options.wait_duration = nanoseconds{given.wait_duration_ns};
    options.wait_multiplier = given.wait_multiplier;
    options.wait_duration_max = nanoseconds{given.wait_duration_max_ns};
    options.half_open_requests = given.half_open_requests;
    options.max_half_open_duration = nanoseconds{given.max_half_open_duration_ns};
    options.mode = static_cast<BreakerMode>(given.mode);
    return true;
}

seki_breaker_options told(const BreakerOptions& options) noexcept {
    return {.size = sizeof(seki_breaker_options),
            .window_type = static_cast<std::int32_t>(options.window_type),
            .mode = static_cast<std::int32_t>(options.mode),
            .half_open_requests = static_cast<std::uint32_t>(options.half_open_requests),
            .window_calls = static_cast<std::uint64_t>(options.window_size.calls()),
            .window_ns = options.window_size.duration().count(),
            .minimum_calls = options.minimum_calls,
            .failure_threshold = options.failure_threshold,
            .slow_call_threshold = options.slow_call_threshold,
            .slow_call_duration_ns = options.slow_call_duration.count(),
            .wait_duration_ns = options.wait_duration.count(),
            .wait_multiplier = options.wait_multiplier,
            .wait_duration_max_ns = options.wait_duration_max.count(),
            .max_half_open_duration_ns = options.max_half_open_duration.count()};
}

seki_breaker_status told_status(const seki::BreakerStatus& status) noexcept {
    return {.size = sizeof(seki_breaker_status),
            .state = static_cast<std::int32_t>(status.state),
            .for_ns = status.for_duration.count(),
            .retry_after_ns = status.retry_after.count(),
            .reopened = status.reopened,
            .calls = status.calls,
            .errors = status.errors,
            .slow = status.slow,
            .probes = status.probes,
            .probes_ok = status.probes_ok};
}

seki_status answer(const seki_breaker& breaker, Errc why) noexcept {
    return why == Errc::none ? SEKI_OK : fail(breaker.of.explain(why));
}

}  // namespace

seki_status seki_breaker_create(const seki_segment* segment, const char* name, const seki_breaker_options* options,
                                seki_breaker** breaker) noexcept {
    if (is_null(__func__, "breaker", breaker)) return SEKI_ERROR_INVALID_ARGUMENT;
    *breaker = nullptr;
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [&](const seki::Segment& in, const char* of, const BreakerOptions& wanted) {
                            return hand_out(in.breaker(of, wanted), breaker);
                        });
}

seki_status seki_breaker_get(const seki_segment* segment, const char* name, seki_breaker** breaker) noexcept {
    return find({__func__, segment, name}, "breaker", breaker,
                [](const seki::Segment& in, const char* of) { return in.breaker(of); });
}

void seki_breaker_free(seki_breaker* breaker) noexcept {
    const uncancelled while_it_closes;
    delete breaker;
}

seki_status seki_breaker_change(const seki_segment* segment, const char* name,
                                const seki_breaker_options* options) noexcept {
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [](const seki::Segment& in, const char* of, const BreakerOptions& wanted) {
                            return status_of(in.change(of, wanted));
                        });
}

seki_status seki_breaker_remove(const seki_segment* segment, const char* name) noexcept {
    return seki::capi::remove({__func__, segment, name},
                              [](const seki::Segment& in, const char* of) { return in.remove_breaker(of); });
}

seki_status seki_breaker_get_status(const seki_breaker* breaker, seki_breaker_status* status) noexcept {
    if (is_null(__func__, "breaker", breaker)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "status", status, [&] { return breaker->of.status(); }, told_status);
}

seki_status seki_breaker_force(const seki_breaker* breaker, std::int32_t mode) noexcept {
    if (is_null(__func__, "breaker", breaker) || is_outside(__func__, "mode", mode, 0, SEKI_BREAKER_OBSERVE))
        return SEKI_ERROR_INVALID_ARGUMENT;
    switch (mode) {
        case SEKI_BREAKER_FORCED_OPEN: return answer(*breaker, breaker->of.open());
        case SEKI_BREAKER_FORCED_CLOSED: return answer(*breaker, breaker->of.close());
        case SEKI_BREAKER_OBSERVE: return answer(*breaker, breaker->of.observe());
        default: return answer(*breaker, breaker->of.automatic());
    }
}

seki_status seki_breaker_reset(const seki_breaker* breaker) noexcept {
    if (is_null(__func__, "breaker", breaker)) return SEKI_ERROR_INVALID_ARGUMENT;
    return answer(*breaker, breaker->of.reset());
}

const char* seki_breaker_explain(const seki_breaker* breaker, seki_status why) noexcept {
    return explain(breaker, why);
}

const char* seki_breaker_name(const seki_breaker* breaker) noexcept {
    return breaker != nullptr ? breaker->of.name().data() : nullptr;
}

seki_status seki_breaker_get_options(const seki_breaker* breaker, seki_breaker_options* options) noexcept {
    if (is_null(__func__, "breaker", breaker)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "options", options, [&] { return breaker->of.options(); }, told);
}
