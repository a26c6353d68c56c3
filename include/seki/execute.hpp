// A function behind a limiter and a breaker: one call, one vocabulary of errors.
#pragma once

#include <concepts>
#include <utility>

#include <seki/breaker.hpp>
#include <seki/call.hpp>
#include <seki/limiter.hpp>

namespace seki {

// Calls `function` if the limiter allows the demand and the breaker lets it through. Answers what the function returned, or why not: rate_limited with
// the limiter's retry_after, circuit_open with the time until a probe, or call_failed with the function's own error.
//     auto page = execute(shop, {limiter, ip}, [&] { return render(ip); });
// The limiter is asked first, and what it denies costs the breaker nothing. What it allowed is spent, also when the breaker refuses then.
// `judging` is what Breaker::call() takes: nothing, a classifier, or a classifier and a judge of exceptions.
template <std::invocable Function, class... Judging>
CallResultOf<Function> execute(const Breaker& breaker, const Demand& demand, Function&& function,
                               Judging&&... judging) {
    const Decision decision = demand.limiter.check(demand.key, demand.cost);
    if (!decision.allowed) [[unlikely]] {
        const Errc why = decision.error != Errc::none ? decision.error : Errc::rate_limited;
        return CallResultOf<Function>{std::unexpect, Refusal{why, decision.retry_after}};
    }
    return breaker.call(std::forward<Function>(function), std::forward<Judging>(judging)...);
}

// With one limit for all: the limiter's empty key.
template <std::invocable Function, class... Judging>
CallResultOf<Function> execute(const Breaker& breaker, const Limiter& limiter, Function&& function,
                               Judging&&... judging) {
    return execute(breaker, Demand{limiter, {}}, std::forward<Function>(function), std::forward<Judging>(judging)...);
}

}  // namespace seki
