// Which primitives and workers are listed, and which first.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/snapshot.hpp"
#include "top/history.hpp"

namespace seki::ctl::top {

enum class order : std::uint8_t { denied, calls, use, state, name };
inline constexpr std::array<std::string_view, 5> orders{"denied", "calls", "use", "state", "name"};

enum class worker_order : std::uint8_t { holds, threads, age, pid };
inline constexpr std::array<std::string_view, 4> worker_orders{"holds", "threads", "age", "pid"};

// A part of the kind, name or state, in small or capital letters; empty: all.
[[nodiscard]] bool is_wanted(const reading& each, std::string_view filter);
// A part of the command or process id, or of the name of something that it holds.
[[nodiscard]] bool is_wanted(const report::process_facts& each, std::string_view filter);

// Those wanted, what one looks for first at the top; among equals by name. They live as long as what they are chosen from.
[[nodiscard]] std::vector<const record*> choose(const std::vector<record>& from, order by, bool reversed,
                                                std::string_view filter);
[[nodiscard]] std::vector<const report::process_facts*> choose(const std::vector<report::process_facts>& from,
                                                               worker_order by, bool reversed, std::string_view filter);

}  // namespace seki::ctl::top
