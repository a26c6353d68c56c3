#include "event_client.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "report/text.hpp"
#include "shm/descriptor.hpp"
#include "shm/refuse.hpp"

namespace seki::ctl {
namespace {

constexpr std::string_view unix_prefix = "unix:", http_prefix = "http://", https_prefix = "https://";
constexpr std::size_t longest_line = 1 << 20;  // of a server that is none of ours
constexpr std::chrono::seconds patience{5};    // until it answers

std::unexpected<Error> cannot(const std::string& address, std::string_view why) {
    return std::unexpected(
        Error{Errc::system, fmt::format("cannot listen to sekid at {}: {}: is it in the same network "
                                        "namespace? --sekid says where it answers",
                                        address, why)});
}

// Until when a connection has come about, and is answered.
class time_limit {
public:
    // A call on the socket that takes longer fails: connect() with EINPROGRESS or EAGAIN, the others with EAGAIN.
    void put_on(int socket) const noexcept {
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end_ - clock::now()).count();
        set(socket, std::max<std::int64_t>(left, 1));  // 0 is for ever
    }
    static void take_off(int socket) noexcept { set(socket, 0); }

private:
    using clock = std::chrono::steady_clock;

    static void set(int socket, std::int64_t microseconds) noexcept {
        const timeval span{.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000};
        for (const int which : {SO_SNDTIMEO, SO_RCVTIMEO})
            (void)::setsockopt(socket, SOL_SOCKET, which, &span, sizeof span);
    }

    clock::time_point end_ = clock::now() + patience;
};

std::string text_of(int number) {
    if (number == EAGAIN || number == EINPROGRESS) return fmt::format("no answer within {} s", patience.count());
    return shm::system_text(number);
}

Result<shm::descriptor> connect_unix(const std::string& address, std::string_view path, const time_limit& until) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof name.sun_path) return cannot(address, "that is no path of a socket");
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    shm::descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    until.put_on(made.get());
    if (!made || ::connect(made.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        return cannot(address, text_of(errno));
    return made;
}

Result<shm::descriptor> connect_tcp(const std::string& address, std::string_view where, const time_limit& until) {
    where = where.substr(0, where.find('/'));
    const std::size_t colon = where.rfind(':');
    if (colon == where.npos) return cannot(address, "it has no port");
    std::string host{where.substr(0, colon)};
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port{where.substr(colon + 1)};
    if (const int number = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); number != 0)
        return cannot(address, ::gai_strerror(number));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, &::freeaddrinfo};
    int number = EADDRNOTAVAIL;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        shm::descriptor made{::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol)};
        until.put_on(made.get());
        if (made && ::connect(made.get(), each->ai_addr, each->ai_addrlen) == 0) return made;
        number = errno;
    }
    return cannot(address, text_of(number));
}

Result<shm::descriptor> connect(const std::string& address, const time_limit& until) {
    const std::string_view text = address;
    if (text.starts_with(unix_prefix)) return connect_unix(address, text.substr(unix_prefix.size()), until);
    if (text.starts_with(http_prefix)) return connect_tcp(address, text.substr(http_prefix.size()), until);
    if (text.starts_with(https_prefix))
        return std::unexpected(
            Error{Errc::system,
                  fmt::format("sekid at {0} speaks TLS, and sekictl does not: curl --no-buffer {0}/api/v1/events "
                              "(with --cacert FILE for a certificate of your own, --user NAME where it asks for one)",
                              report::for_terminal(address))});
    return cannot(report::for_terminal(address), "an address is http://HOST:PORT or unix:/PATH");
}

bool send_all(int to, std::string_view text) noexcept {
    while (!text.empty()) {  // ends: each round sends something, or fails
        const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

// The lines of an answer, without their ends.
class line_reader {
public:
    explicit line_reader(int from) : from_{from} {}

    // Nothing at the end of the answer, or when it is none.
    std::optional<std::string> next() {
        for (std::size_t seen = 0;;) {  // ends with a line, or with the answer
            if (const std::size_t end = held_.find('\n', seen); end != held_.npos) {
                std::string line = held_.substr(0, end);
                held_.erase(0, end + 1);
                if (line.ends_with('\r')) line.pop_back();
                return line;
            }
            seen = held_.size();
            if (held_.size() > longest_line || !read_more()) return std::nullopt;
        }
    }
    // Why there was nothing: the socket's time limit.
    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }

private:
    bool read_more() {
        std::array<char, 16384> bytes;
        for (;;) {  // ends unless signals keep coming
            const ssize_t length = ::read(from_, bytes.data(), bytes.size());
            if (length < 0 && errno == EINTR) continue;
            timed_out_ = length < 0 && errno == EAGAIN;
            if (length <= 0) return false;
            held_.append(bytes.data(), static_cast<std::size_t>(length));
            return true;
        }
    }

    int from_;
    std::string held_;
    bool timed_out_ = false;
};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return out;
}

// Past the head of the answer; its status when that is not 200.
std::optional<std::string> skip_head(line_reader& lines) {
    const auto status = lines.next();
    if (!status) return "it does not answer";
    for (auto line = lines.next(); line && !line->empty();) line = lines.next();
    constexpr std::string_view fine = " 200 ", who_is_it = " 401 ";
    if (status->substr(0, 14).contains(fine)) return std::nullopt;
    if (status->substr(0, 14).contains(who_is_it))
        return "a user and a password are needed, and sekictl knows none: curl --no-buffer --user NAME "
               "ADDRESS/api/v1/events";
    const auto why = lines.next();
    return why && !why->empty() ? *why : *status;
}

}  // namespace

Result<void> read_events(const std::string& address, const std::string& match, bool follow,
                         const std::function<bool(const json&)>& take) {
    const time_limit until;
    const auto socket = connect(address, until);
    if (!socket) return std::unexpected(socket.error());
    const std::string request = fmt::format(
        "GET /api/v1/events?recent=1&follow={:d}&match={} HTTP/1.1\r\nHost: sekid\r\nAccept: "
        "text/event-stream\r\nConnection: close\r\n\r\n",
        follow, escaped(match));
    until.put_on(socket->get());
    if (!send_all(socket->get(), request)) return cannot(address, text_of(errno));
    line_reader lines{socket->get()};
    const auto wrong = skip_head(lines);
    if (lines.timed_out()) return cannot(address, text_of(EAGAIN));
    if (wrong) return std::unexpected(Error{Errc::busy, fmt::format("sekid at {} refuses: {}", address, *wrong)});
    time_limit::take_off(socket->get());  // events come when something happens
    constexpr std::string_view data = "data: ";
    for (auto line = lines.next(); line; line = lines.next()) {
        if (!line->starts_with(data)) continue;
        const json event = json::parse(line->substr(data.size()), nullptr, false);
        if (event.is_object() && !take(event)) return {};
    }
    if (follow) return cannot(address, "it ended");
    return {};
}

}  // namespace seki::ctl
