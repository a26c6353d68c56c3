#include "config/bare_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "config/settings.hpp"
#include "primitives/every_family.hpp"
#include "primitives/quoted.hpp"
#include "primitives/registry.hpp"

namespace seki::config {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// Up to the given one, which is counted from 1.
std::vector<std::string_view> lines_of(std::string_view text, std::uint32_t last) {
    std::vector<std::string_view> lines;
    while (lines.size() < last) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == text.npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

// Whether the last of them begins within text of several lines, as far as their quotes tell: then it says nothing by itself.
bool is_within_text(std::span<const std::string_view> lines) {
    std::size_t quotes = 0;
    for (const std::string_view line : lines.first(lines.size() - 1))
        for (const std::string_view quote : {R"(""")", "'''"})
            for (std::size_t at = line.find(quote); at != line.npos; at = line.find(quote, at + quote.size())) ++quotes;
    return quotes % 2 != 0;
}

struct section {
    std::string_view word;  // "limiter"
    std::string_view name;  // empty for [sekid] and the like
};

// [limiter.login], [limiter."a.b"], [sekid].
std::optional<section> read_header(std::string_view line) {
    const std::size_t end = line.find(']');
    if (!line.starts_with('[') || line.starts_with("[[") || end == line.npos) return std::nullopt;
    const std::string_view inside = trimmed(line.substr(1, end - 1));
    const std::size_t dot = inside.find('.');
    if (dot == inside.npos) return section{inside, {}};
    std::string_view name = trimmed(inside.substr(dot + 1));
    const bool is_quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'');
    if (is_quoted && name.back() == name.front()) name = name.substr(1, name.size() - 2);
    return section{trimmed(inside.substr(0, dot)), name};
}

std::optional<section> section_of(std::span<const std::string_view> lines) {
    for (std::size_t i = lines.size(); i > 0; --i)
        if (const auto line = trimmed(lines[i - 1]); line.starts_with('[')) return read_header(line);
    return std::nullopt;
}

struct assignment {
    std::string_view key, value;
    std::uint32_t column = 1;  // of the value
};

std::optional<assignment> read_assignment(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == line.npos) return std::nullopt;
    const std::string_view rest = line.substr(equals + 1);
    const std::string_view value = trimmed(rest.substr(0, rest.find('#')));
    if (value.empty() || std::string_view{"\"'[{"}.find(value.front()) != value.npos) return std::nullopt;
    return assignment{trimmed(line.substr(0, equals)), value,
                      static_cast<std::uint32_t>(value.data() - line.data()) + 1};
}

// As it stands there, unless that is long or would play tricks on a terminal.
std::string shown(std::string_view value) {
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    return value.size() <= 40 && std::ranges::all_of(value, is_plain) ? std::string{value} : primitives::quoted(value);
}

// What it would be told in quotes; or that it is not written as it has to be.
template <class Rule, class Parse>
std::string judge(const Rule& rule, std::string_view value, Parse parse) {
    if (const Result<void> fine = parse(rule, value); !fine) return fine.error().message;
    return fmt::format("{} {} is not {}: {}", rule.name, shown(value), name_of(rule.kind), rule.accepted);
}

template <class Rule, class Parse>
std::optional<std::string> judge_in(std::span<const Rule> rules, const assignment& written, Parse parse) {
    const auto rule = std::ranges::find(rules, written.key, &Rule::name);
    if (rule == rules.end()) return std::nullopt;
    return judge(*rule, written.value, parse);
}

std::optional<std::string> judge_setting(std::span<const setting> rules, const assignment& written) {
    configuration scratch;
    return judge_in(rules, written,
                    [&](const setting& key, std::string_view value) { return key.parse(scratch, key, value); });
}

template <class Options>
std::optional<std::string> judge_option(const assignment& written) {
    Options scratch;
    return judge_in(primitives::family<Options>::options(), written,
                    [&](const primitives::option<Options>& option, std::string_view value) {
                        return option.parse(scratch, option, value);
                    });
}

}  // namespace

std::optional<bare_value> judge_bare_value(std::string_view text, std::uint32_t line) {
    const auto lines = lines_of(text, line);
    if (line == 0 || lines.size() < line || is_within_text(lines)) return std::nullopt;
    const auto in = section_of(lines);
    const auto written = read_assignment(lines.back());
    if (!in || !written) return std::nullopt;
    std::optional<std::string> judged;
    std::string thing = fmt::format("[{}]", in->word);
    if (in->name.empty()) {
        if (in->word == "segment") judged = judge_setting(segment_settings(), *written);
        if (in->word == "sekid") judged = judge_setting(sekid_settings(), *written);
        if (in->word == "otlp") judged = judge_setting(otlp_settings(), *written);
    } else {
        thing = fmt::format("{} {}", in->word, primitives::quoted(in->name));
        primitives::every_options::each([&]<class Options>() {
            if (in->word == primitives::registry<Options>::word()) judged = judge_option<Options>(*written);
        });
    }
    if (!judged) return std::nullopt;
    return bare_value{{line, written->column}, fmt::format("{}: {}", thing, *judged)};
}

}  // namespace seki::config
