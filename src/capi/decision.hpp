// Decisions and demands, from one language to the other.
#pragma once

#include <seki/limiter.h>

#include <seki/limiter.hpp>

#include "capi/sentence.hpp"
#include "capi/sized.hpp"

namespace seki::capi {

[[gnu::always_inline]] inline void put(const Decision& made, seki_decision& to) noexcept {
    write(to, [&made](seki_decision& all) {
        all.allowed = made.allowed ? 1 : 0;
        all.shadow = made.shadow ? 1 : 0;
        all.error = status_of(made.error);
        all.limit = made.limit;
        all.remaining = made.remaining;
        all.retry_after_ns = made.retry_after.count();
        all.reset_after_ns = made.reset_after.count();
        all.delay_ns = made.delay.count();
    });
}

// Its limiter is not null.
[[nodiscard]] Demand translated(const seki_demand& given) noexcept;

}  // namespace seki::capi
