#include "primitives/limiter_family.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "algorithm/window_number.hpp"
#include "primitives/clock.hpp"
#include "primitives/duration.hpp"
#include "primitives/limiter_table.hpp"

namespace seki::primitives {
namespace {

// The states of a window law name windows by number, and numbers must go on rising when the length of the windows changes.
// Calls that still go by the old terms have read their clock before these are in force (limiter::decide). So the clock is looked at again
// afterwards: should this process have been stopped for so long that the old numbers came further than foreseen, it publishes once more. It cannot tell
// whether it was stopped before it published or since: then nobody went by the old numbers, and counts of the new ones are forgotten in vain. So a minute is
// foreseen. How often is bounded: a process may be stopped for more than a minute each time.
void publish_with_shift(layout::directory_entry& entry, const limiter_terms& old, limiter_terms next) {
    const algorithm::fixed_window::terms before{.window = old.window_ns, .shift = old.shift};
    algorithm::nanos now = read_clock(Clock::precise);
    next.shift = algorithm::shift_after_change(before, next.window_ns, now);
    constexpr int rounds = 8;
    for (int round = 0; round < rounds; ++round) {
        shm::publish_terms(entry, pack(next));
        const algorithm::nanos after = read_clock(Clock::precise);
        if (after / old.window_ns <= now / old.window_ns + algorithm::windows_foreseen(old.window_ns)) return;
        now = after;
        const std::uint64_t again = algorithm::shift_after_change(before, next.window_ns, now);
        const bool further = static_cast<std::int64_t>(again - next.shift) > 2;
        next.shift = further ? again : next.shift + 2;
    }
}

// Each change of window takes the numbers of a minute, and two. A scribbled shift, or changes without end, would use up those that a state can keep, and time
// would stand still for the limiter.
Result<void> check_numbers(std::string_view name, const limiter_terms& old, const LimiterOptions& wanted) {
    const std::uint64_t window = compile(wanted).window_ns;
    if (is_bucket(old.algorithm) || old.window_ns == window) return {};
    const unsigned counts =
        old.algorithm == Algorithm::sliding_window ? 2 * old.count_bits : algorithm::fixed_window::count_bits;
    const std::uint64_t last = (1ULL << (63 - counts)) - 1;
    const algorithm::fixed_window::terms before{.window = old.window_ns, .shift = old.shift};
    const std::uint64_t shift = algorithm::shift_after_change(before, window, read_clock(Clock::precise));
    if (algorithm::numbers_last(window, shift, last)) return {};
    return std::unexpected(Error{
        Errc::invalid_argument,
        fmt::format("limiter \"{}\": window cannot change to {} any more, for the numbers of its windows would run "
                    "out: keep {}, or delete the limiter and create it anew",
                    name, format_duration(wanted.window),
                    format_duration(std::chrono::nanoseconds{static_cast<std::int64_t>(old.window_ns)}))});
}

limiter_terms in_force(const shm::segment& where, const shm::placement& at) noexcept {
    return unpack(shm::read_terms(shm::directory{where}.entry(at.index)).values);
}

}  // namespace

shm::shape family<LimiterOptions>::shape_of(const LimiterOptions& options) noexcept {
    return shm::pack(shape_for(options));
}

std::uint64_t family<LimiterOptions>::arena_bytes(const LimiterOptions& options,
                                                  std::uint64_t /*max_workers*/) noexcept {
    return shm::table_bytes(shape_for(options)).total();
}

shm::wide_terms family<LimiterOptions>::terms_of(const LimiterOptions& options) noexcept {
    return shm::widen(pack(compile(options)));
}

LimiterOptions family<LimiterOptions>::options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept {
    packed_terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return to_options(unpack(first), shape);
}

void family<LimiterOptions>::fill(const shm::segment& where, const shm::placement& made,
                                  const LimiterOptions& /*options*/) noexcept {
    tables made_here = tables_of(where, made);
    made_here.keys.fill();
    made_here.texts.fill();
}

Result<void> family<LimiterOptions>::may_change(const shm::segment& where, const shm::placement& at,
                                                const LimiterOptions& wanted) {
    const limiter_terms old = in_force(where, at);
    if (auto fine = check_count_bits(at.name, wanted, old.count_bits); !fine) return fine;
    return check_numbers(at.name, old, wanted);
}

void family<LimiterOptions>::change(const shm::segment& where, const shm::placement& at,
                                    const LimiterOptions& wanted) noexcept {
    auto& entry = shm::directory{where}.entry(at.index);
    const limiter_terms old = in_force(where, at);
    limiter_terms next = compile(wanted);
    next.count_bits = old.count_bits;
    next.shift = old.shift;
    if (is_bucket(old.algorithm) || old.window_ns == next.window_ns)
        shm::publish_terms(entry, pack(next));
    else
        publish_with_shift(entry, old, next);
}

}  // namespace seki::primitives
