#include "config/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "primitives/few.hpp"

namespace seki::config {
namespace {

constexpr std::size_t longest_word = 32;
// More than there are options or commands. Of the names in a file there may be thousands.
constexpr std::size_t most_candidates = 32;

// Insertions, deletions, changes and swaps of neighbours that turn one word into the other. Both are at most
// longest_word long.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::array<std::array<std::size_t, longest_word + 1>, longest_word + 1> cost{};
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const std::size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

std::string lower(std::string_view word) {
    std::string text{word};
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > longest_word) return std::nullopt;
    const std::string wanted = lower(word);
    const std::size_t tolerated = std::max<std::size_t>(1, wanted.size() / 3);
    std::optional<std::string_view> best;
    std::size_t best_distance = tolerated + 1;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest_word) continue;
        const bool abbreviated = wanted.size() >= 3 && candidate.starts_with(wanted);
        const std::size_t distance = abbreviated ? 1 : edit_distance(wanted, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string unknown_word(std::string_view word, std::span<const std::string_view> candidates) {
    const auto meant = nearest(word, candidates);
    return fmt::format(" is unknown: {}accepted are {}", meant ? fmt::format("did you mean \"{}\"? ", *meant) : "",
                       primitives::few(candidates, most_candidates));
}

}  // namespace seki::config
