// What happens in the calling process, as it happens: events of limiters, breakers, bulkheads and retries, and the trace that they belong to.
//
// Events of all processes of a host: sekid's /api/v1/events and `sekictl events`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <seki/api.hpp>
#include <seki/error.hpp>

namespace seki::telemetry {

// The W3C trace context of a request (https://www.w3.org/TR/trace-context/).
struct TraceContext {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    std::uint8_t flags = 0;

    friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

struct Measurement {
    std::string_view
        name;  // "remaining", "cost", "retry_after", "duration", "system_time", "current", "available", ...
    std::int64_t value = 0;  // durations and times in nanoseconds; a retry_after of `never` is the greatest number
};

struct Metadata {
    std::string_view name;  // "name", "key", "state", "outcome", "from", "to", "shadow", "error", "priority", "status"
    std::string_view value;
};

// The thread that it happened in, as its process sees it.
struct Worker {
    std::uint32_t pid = 0;
    std::uint32_t thread = 0;
};

// What a handler is told. It refers to memory that is gone when the handler returns.
struct Event {
    std::string_view name;             // "seki.rate_limit.deny"
    std::string_view primitive;        // the name of the limiter, breaker or bulkhead
    std::chrono::nanoseconds time{0};  // CLOCK_MONOTONIC
    Worker worker;
    std::span<const Measurement> measurements;
    std::span<const Metadata> metadata;
    std::optional<std::string_view> key;  // of limiters
    std::optional<TraceContext> trace;    // current in the thread
};

using Handler = std::function<void(const Event&)>;

// Keeps a handler attached while it lives.
class SEKI_API [[nodiscard]] Subscription {
public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept : place_{std::exchange(other.place_, nullptr)} {}
    Subscription& operator=(Subscription&& other) noexcept {
        std::swap(place_, other.place_);
        return *this;
    }
    // Afterwards the handler is not called any more, and destroyed. Waits for calls of it that are under way in other threads; two cases cannot
    // wait: inside a handler, and in the child of a fork for what was attached before it. There the last call of it destroys it.
    ~Subscription();

private:
    friend Result<Subscription> attach(std::string_view, Handler);
    explicit Subscription(void* place) noexcept : place_{place} {}
    void* place_ = nullptr;
};

// Calls `handler` for each event whose name the pattern matches, in the thread that caused it, before the call returns: it should be quick, and safe
// to run in several threads at once. `*` stands for anything: "seki.breaker.*", "*". A pattern that matches no event is an error.
// What a handler throws is caught and counted. Calls that it makes itself cause no events for handlers.
[[nodiscard]] SEKI_API Result<Subscription> attach(std::string_view pattern, Handler handler);

// How often handlers of this process threw.
[[nodiscard]] SEKI_API std::uint64_t handler_failures() noexcept;

// Reads a `traceparent` header: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". Strict, as the standard has it.
[[nodiscard]] SEKI_API Result<TraceContext> parse_traceparent(std::string_view traceparent);

// Events of the calling thread carry this trace from now on. One that is invalid is an error and changes nothing.
SEKI_API Result<void> set_trace_context(std::string_view traceparent);
SEKI_API void set_trace_context(const TraceContext& context) noexcept;
SEKI_API void clear_trace_context() noexcept;
[[nodiscard]] SEKI_API std::optional<TraceContext> trace_context() noexcept;

// A trace context for a scope; the one from before comes back with its end. In the thread that made it.
class SEKI_API [[nodiscard]] TraceScope {
public:
    // Without a context: none while it lasts.
    explicit TraceScope(const std::optional<TraceContext>& context) noexcept;
    // One that is invalid leaves what was there.
    explicit TraceScope(std::string_view traceparent) noexcept;
    ~TraceScope();
    TraceScope(const TraceScope&) = delete;
    TraceScope& operator=(const TraceScope&) = delete;

private:
    std::optional<TraceContext> before_;
};

}  // namespace seki::telemetry
