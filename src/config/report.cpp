#include "config/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/configuration.hpp"

namespace seki::config {

Error report::error() const {
    std::vector<mistake> sorted = found_;
    std::ranges::sort(sorted, {}, [](const mistake& m) { return std::tie(m.where.line, m.where.column, m.message); });
    const std::size_t shown = std::min(sorted.size(), max_reported);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i)
        text += fmt::format("{}{}:{}:{}: {}", i == 0 ? "" : "\n", file_, sorted[i].where.line, sorted[i].where.column,
                            sorted[i].message);
    if (shown < sorted.size()) text += fmt::format("\n{}: and {} more mistakes", file_, sorted.size() - shown);
    return {Errc::invalid_argument, std::move(text)};
}

}  // namespace seki::config
