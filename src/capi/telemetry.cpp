#include <seki/telemetry.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <seki/telemetry.hpp>

#include "capi/arguments.hpp"
#include "capi/contained.hpp"
#include "capi/sized.hpp"

struct seki_subscription {
    seki::telemetry::Subscription of;
};

namespace {

using namespace seki::capi;
namespace telemetry = seki::telemetry;

// As seki_event promises.
constexpr std::size_t most_details = 8;

seki_text told(std::string_view text) noexcept { return {.data = text.data(), .length = text.size()}; }

seki_trace_context told(const telemetry::TraceContext& context) noexcept {
    seki_trace_context to = SEKI_TRACE_CONTEXT_INIT;
    to.flags = context.flags;
    std::ranges::copy(context.trace_id, to.trace_id);
    std::ranges::copy(context.span_id, to.span_id);
    return to;
}

void call(seki_handler handler, void* context, const telemetry::Event& event) {
    std::array<seki_measurement, most_details> measurements;
    std::array<seki_metadata, most_details> metadata;
    const std::size_t measured = std::min(event.measurements.size(), most_details);
    const std::size_t details = std::min(event.metadata.size(), most_details);
    for (std::size_t i = 0; i < measured; ++i)
        measurements[i] = {told(event.measurements[i].name), event.measurements[i].value};
    for (std::size_t i = 0; i < details; ++i)
        metadata[i] = {told(event.metadata[i].name), told(event.metadata[i].value)};
    const seki_trace_context trace = told(event.trace.value_or(telemetry::TraceContext{}));
    const seki_event to{.size = sizeof(seki_event),
                        .measurement_count = static_cast<std::uint32_t>(measured),
                        .metadata_count = static_cast<std::uint32_t>(details),
                        .has_key = event.key ? 1U : 0U,
                        .name = told(event.name),
                        .primitive = told(event.primitive),
                        .key = told(event.key.value_or(std::string_view{})),
                        .time_ns = event.time.count(),
                        .measurements = measurements.data(),
                        .metadata = metadata.data(),
                        .trace = event.trace ? &trace : nullptr};
    handler(&to, context);
}

// What a handler brings along. It ends with the last call of the handler.
class belongings {
public:
    belongings(void* context, void (*release)(void*)) noexcept : context_{context}, release_{release} {}
    belongings(const belongings&) = delete;
    belongings& operator=(const belongings&) = delete;
    ~belongings() { let_go(context_, release_); }

    static void let_go(void* context, void (*release)(void*)) noexcept {
        if (release == nullptr) return;
        const uncancelled while_it_runs;
        try {
            release(context);
        } catch (...) {  // of a release() of C++: it is over all the same
        }
    }
    [[nodiscard]] void* context() const noexcept { return context_; }

private:
    void* context_;
    void (*release_)(void*);
};

seki_status attach(const char* pattern, seki_handler handler, const std::shared_ptr<belongings>& with,
                   seki_subscription** subscription) {
    auto made = telemetry::attach(pattern, [handler, with](const telemetry::Event& event) {
        const uncancelled while_it_runs;
        call(handler, with->context(), event);
    });
    if (!made) return fail(std::move(made.error()));
    *subscription = new seki_subscription{std::move(*made)};
    return SEKI_OK;
}

}  // namespace

seki_status seki_telemetry_attach(const char* pattern, seki_handler handler, void* context, void (*release)(void*),
                                  seki_subscription** subscription) noexcept {
    if (subscription != nullptr) *subscription = nullptr;
    const bool refused = is_null(__func__, "pattern", pattern) || is_null(__func__, "handler", handler) ||
                         is_null(__func__, "subscription", subscription);
    if (refused) {
        belongings::let_go(context, release);
        return SEKI_ERROR_INVALID_ARGUMENT;
    }
    std::shared_ptr<belongings> with;
    const seki_status kept = contained([&] {
        with = std::make_shared<belongings>(context, release);
        return status_of(seki::Errc::none);
    });
    if (kept != SEKI_OK) {
        belongings::let_go(context, release);
        return kept;
    }
    return contained([&] { return attach(pattern, handler, with, subscription); });
}

void seki_telemetry_detach(seki_subscription* subscription) noexcept {
    const uncancelled while_it_waits;
    delete subscription;
}

std::uint64_t seki_telemetry_handler_failures() noexcept { return telemetry::handler_failures(); }

seki_status seki_trace_set(const char* traceparent) noexcept {
    if (is_null(__func__, "traceparent", traceparent)) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] {
        auto done = telemetry::set_trace_context(std::string_view{traceparent});
        return done ? status_of(seki::Errc::none) : fail(std::move(done.error()));
    });
}

void seki_trace_clear() noexcept { telemetry::clear_trace_context(); }

seki_status seki_trace_save(seki_trace_context* context) noexcept {
    if (has_wrong_size(__func__, "context", context)) return SEKI_ERROR_INVALID_ARGUMENT;
    write(*context, [](seki_trace_context& all) {
        const std::uint32_t size = all.size;
        all = told(telemetry::trace_context().value_or(telemetry::TraceContext{}));
        all.size = size;
    });
    return SEKI_OK;
}

seki_status seki_trace_restore(const seki_trace_context* context) noexcept {
    if (has_wrong_size(__func__, "context", context) || is_outside(__func__, "context->flags", context->flags, 0, 255))
        return SEKI_ERROR_INVALID_ARGUMENT;
    telemetry::TraceContext to{.flags = static_cast<std::uint8_t>(context->flags)};
    std::ranges::copy(context->trace_id, to.trace_id.begin());
    std::ranges::copy(context->span_id, to.span_id.begin());
    telemetry::set_trace_context(to);
    return SEKI_OK;
}
