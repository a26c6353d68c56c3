// Which accesses to shared memory there are in the code, each with its order; and one of them with a weaker order, to see whether anybody notices.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <set>
#include <source_location>
#include <string_view>

#include "support/interleaving.hpp"

namespace seki::test {

struct weaker_order {
    const char* change = nullptr;  // nullptr: no more of them
    order how{};
    order failing{};
};
// A function of the memory, and the orders that are less than its own.
struct ordered_access {
    const char* what;
    order how{};
    order failing{};
    std::array<weaker_order, 3> weaker{};
};

// Where the code calls it.
struct order_site {
    std::string_view file;
    unsigned line = 0;
    unsigned column = 0;
    const ordered_access* function = nullptr;
    auto operator<=>(const order_site&) const = default;
};

class order_book {
public:
    // What the code asks for at that place.
    static access look_up(const ordered_access& function, const std::source_location& at) {
        if (records) seen.insert({at.file_name(), at.line(), at.column(), &function});
        const bool is_weak = weak && at.line() == weak->site.line && at.column() == weak->site.column &&
                             &function == weak->site.function && at.file_name() == weak->site.file;
        if (!is_weak) return {function.what, {function.how, function.how}, {function.failing, function.failing}};
        const weaker_order& less = function.weaker[weak->which];
        return {function.what, {less.how, function.how}, {less.failing, function.failing}};
    }

    struct weakened {
        order_site site;
        std::size_t which = 0;
    };
    static inline bool records = false;
    static inline std::set<order_site> seen;
    static inline std::optional<weakened> weak;
};

}  // namespace seki::test
