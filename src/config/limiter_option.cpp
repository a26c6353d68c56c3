#include "config/limiter_option.hpp"

#include "config/nearest.hpp"
#include "primitives/limiter_terms.hpp"
#include "primitives/option_table.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::config {
namespace {

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> names;
    for (const primitives::limiter_option& option : primitives::limiter_option_table()) names.push_back(option.name);
    return names;
}

}  // namespace

Result<void> set_option(LimiterOptions& options, std::string_view option, std::string_view value_text) {
    const primitives::limiter_option* known = primitives::find_limiter_option(option);
    if (known != nullptr) return known->parse(options, *known, value_text);
    return shm::refuse(Errc::invalid_argument, "option {}{}", primitives::quoted(option),
                       unknown_word(option, all_names()));
}

std::vector<std::pair<std::string, std::string>> list_options(const LimiterOptions& options) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const primitives::limiter_option& option : primitives::limiter_option_table())
        if (option.name != "burst" || primitives::is_bucket(options.algorithm))
            list.emplace_back(option.name, option.print(options));
    return list;
}

}  // namespace seki::config
