// The two window laws under one interface, so that a promise both make is one test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "algorithm/fixed_window.hpp"
#include "algorithm/sliding_window.hpp"
#include "bounds.hpp"

namespace seki::tests {

struct fixed_window_law {
    static constexpr bool sliding = false;
    using terms = algorithm::fixed_window::terms;

    static std::uint64_t greatest_for(nanos) { return greatest_limit; }
    static terms make(nanos window, std::uint64_t limit) { return {.window = window, .limit = limit, .shift = 0}; }
    static algorithm::outcome check(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::fixed_window::check(state, t, cost, law);
    }
    static std::uint64_t refund(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::fixed_window::refund(state, t, cost, law);
    }
    static std::uint64_t undo(std::uint64_t state, nanos, std::uint64_t cost, std::uint64_t written, const terms&) {
        return algorithm::fixed_window::undo(state, cost, written);
    }
    static bool as_good_as_new(std::uint64_t state, nanos t, const terms& law) {
        return algorithm::fixed_window::as_good_as_new(state, t, law);
    }
    static std::uint64_t number_of(std::uint64_t state, const terms&) {
        return state >> algorithm::fixed_window::count_bits;
    }
    static std::uint64_t last_number(const terms&) { return algorithm::fixed_window::number_mask; }
};

struct sliding_window_law {
    static constexpr bool sliding = true;
    using terms = algorithm::sliding_window::terms;

    static std::uint64_t greatest_for(nanos window) {
        return std::min(greatest_limit,
                        algorithm::sliding_window::max_limit(algorithm::sliding_window::count_bits_for(window)));
    }
    static terms make(nanos window, std::uint64_t limit) {
        return {.window = window,
                .limit = limit,
                .shift = 0,
                .count_bits = algorithm::sliding_window::count_bits_for(window)};
    }
    static algorithm::outcome check(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::sliding_window::check(state, t, cost, law);
    }
    static std::uint64_t refund(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::sliding_window::refund(state, t, cost, law);
    }
    static std::uint64_t undo(std::uint64_t state, nanos, std::uint64_t cost, std::uint64_t written, const terms& law) {
        return algorithm::sliding_window::undo(state, cost, written, law);
    }
    static bool as_good_as_new(std::uint64_t state, nanos t, const terms& law) {
        return algorithm::sliding_window::as_good_as_new(state, t, law);
    }
    static std::uint64_t number_of(std::uint64_t state, const terms& law) { return state >> 2 * law.count_bits; }
    static std::uint64_t last_number(const terms& law) { return algorithm::sliding_window::number_mask(law); }
};

using both_windows = testing::Types<fixed_window_law, sliding_window_law>;

struct window_names {
    template <class Law>
    static std::string GetName(int) {
        return Law::sliding ? "sliding" : "fixed";
    }
};

template <class Law>
typename Law::terms any_terms(dice& random) {
    const nanos window = any_window(random);
    return Law::make(window, any_limit(random, window, Law::greatest_for(window)));
}

}  // namespace seki::tests
