// set, create, delete: the limiters of a segment.
#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "config/limiter_option.hpp"
#include "config/nearest.hpp"
#include "primitives/limiters.hpp"
#include "primitives/option_table.hpp"

namespace seki::ctl {
namespace {

struct request {
    std::string kind;
    std::string name;
    std::string option;
    std::string value;
};

ending set(const context& with, const request& wanted) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto found = primitives::find_limiter(segment->handle()->where(), wanted.name);
    if (!found) return with.fail(found.error());
    LimiterOptions options = primitives::options_of(segment->handle()->where(), *found);
    if (const auto ok = config::set_option(options, wanted.option, wanted.value); !ok) return with.fail(ok.error());
    if (const auto ok = segment->change(wanted.name, options); !ok) return with.fail(ok.error());
    if (with.as_json) with.print({{"limiter", wanted.name}, {wanted.option, wanted.value}});
    return ending::fine;
}

// `--limit 5 --window 1m`, as CLI11 leaves them: every option of the one table.
ending create(const context& with, const request& wanted, const std::vector<std::string>& rest) {
    LimiterOptions options;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (!rest[i].starts_with("--"))
            return with.fail({Errc::invalid_argument, fmt::format("\"{}\": an option starts with --", rest[i])});
        std::string option = rest[i].substr(2);
        std::string value;
        if (const auto equals = option.find('='); equals != std::string::npos) {
            value = option.substr(equals + 1);
            option.resize(equals);
        } else if (++i < rest.size()) {
            value = rest[i];
        }
        for (char& c : option)
            if (c == '-') c = '_';
        if (const auto ok = config::set_option(options, option, value); !ok) return with.fail(ok.error());
    }
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    if (const auto made = segment->limiter(wanted.name, options); !made) return with.fail(made.error());
    if (with.as_json) with.print({{"created", wanted.name}});
    return ending::fine;
}

ending remove(const context& with, const request& wanted) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    if (const auto ok = segment->remove_limiter(wanted.name); !ok) return with.fail(ok.error());
    if (with.as_json) with.print({{"deleted", wanted.name}});
    return ending::fine;
}

CLI::App* add(CLI::App& program, const char* name, const char* what, const std::shared_ptr<request>& wanted) {
    auto* const command = program.add_subcommand(name, what);
    command->add_option("KIND", wanted->kind, "limiter")->required()->check(CLI::IsMember({"limiter"}));
    command->add_option("NAME", wanted->name, "its name")->required();
    return command;
}

}  // namespace

void add_options(CLI::App& program, const context& with, ending& end) {
    const auto wanted = std::make_shared<request>();
    auto* const setting = add(program, "set", "change an option while it runs", wanted);
    setting->add_option("OPTION", wanted->option, "limit, window, burst, on_full, mode or clock")->required();
    setting->add_option("VALUE", wanted->value, "as in a configuration file")->required();
    setting->callback([&with, &end, wanted] { end = set(with, *wanted); });

    auto* const creating =
        add(program, "create", "make one: create limiter NAME --limit 5 --window 1m [--OPTION VALUE ...]", wanted);
    creating->allow_extras()->fallthrough(false);
    creating->callback([&with, &end, wanted, creating] { end = create(with, *wanted, creating->remaining()); });

    add(program, "delete", "delete one; its handles answer an error from then on", wanted)
        ->callback([&with, &end, wanted] { end = remove(with, *wanted); });
}

}  // namespace seki::ctl
