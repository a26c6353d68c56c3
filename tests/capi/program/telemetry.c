#include <string.h>

#include "program.h"

static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// What a handler saw last.
struct seen {
    int events, released;
    bool denied, traced;
    int64_t cost;
    char key[16], primitive[16];
};

static bool is(seki_text text, const char* expected) {
    return text.length == strlen(expected) && memcmp(text.data, expected, text.length) == 0;
}

static void keep(char* to, size_t room, seki_text text) {
    const size_t length = text.length < room ? text.length : room - 1;
    memcpy(to, text.data, length);
    to[length] = '\0';
}

static void look(const seki_event* event, void* context) {
    struct seen* seen = context;
    ++seen->events;
    seen->denied = is(event->name, "seki.rate_limit.deny");
    seen->traced = event->trace != NULL && event->trace->trace_id[0] == 0x4b && event->trace->span_id[7] == 0xb7 &&
                   event->trace->flags == 1;
    if (event->has_key) keep(seen->key, sizeof seen->key, event->key);
    keep(seen->primitive, sizeof seen->primitive, event->primitive);
    for (uint32_t i = 0; i < event->measurement_count; ++i)
        if (is(event->measurements[i].name, "cost")) seen->cost = event->measurements[i].value;
    CHECK(event->size == sizeof(seki_event) && event->time_ns > 0 && event->measurement_count == 2);
}

static void release(void* context) { ++((struct seen*)context)->released; }

// Fails if a handler is told something else than what happened, or after it was detached, or keeps what it brought.
static void attach_handlers(const seki_limiter* limiter) {
    struct seen seen = {0};
    seki_subscription* subscription = NULL;
    seki_decision d = SEKI_DECISION_INIT;
    MUST(seki_telemetry_attach("seki.rate_limit.*", look, &seen, release, &subscription));
    MUST(seki_limiter_check(limiter, "alice", 5, 2, &d));
    CHECK(seen.events == 1 && !seen.denied && !seen.traced && seen.cost == 2);
    CHECK(strcmp(seen.key, "alice") == 0 && strcmp(seen.primitive, "told") == 0);
    MUST(seki_trace_set(parent));
    MUST(seki_limiter_check(limiter, "alice", 5, 5, &d));
    CHECK(seen.events == 2 && seen.denied && seen.traced && seen.released == 0);
    seki_trace_clear();
    seki_telemetry_detach(subscription);
    CHECK(seen.released == 1);
    MUST(seki_limiter_check(limiter, "alice", 5, 1, &d));
    CHECK(seen.events == 2);
    CHECK(seki_telemetry_attach("seki.no.such", look, &seen, release, &subscription) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(subscription == NULL && seen.released == 2);
    CHECK(seki_telemetry_handler_failures() == 0);
}

// Fails if a trace is lost between saving and restoring it, or something invalid changes it.
static void save_and_restore(void) {
    seki_trace_context none = SEKI_TRACE_CONTEXT_INIT, saved = SEKI_TRACE_CONTEXT_INIT, now = SEKI_TRACE_CONTEXT_INIT;
    MUST(seki_trace_save(&none));
    CHECK(none.trace_id[0] == 0 && none.span_id[7] == 0);
    MUST(seki_trace_set(parent));
    CHECK(seki_trace_set("00-nonsense") == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_trace_save(&saved));
    CHECK(saved.trace_id[0] == 0x4b && saved.trace_id[15] == 0x36 && saved.span_id[7] == 0xb7 && saved.flags == 1);
    MUST(seki_trace_restore(&none));
    MUST(seki_trace_save(&now));
    CHECK(memcmp(&now, &none, sizeof now) == 0);
    MUST(seki_trace_restore(&saved));
    MUST(seki_trace_save(&now));
    CHECK(memcmp(&now, &saved, sizeof now) == 0);
    seki_trace_clear();
}

void use_telemetry(void) {
    seki_segment* segment = opened();
    seki_limiter* limiter = NULL;
    const seki_limiter_options options = six_an_hour();
    MUST(seki_limiter_create(segment, "told", &options, &limiter));
    attach_handlers(limiter);
    save_and_restore();
    seki_limiter_free(limiter);
    seki_close(segment);
}
