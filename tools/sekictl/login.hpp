// Whom sekictl says it is, to a sekid that asks: never by a word of the command line, which everybody may read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <seki/error.hpp>

namespace seki::ctl {

struct login {
    std::string user, password;
};

// Of that host, in a file as curl's --netrc-file: `machine HOST login NAME password WORD`, or `default` instead of a machine. The first that
// fits. An error names the file and what is wrong, and no password.
[[nodiscard]] Result<login> read_netrc(const std::string& file, std::string_view host);
[[nodiscard]] Result<std::optional<login>> parse_netrc(std::string_view text, std::string_view host);

// From the file if one is named, else from $SEKICTL_USER ("NAME:PASSWORD"); nothing where that is not set.
[[nodiscard]] Result<std::optional<login>> find_login(const std::string& netrc_file, std::string_view host);

// The value of an Authorization header.
[[nodiscard]] std::string authorization(const login& who);

}  // namespace seki::ctl
