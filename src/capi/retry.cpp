#include <seki/retry.h>

#include "capi/call.hpp"
#include "capi/named.hpp"
#include "capi/placed.hpp"

namespace {

using namespace seki::capi;
using seki::Errc;
using seki::RetryLoop;
using seki::RetryOptions;
using std::chrono::nanoseconds;

template <class E>
constexpr bool same(int c, E cpp) {
    return c == static_cast<int>(cpp);
}
static_assert(same(SEKI_BACKOFF_CONSTANT, seki::Backoff::constant) &&
              same(SEKI_BACKOFF_LINEAR, seki::Backoff::linear) &&
              same(SEKI_BACKOFF_EXPONENTIAL, seki::Backoff::exponential) &&
              same(SEKI_JITTER_NONE, seki::Jitter::none) && same(SEKI_JITTER_FULL, seki::Jitter::full) &&
              same(SEKI_JITTER_EQUAL, seki::Jitter::equal) &&
              same(SEKI_JITTER_DECORRELATED, seki::Jitter::decorrelated));

constexpr seki_retry_options defaults = SEKI_RETRY_OPTIONS_INIT;

bool translate(const char* function, const seki_retry_options& given, RetryOptions& options) {
    if (is_outside(function, "options->backoff", given.backoff, 0, SEKI_BACKOFF_EXPONENTIAL) ||
        is_outside(function, "options->jitter", given.jitter, 0, SEKI_JITTER_DECORRELATED))
        return false;
    options = {.max_attempts = given.max_attempts,
               .backoff = static_cast<seki::Backoff>(given.backoff),
               .jitter = static_cast<seki::Jitter>(given.jitter),
               .base_delay = nanoseconds{given.base_delay_ns},
               .max_delay = nanoseconds{given.max_delay_ns},
               .ratio = given.ratio,
               .min_per_second = given.min_per_second};
    return true;
}

seki_retry_options told(const RetryOptions& options) noexcept {
    return {.size = sizeof(seki_retry_options),
            .backoff = static_cast<std::int32_t>(options.backoff),
            .jitter = static_cast<std::int32_t>(options.jitter),
            .max_attempts = options.max_attempts,
            .base_delay_ns = options.base_delay.count(),
            .max_delay_ns = options.max_delay.count(),
            .ratio = options.ratio,
            .min_per_second = options.min_per_second};
}

seki_retry_status told_status(const seki::RetryStatus& status) noexcept {
    return {.size = sizeof(seki_retry_status),
            .calls = status.calls,
            .retries = status.retries,
            .recovered = status.recovered,
            .exhausted = status.exhausted,
            .denied = status.denied,
            .budget_left = status.budget_left};
}

// Whether an attempt that came to that is worth another; what the C++ interface calls an error of the function.
bool is_error(seki_outcome told) noexcept { return outcome_of(told) == seki::Outcome::error; }

bool is_not_begun(const char* function, const seki_retry_loop* loop) noexcept {
    if (has_wrong_size(function, "loop", loop)) return true;
    if (loop->begun != 0) return false;
    refuse(function, "the loop is not begun, or has ended: call seki_retry_begin() first");
    return true;
}

void end(seki_retry_loop& loop) noexcept {
    loop.begun = 0;
    std::destroy_at(&object_in<RetryLoop>(loop.opaque));
}

}  // namespace

seki_status seki_retry_create(const seki_segment* segment, const char* name, const seki_retry_options* options,
                              seki_retry** retry) noexcept {
    if (is_null(__func__, "retry", retry)) return SEKI_ERROR_INVALID_ARGUMENT;
    *retry = nullptr;
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [&](const seki::Segment& in, const char* of, const RetryOptions& wanted) {
                            return hand_out(in.retry(of, wanted), retry);
                        });
}

seki_status seki_retry_get(const seki_segment* segment, const char* name, seki_retry** retry) noexcept {
    return find({__func__, segment, name}, "retry", retry,
                [](const seki::Segment& in, const char* of) { return in.retry(of); });
}

void seki_retry_free(seki_retry* retry) noexcept {
    const uncancelled while_it_closes;
    delete retry;
}

seki_status seki_retry_change(const seki_segment* segment, const char* name,
                              const seki_retry_options* options) noexcept {
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [](const seki::Segment& in, const char* of, const RetryOptions& wanted) {
                            return status_of(in.change(of, wanted));
                        });
}

seki_status seki_retry_remove(const seki_segment* segment, const char* name) noexcept {
    return seki::capi::remove({__func__, segment, name},
                              [](const seki::Segment& in, const char* of) { return in.remove_retry(of); });
}

seki_status seki_retry_call(const seki_retry* retry, seki_function function, void* context) {
    if (is_null(__func__, "retry", retry) || is_null(__func__, "function", function))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return without_exceptions(__func__, [&]() -> seki_status {
        // As a std::expected, so that why the last attempt was the last is told with it.
        const auto called = retry->of.call([&]() -> std::expected<void, seki_outcome> {
            const seki_outcome came_to = function(context);
            if (is_error(came_to)) return std::unexpected(came_to);
            return {};
        });
        if (called) return SEKI_OK;
        if (called.error().code() == Errc::call_failed) return fail_quickly(Errc::call_failed);
        return fail(retry->of.explain(called.error().code()));
    });
}

seki_status seki_retry_begin(const seki_retry* retry, seki_retry_loop* loop) noexcept {
    if (has_wrong_size(__func__, "loop", loop) || is_null(__func__, "retry", retry)) return SEKI_ERROR_INVALID_ARGUMENT;
    if (loop->begun != 0) return refuse(__func__, "the loop is begun: it must end first");
    const RetryLoop& made = place_in<RetryLoop>(loop->opaque, [&] { return retry->of.begin(); });
    loop->begun = 1;
    if (made) return SEKI_OK;
    const Errc why = made.refusal().code;
    end(*loop);
    return fail(retry->of.explain(why));
}

seki_status seki_retry_failed(seki_retry_loop* loop, std::int64_t at_least_ns, seki_retry_step* step) noexcept {
    if (is_not_begun(__func__, loop) || has_wrong_size(__func__, "step", step) ||
        is_outside(__func__, "at_least_ns", at_least_ns, 0, SEKI_NEVER))
        return SEKI_ERROR_INVALID_ARGUMENT;
    const seki::RetryStep next =
        object_in<RetryLoop>(loop->opaque).failed(seki::Again::after(nanoseconds{at_least_ns}));
    write(*step, [&](seki_retry_step& told) {
        told.again = next ? 1 : 0;
        told.attempt = next.attempt;
        told.delay_ns = next.delay.count();
        told.why = status_of(next.why);
    });
    if (!next) end(*loop);
    return SEKI_OK;
}

seki_status seki_retry_succeeded(seki_retry_loop* loop) noexcept {
    if (is_not_begun(__func__, loop)) return SEKI_ERROR_INVALID_ARGUMENT;
    object_in<RetryLoop>(loop->opaque).succeeded();
    end(*loop);
    return SEKI_OK;
}

seki_status seki_retry_get_status(const seki_retry* retry, seki_retry_status* status) noexcept {
    if (is_null(__func__, "retry", retry)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "status", status, [&] { return retry->of.status(); }, told_status);
}

const char* seki_retry_explain(const seki_retry* retry, seki_status why) noexcept { return explain(retry, why); }

const char* seki_retry_name(const seki_retry* retry) noexcept {
    return retry != nullptr ? retry->of.name().data() : nullptr;
}

seki_status seki_retry_get_options(const seki_retry* retry, seki_retry_options* options) noexcept {
    if (is_null(__func__, "retry", retry)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "options", options, [&] { return retry->of.options(); }, told);
}
