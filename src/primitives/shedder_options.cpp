#include "primitives/shedder_options.hpp"

#include <array>

#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"
#include "primitives/shedder_terms.hpp"

namespace seki::primitives {
namespace {

using O = ShedderOptions;
using namespace option_text;

constexpr std::array<option<O>, 3> table{{
    {"max_in_flight", value_kind::number, "requests in flight from which on only priority 0 is let in", "1 to 65535",
     true, print_number<O, &O::max_in_flight>, parse_number<O, &O::max_in_flight>},
    {"target", value_kind::duration, "how long a request may have waited before it is let in", "1ms to 1m", true,
     print_duration<O, &O::target>, parse_duration_of<O, &O::target>},
    {"interval", value_kind::duration, "how long all must have waited longer before one is shed", "1ms to 1h", true,
     print_duration<O, &O::interval>, parse_duration_of<O, &O::interval>},
}};

}  // namespace

option_table<ShedderOptions> shedder_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const ShedderOptions& options) {
    findings<ShedderOptions> found{table};
    found.range("max_in_flight", options.max_in_flight, 1, max_permits);
    found.range("target", options.target, shortest_target, longest_target);
    found.range("interval", options.interval, shortest_target, longest_interval);
    return std::move(found).list();
}

}  // namespace seki::primitives
