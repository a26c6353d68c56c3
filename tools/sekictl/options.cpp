// set, create, delete: the limiters of a segment.
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "config/limiter_option.hpp"
#include "primitives/limiters.hpp"
#include "report/json.hpp"

namespace seki::ctl {
namespace {

struct request {
    std::string kind;
    std::string name;
    std::string option;
    std::string value;
};

struct creation {
    const char* flags;  // as people write options, and as configuration files do
    const char* option;
    const char* what;
};

constexpr std::array<creation, 9> creations{{
    {"--algorithm", "algorithm", "gcra, token_bucket, leaky_bucket, sliding_window or fixed_window"},
    {"--limit", "limit", "cost let through for each key in each window"},
    {"--window", "window", "a duration: 1m"},
    {"--burst", "burst", "cost let through at once after a pause (default: the limit)"},
    {"--max-keys,--max_keys", "max_keys", "keys in use at once that are sure to find a place (default: 65536)"},
    {"--on-full,--on_full", "on_full", "allow or deny"},
    {"--mode", "mode", "enforce, shadow or off"},
    {"--clock", "clock", "precise or coarse"},
    {"--store-keys,--store_keys", "store_keys", "true or false"},
}};

// The sentences of set_option() do not know whose option it is.
Error of_limiter(const std::string& name, const Error& error) {
    return {error.code, fmt::format("limiter \"{}\": {}", name, error.message)};
}

ending tell(const context& with, const std::string& name, const char* what, const LimiterOptions& options) {
    if (with.as_json) with.print({{"limiter", name}, {what, true}, {"options", report::to_json(options)}});
    return ending::fine;
}

ending set(const context& with, const request& wanted) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto changed = primitives::edit_limiter(
        segment->handle()->where(), wanted.name, [&](LimiterOptions options) -> Result<LimiterOptions> {
            if (const auto ok = config::set_option(options, wanted.option, wanted.value); !ok)
                return std::unexpected(of_limiter(wanted.name, ok.error()));
            return options;
        });
    if (!changed) return with.fail(changed.error());
    return tell(with, wanted.name, "changed", *changed);
}

using chosen_options = std::array<std::optional<std::string>, creations.size()>;

ending create(const context& with, const std::string& name, const chosen_options& chosen) {
    LimiterOptions options;
    for (std::size_t i = 0; i < creations.size(); ++i) {
        if (!chosen[i]) continue;
        if (const auto ok = config::set_option(options, creations[i].option, *chosen[i]); !ok)
            return with.fail(of_limiter(name, ok.error()));
    }
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    if (const auto made = segment->limiter(name, options); !made) return with.fail(made.error());
    return tell(with, name, "created", options);
}

ending remove(const context& with, const request& wanted) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    if (const auto ok = segment->remove_limiter(wanted.name); !ok) return with.fail(ok.error());
    if (with.as_json) with.print({{"limiter", wanted.name}, {"deleted", true}});
    return ending::fine;
}

CLI::App* add(CLI::App& program, const char* name, const char* what, const std::shared_ptr<request>& wanted) {
    auto* const command = program.add_subcommand(name, what);
    add_primitive(*command, wanted->kind, wanted->name);
    return command;
}

}  // namespace

void add_options(CLI::App& program, const context& with, ending& end) {
    const auto wanted = std::make_shared<request>();
    auto* const setting = add(program, "set", "change an option while it runs", wanted);
    setting->add_option("OPTION", wanted->option, "limit, window, burst, on_full, mode or clock")->required();
    setting->add_option("VALUE", wanted->value, "as in a configuration file")->required();
    setting->callback([&with, &end, wanted] { end = set(with, *wanted); });

    auto* const creating = add(program, "create", "make one", wanted);
    const auto chosen = std::make_shared<chosen_options>();
    for (std::size_t i = 0; i < creations.size(); ++i) {
        auto* const option = creating->add_option(creations[i].flags, (*chosen)[i], creations[i].what);
        option->required(std::string_view{creations[i].option} == "limit" ||
                         std::string_view{creations[i].option} == "window");
    }
    creating->callback([&with, &end, wanted, chosen] { end = create(with, wanted->name, *chosen); });

    add(program, "delete", "delete one; its handles answer an error from then on", wanted)
        ->callback([&with, &end, wanted] { end = remove(with, *wanted); });
}

}  // namespace seki::ctl
