#include <string.h>

#include "program.h"

struct attempts {
    int made;
    int failures;
};

static seki_outcome attempt(void* context) {
    struct attempts* all = context;
    return all->made++ < all->failures ? SEKI_OUTCOME_ERROR : SEKI_OUTCOME_OK;
}

static seki_retry_status looked_at(const seki_retry* retry) {
    seki_retry_status status = SEKI_RETRY_STATUS_INIT;
    MUST(seki_retry_get_status(retry, &status));
    return status;
}

static seki_retry_options at_once(void) {
    seki_retry_options options = SEKI_RETRY_OPTIONS_INIT;
    options.base_delay_ns = options.max_delay_ns = 0;
    return options;
}

// Fails if a call is made again too often or too seldom, or it is not said why no more.
static void call(const seki_retry* retry) {
    struct attempts twice = {0, 2}, always = {0, 99};
    MUST(seki_retry_call(retry, attempt, &twice));
    CHECK(twice.made == 3);
    CHECK(seki_retry_call(retry, attempt, &always) == SEKI_ERROR_CALL_FAILED && always.made == 3);
    CHECK(looked_at(retry).calls == 2 && looked_at(retry).retries == 4 && looked_at(retry).recovered == 1);
    CHECK(looked_at(retry).exhausted == 1);
    CHECK(strstr(seki_retry_explain(retry, SEKI_ERROR_BUDGET_SPENT), "retry \"payments\"") != NULL);
    struct attempts late = {0, 99};
    seki_deadline over = SEKI_DEADLINE_INIT;
    MUST(seki_deadline_begin(0, &over));
    CHECK(seki_retry_call(retry, attempt, &late) == SEKI_ERROR_DEADLINE_EXCEEDED && late.made == 1);
    MUST(seki_deadline_end(&over));
}

// Fails if a loop does not end, goes on after its end, or says another delay than was asked for.
static void loop(const seki_retry* retry) {
    seki_retry_loop one = SEKI_RETRY_LOOP_INIT;
    seki_retry_step step = SEKI_RETRY_STEP_INIT;
    CHECK(seki_retry_succeeded(&one) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_retry_begin(retry, &one));
    CHECK(one.begun == 1 && seki_retry_begin(retry, &one) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_retry_failed(&one, 0, &step));
    CHECK(step.again == 1 && step.attempt == 1 && step.delay_ns == 0 && step.why == SEKI_OK);
    seki_retry_loop moved = one;  // by copying it: `one` is not used again
    MUST(seki_retry_failed(&moved, 5 * SECOND, &step));
    CHECK(step.again == 1 && step.attempt == 2 && step.delay_ns == 5 * SECOND);
    MUST(seki_retry_failed(&moved, 0, &step));
    CHECK(step.again == 0 && step.attempt == 3 && step.why == SEKI_ERROR_CALL_FAILED && moved.begun == 0);
    CHECK(seki_retry_failed(&moved, 0, &step) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_retry_begin(retry, &moved));
    MUST(seki_retry_failed(&moved, SEKI_NEVER, &step));  // not worth another
    CHECK(step.again == 0 && moved.begun == 0);
    MUST(seki_retry_begin(retry, &moved));
    MUST(seki_retry_succeeded(&moved));
    CHECK(moved.begun == 0);
}

// Fails if an option is lost on its way, or a handle of a deleted retry does anything.
static void administer(const seki_segment* segment) {
    seki_retry *made = NULL, *other = NULL;
    seki_retry_options wanted = SEKI_RETRY_OPTIONS_INIT, seen = SEKI_RETRY_OPTIONS_INIT;
    CHECK(wanted.max_attempts == 3 && wanted.base_delay_ns == 100 * MS && wanted.max_delay_ns == 30 * SECOND);
    CHECK(wanted.min_per_second == 10 && wanted.ratio > 0.19 && wanted.ratio < 0.21);
    wanted.backoff = SEKI_BACKOFF_LINEAR;
    wanted.jitter = SEKI_JITTER_EQUAL;
    wanted.max_attempts = 7;
    wanted.base_delay_ns = 2 * MS;
    wanted.max_delay_ns = 9 * MS;
    wanted.ratio = 0.5;
    wanted.min_per_second = 3;
    MUST(seki_retry_create(segment, "options", &wanted, &made));
    MUST(seki_retry_get_options(made, &seen));
    CHECK(seen.backoff == SEKI_BACKOFF_LINEAR && seen.jitter == SEKI_JITTER_EQUAL && seen.max_attempts == 7);
    CHECK(seen.base_delay_ns == 2 * MS && seen.max_delay_ns == 9 * MS && seen.ratio > 0.49 && seen.ratio < 0.51);
    CHECK(seen.min_per_second == 3 && strcmp(seki_retry_name(made), "options") == 0);
    wanted.max_attempts = 8;
    CHECK(seki_retry_create(segment, "options", &wanted, &other) == SEKI_ERROR_DIFFERENT_OPTIONS && other == NULL);
    MUST(seki_retry_change(segment, "options", &wanted));
    MUST(seki_retry_get(segment, "options", &other));
    MUST(seki_retry_get_options(other, &seen));
    CHECK(seen.max_attempts == 8);
    MUST(seki_retry_remove(segment, "options"));
    seki_retry_loop none = SEKI_RETRY_LOOP_INIT;
    CHECK(seki_retry_begin(made, &none) == SEKI_ERROR_DELETED && none.begun == 0);
    CHECK(strstr(seki_last_error_message(), "retry \"options\"") != NULL);
    struct attempts no = {0, 0};
    CHECK(seki_retry_call(made, attempt, &no) == SEKI_ERROR_DELETED && no.made == 0);
    seki_retry_free(other);
    seki_retry_free(made);
    seki_retry_free(NULL);
}

void use_retries(void) {
    seki_segment* segment = opened();
    seki_retry* retry = NULL;
    const seki_retry_options options = at_once();
    MUST(seki_retry_create(segment, "payments", &options, &retry));
    call(retry);
    loop(retry);
    administer(segment);
    seki_retry_free(retry);
    seki_close(segment);
}
