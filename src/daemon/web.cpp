#include "daemon/web.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/connection.hpp"
#include "daemon/crew.hpp"
#include "daemon/pages.hpp"
#include "daemon/recorder.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

constexpr std::size_t threads = 4 + event_hub::most_subscribers + recorder::most_viewers;

// A client that went away before it was accepted, or that there never was: nobody's mistake.
bool is_ordinary(int number) noexcept {
    return number == EAGAIN || number == EINTR || number == ECONNABORTED || number == EPROTO;
}

}  // namespace

struct web::inside {
    inside(listener on, const access& who, const board& from, event_hub& hub, const otlp::ledger& exported)
        : listening{std::move(on)},
          own{listening.shown().substr(listening.shown().find("//") + 2)},
          recording{from},
          http{{.from = from, .hub = hub, .exported = exported, .recording = recording, .users = users},
               who.tls == nullptr && listening.is_loopback() ? own : std::string{},
               listening.socket()},
          shown{who.tls},
          threads_of_clients{threads, before, [this](int client) { attend(client); }} {
        users.set(who.users);
        accepting = std::jthread{[this](const std::stop_token& end) { accept(end); }};
    }

    void attend(int socket) {
        connection client{socket, shown != nullptr ? shown->context() : nullptr, before};
        http.attend(client);
    }

    void accept(const std::stop_token& end) noexcept {
        bool said = false;
        pollfd on{.fd = listening.socket(), .events = POLLIN, .revents = 0};
        while (!end.stop_requested()) {
            // The end is known by a shutdown of the socket, and a second later where that fails.
            if (::poll(&on, 1, 1000) <= 0) continue;
            const int client = ::accept4(listening.socket(), nullptr, nullptr, SOCK_CLOEXEC);
            const int number = client < 0 ? errno : 0;
            if (client >= 0) {
                threads_of_clients.take(client);
                continue;
            }
            // One that was shut down answers so for good. A Unix socket says EAGAIN.
            if (end.stop_requested() || number == EINVAL || number == EBADF) return;
            if (is_ordinary(number)) continue;
            if (!std::exchange(said, true)) say(number);
            ::poll(nullptr, 0, 50);  // it would fail again at once
        }
    }
    void say(int number) const noexcept try {
        spdlog::error("cannot accept a client on {}: {}", listening.shown(), shm::system_advice(number));
    } catch (const std::bad_alloc&) {
        // Then it is not said.
    }

    listener listening;
    const std::string own;  // HOST:PORT
    gate users;
    recorder recording;
    pages http;
    std::shared_ptr<const certificate> shown;
    waiting_room before;
    crew threads_of_clients;
    std::jthread accepting;
};

web::web(listener on, const access& who, const board& from, event_hub& hub, const otlp::ledger& exported)
    : inside_{std::make_unique<inside>(std::move(on), who, from, hub, exported)} {}

Result<std::unique_ptr<web>> web::open(listener on, const access& who, const board& from, event_hub& hub,
                                       const otlp::ledger& exported) {
    const std::string shown = on.shown();
    try {
        return std::unique_ptr<web>{new web{std::move(on), who, from, hub, exported}};
    } catch (const std::system_error& failed) {
        return shm::refuse(Errc::system, "cannot start the {} threads that answer on {}: {}", threads, shown,
                           shm::system_advice(failed.code().value()));
    }
}

void web::let_in(std::shared_ptr<const credentials> users) { inside_->users.set(std::move(users)); }

web::~web() {
    inside_->recording.close();
    inside_->accepting.request_stop();
    // Wakes who accepts.
    ::shutdown(inside_->listening.socket(), SHUT_RDWR);
    inside_->accepting.join();
}

}  // namespace seki::daemon
