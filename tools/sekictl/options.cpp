// set, create, delete: the primitives of a segment, of whatever kind.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "config/set_option.hpp"
#include "primitives/every_family.hpp"
#include "primitives/registry.hpp"
#include "report/json.hpp"

namespace seki::ctl {
namespace {

struct request {
    std::string kind;
    std::string name;
    std::vector<std::string> options;  // and values, in turn
};

// The sentences of set_option() do not know whose option it is.
template <class Options>
Error of_kind(const std::string& name, const Error& error) {
    return {error.code, fmt::format("{} \"{}\": {}", primitives::registry<Options>::word(), name, error.message)};
}

template <class Options>
ending tell(const context& with, const std::string& name, const char* what, const Options& options, bool so = true) {
    if (with.as_json)
        with.print({{primitives::registry<Options>::word(), name}, {what, so}, {"options", report::to_json(options)}});
    return ending::fine;
}

// Who sets the mode of a breaker means it, also where that is what it was told before somebody else told it otherwise.
Result<void> tell_mode(const Segment& segment, const request& wanted, const BreakerOptions& options) {
    bool named = false;
    for (std::size_t i = 0; i < wanted.options.size(); i += 2) named = named || wanted.options[i] == "mode";
    if (!named) return {};
    const auto breaker = segment.breaker(wanted.name);
    if (!breaker) return std::unexpected(breaker.error());
    const Errc why = options.mode == BreakerMode::automatic       ? breaker->automatic()
                     : options.mode == BreakerMode::observe       ? breaker->observe()
                     : options.mode == BreakerMode::forced_closed ? breaker->close()
                                                                  : breaker->open();
    if (why != Errc::none) return std::unexpected(breaker->explain(why));
    return {};
}
template <class Options>
Result<void> tell_mode(const Segment& /*segment*/, const request& /*wanted*/, const Options& /*options*/) {
    return {};
}

// The first option that was there before; empty where there is none.
std::string given_twice(const std::vector<std::string>& options) {
    for (std::size_t i = 0; i < options.size(); i += 2)
        for (std::size_t k = 0; k < i; k += 2)
            if (options[k] == options[i]) return options[i];
    return {};
}

template <class Options>
ending set(const context& with, const request& wanted) {
    for (std::size_t i = 0; i < wanted.options.size(); i += 2)
        if (const auto known = config::known_option<Options>(wanted.options[i]); !known)
            return with.wrong_usage(fmt::format("set: {}", known.error().message));
    if (const auto twice = given_twice(wanted.options); !twice.empty())
        return with.wrong_usage(fmt::format("set: option {} is given twice: give it once", primitives::quoted(twice)));
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto changed = primitives::registry<Options>::edit(
        segment->handle()->where(), wanted.name, [&](Options options) -> Result<Options> {
            for (std::size_t i = 0; i + 1 < wanted.options.size(); i += 2)
                if (const auto ok = config::set_option(options, wanted.options[i], wanted.options[i + 1]); !ok)
                    return std::unexpected(of_kind<Options>(wanted.name, ok.error()));
            return options;
        });
    if (!changed) return with.fail(changed.error());
    if (const auto told = tell_mode(*segment, wanted, *changed); !told) return with.fail(told.error());
    return tell(with, wanted.name, "changed", *changed);
}

// By the names of options, in the order of their table; those that were not given are nothing.
using chosen_values = std::vector<std::optional<std::string>>;

template <class Options>
ending create(const context& with, const std::string& name, const chosen_values& chosen) {
    const auto table = primitives::family<Options>::options();
    Options options;
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (!chosen[i]) continue;
        if (const auto ok = config::set_option(options, table[i].name, *chosen[i]); !ok)
            return with.fail(of_kind<Options>(name, ok.error()));
    }
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    using of_kind = primitives::registry<Options>;
    const shm::segment& where = segment->handle()->where();
    const auto lock = primitives::administer(where, of_kind::word(), name);
    if (!lock) return with.fail(lock.error());
    const bool there = of_kind::find(where, name).has_value();
    const auto made = of_kind::find_or_make(*lock, where, name, options);
    if (!made) return with.fail(made.error());
    // One that was made with these options may have others by now.
    return tell(with, name, "created", of_kind::options_of(where, *made), !there);
}

template <class Options>
ending remove(const context& with, const request& wanted) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto done = primitives::registry<Options>::remove(segment->handle()->where(), wanted.name);
    if (!done) return with.fail(done.error());
    if (with.as_json) with.print({{primitives::registry<Options>::word(), wanted.name}, {"deleted", true}});
    return ending::fine;
}

// As people write them, and as configuration files do.
std::string flags_of(std::string_view option) {
    std::string dashed{option};
    std::ranges::replace(dashed, '_', '-');
    return dashed == option ? fmt::format("--{}", option) : fmt::format("--{},--{}", dashed, option);
}

template <class Options>
void add_creation(const app& creating, const context& with, ending& end) {
    const auto word = std::string{primitives::registry<Options>::word()};
    const app command = creating.add_subcommand(word, fmt::format("{} {}", word.starts_with('a') ? "an" : "a", word));
    const auto name = std::make_shared<std::string>();
    command.add_option("NAME", *name, "its name").required();
    const auto table = primitives::family<Options>::options();
    const auto chosen = std::make_shared<chosen_values>(table.size());
    const auto required = primitives::required_options<Options>();
    const Options defaults;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const bool must = std::ranges::find(required, table[i].name) != required.end();
        const std::string value = must ? "" : table[i].print(defaults);
        const std::string otherwise = value.empty() || value == "0" ? "" : fmt::format(" (default: {})", value);
        command
            .add_option(flags_of(table[i].name), (*chosen)[i],
                        fmt::format("{}: {}{}", table[i].about, table[i].accepted, otherwise))
            .required(must);
    }
    command.callback([&with, &end, name, chosen] { end = create<Options>(with, *name, *chosen); });
}

app add(const app& program, const char* name, const char* what, const std::shared_ptr<request>& wanted) {
    const app command = program.add_subcommand(name, what);
    add_primitive(command, wanted->kind, wanted->name);
    return command;
}

}  // namespace

void add_options(const app& program, const context& with, ending& end) {
    const auto wanted = std::make_shared<request>();
    const app setting = add(program, "set", "change options while it runs, all at once", wanted);
    setting
        .add_option("OPTION VALUE", wanted->options,
                    "as `sekictl create KIND --help` lists them, and as in a configuration file")
        .required();
    setting.callback([&with, &end, wanted] {
        if (wanted->options.size() % 2 != 0) {
            end = with.wrong_usage(fmt::format("set: option {} has no value: see sekictl set --help",
                                               primitives::quoted(wanted->options.back())));
            return;
        }
        with_kind(wanted->kind, [&]<class Options>() { end = set<Options>(with, *wanted); });
    });

    const app creating = program.add_subcommand("create", "make one");
    creating.require_subcommand();
    primitives::every_options::each([&]<class Options>() { add_creation<Options>(creating, with, end); });

    add(program, "delete", "delete one; its handles answer an error from then on", wanted)
        .callback([&with, &end, wanted] {
            with_kind(wanted->kind, [&]<class Options>() { end = remove<Options>(with, *wanted); });
        });
}

}  // namespace seki::ctl
