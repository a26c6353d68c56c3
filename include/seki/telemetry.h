// What happens in the calling process, as it happens: events of limiters, breakers and bulkheads, and the trace that they belong to.
//
// Events of all processes of a host: sekid's /api/v1/events and `sekictl events`.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// The W3C trace context of a request (https://www.w3.org/TR/trace-context/). Ids of zeros: none.
typedef struct seki_trace_context {
    uint32_t size;  // sizeof(seki_trace_context)
    uint32_t flags;
    uint8_t trace_id[16];
    uint8_t span_id[8];
} seki_trace_context;
#define SEKI_TRACE_CONTEXT_INIT {sizeof(seki_trace_context), 0, {0}, {0}}

// Bytes, with no NUL at their end.
typedef struct seki_text {
    const char* data;
    size_t length;
} seki_text;

typedef struct seki_measurement {
    seki_text name;  // "remaining", "cost", "retry_after", "duration", "current", "available", ...
    int64_t value;   // durations and times in nanoseconds
} seki_measurement;

typedef struct seki_metadata {
    seki_text name;  // "state", "outcome", "from", "to", "shadow"
    seki_text value;
} seki_metadata;

// What a handler is told. It refers to memory that is gone when the handler returns.
typedef struct seki_event {
    uint32_t size;               // what the library knows of it: a later one may know more
    uint32_t measurement_count;  // at most 8
    uint32_t metadata_count;     // at most 8
    uint32_t has_key;            // 1: of limiters
    seki_text name;              // "seki.rate_limit.deny"
    seki_text primitive;         // the name of the limiter, breaker or bulkhead
    seki_text key;               // of limiters
    int64_t time_ns;             // CLOCK_MONOTONIC
    const seki_measurement* measurements;
    const seki_metadata* metadata;
    const seki_trace_context* trace;  // current in the thread. Null: none
} seki_event;

typedef void (*seki_handler)(const seki_event* event, void* context);

// Keeps a handler attached.
typedef struct seki_subscription seki_subscription;

// Calls `handler(event, context)` for each event whose name the pattern matches, in the thread that caused it, before the call returns: it should be
// quick, and safe to run in several threads at once. `*` stands for anything: "seki.breaker.*", "*". A pattern that matches no event is an error. Calls
// that it makes itself cause no events for handlers. Thread cancellation waits while it runs. `release(context)`, which may be null, is called when the
// handler will not be called any more, and also when attaching fails.
SEKI_C_API seki_status seki_telemetry_attach(const char* pattern, seki_handler handler, void* context,
                                             void (*release)(void* context),
                                             seki_subscription** subscription) SEKI_NOTHROW;

// Afterwards the handler is not called any more. Waits for calls of it that are under way in other threads; two cases cannot wait: inside a handler,
// and in the child of a fork for what was attached before it. There the last call of it calls `release`. Null is nothing.
SEKI_C_API void seki_telemetry_detach(seki_subscription* subscription) SEKI_NOTHROW;

// How often handlers of this process, those of C++ included, ended by a C++ exception.
SEKI_C_API uint64_t seki_telemetry_handler_failures(void) SEKI_NOTHROW;

// Events of the calling thread carry the trace of this `traceparent` header from now on:
// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". Strict, as the standard has it: one that is invalid is an error and changes nothing.
SEKI_C_API seki_status seki_trace_set(const char* traceparent) SEKI_NOTHROW;
SEKI_C_API void seki_trace_clear(void) SEKI_NOTHROW;

// The trace of the calling thread, zeros when it has none; and one that was saved so.
SEKI_C_API seki_status seki_trace_save(seki_trace_context* context) SEKI_NOTHROW;
SEKI_C_API seki_status seki_trace_restore(const seki_trace_context* context) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
