#include "primitives/breaker_options.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "primitives/breaker_terms.hpp"
#include "primitives/duration.hpp"
#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"

namespace seki::primitives {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds shortest{breaker_shortest_ns};
constexpr nanoseconds longest{breaker_law::max_duration};
constexpr nanoseconds shortest_window{breaker_law::min_window_duration};
constexpr nanoseconds longest_window{breaker_law::max_window_duration};
constexpr double largest_multiplier = double{breaker_law::max_wait_multiplier} / 100;

using O = BreakerOptions;
using namespace option_text;

std::string print_window(const O& options) {
    const WindowSize size = options.window_size;
    return size.is_duration() ? format_duration(size.duration()) : fmt::format("{}", size.calls());
}

Result<void> parse_window(O& options, const option<O>& option, std::string_view text) {
    if (const auto span = parse_duration(text)) {
        options.window_size = WindowSize{*span};
        return {};
    }
    if (!is_whole_number(text)) return refuse(option, quoted(text), "is neither a number of calls nor a duration");
    std::int64_t calls = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), calls);
    if (problem != std::errc{}) return refuse(option, text, "is too large");
    options.window_size = WindowSize{calls};
    return {};
}

// In hundredths, as it is kept.
std::string print_multiplier(const O& options) {
    return fmt::format("{}", std::round(options.wait_multiplier * 100) / 100);
}

Result<void> parse_multiplier(O& options, const option<O>& option, std::string_view text) {
    double factor = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), factor);
    if (problem == std::errc::invalid_argument || end != text.data() + text.size())
        return refuse(option, quoted(text), "is not a number");
    if (problem == std::errc::result_out_of_range) return refuse(option, text, "is too large");
    options.wait_multiplier = factor;
    return {};
}

template <auto Member>
constexpr option<O> number(std::string_view name, std::string_view about, std::string_view accepted) {
    return {name, value_kind::number, about, accepted, true, print_number<O, Member>, parse_number<O, Member>};
}
template <auto Member>
constexpr option<O> duration(std::string_view name, std::string_view about) {
    return {name,
            value_kind::duration,
            about,
            "1ms to 366d",
            true,
            print_duration<O, Member>,
            parse_duration_of<O, Member>};
}
template <auto Member>
constexpr option<O> word(std::string_view name, std::string_view about, std::string_view accepted) {
    return {name, value_kind::word, about, accepted, true, print_word<O, Member>, parse_word<O, Member>};
}

constexpr std::array<option<O>, 12> table{{
    word<&O::window_type>("window_type", "whether it judges by the last calls or by those of some time",
                          "count or time"),
    {"window_size", value_kind::number_or_duration, "how many calls, or how long", "1 to 65536 calls, or 1s to 1d",
     true, print_window, parse_window},
    number<&O::minimum_calls>("minimum_calls", "calls in the window before it is judged",
                              "1 to 65536, and at most window_size calls"),
    number<&O::failure_threshold>("failure_threshold", "share of errors that opens it", "1 to 100 %"),
    number<&O::slow_call_threshold>("slow_call_threshold", "share of errors and slow calls that opens it",
                                    "1 to 100 %"),
    duration<&O::slow_call_duration>("slow_call_duration", "how long a slow call takes at least"),
    duration<&O::wait_duration>("wait_duration", "how long it stays open before it lets probes in"),
    {"wait_multiplier", value_kind::fraction, "how many times as long the next wait is when probes fail",
     "1.0 to 100.0", true, print_multiplier, parse_multiplier},
    duration<&O::wait_duration_max>("wait_duration_max", "how long it waits at most"),
    number<&O::half_open_requests>("half_open_requests", "probes, all of which must be ok", "1 to 1024"),
    duration<&O::max_half_open_duration>("max_half_open_duration", "how long the probes have to decide"),
    word<&O::mode>("mode", "whether it goes by the calls", "auto, forced_open, forced_closed or observe"),
}};

using breaker_findings = findings<BreakerOptions>;

void check_window(const O& options, breaker_findings& found) {
    const WindowSize size = options.window_size;
    const bool is_count = options.window_type == WindowType::count;
    if (!is_known(options.window_type)) return;
    if (is_count == size.is_duration())
        found.add("window_size",
                  is_count
                      ? fmt::format("window_size {} is a duration, and window_type is count: give a number of calls, 1 "
                                    "to 65536, or set window_type to time",
                                    print_window(options))
                      : fmt::format("window_size {} is a number of calls, and window_type is time: give a duration, 1s "
                                    "to 1d, or set window_type to count",
                                    print_window(options)));
    else if (is_count && (size.calls() < 1 || size.calls() > std::int64_t{breaker_law::max_window_calls}))
        found.add("window_size",
                  fmt::format("window_size {} is too {}: {}", size.calls(), size.calls() < 1 ? "small" : "large",
                              find_option(breaker_option_table(), "window_size")->accepted));
    else if (!is_count)
        found.range("window_size", size.duration(), shortest_window, longest_window);
}

void check_multiplier(double factor, breaker_findings& found) {
    if (factor >= 1.0 && factor <= largest_multiplier) {
        // Kept in hundredths: it would be rounded to no backing off at all.
        if (factor > 1.0 && std::round(factor * 100) == 100)
            found.add("wait_multiplier",
                      fmt::format("wait_multiplier {} is too near to 1.0: 1.0 for none, or 1.01 to {:.1f}", factor,
                                  largest_multiplier));
        return;
    }
    found.add("wait_multiplier", fmt::format("wait_multiplier {} is {}: 1.0 to {:.1f}", factor,
                                             factor < 1.0                  ? "too small"
                                             : factor > largest_multiplier ? "too large"
                                                                           : "not a number",
                                             largest_multiplier));
}

}  // namespace

option_table<BreakerOptions> breaker_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const BreakerOptions& options) {
    breaker_findings found{table};
    found.known("window_type", options.window_type);
    check_window(options, found);
    found.range("minimum_calls", options.minimum_calls, 1, breaker_law::max_window_calls);
    found.range("failure_threshold", options.failure_threshold, 1, 100);
    found.range("slow_call_threshold", options.slow_call_threshold, 1, 100);
    found.range("slow_call_duration", options.slow_call_duration, shortest, longest);
    found.range("wait_duration", options.wait_duration, shortest, longest);
    check_multiplier(options.wait_multiplier, found);
    found.range("wait_duration_max", options.wait_duration_max, shortest, longest);
    found.range("half_open_requests", options.half_open_requests, 1, breaker_law::max_half_open_requests);
    found.range("max_half_open_duration", options.max_half_open_duration, shortest, longest);
    found.known("mode", options.mode);
    if (!found.empty()) return std::move(found).list();
    if (const auto calls = static_cast<std::uint64_t>(options.window_size.calls());
        options.window_type == WindowType::count && options.minimum_calls > calls)
        found.add("minimum_calls", fmt::format("minimum_calls {} is more than the window has, which is {}: 1 to {}",
                                               options.minimum_calls, calls, calls));
    return std::move(found).list();
}

Result<void> check_room(std::string_view name, const BreakerOptions& wanted, const layout::breaker_geometry& made) {
    const auto refuse = [&](std::string_view option, std::uint64_t value, std::uint64_t room) {
        return std::unexpected(Error{
            Errc::invalid_argument,
            fmt::format("breaker {}: {} {} is more than was made room for at its creation: at most {}, or delete the "
                        "breaker and create it anew",
                        quoted(name), option, value, room)});
    };
    const auto calls = static_cast<std::uint64_t>(wanted.window_size.calls());
    if (wanted.window_type == WindowType::count && calls > made.window_calls())
        return refuse("window_size", calls, made.window_calls());
    if (wanted.half_open_requests > made.half_open_requests())
        return refuse("half_open_requests", wanted.half_open_requests, made.half_open_requests());
    return {};
}

}  // namespace seki::primitives
