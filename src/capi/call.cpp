// What goes through breakers: calls, and admissions for who makes them himself.
#include "capi/call.hpp"

#include <seki/execute.h>

#include <seki/execute.hpp>

#include "capi/arguments.hpp"
#include "capi/decision.hpp"
#include "capi/handles.hpp"
#include "capi/placed.hpp"

namespace {

using namespace seki::capi;
using seki::Admission;
using seki::Errc;

}  // namespace

seki_status seki_breaker_call(const seki_breaker* breaker, seki_function function, void* context,
                              std::int64_t* retry_after_ns) {
    if (is_null(__func__, "breaker", breaker) || is_null(__func__, "function", function))
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (retry_after_ns != nullptr) *retry_after_ns = 0;
    return without_exceptions(__func__, [&] {
        return answer(breaker->of.call([&] { return function(context); }, outcome_of), retry_after_ns,
                      [&](Errc why) { return fail(breaker->of.explain(why)); });
    });
}

seki_status seki_execute(const seki_breaker* breaker, const seki_demand* demand, seki_function function, void* context,
                         std::int64_t* retry_after_ns) {
    if (is_null(__func__, "breaker", breaker) || has_wrong_size(__func__, "demand", demand) ||
        is_null(__func__, "demand->limiter", demand->limiter) || is_no_key(__func__, demand->key, demand->key_length) ||
        is_null(__func__, "function", function))
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (retry_after_ns != nullptr) *retry_after_ns = 0;
    const seki::Demand wanted = translated(*demand);
    return without_exceptions(__func__, [&] {
        return answer(seki::execute(
                          breaker->of, wanted, [&] { return function(context); }, outcome_of),
                      retry_after_ns, [&](Errc why) {
                          const bool of_limiter = wanted.limiter.peek(wanted.key, wanted.cost).error == why;
                          return fail(of_limiter ? wanted.limiter.explain(why) : breaker->of.explain(why));
                      });
    });
}

seki_status seki_breaker_admit(const seki_breaker* breaker, seki_admission* admission) noexcept {
    if (has_wrong_size(__func__, "admission", admission)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (admission->admitted != 0) [[unlikely]]
        return refuse(__func__, "the admission is one that is not told yet: call seki_admission_tell() first");
    admission->retry_after_ns = 0;
    if (is_null(__func__, "breaker", breaker)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    Admission& made = place_in<Admission>(admission->opaque, [&] { return breaker->of.admit(); });
    admission->admitted = made ? 1 : 0;
    if (made) [[likely]]
        return SEKI_OK;
    const seki::Refusal why = made.refusal();
    std::destroy_at(&made);
    admission->retry_after_ns = why.retry_after.count();
    return why.code == Errc::circuit_open ? fail_quickly(why.code) : fail(breaker->of.explain(why.code));
}

seki_status seki_admission_tell(seki_admission* admission, seki_outcome outcome) noexcept {
    if (has_wrong_size(__func__, "admission", admission)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (admission->admitted == 0) [[unlikely]]
        return fail_quickly(Errc::invalid_argument,
                            "seki_admission_tell(): the admission was refused, or is told already: tell each once");
    admission->admitted = 0;
    auto& made = object_in<Admission>(admission->opaque);
    made.tell(outcome_of(outcome));
    std::destroy_at(&made);
    return SEKI_OK;
}

seki_status seki_admission_tell_took(seki_admission* admission, seki_outcome outcome, std::int64_t took_ns) noexcept {
    if (has_wrong_size(__func__, "admission", admission) || is_outside(__func__, "took_ns", took_ns, 0, INT64_MAX))
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (admission->admitted == 0)
        return refuse(__func__, "the admission was refused, or is told already: tell each once");
    admission->admitted = 0;
    auto& made = object_in<Admission>(admission->opaque);
    made.tell(outcome_of(outcome), std::chrono::nanoseconds{took_ns});
    std::destroy_at(&made);
    return SEKI_OK;
}
