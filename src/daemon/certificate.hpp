// The certificate and the key of `[sekid] tls_cert` and `tls_key`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include <seki/error.hpp>

namespace seki::daemon {

class certificate {
public:
    // Both in PEM; the file of the certificate may go on with the chain. Refuses what cannot be read, and a key of another certificate.
    [[nodiscard]] static Result<std::shared_ptr<const certificate>> load(const std::string& cert,
                                                                         const std::string& key);

    // So begins what load() says of the key.
    static constexpr std::string_view about_key = "[sekid]: tls_key ";

    // Serves it over TLS 1.2 and later.
    [[nodiscard]] SSL_CTX* context() const noexcept { return loaded_.get(); }

private:
    struct closing {
        void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, closing> loaded_;
};

}  // namespace seki::daemon
