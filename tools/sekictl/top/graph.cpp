#include "top/graph.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace seki::ctl::top {
namespace {

constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> signs{" ", ".", ":", "-", "=", "+", "*", "#", "@"};

std::size_t height_of(double value, double peak) {
    if (!(value > 0) || !(peak > 0)) return 0;
    const double eighths = std::ceil(std::min(value / peak, 1.0) * 8);
    return std::clamp<std::size_t>(static_cast<std::size_t>(eighths), 1, 8);
}

}  // namespace

std::vector<rate> squeeze(const std::deque<rate>& past, std::uint64_t last, std::size_t columns) {
    std::vector<rate> out;
    if (columns == 0 || past.empty()) return out;
    const std::uint64_t each = (past.size() + columns - 1) / columns;
    const std::uint64_t first = last + 1 - past.size();
    std::uint64_t group = ~std::uint64_t{0};
    for (std::size_t i = 0; i < past.size(); ++i) {
        if (const std::uint64_t at = (first + i) / each; out.empty() || at != group) {
            out.push_back(past[i]);
            group = at;
        } else {
            out.back().calls = std::max(out.back().calls, past[i].calls);
            out.back().refused = std::max(out.back().refused, past[i].refused);
        }
    }
    // The oldest column may hold a part of its looks, and then there is one too many.
    if (out.size() > columns) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(columns));
    return out;
}

std::string sparkline(const std::vector<double>& values, double peak, charset with) {
    const auto& glyphs = with == charset::unicode ? blocks : signs;
    std::string out;
    for (const double each : values) out += glyphs[height_of(each, peak)];
    return out;
}

std::string bar(std::uint64_t used, std::uint64_t of, std::size_t columns, charset with) {
    const std::string_view full = with == charset::unicode ? "█" : "#";
    const std::string_view rest = with == charset::unicode ? "░" : ".";
    const double part = of == 0 ? 0 : std::min(static_cast<double>(used) / static_cast<double>(of), 1.0);
    auto filled = static_cast<std::size_t>(std::floor(part * static_cast<double>(columns)));
    if (used != 0 && filled == 0 && columns != 0) filled = 1;
    std::string out;
    for (std::size_t i = 0; i < columns; ++i) out += i < filled ? full : rest;
    return out;
}

std::string per_second(double number) {
    if (!(number > 0)) return "0";
    if (number < 9.95) return number < 0.05 ? "<0.1" : fmt::format("{:.1f}", number);
    if (number < 9999.5) return fmt::format("{:.0f}", number);
    constexpr std::array<const char*, 4> units{"k", "M", "G", "T"};
    std::size_t unit = 0;
    double amount = number / 1000;
    for (; amount >= 999.95 && unit + 1 < units.size(); ++unit) amount /= 1000;
    return amount < 999.95 ? fmt::format("{:.1f}{}", amount, units[unit]) : "huge";
}

}  // namespace seki::ctl::top
