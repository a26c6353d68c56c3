#include "primitives/breaker_terms.hpp"

namespace seki::primitives {
namespace {

using std::chrono::nanoseconds;

std::uint64_t count_of(nanoseconds span) noexcept {
    return static_cast<std::uint64_t>(std::max(span, nanoseconds{0}).count());
}
nanoseconds span_of(std::uint64_t ns) noexcept { return nanoseconds{static_cast<nanoseconds::rep>(ns)}; }

std::uint64_t hundredths(double factor) noexcept {
    // Not a number is none of these, and gives the least.
    return factor >= 1.0 ? static_cast<std::uint64_t>(std::lround(std::min(factor, 1e6) * 100)) : 100;
}

}  // namespace

breaker_terms compile(const BreakerOptions& options) noexcept {
    const WindowSize size = options.window_size;
    shm::wide_terms values{};
    values[layout::breaker_window_type] = options.window_type == WindowType::time ? 1 : 0;
    values[layout::breaker_window] = size.is_duration()
                                         ? count_of(size.duration())
                                         : static_cast<std::uint64_t>(std::max<std::int64_t>(size.calls(), 0));
    values[layout::breaker_minimum_calls] = options.minimum_calls;
    values[layout::breaker_failure_threshold] = options.failure_threshold;
    values[layout::breaker_slow_call_threshold] = options.slow_call_threshold;
    values[layout::breaker_slow_call_duration] = count_of(options.slow_call_duration);
    values[layout::breaker_wait_duration] = count_of(options.wait_duration);
    values[layout::breaker_wait_multiplier] = hundredths(options.wait_multiplier);
    values[layout::breaker_wait_duration_max] = count_of(options.wait_duration_max);
    values[layout::breaker_half_open_requests] = options.half_open_requests;
    values[layout::breaker_max_half_open_duration] = count_of(options.max_half_open_duration);
    values[layout::breaker_mode] = static_cast<std::uint64_t>(options.mode);
    return unpack_breaker(values);
}

BreakerOptions to_options(const breaker_terms& terms) noexcept {
    const breaker_law::terms& law = terms.law;
    const bool counts_calls = law.window_type == breaker_law::window_type::count;
    return {.window_type = counts_calls ? WindowType::count : WindowType::time,
            .window_size = counts_calls ? WindowSize{law.window} : WindowSize{span_of(law.window)},
            .minimum_calls = law.minimum_calls,
            .failure_threshold = law.failure_threshold,
            .slow_call_threshold = law.slow_call_threshold,
            .slow_call_duration = span_of(law.slow_call_duration),
            .wait_duration = span_of(law.wait_duration),
            .wait_multiplier = static_cast<double>(law.wait_multiplier) / 100,
            .wait_duration_max = span_of(law.wait_duration_max),
            .half_open_requests = law.half_open_requests,
            .max_half_open_duration = span_of(law.max_half_open_duration),
            .mode = terms.mode};
}

shm::wide_terms pack(const breaker_terms& terms) noexcept {
    const breaker_law::terms& law = terms.law;
    shm::wide_terms values{};
    values[layout::breaker_window_type] = static_cast<std::uint64_t>(law.window_type);
    values[layout::breaker_window] = law.window;
    values[layout::breaker_minimum_calls] = law.minimum_calls;
    values[layout::breaker_failure_threshold] = law.failure_threshold;
    values[layout::breaker_slow_call_threshold] = law.slow_call_threshold;
    values[layout::breaker_slow_call_duration] = law.slow_call_duration;
    values[layout::breaker_wait_duration] = law.wait_duration;
    values[layout::breaker_wait_multiplier] = law.wait_multiplier;
    values[layout::breaker_wait_duration_max] = law.wait_duration_max;
    values[layout::breaker_half_open_requests] = law.half_open_requests;
    values[layout::breaker_max_half_open_duration] = law.max_half_open_duration;
    values[layout::breaker_mode] = static_cast<std::uint64_t>(terms.mode);
    return values;
}

}  // namespace seki::primitives
