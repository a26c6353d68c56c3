// What is particular to one kind of primitive in its life: how its options are written, what its entry in the directory says of them, and how
// its piece of the arena begins. Whatever is the same for all kinds (making, finding, changing, deleting, configuration, sekictl, sekid) goes
// by this and knows no kind by name. A new kind is one specialisation, one word in `every_options`, and one in registry.cpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include <seki/adaptive.hpp>
#include <seki/breaker.hpp>
#include <seki/bulkhead.hpp>
#include <seki/error.hpp>
#include <seki/hedge.hpp>
#include <seki/limiter.hpp>
#include <seki/policy.hpp>
#include <seki/retry.hpp>
#include <seki/shedder.hpp>

#include "layout/directory.hpp"
#include "primitives/option.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// Specialised for each type of options.
template <class Options>
struct family;

template <class Options>
concept has_family = requires(const Options& options, const shm::segment& where, const shm::placement& at,
                              const shm::wide_terms& terms, const shm::shape& shape, std::uint64_t max_workers) {
    { family<Options>::kind } -> std::convertible_to<layout::kind>;
    { family<Options>::options() } -> std::same_as<option_table<Options>>;
    // Everything that is wrong. Options that contradict each other are reported only when each is in its range.
    { family<Options>::mistakes(options) } -> std::same_as<std::vector<option_mistake>>;

    { family<Options>::shape_of(options) } -> std::same_as<shm::shape>;
    // In a segment for so many workers: some kinds have something for each.
    { family<Options>::arena_bytes(options, max_workers) } -> std::same_as<std::uint64_t>;
    { family<Options>::terms_of(options) } -> std::same_as<shm::wide_terms>;
    // Of accepted options it gives back what terms_of() and shape_of() were made from; of anything else some that are safe to look at.
    { family<Options>::options_of(terms, shape) } -> std::same_as<Options>;

    // The rest by the holder of the administration lock. fill: before anybody can see it; what stood in the arena is not cleared.
    { family<Options>::fill(where, at, options) } noexcept;
    // Whether it can go to these options while it lives; they are free of mistakes, and fixed options are the same.
    { family<Options>::may_change(where, at, options) } -> std::same_as<Result<void>>;
    // Puts options in force that may_change() accepted.
    { family<Options>::change(where, at, options) } noexcept;
    // Before its entry is taken away, while its handles still work.
    { family<Options>::retire(where, at) } noexcept;
};

// A kind that has options which do not fit into terms, and so stand in its piece of the arena.
template <class Options>
concept has_texts = requires(const shm::segment& where, const shm::placement& at, const shm::wide_terms& terms,
                             Options& into) { family<Options>::read_texts(where, at, terms, into); };

// All that these terms mean.
template <has_family Options>
[[nodiscard]] Options options_by(const shm::segment& where, const shm::placement& at, const shm::wide_terms& terms) {
    Options found = family<Options>::options_of(terms, at.shape);
    if constexpr (has_texts<Options>) family<Options>::read_texts(where, at, terms, found);
    return found;
}

// Those that have no default: without them the others are refused.
template <has_family Options>
[[nodiscard]] std::vector<std::string_view> required_options() {
    std::vector<std::string_view> names;
    for (const option_mistake& each : family<Options>::mistakes(Options{})) names.push_back(each.option);
    return names;
}

template <class... Options>
struct options_list {
    // visit.template operator()<Options>() for each.
    template <class Visit>
    static constexpr void each(Visit visit) {
        (visit.template operator()<Options>(), ...);
    }
    template <template <class> class Of>
    using tuple_of = std::tuple<Of<Options>...>;
};

using every_options = options_list<LimiterOptions, BreakerOptions, BulkheadOptions, AdaptiveOptions, ShedderOptions,
                                   RetryOptions, HedgeOptions, PolicyOptions>;

}  // namespace seki::primitives
