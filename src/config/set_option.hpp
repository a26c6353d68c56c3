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

// The option of that name; otherwise says which there are.
template <class Options>
[[nodiscard]] Result<const primitives::option<Options>*> known_option(std::string_view name) {
    const auto table = primitives::family<Options>::options();
    if (const auto* known = primitives::find_option(table, name); known != nullptr) return known;
    std::vector<std::string_view> names;
    for (const auto& each : table) names.push_back(each.name);
    return shm::refuse(Errc::invalid_argument, "option {}{}", primitives::quoted(name), unknown_word(name, names));
}

// set_option(options, "window", "1m"). Says what is wrong with the text; whether the options are accepted together is for
// primitives::registry<Options>::validate() to say.
template <class Options>
[[nodiscard]] Result<void> set_option(Options& options, std::string_view option, std::string_view value_text) {
    const auto known = known_option<Options>(option);
    return known ? (*known)->parse(options, **known, value_text) : std::unexpected(known.error());
}

}  // namespace seki::config
