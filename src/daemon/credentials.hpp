// Who may ask sekid over HTTP: the users of `[sekid] basic_auth_file`, a line `USER:HASH` each, as `htpasswd -B` writes them.
//
// A hash is any that crypt(3) knows and does not call outdated: bcrypt ($2y$), SHA-512 ($6$), yescrypt ($y$). Each request that carries a password costs
// one such hash, also for a user that is not there, so a cost beyond what sekid can afford is refused when the file is read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <seki/error.hpp>

namespace seki::daemon {

class credentials {
public:
    // Every line must be a user, a comment (#) or empty, and one user at least. An error names the file and the line, and no hash.
    [[nodiscard]] static Result<std::shared_ptr<const credentials>> load(const std::string& file);
    [[nodiscard]] static Result<std::shared_ptr<const credentials>> parse(std::string_view text, std::string_view file);

    // Whether the value of an Authorization header ("Basic ...") names one of the users with that one's password. How long it takes does not tell
    // whether there is such a user, nor how much of a password was right.
    [[nodiscard]] bool accept(std::string_view authorization) const;

private:
    std::map<std::string, std::string, std::less<>> hashes_;  // by user; never empty
};

}  // namespace seki::daemon
