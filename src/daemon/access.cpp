#include "daemon/access.hpp"

#include "shm/refuse.hpp"

namespace seki::daemon {

Result<access> load_access(const config::daemon_options& wanted) {
    access made;
    if (!wanted.basic_auth_file.empty()) {
        auto users = credentials::load(wanted.basic_auth_file);
        if (!users) return std::unexpected(users.error());
        made.users = std::move(*users);
    }
    if (wanted.tls_cert.empty()) return made;
    if (wanted.listen.starts_with("unix:"))
        return shm::refuse(
            Errc::invalid_argument,
            "[sekid]: tls_cert has no use for listen \"{}\": nobody is between the ends of a Unix socket; "
            "leave tls_cert and tls_key out, or listen on HOST:PORT",
            wanted.listen);
    auto tls = certificate::load(wanted.tls_cert, wanted.tls_key);
    if (!tls) return std::unexpected(tls.error());
    made.tls = std::move(*tls);
    return made;
}

}  // namespace seki::daemon
