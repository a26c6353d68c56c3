#include "primitives/limiter_options.hpp"

#include <fmt/format.h>

#include <array>

#include "primitives/duration.hpp"
#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"
#include "primitives/quoted.hpp"

namespace seki::primitives {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t max_limit = 10'000'000;
constexpr std::uint64_t max_burst = 10'000'000;
constexpr std::uint64_t max_max_keys = 67'108'864;
constexpr nanoseconds min_window{1'000'000};
constexpr nanoseconds max_window{max_window_ns};
constexpr std::int64_t min_ns_per_unit = 100;  // ten million a second

Error invalid(std::string message) { return {Errc::invalid_argument, std::move(message)}; }

using O = LimiterOptions;
using namespace option_text;

std::string print_burst(const LimiterOptions& options) {
    return fmt::format("{}", options.burst == 0 ? options.limit : options.burst);
}

bool has_same_burst(const LimiterOptions& a, const LimiterOptions& b) {
    const bool both_follow_limit = a.burst == 0 && b.burst == 0;
    const bool only_one_has_any = is_bucket(a.algorithm) != is_bucket(b.algorithm);
    return both_follow_limit || only_one_has_any || print_burst(a) == print_burst(b);
}

bool has_burst(const LimiterOptions& options) { return is_bucket(options.algorithm); }

constexpr std::array<option<O>, 9> table{{
    {"algorithm", value_kind::word, "the law that decides",
     "gcra, token_bucket, leaky_bucket, sliding_window or fixed_window", false, print_word<O, &O::algorithm>,
     parse_word<O, &O::algorithm>},
    {"limit", value_kind::number, "cost let through for each key in each window", "1 to 10000000 per window", true,
     print_number<O, &O::limit>, parse_number<O, &O::limit>},
    {"window", value_kind::duration, "the time in which that much is let through", "1ms to 366d", true,
     print_duration<O, &O::window>, parse_duration_of<O, &O::window>},
    {"burst", value_kind::number, "cost let through at once after a pause",
     "1 to 10000000, or 0 to follow limit, as when left out", true, print_burst, parse_number<O, &O::burst, 0>,
     has_burst, has_same_burst},
    {"max_keys", value_kind::number, "keys in use at once that are sure to find a place", "1 to 67108864", false,
     print_number<O, &O::max_keys>, parse_number<O, &O::max_keys>},
    {"on_full", value_kind::word, "what a new key gets while the table is full", "allow or deny", true,
     print_word<O, &O::on_full>, parse_word<O, &O::on_full>},
    {"mode", value_kind::word, "whether the verdict is kept", "enforce, shadow or off", true, print_word<O, &O::mode>,
     parse_word<O, &O::mode>},
    {"clock", value_kind::word, "coarse is cheaper, and a few milliseconds behind", "precise or coarse", true,
     print_word<O, &O::clock>, parse_word<O, &O::clock>},
    {"store_keys", value_kind::flag, "keep the texts of keys, for people to read", "true or false", false,
     print_flag<O, &O::store_keys>, parse_flag<O, &O::store_keys>},
}};

using limiter_findings = findings<LimiterOptions>;

void check_ranges(const LimiterOptions& options, limiter_findings& found) {
    found.known("algorithm", options.algorithm);
    found.range("limit", options.limit, 1, max_limit);
    found.range("window", options.window, min_window, max_window);
    if (options.burst != 0) found.range("burst", options.burst, 1, max_burst);
    found.range("max_keys", options.max_keys, 1, max_max_keys);
    found.known("on_full", options.on_full);
    found.known("mode", options.mode);
    found.known("clock", options.clock);
}

void check_rate(const LimiterOptions& options, limiter_findings& found) {
    const auto fastest = static_cast<std::uint64_t>(options.window.count() / min_ns_per_unit);
    if (options.limit > fastest)
        found.add("limit",
                  fmt::format("limit {} is too fast for a window of {}: at most {}, which is 10000000 a second",
                              options.limit, format_duration(options.window), fastest));
}

void check_burst(const LimiterOptions& options, limiter_findings& found) {
    if (options.burst == 0) return;
    if (!is_bucket(options.algorithm)) {
        found.add("burst",
                  fmt::format("burst {} does not go with {}: leave it out, or use gcra, token_bucket or leaky_bucket",
                              options.burst, to_string(options.algorithm)));
        return;
    }
    LimiterOptions without = options;
    without.burst = 0;
    const std::uint64_t largest = max_horizon / compile(without).emission;
    if (options.burst > largest)
        found.add("burst", fmt::format("burst {} is more than ten years' worth at {} per {}: at most {}", options.burst,
                                       options.limit, format_duration(options.window), largest));
}

void check_sliding(const LimiterOptions& options, limiter_findings& found) {
    if (options.algorithm != Algorithm::sliding_window) return;
    const std::uint64_t largest = algorithm::sliding_window::max_limit(compile(options).count_bits);
    if (options.limit > largest)
        found.add(
            "limit",
            fmt::format("limit {} is too large for a sliding_window of {}: at most {}, or use gcra or fixed_window",
                        options.limit, format_duration(options.window), largest));
}

// Shortest window whose numbers fit beside two counts of `count_bits`: the inverse of count_bits_for().
nanoseconds shortest_window(unsigned count_bits) {
    std::uint64_t window = 1;
    while (algorithm::sliding_window::count_bits_for(window) < count_bits) window *= 2;
    constexpr std::uint64_t milli = 1'000'000;
    return nanoseconds{(window + milli - 1) / milli * milli};
}

}  // namespace

option_table<LimiterOptions> limiter_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const LimiterOptions& options) {
    limiter_findings found{table};
    check_ranges(options, found);
    if (!found.empty()) return std::move(found).list();
    check_rate(options, found);
    check_burst(options, found);
    check_sliding(options, found);
    return std::move(found).list();
}

Result<void> check_count_bits(std::string_view name, const LimiterOptions& wanted, unsigned count_bits) {
    if (wanted.algorithm != Algorithm::sliding_window) return {};
    const std::uint64_t largest = algorithm::sliding_window::max_limit(count_bits);
    if (wanted.limit > largest)
        return std::unexpected(invalid(
            fmt::format("limiter {}: limit {} is too large for the window it was created with: at most {}, or delete "
                        "the limiter and create it anew",
                        quoted(name), wanted.limit, largest)));
    if (count_bits > compile(wanted).count_bits)
        return std::unexpected(invalid(
            fmt::format("limiter {}: window {} is too short for the window it was created with: at least {}, or delete "
                        "the limiter and create it anew",
                        quoted(name), format_duration(wanted.window), format_duration(shortest_window(count_bits)))));
    return {};
}

}  // namespace seki::primitives
