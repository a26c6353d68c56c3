// The law of a limiter by the terms in force when it was looked at: what a check would answer, for who only looks.
#pragma once

#include "primitives/law.hpp"

namespace seki::report {

class rule {
public:
    explicit constexpr rule(const primitives::limiter_terms& terms) noexcept : terms_{terms} {}

    [[nodiscard]] constexpr bool as_good_as_new(std::uint64_t state, std::uint64_t now_ns) const noexcept {
        return primitives::with_law(terms_, [&](const auto& law) { return law.as_good_as_new(state, now_ns); });
    }
    // What a peek would answer.
    [[nodiscard]] constexpr algorithm::outcome outlook(std::uint64_t state, std::uint64_t now_ns) const noexcept {
        return primitives::with_law(terms_, [&](const auto& law) { return law.check(state, now_ns, 0); });
    }

private:
    primitives::limiter_terms terms_;
};

}  // namespace seki::report
