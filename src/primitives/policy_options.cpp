#include "primitives/policy_options.hpp"

#include <fmt/format.h>

#include "primitives/findings.hpp"
#include "primitives/name.hpp"
#include "primitives/option_text.hpp"
#include "shm/shape.hpp"

namespace seki::primitives {
namespace {

using O = PolicyOptions;
using namespace option_text;

constexpr std::string_view no_name = "\"\"";

template <auto Member>
std::string print_name(const O& options) {
    return (options.*Member).empty() ? std::string{no_name} : options.*Member;
}

template <auto Member>
Result<void> parse_name(O& options, const option<O>& option, std::string_view text) {
    if (text == no_name) text = {};
    if (!text.empty())
        if (auto fine = check_name(option.name, text); !fine) return fine;
    options.*Member = text;
    return {};
}

template <auto Member>
bool has_name(const O& options) {
    return !(options.*Member).empty();
}

template <auto Member>
constexpr option<O> part(std::string_view name, std::string_view about, std::string_view accepted) {
    return {name, value_kind::word, about, accepted, true, print_name<Member>, parse_name<Member>, has_name<Member>};
}

constexpr std::array<option<O>, 1 + layout::policy_parts> table{{
    {"deadline", value_kind::duration, "for a call with its retries; 0s: none", "0s to 366d", true,
     print_duration<O, &O::deadline>, parse_duration_of<O, &O::deadline>},
    part<&O::limiter>("limiter", "which limiter denies a call", "the name of a limiter, or \"\" for none"),
    part<&O::shedder>("shedder", "which shedder sheds it", "the name of a shedder, or \"\" for none"),
    part<&O::bulkhead>("bulkhead", "of which bulkhead it has a permit", "the name of a bulkhead, or \"\" for none"),
    part<&O::adaptive>("adaptive", "or of which adaptive limit", "the name of an adaptive limit, or \"\" for none"),
    part<&O::breaker>("breaker", "which breaker lets it through", "the name of a breaker, or \"\" for none"),
    part<&O::retry>("retry", "which retry makes it again", "the name of a retry, or \"\" for none"),
}};

}  // namespace

option_table<PolicyOptions> policy_option_table() noexcept { return table; }

std::vector<option_mistake> mistakes(const PolicyOptions& options) {
    using std::chrono::nanoseconds;
    findings<PolicyOptions> found{table};
    found.range("deadline", options.deadline, nanoseconds{0}, longest_policy_deadline);
    for (const policy_member& each : policy_members) {
        const std::string& name = options.*each.name;
        if (name.empty()) continue;
        if (const auto fine = check_name(shm::to_string(each.kind), name); !fine)
            found.add(shm::to_string(each.kind), fine.error().message);
    }
    if (!options.bulkhead.empty() && !options.adaptive.empty())
        found.add("adaptive", fmt::format("adaptive {} and bulkhead {} are both given: one of them",
                                          primitives::quoted(options.adaptive), primitives::quoted(options.bulkhead)));
    return std::move(found).list();
}

}  // namespace seki::primitives
