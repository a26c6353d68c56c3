// The dashboard: / and what it consists of, below /dashboard/. Nothing of it is loaded from elsewhere, and the browser is told so.
#pragma once

namespace httplib {
class Server;
}

namespace seki::daemon {

void serve_dashboard(httplib::Server& by);

}  // namespace seki::daemon
