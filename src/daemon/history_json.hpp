// The history as JSON: /api/v1/history. docs/man/sekid.8 describes it.
#pragma once

#include <string_view>

#include "daemon/history.hpp"
#include "report/json.hpp"

namespace seki::daemon {

[[nodiscard]] report::json to_json(const history::moment& now, std::size_t bytes);
[[nodiscard]] report::json to_json(layout::kind kind, std::string_view name, const history::past& of);

}  // namespace seki::daemon
