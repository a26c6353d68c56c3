#include <string.h>

#include "program.h"

// Fails if a deadline does not count, the tighter of two does not, or the one before does not come back.
static void begin_and_end(void) {
    seki_deadline outer = SEKI_DEADLINE_INIT, inner = SEKI_DEADLINE_INIT;
    CHECK(seki_deadline_current() == SEKI_NEVER && seki_deadline_remaining() == SEKI_NEVER);
    CHECK(seki_deadline_check() == SEKI_OK);
    MUST(seki_deadline_begin(HOUR, &outer));
    const int64_t of_outer = seki_deadline_current();
    CHECK(seki_deadline_remaining() > 59 * 60 * SECOND && seki_deadline_remaining() <= HOUR);
    CHECK(seki_deadline_begin(HOUR, &outer) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_deadline_begin(2 * HOUR, &inner));
    CHECK(seki_deadline_current() == of_outer);
    MUST(seki_deadline_end(&inner));
    MUST(seki_deadline_begin(0, &inner));
    CHECK(seki_deadline_check() == SEKI_ERROR_DEADLINE_EXCEEDED && seki_deadline_remaining() == 0);
    MUST(seki_deadline_end(&inner));
    CHECK(seki_deadline_end(&inner) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_deadline_begin_at(of_outer - SECOND, &inner));
    CHECK(seki_deadline_current() == of_outer - SECOND);
    MUST(seki_deadline_end(&inner));
    MUST(seki_deadline_end(&outer));
    CHECK(seki_deadline_current() == SEKI_NEVER);
}

static seki_outcome look_at_it(void* context) {
    CHECK(seki_deadline_remaining() <= HOUR);
    ++*(int*)context;
    return SEKI_OUTCOME_OK;
}
static seki_outcome fail(void* context) {
    ++*(int*)context;
    return SEKI_OUTCOME_ERROR;
}

// Fails if a call is made without time, or its deadline stays.
static void run(void) {
    int called = 0;
    MUST(seki_deadline_run(HOUR, look_at_it, &called));
    CHECK(seki_deadline_run(HOUR, fail, &called) == SEKI_ERROR_CALL_FAILED);
    CHECK(seki_deadline_run(0, look_at_it, &called) == SEKI_ERROR_DEADLINE_EXCEEDED);
    CHECK(called == 2 && seki_deadline_current() == SEKI_NEVER);
}

// Fails if a permit is waited for beyond the deadline.
static void who_waits_obeys(const seki_segment* segment) {
    seki_bulkhead_options one = SEKI_BULKHEAD_OPTIONS_INIT;
    seki_bulkhead* bulkhead = NULL;
    seki_permit held = SEKI_PERMIT_INIT, wanted = SEKI_PERMIT_INIT;
    seki_deadline soon = SEKI_DEADLINE_INIT;
    one.max_concurrent = 1;
    MUST(seki_bulkhead_create(segment, "waits", &one, &bulkhead));
    MUST(seki_bulkhead_try_acquire(bulkhead, &held));
    MUST(seki_deadline_begin(5 * MS, &soon));
    CHECK(seki_bulkhead_acquire(bulkhead, HOUR, &wanted) == SEKI_ERROR_DEADLINE_EXCEEDED);
    MUST(seki_deadline_end(&soon));
    MUST(seki_permit_release(&held));
    seki_bulkhead_free(bulkhead);
}

// Fails if a header is read or written wrong, or a bad one changes anything.
static void headers(void) {
    int64_t in = 7;
    char text[SEKI_DEADLINE_TEXT];
    MUST(seki_deadline_parse_remaining("250", 3, &in));
    CHECK(in == 250 * MS);
    MUST(seki_deadline_parse_grpc_timeout("3S", 2, &in));
    CHECK(in == 3 * SECOND);
    CHECK(seki_deadline_parse_remaining("-1", 2, &in) == SEKI_ERROR_INVALID_ARGUMENT && in == 3 * SECOND);
    CHECK(seki_deadline_parse_grpc_timeout("3", 1, &in) == SEKI_ERROR_INVALID_ARGUMENT && in == 3 * SECOND);
    CHECK(strlen(seki_last_error_message()) > 0);
    MUST(seki_deadline_format_remaining(1500 * MS + 1, text, sizeof text));
    CHECK(strcmp(text, "1500") == 0);
    MUST(seki_deadline_format_grpc_timeout(0, text, sizeof text));
    CHECK(strcmp(text, "1n") == 0);
    MUST(seki_deadline_format_remaining(SEKI_NEVER, text, sizeof text));
    CHECK(strlen(text) == 12);
    MUST(seki_deadline_format_grpc_timeout(SEKI_NEVER, text, sizeof text));
    CHECK(strcmp(text, "2562047H") == 0);
    CHECK(seki_deadline_format_remaining(0, text, SEKI_DEADLINE_TEXT - 1) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(strcmp(SEKI_DEADLINE_REMAINING_HEADER, "x-deadline-remaining") == 0);
}

void use_deadlines(void) {
    seki_segment* segment = opened();
    begin_and_end();
    run();
    who_waits_obeys(segment);
    headers();
    seki_close(segment);
}
