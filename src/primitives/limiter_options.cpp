#include "primitives/limiter_options.hpp"

#include <fmt/format.h>

#include "primitives/duration.hpp"
#include "primitives/option_table.hpp"
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

class findings {
public:
    void range(std::string_view name, std::uint64_t value, std::uint64_t largest) {
        if (value < 1 || value > largest) out_of_range(name, fmt::format("{}", value), value < 1 ? "small" : "large");
    }
    void range(std::string_view name, nanoseconds value, nanoseconds shortest, nanoseconds longest) {
        if (value < shortest || value > longest)
            out_of_range(name, format_duration(value), value < shortest ? "short" : "long");
    }
    template <class Enum>
    void known(std::string_view name, Enum value) {
        if (!is_known(value))
            add(name, fmt::format("{} {} is unknown: {}", name, static_cast<int>(value), accepted(name)));
    }
    void add(std::string_view option, std::string message) { list.push_back({option, std::move(message)}); }

    std::vector<option_mistake> list;

private:
    static std::string_view accepted(std::string_view name) { return find_limiter_option(name)->accepted; }
    void out_of_range(std::string_view name, std::string_view value, std::string_view how) {
        add(name, fmt::format("{} {} is too {}: {}", name, value, how, accepted(name)));
    }
};

void check_ranges(const LimiterOptions& options, findings& found) {
    found.known("algorithm", options.algorithm);
    found.range("limit", options.limit, max_limit);
    found.range("window", options.window, min_window, max_window);
    if (options.burst != 0) found.range("burst", options.burst, max_burst);
    found.range("max_keys", options.max_keys, max_max_keys);
    found.known("on_full", options.on_full);
    found.known("mode", options.mode);
    found.known("clock", options.clock);
}

void check_rate(const LimiterOptions& options, findings& found) {
    const auto fastest = static_cast<std::uint64_t>(options.window.count() / min_ns_per_unit);
    if (options.limit > fastest)
        found.add("limit",
                  fmt::format("limit {} is too fast for a window of {}: at most {}, which is 10000000 a second",
                              options.limit, format_duration(options.window), fastest));
}

void check_burst(const LimiterOptions& options, findings& found) {
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

void check_sliding(const LimiterOptions& options, findings& found) {
    if (options.algorithm != Algorithm::sliding_window) return;
    const std::uint64_t largest = algorithm::sliding_window::max_limit(compile(options).count_bits);
    if (options.limit > largest)
        found.add(
            "limit",
            fmt::format("limit {} is too large for a sliding_window of {}: at most {}, or use gcra or fixed_window",
                        options.limit, format_duration(options.window), largest));
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool may_stand_in_name(char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; }
bool may_begin_name(char c) { return is_letter_or_digit(c) || c == '_'; }

// The whole character at `position`, not one byte of it.
std::string_view character_at(std::string_view text, std::size_t position) {
    std::size_t end = position + 1;
    while (end < text.size() && end < position + 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    return text.substr(position, end - position);
}

// Shortest window whose numbers fit beside two counts of `count_bits`: the inverse of count_bits_for().
nanoseconds shortest_window(unsigned count_bits) {
    std::uint64_t window = 1;
    while (algorithm::sliding_window::count_bits_for(window) < count_bits) window *= 2;
    constexpr std::uint64_t milli = 1'000'000;
    return nanoseconds{(window + milli - 1) / milli * milli};
}

Result<void> check_fixed_options(std::string_view name, const LimiterOptions& existing, const LimiterOptions& wanted) {
    for (const limiter_option& option : limiter_option_table()) {
        const std::string is = option.print(existing);
        if (option.can_change || is == option.print(wanted)) continue;
        return std::unexpected(invalid(fmt::format(
            "limiter {}: {} is {} and cannot change to {} while it lives: delete the limiter and create it anew",
            quoted(name), option.name, is, option.print(wanted))));
    }
    return {};
}

// The state words of a sliding window were divided when it was created; other limits and windows must fit
// that division.
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

bool has_same_burst(const LimiterOptions& a, const LimiterOptions& b) {
    const bool both_follow_limit = a.burst == 0 && b.burst == 0;
    const bool only_one_has_any = is_bucket(a.algorithm) != is_bucket(b.algorithm);
    return both_follow_limit || only_one_has_any;
}

}  // namespace

Result<void> check_name(std::string_view kind, std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        return std::unexpected(invalid(
            fmt::format("{} {}: {}: 1 to {} letters, digits, \"_\", \".\" or \"-\", not beginning with \".\" or \"-\"",
                        kind, quoted(name), why, max_name_length)));
    };
    if (name.empty()) return refuse("the name is empty");
    if (name.size() > max_name_length) return refuse(fmt::format("the name is {} bytes long", name.size()));
    for (std::size_t i = 0; i < name.size(); ++i)
        if (!may_stand_in_name(name[i]))
            return refuse(fmt::format("the name has {} at position {}", quoted(character_at(name, i)), i + 1));
    if (!may_begin_name(name.front())) return refuse(fmt::format("the name begins with {}", quoted(name.substr(0, 1))));
    return {};
}

std::vector<option_mistake> mistakes(const LimiterOptions& options) {
    findings found;
    check_ranges(options, found);
    if (!found.list.empty()) return found.list;
    check_rate(options, found);
    check_burst(options, found);
    check_sliding(options, found);
    return found.list;
}

Result<void> validate(std::string_view name, const LimiterOptions& options) {
    if (auto fine = check_name("limiter", name); !fine) return fine;
    const auto found = mistakes(options);
    if (found.empty()) return {};
    return std::unexpected(invalid(fmt::format("limiter {}: {}", quoted(name), found.front().message)));
}

Result<void> validate_change(std::string_view name, const LimiterOptions& existing, const LimiterOptions& wanted,
                             unsigned count_bits) {
    if (auto fine = validate(name, wanted); !fine) return fine;
    if (auto fine = check_fixed_options(name, existing, wanted); !fine) return fine;
    return check_count_bits(name, wanted, count_bits);
}

std::string describe_difference(const LimiterOptions& existing, const LimiterOptions& wanted) {
    std::string text;
    for (const limiter_option& option : limiter_option_table()) {
        if (option.name == "burst" && has_same_burst(existing, wanted)) continue;
        const std::string is = option.print(existing);
        const std::string not_this = option.print(wanted);
        if (is != not_this)
            text += fmt::format("{}{} is {}, not {}", text.empty() ? "" : "; ", option.name, is, not_this);
    }
    return text;
}

}  // namespace seki::primitives
