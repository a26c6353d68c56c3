// Answers in plain words, and what streams of server-sent events have in common.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <string>

#include <fmt/format.h>

namespace seki::daemon {

inline constexpr const char* plain = "text/plain; charset=utf-8";
inline constexpr const char* stream = "text/event-stream";

inline void answer(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text, plain);
}

// `doing`: what they do, "listen".
inline void answer_too_many(httplib::Response& response, std::size_t most, const char* doing) {
    response.set_header("Retry-After", "10");
    answer(response, 503,
           fmt::format("{} clients {} already, and there may be no more: end one of them\n", most, doing));
}

}  // namespace seki::daemon
