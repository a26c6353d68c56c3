// The options of a limiter by name, for everything that reads or shows them as text: configuration files, sekictl,
// errors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <seki/error.hpp>
#include <seki/limiter.hpp>

namespace seki::primitives {

// How a value is written in a configuration file.
enum class value_kind : std::uint8_t { number, duration, word, flag };

struct limiter_option {
    std::string_view name;
    value_kind kind;
    std::string_view accepted;  // the end of every message about this option: "1 to 10000000 per window"
    bool can_change;            // while the limiter lives

    std::string (*print)(const LimiterOptions&);
    // Takes what can be held; mistakes() judges what the number means. The message starts with the name of the option.
    Result<void> (*parse)(LimiterOptions&, const limiter_option&, std::string_view text);
};

// In the order of LimiterOptions.
[[nodiscard]] std::span<const limiter_option> limiter_option_table() noexcept;

// Null when there is none of that name.
[[nodiscard]] const limiter_option* find_limiter_option(std::string_view name) noexcept;

}  // namespace seki::primitives
