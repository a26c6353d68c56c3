#include "channel.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fmt/format.h>

#include "report/text.hpp"
#include "shm/refuse.hpp"

namespace seki::ctl {
namespace {

constexpr std::string_view unix_prefix = "unix:", http_prefix = "http://", https_prefix = "https://";
constexpr std::chrono::seconds patience{5};

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

// OpenSSL writes to a socket as to any file: a peer that is gone must be an error and not the end of sekictl.
class no_broken_pipe {
public:
    no_broken_pipe() noexcept : before_{::signal(SIGPIPE, SIG_IGN)} {}
    ~no_broken_pipe() { (void)::signal(SIGPIPE, before_); }
    no_broken_pipe(const no_broken_pipe&) = delete;
    no_broken_pipe& operator=(const no_broken_pipe&) = delete;

private:
    void (*before_)(int);
};

std::string text_of(int number) {
    if (number == EAGAIN || number == EINPROGRESS) return fmt::format("no answer within {} s", patience.count());
    return shm::system_text(number);
}

Result<shm::descriptor> connect_unix(const sekid_address& to, const time_limit& until) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (to.port.empty() || to.port.size() >= sizeof name.sun_path)
        return cannot_listen(to, "that is no path of a socket");
    to.port.copy(name.sun_path, sizeof name.sun_path - 1);
    shm::descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    until.put_on(made.get());
    if (!made || ::connect(made.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        return cannot_listen(to, text_of(errno));
    return made;
}

Result<shm::descriptor> connect_tcp(const sekid_address& to, const time_limit& until) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int number = ::getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &found); number != 0)
        return cannot_listen(to, ::gai_strerror(number));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, &::freeaddrinfo};
    int number = EADDRNOTAVAIL;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        shm::descriptor made{::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol)};
        until.put_on(made.get());
        if (made && ::connect(made.get(), each->ai_addr, each->ai_addrlen) == 0) return made;
        number = errno;
    }
    return cannot_listen(to, text_of(number));
}

bool is_numeric(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

// Whose certificate it must be.
bool expect(SSL* connection, const std::string& host) {
    if (is_numeric(host)) return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(connection), host.c_str()) == 1;
    // SSL_set_tlsext_host_name() is a macro with a cast of C.
    std::string asked = host;
    return ::SSL_set1_host(connection, host.c_str()) == 1 &&
           ::SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, asked.data()) == 1;
}

}  // namespace

Result<sekid_address> parse_address(const std::string& text) {
    sekid_address to{.text = report::for_terminal(text), .host = "localhost"};
    std::string_view rest = text;
    if (rest.starts_with(unix_prefix)) {
        to.port = rest.substr(unix_prefix.size());
        to.is_unix = true;
        return to;
    }
    to.is_encrypted = rest.starts_with(https_prefix);
    if (!to.is_encrypted && !rest.starts_with(http_prefix))
        return cannot_listen(to, "an address is http://HOST:PORT, https://HOST:PORT or unix:/PATH");
    rest.remove_prefix(to.is_encrypted ? https_prefix.size() : http_prefix.size());
    rest = rest.substr(0, rest.find('/'));
    const std::size_t colon = rest.rfind(':');
    if (colon == rest.npos) return cannot_listen(to, "it has no port");
    to.host = rest.substr(0, colon);
    to.port = rest.substr(colon + 1);
    if (to.host.starts_with('[') && to.host.ends_with(']')) to.host = to.host.substr(1, to.host.size() - 2);
    return to;
}

std::unexpected<Error> cannot_listen(const sekid_address& to, std::string_view why) {
    return shm::refuse(Errc::system,
                       "cannot listen to sekid at {}: {}: is it in the same network namespace? --sekid says where it "
                       "answers",
                       to.text, why);
}

Result<channel> channel::open(const sekid_address& to, const std::string& cacert) {
    const time_limit until;
    auto socket = to.is_unix ? connect_unix(to, until) : connect_tcp(to, until);
    if (!socket) return std::unexpected(socket.error());
    until.put_on(socket->get());
    channel made{to, std::move(*socket)};
    if (to.is_encrypted)
        if (auto done = made.encrypt(cacert); !done) return std::unexpected(done.error());
    return made;
}

Result<void> channel::encrypt(const std::string& cacert) {
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    if (context_ == nullptr || ::SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION) != 1)
        return shm::refuse(Errc::system, "OpenSSL cannot be used");
    if (cacert.empty())
        ::SSL_CTX_set_default_verify_paths(context_.get());
    else if (::SSL_CTX_load_verify_file(context_.get(), cacert.c_str()) != 1)
        return shm::refuse(Errc::invalid_argument, "--cacert \"{}\": cannot be read, or holds no certificate in PEM",
                           report::for_terminal(cacert));
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    tls_.reset(::SSL_new(context_.get()));
    if (tls_ == nullptr || ::SSL_set_fd(tls_.get(), socket_.get()) != 1 || !expect(tls_.get(), to_.host))
        return shm::refuse(Errc::system, "OpenSSL cannot be used for host {}", to_.host);
    const no_broken_pipe here;
    const int result = ::SSL_connect(tls_.get());
    if (result == 1) return {};
    const long verdict = ::SSL_get_verify_result(tls_.get());
    if (verdict == X509_V_OK) return broken(result);
    return shm::refuse(
        Errc::no_permission,
        "sekid at {} is not trusted: {}: --cacert FILE holds the certificates of those who may vouch for "
        "it, and --sekid https://HOST:PORT names it as its certificate does",
        to_.text, ::X509_verify_cert_error_string(verdict));
}

std::unexpected<Error> channel::broken(int result) const {
    const int number = errno;
    const int kind = ::SSL_get_error(tls_.get(), result);
    const char* const reason = ::ERR_reason_error_string(::ERR_get_error());
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return cannot_listen(to_, text_of(EAGAIN));
    if (reason != nullptr) return cannot_listen(to_, fmt::format("no TLS with it: {}", reason));
    return cannot_listen(to_, number != 0 ? text_of(number) : "it closed the connection");
}

Result<void> channel::send_all(std::string_view text) {
    const no_broken_pipe here;
    while (!text.empty()) {  // ends: each round sends something, or fails
        errno = 0;
        const auto sent = tls_ != nullptr ? ::SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
                                          : ::send(socket_.get(), text.data(), text.size(), 0);
        if (sent < 0 && tls_ == nullptr && errno == EINTR) continue;
        if (sent <= 0 && tls_ != nullptr) return broken(static_cast<int>(sent));
        if (sent <= 0) return cannot_listen(to_, text_of(errno));
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<std::size_t> channel::read(std::span<char> into) {
    for (;;) {  // ends unless signals keep coming
        errno = 0;
        const auto length = tls_ != nullptr ? ::SSL_read(tls_.get(), into.data(), static_cast<int>(into.size()))
                                            : ::read(socket_.get(), into.data(), into.size());
        if (length > 0) return static_cast<std::size_t>(length);
        if (tls_ != nullptr) {
            const int kind = ::SSL_get_error(tls_.get(), static_cast<int>(length));
            // A sekid that was killed says no farewell, which is an end as that of a connection without TLS is one.
            const bool ended = kind == SSL_ERROR_ZERO_RETURN || kind == SSL_ERROR_SYSCALL ||
                               ERR_GET_REASON(::ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
            if (ended) return 0;
            return broken(static_cast<int>(length));
        }
        if (length == 0) return 0;
        if (errno != EINTR) return cannot_listen(to_, text_of(errno));
    }
}

void channel::wait_for_ever() const noexcept { time_limit::take_off(socket_.get()); }

}  // namespace seki::ctl
