#include "daemon/credentials.hpp"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ranges>
#include <vector>

#include "daemon/readable.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

constexpr std::size_t longest_file = 1 << 20;
constexpr std::size_t longest_header = 2048;
// A second for each request.
constexpr std::string_view highest_cost = "14";     // of bcrypt
constexpr std::string_view most_rounds = "999999";  // of SHA-256 and SHA-512

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

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool consists_of(std::string_view text, std::string_view of) { return text.find_first_not_of(of) == text.npos; }

// How a hash of a scheme ends. Those that are not here are outdated, or there is no crypt(3) that makes them.
struct known_scheme {
    std::string_view begin;
    std::size_t last;  // characters after the last $
};
constexpr std::array schemes{known_scheme{"$2a$", 53}, known_scheme{"$2b$", 53}, known_scheme{"$2y$", 53},
                             known_scheme{"$5$", 43},  known_scheme{"$6$", 86},  known_scheme{"$7$", 43},
                             known_scheme{"$gy$", 43}, known_scheme{"$y$", 43}};

// "$2y$05$...": the text between the second and the third $; "$6$rounds=5000$...": what stands after rounds=.
std::string_view cost_in(std::string_view setting) {
    const std::size_t from = setting.find('$', 1) + 1;
    std::string_view cost = setting.substr(from, setting.find('$', from) - from);
    if (setting.starts_with("$2")) return cost;
    constexpr std::string_view rounds = "rounds=";
    return cost.starts_with(rounds) ? cost.substr(rounds.size()) : std::string_view{};
}

// Of yescrypt and scrypt: no more than what crypt_gensalt(3) writes for a cost of 8, with which a hash takes 128 MiB and up to a second. A letter stands for the cost.
bool is_within_bounds(std::string_view setting) {
    const std::string_view terms = setting.substr(std::min(setting.find('$', 1) + 1, setting.size()));
    const auto is_up_to = [&](std::size_t at, char highest) {
        return letters.find(terms[at]) <= letters.find(highest);
    };
    if (setting.starts_with("$7$"))
        return terms.size() > 11 && is_up_to(0, 'D') && terms.substr(1).starts_with("U..../....");
    return terms.size() > 4 && terms[0] == 'j' && is_up_to(1, 'C') && (terms[2] == 'T' || terms[2] == '5') &&
           terms[3] == '$';
}

// What is wrong with it; empty when it can be used. It is not tried: a file may have many users, and the loop reads it.
std::string mistake_in(const std::string& setting) {
    const auto known =
        std::ranges::find_if(schemes, [&](const known_scheme& each) { return setting.starts_with(each.begin); });
    if (known == schemes.end() || ::crypt_checksalt(setting.c_str()) != CRYPT_SALT_OK)
        return "the hash is none that crypt(3) takes as safe: write it with `htpasswd -B`";
    const bool is_bcrypt = setting.starts_with("$2");
    const std::string_view cost = cost_in(setting);
    const std::string_view highest = is_bcrypt ? highest_cost : most_rounds;
    const bool is_number = consists_of(cost, digits);  // what is not may be a part of the hash
    if (is_number && (cost.size() > highest.size() || (cost.size() == highest.size() && cost > highest)))
        return fmt::format("{} {} would hold up every request: at most {}{}", is_bcrypt ? "a cost of" : "rounds", cost,
                           highest, is_bcrypt ? " (htpasswd -B -C)" : "");
    const std::string_view last = std::string_view{setting}.substr(setting.rfind('$') + 1);
    const bool has_salt = setting.size() > known->begin.size() + last.size();
    if (!has_salt || last.size() != known->last || !consists_of(last, letters) || !is_number ||
        (is_bcrypt && (cost.size() != 2 || setting.size() != 60)))
        return "the hash is cut off or too long";
    const bool is_sha = setting.starts_with("$5$") || setting.starts_with("$6$");
    if (!is_bcrypt && !is_sha && !is_within_bounds(setting))
        return "its cost would hold up every request: at most 8 (mkpasswd -R 8)";
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

credentials::credentials() : has_key_{::RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1} {}

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
    if (const std::string why = why_unreadable(file); !why.empty()) return refuse(file, ": {}", why);
    errno = 0;
    std::ifstream stream{file, std::ios::binary};
    std::string text(longest_file + 1, '\0');
    if (!stream) return refuse(file, ": cannot be read: {}", shm::system_advice(errno));
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return refuse(file, ": cannot be read: {}", shm::system_advice(errno));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > longest_file) return refuse(file, ": is larger than 1MiB");
    return parse(text, file);
}

bool credentials::accept(std::string_view authorization) const {
    const auto given = decode(authorization);
    if (!given) return false;
    const auto own = mark_of(authorization);
    if (is_remembered(own)) return true;
    const std::scoped_lock turn{one_at_a_time_};
    if (is_remembered(own)) return true;  // who asked at the same time
    const auto found = hashes_.find(given->user);
    const std::string& expected = found != hashes_.end() ? found->second : hashes_.begin()->second;
    const std::string made = hash(given->password, expected);
    const bool same = made.size() == expected.size() && ::CRYPTO_memcmp(made.data(), expected.data(), made.size()) == 0;
    const bool accepted = same && found != hashes_.end();
    if (accepted) remember(own);
    return accepted;
}

// Without the key nobody can tell what was remembered: the passwords themselves are not.
std::optional<credentials::mark> credentials::mark_of(std::string_view authorization) const {
    mark made{};
    if (!has_key_ || ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                            reinterpret_cast<const unsigned char*>(authorization.data()), authorization.size(),
                            made.data(), nullptr) == nullptr)
        return std::nullopt;
    return made;
}

bool credentials::is_remembered(const std::optional<mark>& one) const {
    if (!one) return false;
    const std::scoped_lock hold{mutex_};
    const auto same = [&](const mark& each) { return ::CRYPTO_memcmp(each.data(), one->data(), each.size()) == 0; };
    return std::ranges::any_of(right_ones_ | std::views::take(std::min(remembered_, right_ones_.size())), same);
}

// In the place of the oldest.
void credentials::remember(const std::optional<mark>& one) const {
    if (!one) return;
    const std::scoped_lock hold{mutex_};
    right_ones_[remembered_++ % right_ones_.size()] = *one;
}

}  // namespace seki::daemon
