// The socket that sekid answers HTTP on: "HOST:PORT", "[IPv6]:PORT" or "unix:/path".
#pragma once

#include <string>
#include <string_view>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"

namespace seki::daemon {

class listener {
public:
    // Bound and listening. A Unix socket that nobody answers on any more is replaced; anything else at its path is left alone.
    [[nodiscard]] static Result<listener> open(std::string_view address, bool tls = false);

    // Whether the host of an address is known. Of a Unix socket it always is.
    [[nodiscard]] static Result<void> look_up(std::string_view address);

    // Whose accept() waits for nobody.
    [[nodiscard]] int socket() const noexcept { return socket_.get(); }
    // "http://127.0.0.1:9435" (or https) with the port that the kernel chose for port 0, or the address of a Unix socket.
    [[nodiscard]] const std::string& shown() const noexcept { return shown_; }
    // Only this host's processes reach it, by TCP.
    [[nodiscard]] bool is_loopback() const noexcept;

    listener(listener&&) noexcept = default;
    listener& operator=(listener&&) = delete;
    ~listener();  // takes the Unix socket's name away

private:
    listener(shm::descriptor socket, std::string shown, std::string unix_path);
    [[nodiscard]] static Result<listener> open_unix(std::string_view address, const std::string& path);
    [[nodiscard]] static Result<listener> open_tcp(std::string_view address, const std::string& host,
                                                   const std::string& port, bool tls);

    shm::descriptor socket_;
    std::string shown_;
    std::string unix_path_;
};

}  // namespace seki::daemon
