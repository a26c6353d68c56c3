// Limiters: how they are made, changed and looked at. What they decide: decision.cpp.
#include <seki/limiter.h>

#include "capi/named.hpp"

namespace {

using namespace seki::capi;
using seki::LimiterOptions;
using std::chrono::nanoseconds;

template <class E>
constexpr bool same(int c, E cpp) {
    return c == static_cast<int>(cpp);
}
static_assert(same(SEKI_ALGORITHM_GCRA, seki::Algorithm::gcra) &&
              same(SEKI_ALGORITHM_TOKEN_BUCKET, seki::Algorithm::token_bucket) &&
              same(SEKI_ALGORITHM_LEAKY_BUCKET, seki::Algorithm::leaky_bucket) &&
              same(SEKI_ALGORITHM_SLIDING_WINDOW, seki::Algorithm::sliding_window) &&
              same(SEKI_ALGORITHM_FIXED_WINDOW, seki::Algorithm::fixed_window) &&
              same(SEKI_MODE_ENFORCE, seki::Mode::enforce) && same(SEKI_MODE_SHADOW, seki::Mode::shadow) &&
              same(SEKI_MODE_OFF, seki::Mode::off) && same(SEKI_ON_FULL_ALLOW, seki::OnFull::allow) &&
              same(SEKI_ON_FULL_DENY, seki::OnFull::deny) && same(SEKI_CLOCK_PRECISE, seki::Clock::precise) &&
              same(SEKI_CLOCK_COARSE, seki::Clock::coarse) && SEKI_NEVER == seki::never.count());

constexpr seki_limiter_options defaults = SEKI_LIMITER_OPTIONS_INIT;

bool translate(const char* function, const seki_limiter_options& given, LimiterOptions& options) {
    if (is_outside(function, "options->algorithm", given.algorithm, 0, SEKI_ALGORITHM_FIXED_WINDOW) ||
        is_outside(function, "options->on_full", given.on_full, 0, SEKI_ON_FULL_DENY) ||
        is_outside(function, "options->mode", given.mode, 0, SEKI_MODE_OFF) ||
        is_outside(function, "options->clock", given.clock, 0, SEKI_CLOCK_COARSE) ||
        is_outside(function, "options->store_keys", given.store_keys, 0, 1))
        return false;
    options.algorithm = static_cast<seki::Algorithm>(given.algorithm);
    options.limit = given.limit;
    options.window = nanoseconds{given.window_ns};
    options.burst = given.burst;
    options.max_keys = given.max_keys;
    options.on_full = static_cast<seki::OnFull>(given.on_full);
    options.mode = static_cast<seki::Mode>(given.mode);
    options.clock = static_cast<seki::Clock>(given.clock);
    options.store_keys = given.store_keys == 1;
    return true;
}

seki_limiter_options told(const LimiterOptions& options) noexcept {
    return {.size = sizeof(seki_limiter_options),
            .algorithm = static_cast<std::int32_t>(options.algorithm),
            .on_full = static_cast<std::int32_t>(options.on_full),
            .mode = static_cast<std::int32_t>(options.mode),
            .clock = static_cast<std::int32_t>(options.clock),
            .store_keys = options.store_keys ? 1U : 0U,
            .limit = options.limit,
            .window_ns = options.window.count(),
            .burst = options.burst,
            .max_keys = options.max_keys};
}

}  // namespace

seki_status seki_limiter_create(const seki_segment* segment, const char* name, const seki_limiter_options* options,
                                seki_limiter** limiter) noexcept {
    if (is_null(__func__, "limiter", limiter)) return SEKI_ERROR_INVALID_ARGUMENT;
    *limiter = nullptr;
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [&](const seki::Segment& in, const char* of, const LimiterOptions& wanted) {
                            return hand_out(in.limiter(of, wanted), limiter);
                        });
}

seki_status seki_limiter_get(const seki_segment* segment, const char* name, seki_limiter** limiter) noexcept {
    return find({__func__, segment, name}, "limiter", limiter,
                [](const seki::Segment& in, const char* of) { return in.limiter(of); });
}

void seki_limiter_free(seki_limiter* limiter) noexcept {
    const uncancelled while_it_closes;
    delete limiter;
}

seki_status seki_limiter_change(const seki_segment* segment, const char* name,
                                const seki_limiter_options* options) noexcept {
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [](const seki::Segment& in, const char* of, const LimiterOptions& wanted) {
                            return status_of(in.change(of, wanted));
                        });
}

seki_status seki_limiter_remove(const seki_segment* segment, const char* name) noexcept {
    return seki::capi::remove({__func__, segment, name},
                              [](const seki::Segment& in, const char* of) { return in.remove_limiter(of); });
}

const char* seki_limiter_explain(const seki_limiter* limiter, seki_status why) noexcept {
    return explain(limiter, why);
}

const char* seki_limiter_name(const seki_limiter* limiter) noexcept {
    return limiter != nullptr ? limiter->of.name().data() : nullptr;
}

seki_status seki_limiter_get_options(const seki_limiter* limiter, seki_limiter_options* options) noexcept {
    if (is_null(__func__, "limiter", limiter)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "options", options, [&] { return limiter->of.options(); }, told);
}
