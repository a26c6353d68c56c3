// Whom a request says that it is for.
//
// A page in a browser of this host may have a name of its own point to loopback (DNS rebinding), and the browser then lets it read what comes from there: but it says the page's
// name in the field Host. So what is for this host's own programs alone answers to addresses, to localhost, to the name in `listen` and to names without a dot, none
// of which can be a page's in the DNS.
#pragma once

#include <string_view>

namespace seki::daemon {

// `own`: as `field`, HOST or HOST:PORT. Without a field it is no browser's.
[[nodiscard]] bool is_for_this_host(std::string_view field, std::string_view own) noexcept;

}  // namespace seki::daemon
