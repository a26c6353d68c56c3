// A function behind a limiter and a breaker, at once.
#pragma once

#include <stdint.h>

#include <seki/breaker.h>
#include <seki/limiter.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// Calls `function(context)` if the limiter allows the demand and the breaker lets it through. Answers as seki_breaker_call(), or
// SEKI_ERROR_RATE_LIMITED, and in `*retry_after_ns`, which may be null, the limiter's retry_after. The limiter is asked first, and what it denies costs
// the breaker nothing. What it allowed is spent, also when the breaker refuses then.
SEKI_C_API seki_status seki_execute(const seki_breaker* breaker, const seki_demand* demand, seki_function function,
                                    void* context, int64_t* retry_after_ns);

#ifdef __cplusplus
}
#endif
