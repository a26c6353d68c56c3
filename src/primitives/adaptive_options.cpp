#include "primitives/adaptive_options.hpp"

#include <array>

#include <fmt/format.h>

#include "primitives/adaptive_terms.hpp"
#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"

namespace seki::primitives {
namespace {

using O = AdaptiveOptions;
using namespace option_text;

template <auto Member>
constexpr option<O> number(std::string_view name, std::string_view about, std::string_view accepted) {
    return {name, value_kind::number, about, accepted, true, print_number<O, Member>, parse_number<O, Member>};
}
template <auto Member>
constexpr option<O> part(std::string_view name, std::string_view about, std::string_view accepted) {
    return {
        name, value_kind::fraction, about, accepted, true, print_fraction<O, Member, 100>, parse_fraction<O, Member>};
}
template <auto Member>
constexpr option<O> duration(std::string_view name, std::string_view about, std::string_view accepted) {
    return {name, value_kind::duration, about, accepted, true, print_duration<O, Member>, parse_duration_of<O, Member>};
}

constexpr std::array<option<O>, 12> table{{
    {"algorithm", value_kind::word, "the law by which the limit moves", "aimd, gradient or vegas", true,
     print_word<O, &O::algorithm>, parse_word<O, &O::algorithm>},
    number<&O::min_limit>("min_limit", "the least limit", "1 to 65535, and at most max_limit"),
    number<&O::max_limit>("max_limit", "the greatest limit", "1 to 65535"),
    number<&O::initial_limit>("initial_limit", "the limit to begin with", "min_limit to max_limit"),
    part<&O::backoff_ratio>("backoff_ratio", "what a window with drops leaves of the limit", "0.5 to 0.99"),
    part<&O::tolerance>("tolerance", "how many times the usual latency is no noise any more", "1.0 to 10.0"),
    part<&O::smoothing>("smoothing", "how much of its way a window moves the limit", "0.01 to 1.0"),
    number<&O::window>("window", "calls that are judged together, at least", "1 to 10000"),
    duration<&O::timeout>("timeout", "a call that took as long counts as dropped", "1ms to 18m"),
    duration<&O::probe_interval>("probe_interval", "how often the latency without a queue is measured", "1s to 1d"),
    duration<&O::max_wait>("max_wait", "the longest that anybody waits for a permit", "0s (do not wait) to 1d"),
    {"max_waiting", value_kind::number, "how many may wait at once", "0 to 65535", true,
     print_number<O, &O::max_waiting>, parse_number<O, &O::max_waiting, 0>},
}};

}  // namespace

option_table<AdaptiveOptions> adaptive_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const AdaptiveOptions& options) {
    using std::chrono::nanoseconds;
    findings<AdaptiveOptions> found{table};
    found.known("algorithm", options.algorithm);
    found.range("min_limit", options.min_limit, 1, max_permits);
    found.range("max_limit", options.max_limit, 1, max_permits);
    found.range("initial_limit", options.initial_limit, 1, max_permits);
    const auto part = [&](std::string_view name, double value, double least, double most) {
        if (value >= least && value <= most) return;  // not a number is none of these
        found.add(name, fmt::format("{} {} is too {}: {}", name, value, value > most ? "large" : "small",
                                    find_option(adaptive_option_table(), name)->accepted));
    };
    part("backoff_ratio", options.backoff_ratio, 0.5, 0.99);
    part("tolerance", options.tolerance, 1, 10);
    part("smoothing", options.smoothing, 0.01, 1);
    found.range("window", options.window, 1, adaptive_law::greatest_window);
    found.range("timeout", options.timeout, std::chrono::milliseconds{1}, std::chrono::minutes{18});
    found.range("probe_interval", options.probe_interval, shortest_probe_interval, longest_probe_interval);
    found.range("max_wait", options.max_wait, nanoseconds{0}, longest_wait);
    found.range("max_waiting", options.max_waiting, 0, max_permits);
    if (!found.empty()) return std::move(found).list();
    if (options.min_limit > options.max_limit)
        found.add("min_limit", fmt::format("min_limit {} is above max_limit {}: lower it, or raise max_limit",
                                           options.min_limit, options.max_limit));
    else if (options.initial_limit < options.min_limit || options.initial_limit > options.max_limit)
        found.add("initial_limit", fmt::format("initial_limit {} is not between min_limit {} and max_limit {}",
                                               options.initial_limit, options.min_limit, options.max_limit));
    return std::move(found).list();
}

}  // namespace seki::primitives
