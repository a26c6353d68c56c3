// The terms of a limiter: its options as a directory entry keeps them, with the divisions already done, so that a check
// needs none. compile() makes them from options that validate() accepted; unpack() makes them from what a segment holds,
// where another process may have scribbled: whatever it finds, the laws of src/algorithm can work with what it answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include <seki/limiter.hpp>

#include "algorithm/fixed_window.hpp"
#include "algorithm/gcra.hpp"
#include "algorithm/sliding_window.hpp"
#include "layout/directory.hpp"
#include "primitives/option_names.hpp"

namespace seki::primitives {

// gcra, token_bucket and leaky_bucket share one law, and only they have a burst.
constexpr bool is_bucket(Algorithm algorithm) noexcept {
    return algorithm != Algorithm::sliding_window && algorithm != Algorithm::fixed_window;
}

inline constexpr std::uint64_t day_ns = 24ULL * 3600 * 1'000'000'000;
inline constexpr std::uint64_t max_window_ns = 366 * day_ns;
inline constexpr std::uint64_t max_horizon = 10 * 366 * day_ns * algorithm::gcra::ticks_per_nano;
inline constexpr unsigned max_count_bits = algorithm::sliding_window::max_count_bits;
inline constexpr std::uint64_t max_count = algorithm::sliding_window::max_limit(max_count_bits);

static_assert(max_count_bits == algorithm::fixed_window::count_bits, "one bound on `limit` serves every law");
static_assert(max_horizon < 1ULL << 63, "a backlog is a state, and bit 63 of a state belongs to the key table");

struct limiter_terms {
    Algorithm algorithm = Algorithm::gcra;
    Mode mode = Mode::enforce;
    OnFull on_full = OnFull::allow;
    Clock clock = Clock::precise;
    unsigned count_bits = max_count_bits;  // of a count in the state; fewer for a sliding_window of short windows
    std::uint64_t limit = 1;
    std::uint64_t window_ns = 1;
    std::uint64_t burst = 0;                                       // 0 for the windows
    bool burst_follows = false;                                    // it is the limit because no other was asked for
    std::uint64_t emission = 1;                                    // ticks per unit of cost
    std::uint64_t horizon = 0;                                     // burst * emission
    std::uint64_t reciprocal = algorithm::gcra::reciprocal_of(1);  // of emission
    std::uint64_t shift = 0;  // windows: chosen by who changes `window` while the limiter runs

    friend bool operator==(const limiter_terms&, const limiter_terms&) = default;
};

// Of options that validate() accepted; others give terms that are safe and useless. Who changes a living limiter keeps
// its count_bits and chooses its shift.
[[nodiscard]] limiter_terms compile(const LimiterOptions& options) noexcept;

// `burst` is 0 where none was asked for, so that it follows when `limit` is changed.
[[nodiscard]] LimiterOptions to_options(const limiter_terms& terms, std::uint64_t max_keys, bool store_keys) noexcept;

using packed_terms = std::array<std::uint64_t, 8>;

constexpr packed_terms pack(const limiter_terms& terms) noexcept {
    packed_terms values{};
    values[layout::term_modes] =
        layout::pack_modes({static_cast<std::uint8_t>(terms.algorithm), static_cast<std::uint8_t>(terms.mode),
                            static_cast<std::uint8_t>(terms.on_full), static_cast<std::uint8_t>(terms.clock),
                            static_cast<std::uint8_t>(terms.burst_follows)});
    values[layout::term_limit] = terms.limit;
    values[layout::term_window] = terms.window_ns;
    values[layout::term_burst] = terms.burst;
    values[layout::term_emission] = terms.emission;
    values[layout::term_horizon] = terms.horizon;
    values[is_bucket(terms.algorithm) ? layout::term_reciprocal : layout::term_shift] =
        is_bucket(terms.algorithm) ? terms.reciprocal : terms.shift;
    values[layout::term_count_bits] = terms.count_bits;
    return values;
}

template <has_words Enum>
constexpr Enum in_range(std::uint8_t value) noexcept {
    return static_cast<Enum>(std::min<std::size_t>(value, words_of<Enum>::all.size() - 1));
}

struct choices {
    Algorithm algorithm;
    Mode mode;
    OnFull on_full;
    Clock clock;
};

[[gnu::always_inline]] constexpr choices modes_of(std::uint64_t packed) noexcept {
    const layout::modes modes = layout::unpack_modes(packed);
    return {.algorithm = in_range<Algorithm>(modes.algorithm),
            .mode = in_range<Mode>(modes.mode),
            .on_full = in_range<OnFull>(modes.on_full),
            .clock = in_range<Clock>(modes.clock)};
}

[[nodiscard]] constexpr limiter_terms unpack(const packed_terms& values) noexcept {
    const choices modes = modes_of(values[layout::term_modes]);
    limiter_terms terms;
    terms.algorithm = modes.algorithm;
    terms.mode = modes.mode;
    terms.on_full = modes.on_full;
    terms.clock = modes.clock;
    terms.count_bits =
        static_cast<unsigned>(std::clamp<std::uint64_t>(values[layout::term_count_bits], 1, max_count_bits));
    terms.limit = std::clamp<std::uint64_t>(values[layout::term_limit], 1,
                                            algorithm::sliding_window::max_limit(terms.count_bits));
    terms.window_ns = std::clamp<std::uint64_t>(values[layout::term_window], 1, max_window_ns);
    terms.burst = std::min(values[layout::term_burst], max_count);
    terms.burst_follows = layout::unpack_modes(values[layout::term_modes]).burst_follows != 0;
    terms.emission = std::clamp<std::uint64_t>(values[layout::term_emission], 1, max_horizon);
    if (!is_bucket(terms.algorithm)) terms.shift = values[layout::term_shift];
    // Not read from the segment: a horizon that contradicts burst * emission would let a state grow into bit 63.
    if (__builtin_mul_overflow(terms.burst, terms.emission, &terms.horizon) || terms.horizon > max_horizon) {
        terms.emission = max_horizon / terms.burst;
        terms.horizon = terms.burst * terms.emission;
    }
    terms.reciprocal = algorithm::gcra::reciprocal_of(terms.emission);
    return terms;
}

}  // namespace seki::primitives
