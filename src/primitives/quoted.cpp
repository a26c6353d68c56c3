#include "primitives/quoted.hpp"

#include <fmt/format.h>

namespace seki::primitives {
namespace {

constexpr std::size_t longest_shown = 80;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::string quoted(std::string_view text) {
    if (text.size() <= longest_shown) return fmt::format("{:?}", text);
    std::size_t length = longest_shown;
    for (int back = 0; back < 3 && continues_character(text[length]); ++back) --length;
    std::string shown = fmt::format("{:?}", text.substr(0, length));
    shown.insert(shown.size() - 1, "...");
    return shown;
}

}  // namespace seki::primitives
