// An option of a primitive from text, the same for configuration files and for `sekictl set` and `sekictl create`.
#pragma once

#include <string_view>
#include <vector>

#include <seki/error.hpp>

#include "config/nearest.hpp"
#include "primitives/family.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::config {

// set_option(options, "window", "1m"). Says what is wrong with the text; whether the options are accepted together is for
// primitives::registry<Options>::validate() to say.
template <class Options>
[[nodiscard]] Result<void> set_option(Options& options, std::string_view option, std::string_view value_text) {
    const auto table = primitives::family<Options>::options();
    if (const auto* known = primitives::find_option(table, option); known != nullptr)
        return known->parse(options, *known, value_text);
    std::vector<std::string_view> names;
    for (const auto& each : table) names.push_back(each.name);
    return shm::refuse(Errc::invalid_argument, "option {}{}", primitives::quoted(option), unknown_word(option, names));
}

}  // namespace seki::config
