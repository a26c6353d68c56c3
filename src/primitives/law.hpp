// The laws of a limiter: its algorithm with its terms, as pure as the functions of src/algorithm that it stands for.
//
// Each law is a type of its own, so that a check is compiled once for each, with no choice left inside it: with one type that chooses,
// half of a check's time went into moving its answer about (bench/limiter).
#pragma once

#include <cstdint>

#include "algorithm/fixed_window.hpp"
#include "algorithm/gcra.hpp"
#include "algorithm/outcome.hpp"
#include "algorithm/sliding_window.hpp"
#include "primitives/limiter_terms.hpp"

namespace seki::primitives {

// gcra, token_bucket and leaky_bucket. Only a leaky bucket tells how long its queue is.
class bucket_law {
public:
    // `value(layout::limiter_term)` reads one of the packed terms.
    template <class Value>
    [[gnu::always_inline]] explicit constexpr bucket_law(const Value& value) noexcept
        : terms_{.emission = value(layout::term_emission),
                 .horizon = value(layout::term_horizon),
                 .burst = value(layout::term_burst),
                 .reciprocal = value(layout::term_reciprocal)},
          queues_{layout::unpack_modes(value(layout::term_modes)).algorithm ==
                  static_cast<std::uint8_t>(Algorithm::leaky_bucket)} {}
    constexpr bucket_law(const algorithm::gcra::terms& terms, bool queues) noexcept : terms_{terms}, queues_{queues} {}

    [[nodiscard]] constexpr bool as_good_as_new(std::uint64_t state, algorithm::nanos now) const noexcept {
        return algorithm::gcra::as_good_as_new(state, now);
    }
    // The state of a key that is new at `now`. It carries the time, so that a caller whose clock is behind it counts as made at `now`.
    [[nodiscard]] constexpr std::uint64_t fresh(algorithm::nanos now) const noexcept {
        return (now * algorithm::gcra::ticks_per_nano) & algorithm::state_mask;
    }
    [[nodiscard]] constexpr algorithm::outcome check(std::uint64_t state, algorithm::nanos now,
                                                     std::uint64_t cost) const noexcept {
        algorithm::outcome result = algorithm::gcra::check(state, now, cost, terms_);
        if (!queues_) result.delay = 0;
        return result;
    }
    // check() in its two halves.
    [[nodiscard]] constexpr algorithm::gcra::ruling rule(std::uint64_t state, algorithm::nanos now,
                                                         std::uint64_t cost) const noexcept {
        return algorithm::gcra::rule(state, now, cost, {.emission = terms_.emission, .horizon = terms_.horizon});
    }
    [[nodiscard, gnu::always_inline]] constexpr algorithm::outcome describe(
        const algorithm::gcra::ruling& made) const noexcept {
        algorithm::outcome result = algorithm::gcra::describe(made, terms_);
        if (!queues_) result.delay = 0;
        return result;
    }
    [[nodiscard]] constexpr std::uint64_t refund(std::uint64_t state, algorithm::nanos now,
                                                 std::uint64_t cost) const noexcept {
        return algorithm::gcra::refund(state, now, cost, terms_);
    }
    // Takes back a check that left `written` at `then`, or a little later, under these very terms; `now` is not earlier than any check in `state`.
    [[nodiscard]] constexpr std::uint64_t undo(std::uint64_t state, algorithm::nanos now, std::uint64_t cost,
                                               std::uint64_t /*written*/, algorithm::nanos then) const noexcept {
        return algorithm::gcra::undo(state, now, cost, then, terms_);
    }
    // What one check may cost at most.
    [[nodiscard]] constexpr std::uint64_t capacity() const noexcept { return terms_.burst; }
    // How far ahead of the clock a state of this kind can be, under these terms or earlier ones.
    [[nodiscard]] constexpr algorithm::nanos reach() const noexcept {
        return algorithm::gcra::to_nanos_up(max_horizon);
    }
    // About how long one unit of cost takes to come back: what a caller is told who found the table full.
    [[nodiscard]] constexpr algorithm::nanos pace() const noexcept {
        return algorithm::gcra::to_nanos_up(terms_.emission);
    }

private:
    algorithm::gcra::terms terms_;
    bool queues_;
};

// Of those terms the ones for a decision, for who reads the others when there is time.
template <class Value>
[[gnu::always_inline]] constexpr algorithm::gcra::bounds bounds_of(const Value& value) noexcept {
    return {.emission = value(layout::term_emission), .horizon = value(layout::term_horizon)};
}

class sliding_window_law {
public:
    explicit constexpr sliding_window_law(const limiter_terms& terms) noexcept
        : terms_{
              .window = terms.window_ns, .limit = terms.limit, .shift = terms.shift, .count_bits = terms.count_bits} {}

    [[nodiscard]] constexpr bool as_good_as_new(std::uint64_t state, algorithm::nanos now) const noexcept {
        return algorithm::sliding_window::as_good_as_new(state, now, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t fresh(algorithm::nanos now) const noexcept {
        return algorithm::sliding_window::refund(0, now, 0, terms_);
    }
    [[nodiscard]] constexpr algorithm::outcome check(std::uint64_t state, algorithm::nanos now,
                                                     std::uint64_t cost) const noexcept {
        return algorithm::sliding_window::check(state, now, cost, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t refund(std::uint64_t state, algorithm::nanos now,
                                                 std::uint64_t cost) const noexcept {
        return algorithm::sliding_window::refund(state, now, cost, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t undo(std::uint64_t state, algorithm::nanos /*now*/, std::uint64_t cost,
                                               std::uint64_t written, algorithm::nanos /*then*/) const noexcept {
        return algorithm::sliding_window::undo(state, cost, written, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t capacity() const noexcept { return terms_.limit; }
    [[nodiscard]] constexpr algorithm::nanos reach() const noexcept { return 3 * terms_.window; }
    [[nodiscard]] constexpr algorithm::nanos pace() const noexcept { return terms_.window / terms_.limit + 1; }

private:
    algorithm::sliding_window::terms terms_;
};

class fixed_window_law {
public:
    explicit constexpr fixed_window_law(const limiter_terms& terms) noexcept
        : terms_{.window = terms.window_ns, .limit = terms.limit, .shift = terms.shift} {}

    [[nodiscard]] constexpr bool as_good_as_new(std::uint64_t state, algorithm::nanos now) const noexcept {
        return algorithm::fixed_window::as_good_as_new(state, now, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t fresh(algorithm::nanos now) const noexcept {
        return algorithm::fixed_window::refund(0, now, 0, terms_);
    }
    [[nodiscard]] constexpr algorithm::outcome check(std::uint64_t state, algorithm::nanos now,
                                                     std::uint64_t cost) const noexcept {
        return algorithm::fixed_window::check(state, now, cost, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t refund(std::uint64_t state, algorithm::nanos now,
                                                 std::uint64_t cost) const noexcept {
        return algorithm::fixed_window::refund(state, now, cost, terms_);
    }
    [[nodiscard]] constexpr std::uint64_t undo(std::uint64_t state, algorithm::nanos /*now*/, std::uint64_t cost,
                                               std::uint64_t written, algorithm::nanos /*then*/) const noexcept {
        return algorithm::fixed_window::undo(state, cost, written);
    }
    [[nodiscard]] constexpr std::uint64_t capacity() const noexcept { return terms_.limit; }
    [[nodiscard]] constexpr algorithm::nanos reach() const noexcept { return 3 * terms_.window; }
    [[nodiscard]] constexpr algorithm::nanos pace() const noexcept { return terms_.window / terms_.limit + 1; }

private:
    algorithm::fixed_window::terms terms_;
};

// Whether terms with these modes are those of a bucket that is enforced: what the straight path of a check knows how to do.
[[gnu::always_inline]] constexpr bool goes_straight(std::uint64_t packed_modes) noexcept {
    static_assert(static_cast<std::uint8_t>(Mode::enforce) == 0);
    const layout::modes modes = layout::unpack_modes(packed_modes);
    return (modes.algorithm | modes.mode << 8) < static_cast<int>(Algorithm::sliding_window);
}

// Calls visit(law) with the law that the terms ask for. `values` may be what stands in a segment: a window law gets it cleaned of what
// its arithmetic could trap on, a bucket law has nothing to fear from any terms (algorithm/gcra.hpp).
template <class Visit>
[[gnu::always_inline]] constexpr auto with_law(const packed_terms& values, Visit&& visit) noexcept {
    switch (modes_of(values[layout::term_modes]).algorithm) {
        case Algorithm::sliding_window: return visit(sliding_window_law{unpack(values)});
        case Algorithm::fixed_window: return visit(fixed_window_law{unpack(values)});
        default: return visit(bucket_law{[&](std::size_t value) { return values[value]; }});
    }
}
template <class Visit>
constexpr auto with_law(const limiter_terms& terms, Visit&& visit) noexcept {
    return with_law(pack(terms), visit);
}

}  // namespace seki::primitives
