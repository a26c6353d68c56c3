#include <seki/telemetry.hpp>

#include "primitives/hooks.hpp"
#include "primitives/trace_context.hpp"
#include "shm/refuse.hpp"

namespace seki::telemetry {

namespace hooks = primitives::hooks;

Subscription::~Subscription() { hooks::detach(static_cast<hooks::place*>(place_)); }

Result<Subscription> attach(std::string_view pattern, Handler handler) {
    return shm::contained([&]() -> Result<Subscription> {
        const auto wanted = primitives::match_events(pattern);
        if (!wanted) return std::unexpected(wanted.error());
        if (!handler) return shm::refuse(Errc::invalid_argument, "the handler is empty: give a function to call");
        return Subscription{hooks::attach(*wanted, std::move(handler))};
    });
}

std::uint64_t handler_failures() noexcept { return hooks::failures(); }

Result<TraceContext> parse_traceparent(std::string_view traceparent) {
    return shm::contained([&] { return primitives::parse_traceparent(traceparent); });
}

Result<void> set_trace_context(std::string_view traceparent) {
    const auto context = parse_traceparent(traceparent);
    if (!context) return std::unexpected(context.error());
    set_trace_context(*context);
    return {};
}

void set_trace_context(const TraceContext& context) noexcept {
    primitives::trace_of_thread = primitives::pack(context);
}

void clear_trace_context() noexcept { primitives::trace_of_thread = {}; }

std::optional<TraceContext> trace_context() noexcept {
    const auto now = primitives::trace_of_thread;
    return now.any() ? std::optional{primitives::unpack(now)} : std::nullopt;
}

TraceScope::TraceScope(const std::optional<TraceContext>& context) noexcept : before_{trace_context()} {
    primitives::trace_of_thread = context ? primitives::pack(*context) : primitives::current_trace{};
}

TraceScope::TraceScope(std::string_view traceparent) noexcept : before_{trace_context()} {
    (void)set_trace_context(traceparent);
}

TraceScope::~TraceScope() {
    primitives::trace_of_thread = before_ ? primitives::pack(*before_) : primitives::current_trace{};
}

}  // namespace seki::telemetry
