// The law of a limiter: its algorithm with its terms, as pure as the functions of src/algorithm that it chooses among.
#pragma once

#include <cstdint>

#include "algorithm/fixed_window.hpp"
#include "algorithm/gcra.hpp"
#include "algorithm/outcome.hpp"
#include "algorithm/sliding_window.hpp"
#include "primitives/limiter_terms.hpp"

namespace seki::primitives {

class law {
public:
    explicit constexpr law(const limiter_terms& terms) noexcept : terms_{terms} {}

    [[nodiscard]] constexpr const limiter_terms& terms() const noexcept { return terms_; }

    [[nodiscard]] constexpr bool as_good_as_new(std::uint64_t state, algorithm::nanos now) const noexcept {
        switch (terms_.algorithm) {
            case Algorithm::sliding_window: return algorithm::sliding_window::as_good_as_new(state, now, sliding());
            case Algorithm::fixed_window: return algorithm::fixed_window::as_good_as_new(state, now, fixed());
            default: return algorithm::gcra::as_good_as_new(state, now);
        }
    }

    // The state of a key that is new at `now`. It carries the time, so that a caller whose clock is behind it counts as made at `now`.
    [[nodiscard]] constexpr std::uint64_t fresh(algorithm::nanos now) const noexcept {
        switch (terms_.algorithm) {
            case Algorithm::sliding_window: return algorithm::sliding_window::refund(0, now, 0, sliding());
            case Algorithm::fixed_window: return algorithm::fixed_window::refund(0, now, 0, fixed());
            default: return (now * algorithm::gcra::ticks_per_nano) & algorithm::state_mask;
        }
    }

    [[nodiscard]] constexpr algorithm::outcome check(std::uint64_t state, algorithm::nanos now,
                                                     std::uint64_t cost) const noexcept {
        switch (terms_.algorithm) {
            case Algorithm::sliding_window: return algorithm::sliding_window::check(state, now, cost, sliding());
            case Algorithm::fixed_window: return algorithm::fixed_window::check(state, now, cost, fixed());
            default: break;
        }
        algorithm::outcome result = algorithm::gcra::check(state, now, cost, bucket());
        if (terms_.algorithm != Algorithm::leaky_bucket) result.delay = 0;
        return result;
    }

    [[nodiscard]] constexpr std::uint64_t refund(std::uint64_t state, algorithm::nanos now,
                                                 std::uint64_t cost) const noexcept {
        switch (terms_.algorithm) {
            case Algorithm::sliding_window: return algorithm::sliding_window::refund(state, now, cost, sliding());
            case Algorithm::fixed_window: return algorithm::fixed_window::refund(state, now, cost, fixed());
            default: return algorithm::gcra::refund(state, now, cost, bucket());
        }
    }

    // What one check may cost at most.
    [[nodiscard]] constexpr std::uint64_t capacity() const noexcept {
        return is_bucket(terms_.algorithm) ? terms_.burst : terms_.limit;
    }

    // About how long one unit of cost takes to come back: what a caller is told who found the table full.
    [[nodiscard]] constexpr algorithm::nanos pace() const noexcept { return terms_.window_ns / terms_.limit + 1; }

private:
    [[nodiscard]] constexpr algorithm::gcra::terms bucket() const noexcept {
        return {.emission = terms_.emission, .horizon = terms_.horizon, .burst = terms_.burst};
    }
    [[nodiscard]] constexpr algorithm::fixed_window::terms fixed() const noexcept {
        return {.window = terms_.window_ns, .limit = terms_.limit, .shift = terms_.shift};
    }
    [[nodiscard]] constexpr algorithm::sliding_window::terms sliding() const noexcept {
        return {
            .window = terms_.window_ns, .limit = terms_.limit, .shift = terms_.shift, .count_bits = terms_.count_bits};
    }

    limiter_terms terms_;
};

}  // namespace seki::primitives
