#include "primitives/limiter_terms.hpp"

namespace seki::primitives {
limiter_terms compile(const LimiterOptions& options) noexcept {
    limiter_terms terms;
    terms.algorithm = options.algorithm;
    terms.mode = options.mode;
    terms.on_full = options.on_full;
    terms.clock = options.clock;
    terms.limit = std::clamp<std::uint64_t>(options.limit, 1, max_count);
    terms.window_ns = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(options.window.count(), 1, static_cast<std::int64_t>(max_window_ns)));
    if (is_bucket(options.algorithm)) {
        terms.burst_follows = options.burst == 0;
        terms.burst = terms.burst_follows ? terms.limit : std::min(options.burst, max_count);
        terms.emission = algorithm::gcra::emission_for(terms.window_ns, terms.limit);
    }
    if (options.algorithm == Algorithm::sliding_window)
        terms.count_bits = algorithm::sliding_window::count_bits_for(terms.window_ns);
    return unpack(pack(terms));  // which brings in the horizon
}

LimiterOptions to_options(const limiter_terms& terms, std::uint64_t max_keys, bool store_keys) noexcept {
    return {.algorithm = terms.algorithm,
            .limit = terms.limit,
            .window = std::chrono::nanoseconds{static_cast<std::int64_t>(terms.window_ns)},
            .burst = terms.burst_follows || !is_bucket(terms.algorithm) ? 0 : terms.burst,
            .max_keys = max_keys,
            .on_full = terms.on_full,
            .mode = terms.mode,
            .clock = terms.clock,
            .store_keys = store_keys};
}

}  // namespace seki::primitives
