#include "daemon/brief_sink.hpp"

#include <poll.h>

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace seki::daemon {
namespace {

// A reader that is awake makes room in less; and what the dead held is back in twice that.
constexpr int patience_ms = 50;

}  // namespace

void brief_sink::sink_it_(const spdlog::details::log_msg& said) {
    const bool went = missing_ == 0 ? put(said) || (has_room_soon() && put(said)) : put_after_a_gap(said);
    missing_ = went ? 0 : missing_ + 1;
}

// Both at once, or a reader who makes room for little at a time would hear of gaps alone.
bool brief_sink::put_after_a_gap(const spdlog::details::log_msg& said) {
    const std::string text = fmt::format("[{} messages before this one are missing: nobody read them] {}", missing_,
                                         std::string_view{said.payload.data(), said.payload.size()});
    return put({said.time, said.source, said.logger_name, said.level, text});
}

bool brief_sink::has_room_soon() const noexcept {
    pollfd out{.fd = outlet(), .events = POLLOUT, .revents = 0};
    return ::poll(&out, 1, patience_ms) == 1;
}

}  // namespace seki::daemon
