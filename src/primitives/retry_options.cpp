#include "primitives/retry_options.hpp"

#include <array>

#include <fmt/format.h>

#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"
#include "primitives/retry_terms.hpp"

namespace seki::primitives {
namespace {

using O = RetryOptions;
using namespace option_text;

constexpr std::array<option<O>, 7> table{{
    {"max_attempts", value_kind::number, "attempts of a call, the first one included", "1 to 100", true,
     print_number<O, &O::max_attempts>, parse_number<O, &O::max_attempts>},
    {"backoff", value_kind::word, "how delays grow", "constant, linear or exponential", true,
     print_word<O, &O::backoff>, parse_word<O, &O::backoff>},
    {"jitter", value_kind::word, "what chance makes of a delay", "none, full, equal or decorrelated", true,
     print_word<O, &O::jitter>, parse_word<O, &O::jitter>},
    {"base_delay", value_kind::duration, "the delay that grows", "0s to 1d, and at most max_delay", true,
     print_duration<O, &O::base_delay>, parse_duration_of<O, &O::base_delay>},
    {"max_delay", value_kind::duration, "the longest delay", "0s to 1d", true, print_duration<O, &O::max_delay>,
     parse_duration_of<O, &O::max_delay>},
    {"ratio", value_kind::fraction, "retries that the host may make for each of its calls", "0.0 to 100.0", true,
     print_fraction<O, &O::ratio>, parse_fraction<O, &O::ratio>},
    {"min_per_second", value_kind::number, "retries a second beyond these", "0 to 1000000", true,
     print_number<O, &O::min_per_second>, parse_number<O, &O::min_per_second, 0>},
}};

}  // namespace

option_table<RetryOptions> retry_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const RetryOptions& options) {
    using std::chrono::nanoseconds;
    findings<RetryOptions> found{table};
    found.range("max_attempts", options.max_attempts, 1, most_attempts);
    found.known("backoff", options.backoff);
    found.known("jitter", options.jitter);
    found.range("base_delay", options.base_delay, nanoseconds{0}, longest_delay);
    found.range("max_delay", options.max_delay, nanoseconds{0}, longest_delay);
    found.range("ratio", options.ratio, 0.0, double{retry_law::max_ratio} / double{retry_law::whole});
    found.range("min_per_second", options.min_per_second, 0, retry_law::max_per_second);
    if (found.empty() && options.base_delay > options.max_delay)
        found.add("base_delay", fmt::format("base_delay {} is longer than max_delay {}: lower it, or raise max_delay",
                                            format_duration(options.base_delay), format_duration(options.max_delay)));
    return std::move(found).list();
}

}  // namespace seki::primitives
