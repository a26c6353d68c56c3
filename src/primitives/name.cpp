#include "primitives/name.hpp"

#include <fmt/format.h>

#include "primitives/quoted.hpp"

namespace seki::primitives {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool may_stand_in_name(char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; }
bool may_begin_name(char c) { return is_letter_or_digit(c) || c == '_'; }

// The whole character at `position`, not one byte of it.
std::string_view character_at(std::string_view text, std::size_t position) {
    std::size_t end = position + 1;
    while (end < text.size() && end < position + 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    return text.substr(position, end - position);
}

}  // namespace

Result<void> check_name(std::string_view kind, std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        return std::unexpected(Error{
            Errc::invalid_argument,
            fmt::format("{} {}: {}: 1 to {} letters, digits, \"_\", \".\" or \"-\", not beginning with \".\" or \"-\"",
                        kind, quoted(name), why, max_name_length)});
    };
    if (name.empty()) return refuse("the name is empty");
    if (name.size() > max_name_length) return refuse(fmt::format("the name is {} bytes long", name.size()));
    for (std::size_t i = 0; i < name.size(); ++i)
        if (!may_stand_in_name(name[i]))
            return refuse(fmt::format("the name has {} at position {}", quoted(character_at(name, i)), i + 1));
    if (!may_begin_name(name.front())) return refuse(fmt::format("the name begins with {}", quoted(name.substr(0, 1))));
    return {};
}

}  // namespace seki::primitives
