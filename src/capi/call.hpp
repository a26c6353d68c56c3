// Calls of a function of the caller, which may be of C++ after all.
#pragma once

#include <cxxabi.h>

#include <cstdint>
#include <exception>

#include <fmt/format.h>

#include <seki/breaker.h>

#include <seki/breaker.hpp>

#include "capi/sentence.hpp"

namespace seki::capi {

static_assert(SEKI_OUTCOME_IGNORE == static_cast<int>(Outcome::ignore) &&
              SEKI_OUTCOME_OK == static_cast<int>(Outcome::ok) &&
              SEKI_OUTCOME_ERROR == static_cast<int>(Outcome::error) &&
              SEKI_OUTCOME_SLOW == static_cast<int>(Outcome::slow));

constexpr Outcome outcome_of(seki_outcome told) noexcept {
    return told >= SEKI_OUTCOME_IGNORE && told <= SEKI_OUTCOME_SLOW ? static_cast<Outcome>(told) : Outcome::error;
}

inline seki_status failed_by(const char* function, const char* what) noexcept try {
    return fail({Errc::call_failed, fmt::format("{}(): the function that it called threw: {}", function, what)});
} catch (...) {  // no memory for the sentence
    return fail_quickly(Errc::call_failed);
}

// `work()` calls the caller's function. An exception of it ends here; a thread that is cancelled, or leaves by pthread_exit(), goes on unwinding.
template <class Work>
seki_status without_exceptions(const char* function, Work work) {
    try {
        return work();
    } catch (const abi::__forced_unwind&) {
        throw;
    } catch (const std::exception& thrown) {
        return failed_by(function, thrown.what());
    } catch (...) {
        return failed_by(function, "something that is no std::exception");
    }
}

// What a protected call of seki_function came to; `explained(why)` keeps the sentence of what is rare.
template <class Explained>
seki_status answer(const CallResult<seki_outcome>& called, std::int64_t* retry_after_ns, Explained explained) noexcept {
    if (called) {
        if (outcome_of(*called) != Outcome::error) return SEKI_OK;
        return fail_quickly(Errc::call_failed);
    }
    const Refusal why = called.error().refusal();
    if (retry_after_ns != nullptr) *retry_after_ns = why.retry_after.count();
    if (why.code == Errc::circuit_open || why.code == Errc::rate_limited) return fail_quickly(why.code);
    return explained(why.code);
}

}  // namespace seki::capi
