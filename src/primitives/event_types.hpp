// What the events are called, and what their two measurements and two details mean. For handlers, sekid and sekictl alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <seki/error.hpp>

#include "layout/event.hpp"

namespace seki::primitives {

// How a number is to be shown.
enum class unit : std::uint8_t { count, span, wall_time };  // span, wall_time: ns; algorithm::never is a span, too

struct measurement_type {
    std::string_view name;
    primitives::unit unit = unit::count;
};

inline constexpr std::uint8_t last_errc = static_cast<std::uint8_t>(Errc::interrupted);

// A small number that stands for a word.
struct detail_type {
    std::string_view name;
    std::array<std::string_view, 6> words{};
    bool is_error = false;  // the number of an Errc
    // Empty: there is nothing to say.
    [[nodiscard]] std::string_view word(std::uint8_t number) const noexcept {
        if (is_error)
            return number == 0 || number > last_errc ? std::string_view{} : to_string(static_cast<Errc>(number));
        return number < words.size() ? words[number] : std::string_view{};
    }
};

struct event_type {
    layout::event_kind kind = layout::event_kind::none;
    std::string_view name;     // "seki.rate_limit.deny"
    std::string_view subject;  // what it is about: "limiter"
    std::array<measurement_type, 2> measurements{};
    detail_type result{};
    detail_type detail{};
};

inline constexpr std::size_t event_type_count = static_cast<std::size_t>(layout::last_event_kind);
using event_type_table = std::array<event_type, event_type_count>;

// In the order of the kinds, from 1.
[[nodiscard]] const event_type_table& event_types() noexcept;

// Null for a kind that there is not: whoever reads a ring may find any.
[[nodiscard]] const event_type* find_event_type(layout::event_kind kind) noexcept;

// What an adaptive limit calls it that a bulkhead calls `kind`.
constexpr layout::event_kind as_adaptive(layout::event_kind kind) noexcept {
    constexpr int apart =
        static_cast<int>(layout::event_kind::adaptive_acquire) - static_cast<int>(layout::event_kind::bulkhead_acquire);
    return static_cast<layout::event_kind>(static_cast<int>(kind) + apart);
}
static_assert(as_adaptive(layout::event_kind::bulkhead_reclaimed) == layout::event_kind::adaptive_reclaimed);

// Pushed whether or not somebody listens, so that sekid learns what it missed while it was away.
constexpr bool is_rare(layout::event_kind kind) noexcept {
    return kind == layout::event_kind::breaker_state_change || kind == layout::event_kind::bulkhead_reclaimed ||
           kind == layout::event_kind::adaptive_reclaimed || kind == layout::event_kind::shed_reclaimed;
}

// Numbered without gaps by what they tell of: sekid counts those that did not come, wherever they were lost (daemon/change_ledger.hpp).
constexpr bool is_missed_by_itself(layout::event_kind kind) noexcept {
    return kind == layout::event_kind::breaker_state_change;
}

// A set of kinds.
using event_mask = std::uint64_t;
constexpr event_mask mask_of(layout::event_kind kind) noexcept { return 1ULL << (static_cast<unsigned>(kind) & 63U); }
inline constexpr event_mask all_events = ~event_mask{0};

// The kinds whose name the pattern matches; `*` and `?` as in a shell. An error that names them all when there is none.
[[nodiscard]] Result<event_mask> match_events(std::string_view pattern);

// What stands in `detail` of a breaker_call: algorithm::breaker::outcome, and this.
inline constexpr std::uint8_t outcome_rejected = 4;

// What stands in `detail` of a hedge_complete: which attempt answered, or why none did.
enum class hedge_status : std::uint8_t { first, extra, call_failed, deadline_exceeded };

}  // namespace seki::primitives
