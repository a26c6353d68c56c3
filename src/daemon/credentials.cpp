#include "daemon/credentials.hpp"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <vector>

#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

constexpr std::size_t longest_file = 1 << 20;
constexpr std::size_t longest_header = 2048;
constexpr int highest_cost = 14;  // of bcrypt: a second for each request

template <class... Arguments>
std::unexpected<Error> refuse(std::string_view file, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return shm::refuse(Errc::invalid_argument, "[sekid]: basic_auth_file {}{}", primitives::quoted(file),
                       fmt::format(text, std::forward<Arguments>(arguments)...));
}

// Empty: crypt(3) cannot.
std::string hash(std::string_view password, const std::string& setting) {
    const auto work = std::make_unique<crypt_data>();  // 32 KiB
    const char* const made = ::crypt_r(std::string{password}.c_str(), setting.c_str(), work.get());
    std::string result = made != nullptr && made[0] != '*' ? made : "";
    ::OPENSSL_cleanse(work.get(), sizeof *work);
    return result;
}

// "$2y$05$...": 5.
std::optional<int> cost_of_bcrypt(std::string_view of) {
    if (!of.starts_with("$2") || of.size() < 7 || of[3] != '$') return std::nullopt;
    return (of[4] - '0') * 10 + (of[5] - '0');
}

// What is wrong with it; empty when it can be used.
std::string mistake_in(const std::string& setting) {
    if (!setting.starts_with('$') || ::crypt_checksalt(setting.c_str()) != CRYPT_SALT_OK)
        return "the hash is none that crypt(3) takes as safe: write it with `htpasswd -B`";
    if (const auto cost = cost_of_bcrypt(setting); cost && *cost > highest_cost)
        return fmt::format("a cost of {} would hold up every request: at most {} (htpasswd -B -C)", *cost,
                           highest_cost);
    if (hash("", setting).size() != setting.size()) return "the hash is cut off or too long";
    return {};
}

struct login {
    std::string user, password;
};

std::optional<login> decode(std::string_view authorization) {
    constexpr std::string_view scheme = "Basic ";
    if (!authorization.starts_with(scheme) || authorization.size() > longest_header) return std::nullopt;
    const std::string_view coded = authorization.substr(scheme.size());
    if (coded.size() % 4 != 0 || coded.empty()) return std::nullopt;
    std::vector<unsigned char> bytes(coded.size());
    const int length = ::EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(coded.data()),
                                         static_cast<int>(coded.size()));
    if (length < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(coded.ends_with("==") ? 2 : coded.ends_with('=') ? 1 : 0);
    const std::string text{bytes.begin(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(length) - padding)};
    const std::size_t colon = text.find(':');
    if (colon == text.npos || text.find('\0') != text.npos) return std::nullopt;
    return login{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

Result<std::shared_ptr<const credentials>> credentials::parse(std::string_view text, std::string_view file) {
    auto made = std::make_shared<credentials>();
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) continue;
        const std::size_t colon = line.find(':');
        if (colon == line.npos || colon == 0 || line.find('\0') != line.npos)
            return refuse(file, ", line {}: is not USER:HASH, as `htpasswd -B` writes it", number);
        const std::string setting{line.substr(colon + 1)};
        const std::string user{line.substr(0, colon)};
        if (const std::string wrong = mistake_in(setting); !wrong.empty())
            return refuse(file, ", line {}: user {}: {}", number, primitives::quoted(user), wrong);
        if (!made->hashes_.emplace(user, setting).second)
            return refuse(file, ", line {}: user {} is there already", number, primitives::quoted(user));
    }
    if (made->hashes_.empty()) return refuse(file, ": has no user: add one with `htpasswd -B`, or leave it out");
    return made;
}

Result<std::shared_ptr<const credentials>> credentials::load(const std::string& file) {
    errno = 0;
    std::ifstream stream{file, std::ios::binary};
    std::string text(longest_file + 1, '\0');
    if (!stream || !stream.read(text.data(), 0)) return refuse(file, ": cannot be read: {}", shm::system_advice(errno));
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return refuse(file, ": cannot be read: {}", shm::system_advice(errno));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > longest_file) return refuse(file, ": is larger than 1MiB");
    return parse(text, file);
}

bool credentials::accept(std::string_view authorization) const {
    const auto given = decode(authorization);
    if (!given) return false;
    const auto found = hashes_.find(given->user);
    const std::string& expected = found != hashes_.end() ? found->second : hashes_.begin()->second;
    const std::string made = hash(given->password, expected);
    const bool same = made.size() == expected.size() && ::CRYPTO_memcmp(made.data(), expected.data(), made.size()) == 0;
    return same && found != hashes_.end();
}

}  // namespace seki::daemon
