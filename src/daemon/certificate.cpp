#include "daemon/certificate.hpp"

#include <openssl/err.h>

#include "daemon/readable.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

std::unexpected<Error> refuse(std::string_view key, const std::string& file, std::string_view why) {
    return shm::refuse(Errc::invalid_argument, "[sekid]: {} {}: {}", key, primitives::quoted(file), why);
}

// What OpenSSL says of a file that it cannot open is hard to read.
Result<void> check_readable(std::string_view key, const std::string& file) {
    const std::string why = why_unreadable(file);
    return why.empty() ? Result<void>{} : refuse(key, file, why);
}

// A daemon asks nobody for a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*of*/) { return -1; }

}  // namespace

Result<std::shared_ptr<const certificate>> certificate::load(const std::string& cert, const std::string& key) {
    if (auto fine = check_readable("tls_cert", cert); !fine) return std::unexpected(fine.error());
    if (auto fine = check_readable("tls_key", key); !fine) return std::unexpected(fine.error());
    auto made = std::make_shared<certificate>();
    made->loaded_.reset(::SSL_CTX_new(::TLS_server_method()));
    SSL_CTX* const context = made->loaded_.get();
    if (context == nullptr || ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return shm::refuse(Errc::system, "OpenSSL cannot be used");
    ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    const bool has_certificate = ::SSL_CTX_use_certificate_chain_file(context, cert.c_str()) == 1;
    const bool has_key = has_certificate && ::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
    const bool mismatch = ERR_GET_REASON(::ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    ::ERR_clear_error();
    if (!has_certificate) return refuse("tls_cert", cert, "holds no certificate in PEM");
    if (!has_key && !mismatch) return refuse("tls_key", key, "holds no private key in PEM that needs no passphrase");
    if (!has_key || ::SSL_CTX_check_private_key(context) != 1)
        return refuse("tls_key", key, fmt::format("is not the key of the certificate in {}", primitives::quoted(cert)));
    return made;
}

}  // namespace seki::daemon
