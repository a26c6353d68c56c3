#include "command.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "report/text.hpp"

namespace seki::ctl {
namespace {

ending ending_of(Errc code) noexcept {
    switch (code) {
        case Errc::none: return ending::fine;
        case Errc::not_a_segment:
        case Errc::damaged: return ending::damaged;
        default: return ending::refused;
    }
}

// Terminal columns of UTF-8 text; close enough for names and numbers.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Error missing(const std::filesystem::path& path) {
    return {
        Errc::not_found,
        fmt::format("segment {}: there is none: start sekid or a process that opens it, or name another with --segment "
                    "or SEKI_SEGMENT",
                    path.string())};
}

}  // namespace

Result<std::shared_ptr<shm::segment>> context::look() const {
    std::error_code ignored;
    if (!std::filesystem::exists(path(), ignored)) return std::unexpected(missing(path()));
    return shm::segment::attach(path(), shm::segment::access::copy);
}

Result<Segment> context::operate() const {
    std::error_code ignored;
    if (!std::filesystem::exists(path(), ignored)) return std::unexpected(missing(path()));
    return open(path().string(), {.access = Access::attach});
}

ending context::fail(const Error& error) const {
    if (as_json)
        print({{"error", {{"code", to_string(error.code)}, {"message", report::valid_utf8(error.message)}}}});
    else
        fmt::print(stderr, "sekictl: {}\n", error.message);
    std::error_code ignored;
    if (error.code == Errc::not_found && !std::filesystem::exists(path(), ignored)) return ending::no_segment;
    return ending_of(error.code);
}

void context::print(const json& value) const { fmt::print("{}\n", value.dump(2)); }

void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t column = 0; column < row.size(); ++column) {
            if (widths.size() <= column) widths.push_back(0);
            widths[column] = std::max(widths[column], width(row[column]));
        }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            line += row[column];
            if (column + 1 < row.size()) line.append(widths[column] - width(row[column]) + 2, ' ');
        }
        fmt::print("{}\n", line);
    }
}

}  // namespace seki::ctl
