// Arbitrary bytes, sent by a client of sekid's: answered in HTTP, or hung up on; nobody gets anything else without the password. The first byte says which sekid:
// one with users, one for this host alone, one for all.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "daemon/credentials.hpp"
#include "daemon/pages.hpp"
#include "must.hpp"

namespace {

using namespace seki;
using hostile::must;

// What a client sent, and what it is told.
class client : public httplib::Stream {
public:
    explicit client(std::string_view sent) : sent_{sent} {}
    bool is_readable() const override { return !sent_.empty(); }
    bool is_writable() const override { return true; }
    ssize_t read(char* to, std::size_t size) override {
        const std::size_t some = std::min(size, sent_.size());
        std::memcpy(to, sent_.data(), some);
        sent_.remove_prefix(some);
        return static_cast<ssize_t>(some);
    }
    ssize_t write(const char* from, std::size_t size) override {
        if (told_.size() < 256) told_.append(from, std::min<std::size_t>(size, 256));
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    int socket() const override { return -1; }
    [[nodiscard]] std::string_view told() const { return told_; }

private:
    std::string_view sent_;
    std::string told_;
};

// "user:password", at the least cost that there is.
constexpr std::string_view one_user = "user:$2y$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm\n";
constexpr std::string_view as_browsers_say_it =
    "dXNlcjpwYXNzd29yZ";  // but for its last bits, of which some mean nothing

// A sekid without a segment, that is about to stop: so nothing is followed for ever.
class sekid {
public:
    explicit sekid(bool with_users, std::string own)
        : with_users_{with_users}, served_{{from_, hub_, exported_, past_, users_}, std::move(own), 0} {
        spdlog::set_level(spdlog::level::off);
        if (with_users) users_.set(daemon::credentials::parse(one_user, "users").value());
        hub_.close();
        past_.close();
    }
    void answer(std::string_view request) {
        client from{request};
        served_.attend(from);
        const std::string_view told = from.told();
        must(told.empty() || told.starts_with("HTTP/1."), "what is answered is HTTP");
        if (with_users_ && told.substr(0, 12).ends_with(" 200") && !request.contains(as_browsers_say_it))
            must(told.contains("\r\nContent-Length: 6\r\n"),
                 "without the password nothing is told but that sekid lives");
    }

private:
    bool with_users_;
    daemon::board from_;
    daemon::event_hub hub_;
    otlp::ledger exported_;
    daemon::recorder past_{from_, std::chrono::hours{1}};
    daemon::gate users_;
    daemon::pages served_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static sekid with_users{true, ""};
    static sekid for_this_host{false, "127.0.0.1:9435"};
    static sekid for_all{false, ""};
    if (size == 0) return 0;
    sekid& one = data[0] % 3 == 0 ? with_users : data[0] % 3 == 1 ? for_this_host : for_all;
    one.answer({reinterpret_cast<const char*>(data + 1), size - 1});
    return 0;
}
