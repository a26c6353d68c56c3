#include "daemon/connection.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace seki::daemon {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

// How often somebody who waits looks whether others do.
constexpr milliseconds glance{50};
// Nobody's request has more: its head is all that is read of it.
constexpr std::size_t most_received = 64 * 1024;

}  // namespace

connection::connection(int socket, SSL_CTX* tls, const waiting_room& others, patience has)
    : socket_{socket},
      tls_{tls != nullptr ? ::SSL_new(tls) : nullptr},
      others_{others},
      has_{has},
      began_{clock::now()},
      broken_{tls != nullptr && tls_ == nullptr} {
    ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
    if (tls_ == nullptr) return;
    ::SSL_set_accept_state(tls_.get());  // the first read makes the handshake
    if (::SSL_set_fd(tls_.get(), socket_) != 1) broken_ = true;
}

connection::~connection() {
    if (tls_ != nullptr && !broken_ && ::SSL_is_init_finished(tls_.get()) == 1) ::SSL_shutdown(tls_.get());
    ::ERR_clear_error();
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
}

connection::step connection::judge(ssize_t done, short waits_for) noexcept {
    broken_ = done < 0 && waits_for == 0;
    return {done, waits_for};
}

connection::step connection::receive() noexcept {
    if (tls_ == nullptr) {
        const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
        return judge(got, got < 0 && (errno == EAGAIN || errno == EINTR) ? POLLIN : 0);
    }
    ::ERR_clear_error();
    const int got = ::SSL_read(tls_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
    if (got > 0) return {got, 0};
    const int why = ::SSL_get_error(tls_.get(), got);
    if (why == SSL_ERROR_ZERO_RETURN) return {0, 0};
    return judge(-1, why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0);
}

connection::step connection::send(const char* from, std::size_t size) noexcept {
    if (tls_ == nullptr) {
        const ssize_t sent = ::send(socket_, from, size, MSG_NOSIGNAL);
        return judge(sent, sent < 0 && (errno == EAGAIN || errno == EINTR) ? POLLOUT : 0);
    }
    ::ERR_clear_error();
    const int sent = ::SSL_write(tls_.get(), from, static_cast<int>(std::min<std::size_t>(size, 1 << 30)));
    if (sent > 0) return {sent, 0};
    const int why = ::SSL_get_error(tls_.get(), sent);
    return judge(-1, why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0);
}

connection::time connection::bounded(time until) const {
    const auto closed = others_.closed();
    return closed ? std::min(until, *closed + has_.last_words) : until;
}

// Who dawdles gives way to who waits for a thread.
bool connection::wait(direction where, short events, time until) const {
    pollfd one{socket_, events, 0};
    for (;;) {  // ends by `until`
        time limit = bounded(until);
        if (where == direction::in && others_.somebody_waits())
            limit = std::min(limit, began_ + has_.request_in_a_crowd);
        const auto left = limit - clock::now();
        if (left <= left.zero()) return false;
        const auto turn = std::min(glance, ceil<milliseconds>(left));
        const int ready = ::poll(&one, 1, static_cast<int>(turn.count()));
        if (ready > 0) return true;  // an error too: the next step tells
        if (ready < 0 && errno != EINTR) return false;
    }
}

template <class Step>
ssize_t connection::carry_on(direction where, time until, Step next) {
    while (!broken_ && clock::now() < bounded(until)) {
        const step now = next();
        if (now.done >= 0) return now.done;
        if (now.waits_for == 0 || !wait(where, now.waits_for, until)) break;
    }
    broken_ = true;
    return -1;
}

ssize_t connection::read(char* to, std::size_t size) {
    if (first_ == last_) {
        if (received_ >= most_received) return -1;
        const ssize_t got = carry_on(direction::in, began_ + has_.request, [&] { return receive(); });
        if (got <= 0) return got;
        first_ = 0;
        last_ = static_cast<std::size_t>(got);
        received_ += last_;
    }
    const std::size_t given = std::min(size, last_ - first_);
    std::copy_n(buffer_.data() + first_, given, to);
    first_ += given;
    return static_cast<ssize_t>(given);
}

ssize_t connection::write(const char* from, std::size_t size) {
    const time until = clock::now() + has_.piece;
    for (std::size_t done = 0; done < size;) {
        const ssize_t sent = carry_on(direction::out, until, [&] { return send(from + done, size - done); });
        if (sent <= 0) return -1;
        done += static_cast<std::size_t>(sent);
    }
    return static_cast<ssize_t>(size);
}

bool connection::is_readable() const { return first_ != last_ || wait(direction::in, POLLIN, began_ + has_.request); }

bool connection::is_writable() const {
    if (broken_ || !wait(direction::out, POLLOUT, clock::now() + has_.piece)) return false;
    pollfd one{socket_, POLLRDHUP, 0};
    return ::poll(&one, 1, 0) == 0;
}

// Nothing of ours asks for them.
void connection::get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}
void connection::get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const {}

}  // namespace seki::daemon
