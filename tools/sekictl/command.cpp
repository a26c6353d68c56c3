#include "command.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/text.hpp"

namespace seki::ctl {
namespace {

constexpr int schema = 1;

ending ending_of(Errc code) noexcept {
    switch (code) {
        case Errc::none: return ending::fine;
        case Errc::not_a_segment:
        case Errc::damaged: return ending::damaged;
        default: return ending::refused;
    }
}

// A folder that may not be entered does not tell, and a link that leads nowhere is there.
bool is_missing(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::symlink_status(path, ignored).type() == std::filesystem::file_type::not_found;
}

Error missing(const std::filesystem::path& path) {
    return {
        Errc::not_found,
        fmt::format("segment {}: there is none: start sekid or a process that opens it, or name another with --segment "
                    "or SEKI_SEGMENT",
                    path.string())};
}

// Terminal columns of UTF-8 text; close enough for names and numbers.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void complain(bool as_json, std::string_view code, const std::string& sentence, const context& with) {
    if (as_json)
        with.print({{"error", {{"code", code}, {"message", report::valid_utf8(sentence)}}}});
    else
        fmt::print(stderr, "sekictl: {}\n", report::for_terminal(sentence));
}

}  // namespace

Result<std::shared_ptr<shm::segment>> context::look() const {
    if (is_missing(path())) return std::unexpected(missing(path()));
    return shm::segment::attach(path(), shm::segment::access::copy);
}

Result<Segment> context::operate(Access how) const {
    if (is_missing(path())) return std::unexpected(missing(path()));
    return open(path().string(), {.access = how});
}

ending context::fail(const Error& error) const {
    complain(as_json, to_string(error.code), error.message, *this);
    return error.code == Errc::not_found && is_missing(path()) ? ending::no_segment : ending_of(error.code);
}

ending context::wrong_usage(const std::string& sentence) const {
    complain(as_json, "usage", sentence, *this);
    return ending::usage;
}

void context::print(const json& value) const {
    json out{{"schema", schema}};
    out.update(value);
    fmt::print("{}\n", out.dump(2, ' ', false, json::error_handler_t::replace));
}

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

void add_primitive(const app& to, std::string& kind, std::string& name) {
    std::vector<std::string_view> words, plurals;
    primitives::every_options::each([&]<class Options>() {
        words.push_back(primitives::registry<Options>::word());
        plurals.push_back(primitives::registry<Options>::plural());
    });
    to.add_option("KIND", kind, fmt::format("{}", fmt::join(words, ", ")))
        .required()
        .check([words, plurals](const std::string& given) {
            if (std::ranges::find(words, given) != words.end()) return std::string{};
            return fmt::format("\"{}\" is unknown: there are {}", given, fmt::join(plurals, ", "));
        });
    to.add_option("NAME", name, "its name").required();
}

}  // namespace seki::ctl
