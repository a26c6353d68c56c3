#include "primitives/few.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace seki::primitives {

std::string few(std::span<const std::string_view> names, std::size_t most) {
    const auto told = names.first(std::min(names.size(), most));
    const std::size_t others = names.size() - told.size();
    return fmt::format("{}{}", fmt::join(told, ", "), others == 0 ? "" : fmt::format(" and {} more", others));
}

}  // namespace seki::primitives
