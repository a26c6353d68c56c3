// The trace that the calling thread works for.
#pragma once

#include <cstdint>
#include <string_view>

#include <seki/telemetry.hpp>

namespace seki::primitives {

// As the words of an event hold it: the bytes of the ids in the order in which they are written, most significant first.
struct current_trace {
    std::uint64_t high = 0, low = 0;  // trace id; both 0: none
    std::uint64_t span = 0;
    std::uint8_t flags = 0;
    [[nodiscard]] bool any() const noexcept { return (high | low) != 0; }
};

// Trivially destructible, so that reading it needs no guard.
extern thread_local constinit current_trace trace_of_thread;

[[nodiscard]] current_trace pack(const telemetry::TraceContext& context) noexcept;
[[nodiscard]] telemetry::TraceContext unpack(const current_trace& trace) noexcept;

// Of the standard's version 00, and of later ones as far as they begin like it.
[[nodiscard]] Result<telemetry::TraceContext> parse_traceparent(std::string_view text);

}  // namespace seki::primitives
