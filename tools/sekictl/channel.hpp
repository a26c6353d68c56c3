// A connection to a sekid: over TCP, with or without TLS, or over a Unix socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"

namespace seki::ctl {

// Where a sekid answers: "http://HOST:PORT", "https://HOST:PORT" or "unix:/PATH".
struct sekid_address {
    std::string text{};  // as given, for messages
    std::string host{};  // "localhost" for a Unix socket, as curl has it
    std::string port{};  // or the path
    bool is_unix = false;
    bool is_encrypted = false;
};
[[nodiscard]] Result<sekid_address> parse_address(const std::string& text);

// A sentence with the address in it.
[[nodiscard]] std::unexpected<Error> cannot_listen(const sekid_address& to, std::string_view why);

class channel {
public:
    // The file of `cacert` holds the certificates, in PEM, of those who may vouch for sekid; when it is empty, the system's do. Until wait_for_ever(), a peer
    // that says nothing for 5 s is an error.
    [[nodiscard]] static Result<channel> open(const sekid_address& to, const std::string& cacert);

    [[nodiscard]] Result<void> send_all(std::string_view text);
    // How many bytes came; 0 at the end.
    [[nodiscard]] Result<std::size_t> read(std::span<char> into);
    void wait_for_ever() const noexcept;

private:
    struct closing {
        void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
        void operator()(SSL* connection) const noexcept { ::SSL_free(connection); }
    };
    channel(sekid_address to, shm::descriptor socket) noexcept : to_{std::move(to)}, socket_{std::move(socket)} {}
    Result<void> encrypt(const std::string& cacert);
    [[nodiscard]] std::unexpected<Error> broken(int result) const;

    sekid_address to_;
    shm::descriptor socket_;
    std::unique_ptr<SSL_CTX, closing> context_;
    std::unique_ptr<SSL, closing> tls_;  // null: as it is
};

}  // namespace seki::ctl
