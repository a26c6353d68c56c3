// /api/v1/events: telemetry events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
//
//   ?match=PATTERN   names of events, "seki.breaker.*"; all when it is not given
//   ?recent=1        first the rare events of the past that sekid remembers
//   ?follow=0        only those
//
// An event is a message with its number as `id` and an object as `data`. A message `missed` says how many this client was too slow for.
#pragma once

#include "daemon/event_hub.hpp"
#include "daemon/guarded_segment.hpp"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace seki::daemon {

void answer_events(event_hub& hub, const board& from, const httplib::Request& request, httplib::Response& response);

}  // namespace seki::daemon
