#include "primitives/bulkhead_options.hpp"

#include <array>

#include <fmt/format.h>

#include "primitives/bulkhead_terms.hpp"
#include "primitives/findings.hpp"
#include "primitives/option_text.hpp"
#include "primitives/quoted.hpp"

namespace seki::primitives {
namespace {

using O = BulkheadOptions;
using namespace option_text;

constexpr std::array<option<O>, 3> table{{
    {"max_concurrent", value_kind::number, "permits held at once, by all processes together", "1 to 65535", true,
     print_number<O, &O::max_concurrent>, parse_number<O, &O::max_concurrent>},
    {"max_wait", value_kind::duration, "the longest that anybody waits for a permit", "0s (do not wait) to 1d", true,
     print_duration<O, &O::max_wait>, parse_duration_of<O, &O::max_wait>},
    {"max_waiting", value_kind::number, "how many may wait at once", "0 to 65535", true,
     print_number<O, &O::max_waiting>, parse_number<O, &O::max_waiting, 0>},
}};

}  // namespace

option_table<BulkheadOptions> bulkhead_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const BulkheadOptions& options) {
    findings<BulkheadOptions> found{table};
    found.range("max_concurrent", options.max_concurrent, 1, max_permits);
    found.range("max_wait", options.max_wait, std::chrono::nanoseconds{0}, longest_wait);
    found.range("max_waiting", options.max_waiting, 0, max_permits);
    return std::move(found).list();
}

Result<void> check_room(layout::kind kind, std::string_view name, std::string_view option, std::uint64_t wanted,
                        std::uint64_t room) {
    if (wanted <= room) return {};
    return std::unexpected(
        Error{Errc::invalid_argument,
              fmt::format("{0} {1}: {2} {3} is too large for the room that it was created with: at most {4}, or "
                          "delete the {0} and create it anew",
                          shm::to_string(kind), quoted(name), option, wanted, room)});
}

Result<void> check_room(std::string_view name, const BulkheadOptions& wanted, const shm::bulkhead_shape& room) {
    constexpr auto kind = layout::kind::bulkhead;
    if (auto fine = check_room(kind, name, "max_concurrent", wanted.max_concurrent, room.permits); !fine) return fine;
    return check_room(kind, name, "max_waiting", wanted.max_waiting, room.waiting);
}

}  // namespace seki::primitives
