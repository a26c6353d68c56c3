#include "arguments.hpp"

#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace seki::ctl {

argument argument::required(bool must) const { return argument{*described_->required(must)}; }
argument argument::check(complaint wrong) const { return argument{*described_->check(std::move(wrong))}; }
argument argument::type_name(const std::string& name) const { return argument{*described_->type_name(name)}; }
argument argument::capture_default_str() const { return argument{*described_->capture_default_str()}; }

app app::add_subcommand(const std::string& name, const std::string& about) const {
    return app{*described_->add_subcommand(name, about), forgets_};
}
void app::require_subcommand() const { described_->require_subcommand(1); }

template <class Value>
void app::forget_later(Value& into) const {
    forgets_->push_back([&into, before = into] { into = before; });
}
void app::forget() const {
    for (const auto& put_back : *forgets_) put_back();
}

argument app::add_option(const std::string& names, std::string& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_option(names, into, about)};
}
argument app::add_option(const std::string& names, std::optional<std::string>& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_option(names, into, about)};
}
argument app::add_option(const std::string& names, std::vector<std::string>& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_option(names, into, about)};
}
argument app::add_option(const std::string& names, std::int64_t& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_option(names, into, about)};
}
argument app::add_option(const std::string& names, std::size_t& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_option(names, into, about)};
}
argument app::add_flag(const std::string& names, bool& into, const std::string& about) const {
    forget_later(into);
    return argument{*described_->add_flag(names, into, about)};
}

void app::callback(std::function<void()> act) const { described_->callback(std::move(act)); }

complaint whole_number(std::int64_t least, std::int64_t most) {
    return [=](const std::string& text) -> std::string {
        std::int64_t value = 0;
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), last, value);
        if (error == std::errc{} && end == last && value >= least && value <= most) return {};
        return fmt::format("\"{}\" is not a whole number from {} to {}", text, least, most);
    };
}

}  // namespace seki::ctl
