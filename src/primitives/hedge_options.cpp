#include "primitives/hedge_options.hpp"

#include <array>

#include "primitives/findings.hpp"
#include "primitives/hedge_terms.hpp"
#include "primitives/option_text.hpp"

namespace seki::primitives {
namespace {

using O = HedgeOptions;
using namespace option_text;

constexpr std::array<option<O>, 6> table{{
    {"max_extra", value_kind::number, "attempts of a call beside the first one", "0 to 10", true,
     print_number<O, &O::max_extra>, parse_number<O, &O::max_extra, 0>},
    {"delay", value_kind::duration, "how long is waited for an answer before the next attempt", "0s to 1h", true,
     print_duration<O, &O::delay>, parse_duration_of<O, &O::delay>},
    {"percentile", value_kind::fraction, "wait as long as so many percent of the calls take, instead of delay",
     "0.0 (off) to 99.9", true, print_fraction<O, &O::percentile, 10>, parse_fraction<O, &O::percentile>},
    {"min_delay", value_kind::duration, "the shortest delay by percentile", "0s to 1h", true,
     print_duration<O, &O::min_delay>, parse_duration_of<O, &O::min_delay>},
    {"ratio", value_kind::fraction, "extra attempts that the host may make for each of its calls", "0.0 to 100.0", true,
     print_fraction<O, &O::ratio>, parse_fraction<O, &O::ratio>},
    {"min_per_second", value_kind::number, "extra attempts a second beyond these", "0 to 1000000", true,
     print_number<O, &O::min_per_second>, parse_number<O, &O::min_per_second, 0>},
}};

}  // namespace

option_table<HedgeOptions> hedge_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const HedgeOptions& options) {
    using std::chrono::nanoseconds;
    findings<HedgeOptions> found{table};
    found.range("max_extra", options.max_extra, 0, most_extra);
    found.range("delay", options.delay, nanoseconds{0}, longest_hedge_delay);
    found.range("percentile", options.percentile, 0.0, double{most_percentile} / 10);
    found.range("min_delay", options.min_delay, nanoseconds{0}, longest_hedge_delay);
    found.range("ratio", options.ratio, 0.0, double{retry_law::max_ratio} / double{retry_law::whole});
    found.range("min_per_second", options.min_per_second, 0, retry_law::max_per_second);
    return std::move(found).list();
}

}  // namespace seki::primitives
