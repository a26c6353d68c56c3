#include "config/document.hpp"

#include <fmt/format.h>

// Without exceptions its parser is noexcept, and memory that runs out would end the process.
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
// It assumes, or asserts, of some mistakes in a file that nobody makes them, and has the right sentence for them right behind: `[` before a control character.
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(condition) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <span>
#include <vector>

#include "config/bare_value.hpp"
#include "config/nearest.hpp"
#include "config/report.hpp"
#include "config/room.hpp"
#include "config/settings.hpp"
#include "primitives/duration.hpp"
#include "primitives/every_family.hpp"
#include "primitives/name.hpp"
#include "primitives/printable.hpp"
#include "primitives/quoted.hpp"
#include "primitives/registry.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::config {
namespace {

using primitives::value_kind;

constexpr std::size_t known_settings = 3;

// The first known_settings have keys; the others have sections for each name.
std::vector<std::string_view> sections() {
    std::vector<std::string_view> names{"segment", "sekid", "otlp"};
    primitives::every_options::each([&]<class Options>() { names.push_back(primitives::registry<Options>::word()); });
    return names;
}

std::string as_written(std::string_view section) {
    const auto known = sections();
    const bool has_names =
        std::ranges::find(known, section) - known.begin() >= static_cast<std::ptrdiff_t>(known_settings);
    return fmt::format("[{}{}]", section, has_names ? ".NAME" : "");
}

std::string sections_as_written() {
    const auto known = sections();
    std::string text;
    for (std::size_t i = 0; i < known.size(); ++i)
        text += (i == 0 ? "" : i + 1 < known.size() ? ", " : " and ") + as_written(known[i]);
    return text;
}

place where(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }
place where(const toml::node& node) { return where(node.source()); }
place where(const toml::key& key) { return where(key.source()); }

std::string_view type_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::string: return "text";
        case toml::node_type::integer: return "a number";
        case toml::node_type::floating_point: return "a fraction";
        case toml::node_type::boolean: return "a switch";
        case toml::node_type::array: return "a list";
        case toml::node_type::table: return "a section";
        default: return "a date or time";
    }
}

// The value as sekictl would be given it, when it has the type that this kind of option is written in.
std::optional<std::string> text_of(const toml::node& node, value_kind kind) {
    if (kind == value_kind::number)
        return node.is_integer() ? std::optional{fmt::format("{}", **node.as_integer())} : std::nullopt;
    if (kind == value_kind::flag)
        return node.is_boolean() ? std::optional{fmt::format("{}", **node.as_boolean())} : std::nullopt;
    if (kind == value_kind::fraction && node.is_floating_point()) return fmt::format("{}", **node.as_floating_point());
    if ((kind == value_kind::fraction || kind == value_kind::number_or_duration) && node.is_integer())
        return fmt::format("{}", **node.as_integer());
    return node.is_string() && kind != value_kind::fraction ? std::optional{**node.as_string()} : std::nullopt;
}

// What stands there, with a space after it, for a message; nothing where it is long.
std::string shown(const toml::node& node) {
    if (const auto* text = node.as_string()) return primitives::quoted(**text) + " ";
    if (const auto* number = node.as_integer()) return fmt::format("{} ", **number);
    if (const auto* flag = node.as_boolean()) return fmt::format("{} ", **flag);
    if (const auto* fraction = node.as_floating_point()) return fmt::format("{:#} ", **fraction);
    return {};
}

template <class Rule>
std::vector<std::string_view> names_of(std::span<const Rule> rules) {
    std::vector<std::string_view> names;
    for (const Rule& rule : rules) names.push_back(rule.name);
    return names;
}

class reader {
public:
    explicit reader(std::string_view file) : file_{file}, mistakes_{file} {}

    Result<configuration> read(const toml::table& root) {
        for (const auto& [key, node] : root) section(key, node);
        check_pair(root["sekid"]["tls_cert"].node(), root["sekid"]["tls_key"].node());
        check_otlp(root["otlp"]);
        check_policies(root["policy"]);
        check_count();
        check_room(root["segment"]["size"].node());
        if (!mistakes_.empty()) return std::unexpected(mistakes_.error());
        return std::move(result_);
    }

private:
    void section(const toml::key& key, const toml::node& node) {
        const auto known = sections();
        if (std::ranges::find(known, key.str()) == known.end()) return unknown_section(key, node);
        const auto* table = node.as_table();
        if (table == nullptr)
            return mistakes_.add(where(key), fmt::format("{} is {}, not a section: write {}", key.str(), type_of(node),
                                                         as_written(key.str())));
        if (key.str() == "segment") return settings("[segment]", *table, segment_settings());
        if (key.str() == "sekid") return settings("[sekid]", *table, sekid_settings());
        if (key.str() == "otlp") return settings("[otlp]", *table, otlp_settings());
        primitives::every_options::each([&]<class Options>() {
            if (key.str() == primitives::registry<Options>::word()) all_of_kind<Options>(*table);
        });
    }

    void unknown_section(const toml::key& key, const toml::node& node) {
        const auto meant = nearest(key.str(), sections());
        const std::string hint = meant ? fmt::format("did you mean {}? ", as_written(*meant)) : "";
        const bool is_section = node.is_table() || node.is_array_of_tables();
        mistakes_.add(where(key), fmt::format("{} {} is unknown: {}accepted are {}", is_section ? "section" : "key",
                                              primitives::quoted(key.str()), hint, sections_as_written()));
    }

    void settings(std::string_view title, const toml::table& table, std::span<const setting> known) {
        each_key(title, table, known,
                 [&](const setting& key, std::string_view text) { return key.parse(result_, key, text); });
    }

    // Calls apply(rule, text) for each key that is known and has a value of the right type. Answers the keys of which the user has been told: they have no
    // good value, or are what an unknown one was most likely meant for.
    template <class Rule, class Apply>
    std::vector<std::string_view> each_key(std::string_view thing, const toml::table& table,
                                           std::span<const Rule> rules, Apply apply) {
        std::vector<std::string_view> told;
        for (const auto& [key, node] : table) {
            const auto rule = std::ranges::find(rules, key.str(), &Rule::name);
            if (rule == rules.end()) {
                if constexpr (!std::same_as<Rule, setting>)
                    if (is_section(node)) continue;  // below() tells of it
                mistakes_.add(where(key), fmt::format("{}: key {}{}", thing, primitives::quoted(key.str()),
                                                      unknown_word(key.str(), names_of(rules))));
                if (const auto meant = nearest(key.str(), names_of(rules))) told.push_back(*meant);
                continue;
            }
            if constexpr (std::same_as<Rule, setting>)
                if (rule->add != nullptr && node.is_table()) {
                    pairs(thing, *rule, *node.as_table());
                    continue;
                }
            if (const std::string wrong = value_mistake(*rule, node, apply); !wrong.empty()) {
                mistakes_.add(where(node), fmt::format("{}: {}", thing, wrong));
                told.push_back(rule->name);
            }
            if constexpr (std::same_as<Rule, setting>)
                result_.places.emplace(fmt::format("{} {}", thing, rule->name),
                                       fmt::format("{}:{}:{}", file_, where(node).line, where(node).column));
        }
        return told;
    }

    void pairs(std::string_view thing, const setting& rule, const toml::table& all) {
        for (const auto& [name, node] : all) {
            const auto* text = node.as_string();
            const auto done = text != nullptr ? rule.add(result_, rule, name.str(), **text)
                                              : shm::refuse(Errc::invalid_argument, "{}: {} is {}, not text in quotes",
                                                            rule.name, primitives::quoted(name.str()), type_of(node));
            if (!done) mistakes_.add(where(node), fmt::format("{}: {}", thing, done.error().message));
        }
    }

    template <class Rule, class Apply>
    static std::string value_mistake(const Rule& rule, const toml::node& node, Apply apply) {
        const auto text = text_of(node, rule.kind);
        if (!text)
            return fmt::format("{} {}is {}, not {}: {}", rule.name, shown(node), type_of(node), name_of(rule.kind),
                               rule.accepted);
        const auto applied = apply(rule, *text);
        return applied ? std::string{} : applied.error().message;
    }

    template <class Options>
    void all_of_kind(const toml::table& all) {
        std::vector<std::pair<const toml::key*, const toml::table*>> ordered;
        for (const auto& [key, node] : all) {
            if (const auto* table = node.as_table())
                ordered.emplace_back(&key, table);
            else
                mistakes_.add(where(key), not_a_primitive(primitives::registry<Options>::word(), key, node));
        }
        std::ranges::sort(ordered, {}, [](const auto& entry) {
            const place at = where(*entry.first);
            return std::pair{at.line, at.column};
        });
        for (const auto& [key, table] : ordered) primitive<Options>(*key, *table);
    }

    static std::string not_a_primitive(std::string_view word, const toml::key& key, const toml::node& node) {
        if (node.is_array_of_tables())
            return fmt::format("{0} {1} is a list: write [{0}.{2}] once, in single brackets", word,
                               primitives::quoted(key.str()), key.str());
        return fmt::format("[{0}] has no name: write [{0}.NAME] above {1}", word, primitives::quoted(key.str()));
    }

    static bool is_section(const toml::node& node) { return node.is_table() && !node.as_table()->is_inline(); }

    // Tells of each [limiter.a.b] where "b" is no option, which is what a name with a dot looks like; how many there are.
    template <class Options>
    std::size_t below(std::string_view word, std::string_view name, const toml::table& table) {
        std::size_t found = 0;
        for (const auto& [key, node] : table) {
            if (!is_section(node) || primitives::find_option(primitives::family<Options>::options(), key.str()))
                continue;
            const std::string whole = fmt::format("{}.{}", name, key.str());
            mistakes_.add(where(key), fmt::format("section [{0}.{1}] is unknown: a name with a dot in it stands in "
                                                  "quotes: [{0}.{2}]",
                                                  word, whole, primitives::quoted(whole)));
            ++found;
        }
        return found;
    }

    template <class Options>
    void primitive(const toml::key& key, const toml::table& table) {
        using traits = primitives::family<Options>;
        const std::string_view name = key.str();
        const std::string_view word = primitives::registry<Options>::word();
        const std::string thing = fmt::format("{} {}", word, primitives::quoted(name));
        if (const auto fine = primitives::check_name(word, name); !fine)
            mistakes_.add(where(key), fine.error().message);
        if (const std::size_t found = below<Options>(word, name, table); found != 0 && found == table.size()) return;
        Options options;
        auto told = each_key(thing, table, traits::options(),
                             [&](const primitives::option<Options>& option, std::string_view text) {
                                 return option.parse(options, option, text);
                             });
        for (const std::string_view required : primitives::required_options<Options>()) {
            if (table.contains(required) || std::ranges::find(told, required) != told.end()) continue;
            mistakes_.add(where(key), fmt::format("{}: {} is missing: {}", thing, required,
                                                  primitives::find_option(traits::options(), required)->accepted));
            told.push_back(required);
        }
        for (const auto& mistake : traits::mistakes(options)) {
            if (std::ranges::find(told, mistake.option) != told.end()) continue;
            const toml::node* node = table.get(mistake.option);
            mistakes_.add(node != nullptr ? where(*node) : where(key), fmt::format("{}: {}", thing, mistake.message));
        }
        result_.of<Options>().emplace_back(name, options);
        last_ = where(key);
    }

    void check_pair(const toml::node* cert, const toml::node* key) {
        if ((cert == nullptr) == (key == nullptr)) return;
        mistakes_.add(where(cert != nullptr ? *cert : *key),
                      fmt::format("[sekid]: {} is missing: tls_cert and tls_key belong together",
                                  cert != nullptr ? "tls_key" : "tls_cert"));
    }

    void check_otlp(const toml::node_view<const toml::node>& written) {
        const otlp_options& found = result_.otlp;
        const auto told = [&](const char* key, std::string message) {
            const toml::node* const node = written[key].node();
            mistakes_.add(where(node != nullptr ? *node : *written.node()), "[otlp]: " + message);
        };
        if (!written.is_table() || !mistakes_.empty()) return;
        if (found.endpoint.empty()) told("endpoint", R"(endpoint is missing: a URL such as "http://127.0.0.1:4318")");
        if (found.max_queue < found.max_batch)
            told("max_queue",
                 fmt::format("max_queue {} is too small for a max_batch of {}", found.max_queue, found.max_batch));
        if (found.max_delay < found.base_delay)
            told("max_delay",
                 fmt::format("max_delay {} is shorter than base_delay {}", primitives::format_duration(found.max_delay),
                             primitives::format_duration(found.base_delay)));
        if (!found.ca_file.empty() && !found.endpoint.starts_with("https:"))
            told("ca_file", "ca_file has no use for an endpoint without https");
    }

    // What a policy of a file is made of, the file declares: a name that is not there is a slip of the pen.
    void check_policies(const toml::node_view<const toml::node>& policies) {
        for (const auto& each : result_.of<PolicyOptions>())
            primitives::every_options::each(
                [&]<class Options>() { check_part<Options>(each.first, each.second, policies[each.first]); });
    }

    template <class Options>
    void check_part(const std::string& policy, const PolicyOptions& options,
                    const toml::node_view<const toml::node>& written) {
        const auto member = std::ranges::find(primitives::policy_members, primitives::family<Options>::kind,
                                              &primitives::policy_member::kind);
        if (member == primitives::policy_members.end()) return;
        const std::string& wanted = options.*member->name;
        const auto& declared = result_.of<Options>();
        if (wanted.empty() || std::ranges::any_of(declared, [&](const auto& each) { return each.first == wanted; }))
            return;
        const std::string_view word = primitives::registry<Options>::word();
        std::vector<std::string_view> names;
        for (const auto& each : declared) names.push_back(each.first);
        const toml::node* const node = written[word].node();
        mistakes_.add(
            node != nullptr ? where(*node) : last_,
            fmt::format("policy {}: {} {}{}", primitives::quoted(policy), word, primitives::quoted(wanted),
                        names.empty() ? fmt::format(" is not declared: there is no [{}.NAME] in this file", word)
                                      : unknown_word(wanted, names)));
    }

    void check_count() {
        std::size_t count = 0;
        primitives::every_options::each([&]<class Options>() { count += result_.of<Options>().size(); });
        if (count <= result_.segment.max_primitives) return;
        mistakes_.add(last_, fmt::format("[segment]: max_primitives {} is too small for the {} primitives below",
                                         result_.segment.max_primitives, count));
    }

    // Told here and not when the segment is made: one that is too small would be adopted at the next start, whatever size is written by then.
    void check_room(const toml::node* size) {
        if (!mistakes_.empty()) return;
        const auto needed = needed_bytes(result_);
        if (!needed) return mistakes_.add(last_, needed.error().message);
        const bool too_small = result_.segment.size != 0 && shm::whole_pages(result_.segment.size) < *needed;
        if (!too_small && *needed <= shm::max_segment_size) return;
        mistakes_.add(
            size != nullptr ? where(*size) : last_,
            too_small
                ? fmt::format("[segment]: size {}is too small: its {} bytes are less than the {} that its {} workers, "
                              "{} primitives and what is declared below need: \"auto\", or \"{}MiB\" and more",
                              shown(*size), result_.segment.size, *needed, result_.segment.max_workers,
                              result_.segment.max_primitives, (*needed + (1 << 20) - 1) >> 20)
                : fmt::format("[segment]: what is declared needs {} bytes, and a segment has at most {}: lower "
                              "max_keys",
                              *needed, shm::max_segment_size));
    }

    configuration result_;
    std::string_view file_;
    report mistakes_;
    place last_;  // where the last primitive begins
};

// What toml++ says is wrong, on one line.
std::string sentence(std::string_view description) {
    std::string text{description};
    std::ranges::replace(text, '\n', ' ');
    return primitives::printable(text);  // it quotes the file as it is
}

}  // namespace

Result<configuration> read_document(std::string_view text, std::string_view file) try {
    return reader{file}.read(toml::parse(text));  // told of no file: it notes the name where it may not throw
} catch (const toml::parse_error& wrong) {
    report mistakes{file};
    const place at = where(wrong.source());
    if (auto meant = judge_bare_value(text, at.line))
        mistakes.add(meant->where, std::move(meant->message));
    else
        mistakes.add(at, sentence(wrong.description()));
    return std::unexpected(mistakes.error());
}

}  // namespace seki::config
