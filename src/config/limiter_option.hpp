// The options of a limiter as text, the same for configuration files and for `sekictl set` and `sekictl create`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <seki/error.hpp>
#include <seki/limiter.hpp>

namespace seki::config {

// set_option(options, "window", "1m"). Says what is wrong with the text; whether the options are accepted together is
// for primitives::validate() to say.
[[nodiscard]] Result<void> set_option(LimiterOptions& options, std::string_view option, std::string_view value_text);

// Every option with the text that set_option() takes, in the order of LimiterOptions; without burst where there is
// none.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> list_options(const LimiterOptions& options);

}  // namespace seki::config
