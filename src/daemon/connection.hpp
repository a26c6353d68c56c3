// A client's connection, as the HTTP library reads and writes it, in plain text or over TLS.
//
// The library's own bounds each read and each write alone, so that a byte a second keeps a thread for as long as the client likes. This one bounds a request
// as a whole, a handshake included, and each piece of an answer as a whole; a request less while others wait for a thread; and both when sekid stops.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include <httplib.h>
#include <openssl/ssl.h>

namespace seki::daemon {

// How long a client is waited for.
struct patience {
    std::chrono::milliseconds request{5000};
    std::chrono::milliseconds request_in_a_crowd{500};  // while somebody waits for a thread
    std::chrono::milliseconds piece{5000};              // of an answer: of events, each batch
    std::chrono::milliseconds last_words{500};          // from the moment that sekid stops
};

// Connections that no thread attends to yet, and whether sekid stops. Any thread.
class waiting_room {
public:
    using time = std::chrono::steady_clock::time_point;

    void enter() {
        const std::scoped_lock hold{mutex_};
        ++waiting_;
    }
    void leave() {
        const std::scoped_lock hold{mutex_};
        --waiting_;
    }
    void close() {
        const std::scoped_lock hold{mutex_};
        if (!closed_) closed_ = std::chrono::steady_clock::now();
    }
    [[nodiscard]] bool somebody_waits() const {
        const std::scoped_lock hold{mutex_};
        return waiting_ != 0;
    }
    [[nodiscard]] std::optional<time> closed() const {
        const std::scoped_lock hold{mutex_};
        return closed_;
    }

private:
    mutable std::mutex mutex_;
    std::size_t waiting_ = 0;
    std::optional<time> closed_;
};

class connection : public httplib::Stream {
public:
    // Closes the socket when it ends. `tls` is null for plain text.
    connection(int socket, SSL_CTX* tls, const waiting_room& others, patience has = {});
    ~connection() override;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    [[nodiscard]] bool is_readable() const override;
    // Waits for it. False when the client is gone, too.
    [[nodiscard]] bool is_writable() const override;
    // Some bytes; 0 when the client sends no more; -1 when it took too long, or sends more than any request has.
    ssize_t read(char* to, std::size_t size) override;
    // All bytes, or -1.
    ssize_t write(const char* from, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] int socket() const override { return socket_; }

private:
    using time = waiting_room::time;
    enum class direction : bool { in, out };
    struct step {
        ssize_t done;     // bytes; 0: the client sends no more; -1: broken, or nothing yet
        short waits_for;  // what to wait for before the next; 0: nothing helps
    };
    [[nodiscard]] step receive() noexcept;
    [[nodiscard]] step send(const char* from, std::size_t size) noexcept;
    [[nodiscard]] step judge(ssize_t done, short waits_for) noexcept;
    template <class Step>
    [[nodiscard]] ssize_t carry_on(direction where, time until, Step next);
    [[nodiscard]] time bounded(time until) const;
    [[nodiscard]] bool wait(direction where, short events, time until) const;

    struct closing {
        void operator()(SSL* session) const noexcept { ::SSL_free(session); }
    };
    int socket_;
    std::unique_ptr<SSL, closing> tls_;
    const waiting_room& others_;
    patience has_;
    time began_;
    bool broken_ = false;
    std::size_t received_ = 0;
    std::array<char, 4096> buffer_{};  // received; [first_, last_) was not read yet
    std::size_t first_ = 0;
    std::size_t last_ = 0;
};

}  // namespace seki::daemon
