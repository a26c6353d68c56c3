// Random numbers that look for trouble: boundaries, powers of two and every order of magnitude come up often.
//
// A run draws from SEKI_SEED when that is set and prints the seed it used, so that a failure can be replayed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <random>

namespace seki::tests {

inline std::uint64_t seed() {
    static const std::uint64_t chosen = [] {
        const char* given = std::getenv("SEKI_SEED");
        const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
        std::printf("SEKI_SEED=%llu\n", static_cast<unsigned long long>(value));
        return value;
    }();
    return chosen;
}

class dice {
public:
    // `stream` keeps tests independent of each other, so that one of them can be replayed alone.
    explicit dice(std::uint64_t stream) : engine_{seed() ^ stream * 0x9e3779b97f4a7c15ULL} {}

    std::uint64_t word() { return engine_(); }
    std::uint64_t below(std::uint64_t bound) { return word() % bound; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

    // All orders of magnitude alike, and often exactly a power of two or its neighbour.
    std::uint64_t magnitude(std::uint64_t low, std::uint64_t high) {
        const auto bits = static_cast<unsigned>(
            between(static_cast<unsigned>(std::bit_width(low)), static_cast<unsigned>(std::bit_width(high))));
        const std::uint64_t top = bits == 0 ? 0 : 1ULL << (bits - 1);
        const std::uint64_t value = one_in(4) ? top + below(3) - 1 : top | (word() & (top - 1));
        return std::clamp(value, low, high);
    }

    std::uint64_t any_of(std::initializer_list<std::uint64_t> choices) {
        return *std::next(choices.begin(), static_cast<std::ptrdiff_t>(below(choices.size())));
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace seki::tests
