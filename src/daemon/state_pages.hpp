// /api/v1/state and /api/v1/history: how everything stands, and what became of it in the last quarter of an hour, as JSON.
//
//   /api/v1/state                        as `sekictl --json status` prints it
//   /api/v1/state?follow=1               once a second as server-sent events: messages `state` with that, and `history` as below; `gone` while there is
//                                        no segment
//   /api/v1/history                      the latest second of every primitive, and since when it refuses
//   /api/v1/history?kind=KIND&name=NAME  every second of one
#pragma once

#include "daemon/guarded_segment.hpp"
#include "daemon/recorder.hpp"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace seki::daemon {

void answer_state(recorder& past, const board& from, const httplib::Request& request, httplib::Response& response);
void answer_history(const recorder& past, const httplib::Request& request, httplib::Response& response);

}  // namespace seki::daemon
