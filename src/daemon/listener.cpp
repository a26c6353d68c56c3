#include "daemon/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

constexpr int backlog = 32;
constexpr std::string_view unix_prefix = "unix:";

std::unexpected<Error> cannot_listen(std::string_view address, int number) {
    const char* const remedy = number == EADDRINUSE ? "stop what uses it, or listen elsewhere"
                               : number == EACCES   ? "use a port above 1023, or a path that you may write"
                                                    : "listen elsewhere";
    return shm::refuse(Errc::system, "cannot listen on {}: {}: {}", primitives::quoted(address),
                       shm::system_text(number), remedy);
}

// Of what is no socket; empty: there is none, or it cannot be told.
std::string_view what_lies_at(const std::string& path) noexcept {
    struct stat facts{};
    if (::lstat(path.c_str(), &facts) != 0 || S_ISSOCK(facts.st_mode)) return {};
    return S_ISDIR(facts.st_mode) ? "a folder" : S_ISREG(facts.st_mode) ? "a file" : "something that is no socket";
}

std::unexpected<Error> not_an_address(std::string_view address) {
    return shm::refuse(Errc::invalid_argument,
                       "listen {} is no address: \"127.0.0.1:9435\", \"[::1]:9435\" or \"unix:/run/seki/http.sock\"",
                       primitives::quoted(address));
}

struct host_and_port {
    std::string host, port;
};

std::optional<host_and_port> split(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size()) return std::nullopt;
    std::string_view host = address.substr(0, colon);
    const std::string_view port = address.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos || port.size() > 5) return std::nullopt;
    if (std::stoi(std::string{port}) > 65535) return std::nullopt;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host_and_port{std::string{host}, std::string{port}};
}

using addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<addresses> resolve(std::string_view address, const host_and_port& where) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int number = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
    if (number != 0)
        return shm::refuse(Errc::invalid_argument, "cannot listen on {}: {}", primitives::quoted(address),
                           ::gai_strerror(number));
    return addresses{found, &::freeaddrinfo};
}

std::string describe_bound(int socket, const std::string& host, bool tls) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    std::array<char, NI_MAXSERV> port{};
    auto* const address = reinterpret_cast<sockaddr*>(&bound);
    if (::getsockname(socket, address, &size) == 0)
        ::getnameinfo(address, size, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV);
    const bool wide = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", wide ? "[" : "", host, wide ? "]" : "", port.data());
}

// A socket that its owner left behind: nobody answers.
bool is_deserted(const sockaddr_un& name) noexcept {
    struct stat facts{};
    if (::lstat(name.sun_path, &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    const shm::descriptor caller{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    return ::connect(caller.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno == ECONNREFUSED;
}

}  // namespace

listener::listener(shm::descriptor socket, std::string shown, std::string unix_path)
    : socket_{std::move(socket)}, shown_{std::move(shown)}, unix_path_{std::move(unix_path)} {}

listener::~listener() {
    if (socket_ && !unix_path_.empty()) ::unlink(unix_path_.c_str());
}

bool listener::is_loopback() const noexcept {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(socket(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return false;
    if (bound.ss_family == AF_INET)
        return (ntohl(reinterpret_cast<const sockaddr_in&>(bound).sin_addr.s_addr) >> 24U) == IN_LOOPBACKNET;
    return bound.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(bound).sin6_addr);
}

Result<listener> listener::open(std::string_view address, bool tls) {
    if (address.starts_with(unix_prefix)) return open_unix(address, std::string{address.substr(unix_prefix.size())});
    const auto where = split(address);
    if (!where) return not_an_address(address);
    return open_tcp(address, where->host, where->port, tls);
}

Result<void> listener::look_up(std::string_view address) {
    if (address.starts_with(unix_prefix)) return {};
    const auto where = split(address);
    if (!where) return not_an_address(address);
    const auto found = resolve(address, *where);
    return found ? Result<void>{} : std::unexpected(found.error());
}

Result<listener> listener::open_unix(std::string_view address, const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (!path.starts_with('/') || path.size() >= sizeof name.sun_path) return not_an_address(address);
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    shm::descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!made) return cannot_listen(address, errno);
    listener bound{std::move(made), std::string{address}, {}};
    std::string named = path;  // before there is something to be taken away
    if (is_deserted(name)) ::unlink(path.c_str());
    const auto* const as_address = reinterpret_cast<const sockaddr*>(&name);
    if (::bind(bound.socket(), as_address, sizeof name) != 0) {
        const int number = errno;
        const std::string_view other = number == EADDRINUSE ? what_lies_at(path) : std::string_view{};
        if (other.empty()) return cannot_listen(address, number);
        return shm::refuse(Errc::system,
                           "cannot listen on {}: {} lies there, and is left alone: move it away, or listen elsewhere",
                           primitives::quoted(address), other);
    }
    bound.unix_path_ = std::move(named);
    // For the group, as the segment is. Before anybody can connect.
    if (::chmod(path.c_str(), 0660) != 0 || ::listen(bound.socket(), backlog) != 0)
        return cannot_listen(address, errno);
    return bound;
}

Result<listener> listener::open_tcp(std::string_view address, const std::string& host, const std::string& port,
                                    bool tls) {
    const auto found = resolve(address, {host, port});
    if (!found) return std::unexpected(found.error());
    int number = EADDRNOTAVAIL;
    for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next) {
        shm::descriptor made{
            ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol)};
        const int on = 1;
        if (made && ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            ::bind(made.get(), each->ai_addr, each->ai_addrlen) == 0 && ::listen(made.get(), backlog) == 0) {
            std::string shown = describe_bound(made.get(), host, tls);
            return listener{std::move(made), std::move(shown), {}};
        }
        number = errno;
    }
    return cannot_listen(address, number);
}

}  // namespace seki::daemon
