// Numbers that stand for what has happened: the same for the same, and by all odds another for anything else.
#pragma once

#include <cstdint>

namespace seki::test {

// What came before, and then this. Two that differ come to the same once in 2^64 times.
[[nodiscard]] constexpr std::uint64_t fold(std::uint64_t before, std::uint64_t next) noexcept {
    __extension__ using wide = unsigned __int128;
    const wide product = wide{before ^ 0xa076'1d64'78bd'642f} * (next ^ 0xe703'7ed1'a0b4'28db);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product) ^ before;
}

}  // namespace seki::test
