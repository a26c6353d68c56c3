// Which columns of a table a screen has room for, and how wide each is.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "top/text.hpp"

namespace seki::ctl::top {

struct column {
    std::string heading;
    std::size_t least = 1;  // narrower than this it goes
    std::size_t most = 1;   // wider it gets no more
    unsigned worth = 0;     // no two the same: those worth least go first, and those worth most grow first
    side at = side::left;
};

struct placed {
    std::size_t which = 0;
    std::size_t width = 0;
};

// In their order, with a blank between two. The one that is worth most stays on the narrowest screen.
[[nodiscard]] std::vector<placed> lay_out(std::span<const column> all, std::size_t width);

}  // namespace seki::ctl::top
