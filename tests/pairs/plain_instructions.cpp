#include "plain_instructions.hpp"

#include <algorithm>
#include <iterator>

namespace seki::test {
namespace {

constexpr access_of_instruction plain{8, false, false}, of_two_words{16, false, false}, wide{64, false, false};
constexpr std::uint8_t escape = 0x0f;

bool is_prefix(std::uint8_t byte) {
    constexpr std::uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    const bool is_rex = (byte & 0xf0) == 0x40;
    return is_rex || std::ranges::find(prefixes, byte) != std::end(prefixes);
}

// ADD to CMP, TEST, XCHG and MOV, the shifts, and those with an immediate.
bool is_plain(std::uint8_t opcode) {
    constexpr std::uint8_t others[] = {0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, 0xc0,
                                       0xc1, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff};
    return (opcode < 0x40 && (opcode & 7) < 4) || (opcode >= 0x84 && opcode <= 0x8b) ||
           (opcode >= 0xd0 && opcode <= 0xd3) || std::ranges::find(others, opcode) != std::end(others);
}

// CMOVcc and SETcc, the tests and searches of bits, CMPXCHG, MOVZX and MOVSX, XADD.
bool is_plain_after_escape(std::uint8_t opcode) {
    constexpr std::uint8_t others[] = {0xa3, 0xab, 0xb3, 0xbb, 0xba, 0xbc, 0xbd, 0xb8, 0xaf,
                                       0xb0, 0xb1, 0xb6, 0xb7, 0xbe, 0xbf, 0xc0, 0xc1, 0xc3};
    return (opcode & 0xf0) == 0x40 || (opcode & 0xf0) == 0x90 || std::ranges::find(others, opcode) != std::end(others);
}

}  // namespace

access_of_instruction access_of(std::uint64_t first_eight_bytes) {
    for (std::uint64_t left = first_eight_bytes; left != 0; left >>= 8) {
        const auto opcode = static_cast<std::uint8_t>(left), next = static_cast<std::uint8_t>(left >> 8);
        if (is_prefix(opcode)) continue;
        if (opcode >= 0xa4 && opcode <= 0xa7) return {8, true, opcode <= 0xa5};
        if (opcode == 0xaa || opcode == 0xab) return plain;  // STOS
        if (opcode == escape && next == 0xc7) return of_two_words;
        return (opcode == escape ? is_plain_after_escape(next) : is_plain(opcode)) ? plain : wide;
    }
    return wide;
}

}  // namespace seki::test
