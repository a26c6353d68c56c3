// Who may ask sekid over HTTP: the users of `[sekid] basic_auth_file`, a line `USER:HASH` each, as `htpasswd -B` writes them.
//
// A hash is any that crypt(3) knows and does not call outdated: bcrypt ($2y$), SHA-512 ($6$), yescrypt ($y$). A password costs
// one such hash, also for a user that is not there, so a cost beyond what sekid can afford is refused when the file is read. One hash is made at a time, whoever asks,
// so that strangers burn no more than one processor; the last passwords that were right are known again without.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <seki/error.hpp>

namespace seki::daemon {

class credentials {
public:
    credentials();  // nobody; parse() and load() make others

    // Every line must be a user, a comment (#) or empty, and one user at least. An error names the file and the line, and no hash.
    [[nodiscard]] static Result<std::shared_ptr<const credentials>> load(const std::string& file);
    [[nodiscard]] static Result<std::shared_ptr<const credentials>> parse(std::string_view text, std::string_view file);

    // Whether the value of an Authorization header ("Basic ...") names one of the users with that one's password. How long it takes does not tell
    // whether there is such a user, nor how much of a password was right.
    [[nodiscard]] bool accept(std::string_view authorization) const;

private:
    using mark = std::array<unsigned char, 32>;  // HMAC-SHA-256 of a header, under a key that nobody else has
    [[nodiscard]] std::optional<mark> mark_of(std::string_view authorization) const;
    [[nodiscard]] bool is_remembered(const std::optional<mark>& one) const;
    void remember(const std::optional<mark>& one) const;

    std::map<std::string, std::string, std::less<>> hashes_;  // by user; never empty
    std::array<unsigned char, 32> key_{};
    bool has_key_;  // else nothing is remembered
    mutable std::mutex one_at_a_time_;
    mutable std::mutex mutex_;  // guards what follows
    mutable std::array<mark, 16> right_ones_{};
    mutable std::size_t remembered_ = 0;
};

}  // namespace seki::daemon
