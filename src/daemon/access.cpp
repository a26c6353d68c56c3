#include "daemon/access.hpp"

#include "shm/refuse.hpp"

namespace seki::daemon {

Result<access> load_access(const config::configuration& all) {
    const config::daemon_options& wanted = all.daemon;
    access made;
    if (!wanted.basic_auth_file.empty()) {
        auto users = credentials::load(wanted.basic_auth_file);
        if (!users) return std::unexpected(all.at("[sekid] basic_auth_file", users.error()));
        made.users = std::move(*users);
    }
    if (wanted.tls_cert.empty()) return made;
    if (wanted.listen.starts_with("unix:")) {
        const auto why =
            shm::refuse(Errc::invalid_argument,
                        "[sekid]: tls_cert has no use for listen \"{}\": nobody is between the ends of a Unix socket; "
                        "leave tls_cert and tls_key out, or listen on HOST:PORT",
                        wanted.listen);
        return std::unexpected(all.at("[sekid] tls_cert", why.error()));
    }
    auto tls = certificate::load(wanted.tls_cert, wanted.tls_key);
    if (!tls) {
        const bool of_key = tls.error().message.starts_with(certificate::about_key);
        return std::unexpected(all.at(of_key ? "[sekid] tls_key" : "[sekid] tls_cert", tls.error()));
    }
    made.tls = std::move(*tls);
    return made;
}

}  // namespace seki::daemon
