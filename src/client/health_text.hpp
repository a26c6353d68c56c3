// What the kernel's texts say that health checks read. Pure: texts of any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seki::client {

// Of /proc/pressure/memory and its like, percent: "some avg10=1.25 avg60=0.80 avg300=0.21 total=7123". Nothing when it says otherwise, or no percentage.
[[nodiscard]] std::optional<double> some_avg10(std::string_view text);

// Of /proc/self/limits, the soft limit of open files; the greatest number when there is none.
[[nodiscard]] std::optional<std::uint64_t> open_files_limit(std::string_view text);

// Of /proc/self/cgroup, the path of the line "0::/user.slice"; empty when there is none, or it leads out of where it is.
[[nodiscard]] std::string unified_group(std::string_view text);

}  // namespace seki::client
