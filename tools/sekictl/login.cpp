#include "login.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "report/text.hpp"
#include "shm/refuse.hpp"

namespace seki::ctl {
namespace {

constexpr std::string_view blanks = " \t\r\n";

template <class... Arguments>
std::unexpected<Error> refuse(const std::string& file, fmt::format_string<Arguments...> text,
                              Arguments&&... arguments) {
    return shm::refuse(Errc::invalid_argument, "--netrc-file \"{}\": {}", report::for_terminal(file),
                       fmt::format(text, std::forward<Arguments>(arguments)...));
}

// The words of a netrc: what stands between blanks, or between quotes, where a backslash keeps what follows it. A word that begins with # is a
// comment to the end of its line, unless it is a value: a password may begin so.
class words {
public:
    explicit words(std::string_view text) noexcept : rest_{text} {}

    // The next key.
    std::optional<std::string> key() {
        for (;;) {  // each round takes a line away
            skip_blanks();
            if (!rest_.starts_with('#')) return value();
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        }
    }
    std::optional<std::string> value() {
        skip_blanks();
        if (rest_.empty()) return std::nullopt;
        if (rest_.front() == '"') return quoted();
        std::string word{rest_.substr(0, rest_.find_first_of(blanks))};
        rest_.remove_prefix(word.size());
        return word;
    }

private:
    void skip_blanks() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }
    std::optional<std::string> quoted() {
        std::string word;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return word;
            }
            if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
            word += rest_[i];
        }
        return std::nullopt;
    }
    std::string_view rest_;
};

}  // namespace

Result<std::optional<login>> parse_netrc(std::string_view text, std::string_view host) {
    words all{text};
    std::optional<login> found;
    bool begun = false, fits = false;
    for (auto key = all.key(); key; key = all.key()) {
        if (fits && (*key == "machine" || *key == "default")) return found;
        if (*key == "default") {
            begun = fits = true;
            found.emplace();
            continue;
        }
        if (*key != "machine" && *key != "login" && *key != "password" && *key != "account")
            return shm::refuse(Errc::invalid_argument,
                               "a word that is none of machine, default, login, password and account where one of them "
                               "must stand");  // without it: it may be half a password
        auto value = all.value();
        if (!value) return shm::refuse(Errc::invalid_argument, "{} has no value", *key);
        if (*key == "machine") {
            begun = true;
            fits = *value == host;
            if (fits) found.emplace();
        } else if (!begun) {
            return shm::refuse(Errc::invalid_argument, "{} before any machine", *key);
        } else if (fits && *key != "account") {
            (*key == "login" ? found->user : found->password) = *std::move(value);
        }
    }
    return found;
}

Result<login> read_netrc(const std::string& file, std::string_view host) {
    std::ifstream stream{file, std::ios::binary};
    std::string text;
    std::getline(stream, text, '\0');  // all of it; where it cannot be read, nothing is thrown
    if (!stream.is_open() || stream.bad()) return refuse(file, "cannot be read: {}", shm::system_advice(errno));
    struct stat facts{};
    if (::stat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0)
        return refuse(file, "everybody may read the passwords in it: chmod o-r");
    auto found = parse_netrc(text, host);
    if (!found) return refuse(file, "{}", found.error().message);
    if (!*found) return refuse(file, "names neither machine {} nor a default", host);
    return **std::move(found);
}

Result<std::optional<login>> find_login(const std::string& netrc_file, std::string_view host) {
    if (!netrc_file.empty()) return read_netrc(netrc_file, host);
    const char* const given = std::getenv("SEKICTL_USER");
    if (given == nullptr) return std::nullopt;
    const std::string_view text = given;
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return shm::refuse(Errc::invalid_argument, "$SEKICTL_USER is not NAME:PASSWORD");
    return login{.user = std::string{text.substr(0, colon)}, .password = std::string{text.substr(colon + 1)}};
}

std::string authorization(const login& who) {
    const std::string plain = who.user + ':' + who.password;
    std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
    const int length =
        ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                          reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    coded.resize(static_cast<std::size_t>(length));
    return "Basic " + coded;
}

}  // namespace seki::ctl
