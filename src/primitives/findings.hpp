// The mistakes in a set of options, while they are looked for: values out of range in the words of the option's table.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "primitives/duration.hpp"
#include "primitives/option.hpp"
#include "primitives/option_names.hpp"

namespace seki::primitives {

template <class Options>
class findings {
public:
    explicit findings(option_table<Options> table) noexcept : table_{table} {}

    void range(std::string_view name, std::uint64_t value, std::uint64_t least, std::uint64_t largest) {
        if (value < least || value > largest)
            out_of_range(name, fmt::format("{}", value), value < least ? "small" : "large");
    }
    void range(std::string_view name, std::chrono::nanoseconds value, std::chrono::nanoseconds shortest,
               std::chrono::nanoseconds longest) {
        if (value < shortest || value > longest)
            out_of_range(name, format_duration(value), value < shortest ? "short" : "long");
    }
    // Not a number is in no range.
    void range(std::string_view name, double value, double least, double largest) {
        if (!(value >= least && value <= largest))
            out_of_range(name, fmt::format("{}", value), value > largest ? "large" : "small");
    }
    template <class Enum>
    void known(std::string_view name, Enum value) {
        if (!is_known(value))
            add(name, fmt::format("{} {} is unknown: {}", name, static_cast<int>(value), accepted(name)));
    }
    void add(std::string_view option, std::string message) { list_.push_back({option, std::move(message)}); }

    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    [[nodiscard]] std::vector<option_mistake> list() && { return std::move(list_); }

private:
    [[nodiscard]] std::string_view accepted(std::string_view name) const { return find_option(table_, name)->accepted; }
    void out_of_range(std::string_view name, std::string_view value, std::string_view how) {
        add(name, fmt::format("{} {} is too {}: {}", name, value, how, accepted(name)));
    }

    option_table<Options> table_;
    std::vector<option_mistake> list_;
};

}  // namespace seki::primitives
