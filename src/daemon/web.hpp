// What sekid answers over HTTP. Only reads: nothing on it changes state.
//
//   /metrics        Prometheus text, or OpenMetrics when the Accept header asks for it
//   /healthz        sekid lives
//   /readyz         the segment is sound and the loop is ticking; 503 and the reason otherwise; ?verbose: each check, as JSON (daemon/readiness.hpp)
//   /api/v1/state    JSON (report/json.hpp); ?follow=1: once a second, with the history's latest (daemon/state_pages.hpp)
//   /api/v1/history  JSON: the last quarter of an hour (daemon/history.hpp)
//   /api/v1/events   telemetry events as they come (daemon/event_stream.hpp)
//   /                the dashboard (daemon/dashboard.hpp)
//
// Where there are users ([sekid] basic_auth_file), all but /healthz is for them: what asks whether sekid lives has no password, and learns nothing else.
// Where there are none, plain TCP on loopback is for this host's own programs, and not for pages in its browsers (daemon/host_field.hpp).
// Four threads answer, each a whole request at a time: no connection is kept. There is one more for each who may listen to events or follow the
// state, so that those keep nobody from being answered. A client that dawdles is dropped after a few seconds, and after half a second while others wait for its thread
// (daemon/connection.hpp).
// They see the segment through the board, and nothing of the loop.
#pragma once

#include <memory>

#include "daemon/access.hpp"
#include "daemon/event_hub.hpp"
#include "daemon/guarded_segment.hpp"
#include "daemon/listener.hpp"
#include "otlp/ledger.hpp"

namespace seki::daemon {

class web {
public:
    [[nodiscard]] static Result<std::unique_ptr<web>> open(listener on, const access& who, const board& from,
                                                           event_hub& hub, const otlp::ledger& exported);
    ~web();  // answers what came, waits half a second for the rest; the hub was closed
    void let_in(std::shared_ptr<const credentials> users);  // from now on
    web(const web&) = delete;
    web& operator=(const web&) = delete;

private:
    web(listener on, const access& who, const board& from, event_hub& hub, const otlp::ledger& exported);
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace seki::daemon
