// The words after "sekictl", as each command describes its own. CLI11 stands behind them, and is seen by few files: it takes ten seconds
// to compile, wherever it is included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace seki::ctl {

// Answers what is wrong with a word; nothing, when it is accepted.
using complaint = std::function<std::string(const std::string& given)>;

// One that a command accepts. A reference, as `app` is: what it refers to lives as long as the program's description.
class argument {
public:
    explicit argument(CLI::Option& described) noexcept : described_{&described} {}

    argument required(bool must = true) const;
    argument check(complaint wrong) const;
    argument type_name(const std::string& name) const;
    // --help tells the value that stands there now.
    argument capture_default_str() const;

private:
    CLI::Option* described_;
};

// sekictl itself, or a command of it.
class app {
public:
    explicit app(CLI::App& described) : described_{&described}, forgets_{std::make_shared<forgetting>()} {}

    [[nodiscard]] app add_subcommand(const std::string& name, const std::string& about) const;
    void require_subcommand() const;

    // `into` must live until all words are read.
    argument add_option(const std::string& names, std::string& into, const std::string& about) const;
    argument add_option(const std::string& names, std::optional<std::string>& into, const std::string& about) const;
    argument add_option(const std::string& names, std::vector<std::string>& into, const std::string& about) const;
    argument add_option(const std::string& names, std::int64_t& into, const std::string& about) const;
    argument add_option(const std::string& names, std::size_t& into, const std::string& about) const;
    argument add_flag(const std::string& names, bool& into, const std::string& about) const;

    // Is called when all words are read, if this command was among them.
    void callback(std::function<void()> act) const;

    // Each `into` of the program and of all its commands is again what it was when it was described.
    void forget() const;

private:
    using forgetting = std::vector<std::function<void()>>;
    app(CLI::App& described, std::shared_ptr<forgetting> forgets) noexcept
        : described_{&described}, forgets_{std::move(forgets)} {}
    template <class Value>
    void forget_later(Value& into) const;

    CLI::App* described_;
    std::shared_ptr<forgetting> forgets_;  // of the program and of all its commands
};

// Accepts whole numbers of that range, and says so of anything else.
[[nodiscard]] complaint whole_number(std::int64_t least, std::int64_t most);

}  // namespace seki::ctl
