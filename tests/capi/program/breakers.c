#include <string.h>

#include "program.h"

static seki_outcome come_to(void* context) { return *(const seki_outcome*)context; }

static seki_outcome count_and_fail(void* context) {
    ++*(int*)context;
    return SEKI_OUTCOME_ERROR;
}

static seki_status call(const seki_breaker* breaker, seki_outcome outcome, int64_t* retry_after_ns) {
    return seki_breaker_call(breaker, come_to, &outcome, retry_after_ns);
}

static seki_breaker_status looked_at(const seki_breaker* breaker) {
    seki_breaker_status status = SEKI_BREAKER_STATUS_INIT;
    MUST(seki_breaker_get_status(breaker, &status));
    return status;
}

// Fails if an outcome is told as another, or a call is made that is refused.
static void call_functions(const seki_breaker* breaker) {
    int64_t retry_after_ns = -1;
    int called = 0;
    CHECK(call(breaker, SEKI_OUTCOME_OK, &retry_after_ns) == SEKI_OK && retry_after_ns == 0);
    CHECK(call(breaker, SEKI_OUTCOME_SLOW, NULL) == SEKI_OK);
    CHECK(call(breaker, SEKI_OUTCOME_IGNORE, NULL) == SEKI_OK);
    CHECK(call(breaker, 77, NULL) == SEKI_ERROR_CALL_FAILED);
    seki_breaker_status status = looked_at(breaker);
    CHECK(status.state == SEKI_STATE_CLOSED && status.calls == 3 && status.errors == 1 && status.slow == 1);
    CHECK(seki_breaker_call(breaker, count_and_fail, &called, NULL) == SEKI_ERROR_CALL_FAILED && called == 1);
    status = looked_at(breaker);
    CHECK(status.state == SEKI_STATE_OPEN && status.retry_after_ns > 29 * SECOND && status.for_ns >= 0);
    CHECK(seki_breaker_call(breaker, count_and_fail, &called, &retry_after_ns) == SEKI_ERROR_CIRCUIT_OPEN);
    CHECK(called == 1 && retry_after_ns > 29 * SECOND && retry_after_ns <= 30 * SECOND);
    CHECK(strstr(seki_breaker_explain(breaker, SEKI_ERROR_CIRCUIT_OPEN), "breaker \"payments\"") != NULL);
}

// Fails if an admission is told twice, lost, or told as something else.
static void admit_and_tell(const seki_breaker* breaker) {
    seki_admission admission = SEKI_ADMISSION_INIT;
    CHECK(seki_breaker_admit(breaker, &admission) == SEKI_ERROR_CIRCUIT_OPEN && admission.admitted == 0);
    CHECK(admission.retry_after_ns > 29 * SECOND);
    CHECK(seki_admission_tell(&admission, SEKI_OUTCOME_OK) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_breaker_reset(breaker));
    const seki_outcome told[] = {SEKI_OUTCOME_OK, SEKI_OUTCOME_IGNORE, SEKI_OUTCOME_ERROR, SEKI_OUTCOME_SLOW};
    for (size_t i = 0; i < 4; ++i) {
        MUST(seki_breaker_admit(breaker, &admission));
        CHECK(admission.admitted == 1 && admission.retry_after_ns == 0);
        CHECK(seki_breaker_admit(breaker, &admission) == SEKI_ERROR_INVALID_ARGUMENT && admission.admitted == 1);
        MUST(seki_admission_tell(&admission, told[i]));
        CHECK(seki_admission_tell(&admission, told[i]) == SEKI_ERROR_INVALID_ARGUMENT);
    }
    const seki_breaker_status status = looked_at(breaker);
    CHECK(status.calls == 3 && status.errors == 1 && status.slow == 1);
}

// Fails if a call is judged by the time since it was admitted, and not by the time that it is said to have taken.
static void tell_took(const seki_breaker* breaker) {
    seki_admission admission = SEKI_ADMISSION_INIT;
    MUST(seki_breaker_reset(breaker));
    MUST(seki_breaker_admit(breaker, &admission));
    MUST(seki_admission_tell_took(&admission, SEKI_OUTCOME_OK, 3 * SECOND));
    CHECK(seki_admission_tell_took(&admission, SEKI_OUTCOME_OK, 0) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(looked_at(breaker).calls == 1 && looked_at(breaker).slow == 1);
    MUST(seki_breaker_admit(breaker, &admission));
    MUST(seki_admission_tell_took(&admission, SEKI_OUTCOME_OK, SECOND));
    MUST(seki_breaker_admit(breaker, &admission));
    MUST(seki_admission_tell_took(&admission, SEKI_OUTCOME_ERROR, INT64_MAX));
    CHECK(looked_at(breaker).calls == 3 && looked_at(breaker).slow == 1 && looked_at(breaker).errors == 1);
}

// Fails if an operator's word is taken for another, or not lifted.
static void force(const seki_breaker* breaker) {
    seki_admission admission = SEKI_ADMISSION_INIT;
    MUST(seki_breaker_force(breaker, SEKI_BREAKER_FORCED_OPEN));
    CHECK(looked_at(breaker).state == SEKI_STATE_FORCED_OPEN);
    CHECK(seki_breaker_admit(breaker, &admission) == SEKI_ERROR_CIRCUIT_OPEN);
    CHECK(admission.retry_after_ns == SEKI_NEVER);
    MUST(seki_breaker_force(breaker, SEKI_BREAKER_FORCED_CLOSED));
    CHECK(looked_at(breaker).state == SEKI_STATE_FORCED_CLOSED);
    MUST(seki_breaker_force(breaker, SEKI_BREAKER_OBSERVE));
    CHECK(looked_at(breaker).state == SEKI_STATE_OBSERVE);
    MUST(seki_breaker_force(breaker, SEKI_BREAKER_AUTOMATIC));
    CHECK(looked_at(breaker).state == SEKI_STATE_CLOSED);
    CHECK(seki_breaker_force(breaker, 4) == SEKI_ERROR_INVALID_ARGUMENT);
}

// Fails if an option is lost on its way.
static void administer(const seki_segment* segment) {
    seki_breaker *made = NULL, *other = NULL;
    seki_breaker_options wanted = SEKI_BREAKER_OPTIONS_INIT, seen = SEKI_BREAKER_OPTIONS_INIT;
    wanted.window_type = SEKI_WINDOW_TIME;
    CHECK(seki_breaker_create(segment, "options", &wanted, &made) == SEKI_ERROR_INVALID_ARGUMENT && made == NULL);
    wanted.window_calls = 0;
    wanted.window_ns = 20 * SECOND;
    wanted.minimum_calls = 7;
    wanted.failure_threshold = 51;
    wanted.slow_call_threshold = 81;
    wanted.slow_call_duration_ns = 3 * SECOND;
    wanted.wait_duration_ns = 31 * SECOND;
    wanted.wait_multiplier = 2.5;
    wanted.wait_duration_max_ns = 400 * SECOND;
    wanted.half_open_requests = 6;
    wanted.max_half_open_duration_ns = 61 * SECOND;
    MUST(seki_breaker_create(segment, "options", &wanted, &made));
    MUST(seki_breaker_get_options(made, &seen));
    CHECK(memcmp(&wanted, &seen, sizeof wanted) == 0);
    CHECK(strcmp(seki_breaker_name(made), "options") == 0);
    wanted.failure_threshold = 10;
    CHECK(seki_breaker_create(segment, "options", &wanted, &other) == SEKI_ERROR_DIFFERENT_OPTIONS && other == NULL);
    MUST(seki_breaker_change(segment, "options", &wanted));
    MUST(seki_breaker_get(segment, "options", &other));
    MUST(seki_breaker_get_options(other, &seen));
    CHECK(seen.failure_threshold == 10);
    MUST(seki_breaker_remove(segment, "options"));
    CHECK(call(made, SEKI_OUTCOME_OK, NULL) == SEKI_ERROR_DELETED);
    CHECK(strstr(seki_last_error_message(), "breaker \"options\"") != NULL);
    seki_breaker_free(other);
    seki_breaker_free(made);
}

void use_breakers(void) {
    seki_segment* segment = opened();
    seki_breaker* payments = NULL;
    seki_breaker_options options = SEKI_BREAKER_OPTIONS_INIT;
    options.window_calls = 10;
    options.minimum_calls = 4;
    MUST(seki_breaker_create(segment, "payments", &options, &payments));
    call_functions(payments);
    admit_and_tell(payments);
    tell_took(payments);
    force(payments);
    administer(segment);

    // An admission outlives the handle that it came from.
    seki_admission admission = SEKI_ADMISSION_INIT;
    MUST(seki_breaker_admit(payments, &admission));
    seki_breaker_free(payments);
    MUST(seki_admission_tell(&admission, SEKI_OUTCOME_ERROR));
    MUST(seki_breaker_get(segment, "payments", &payments));
    CHECK(looked_at(payments).errors == 1);
    seki_breaker_free(payments);
    seki_close(segment);
}

// Fails if what the limiter denies reaches the breaker, or the function.
void use_execute(void) {
    seki_segment* segment = opened();
    seki_breaker* breaker = NULL;
    seki_limiter* limiter = NULL;
    const seki_breaker_options defaults = SEKI_BREAKER_OPTIONS_INIT;
    seki_limiter_options two_an_hour = six_an_hour();
    two_an_hour.limit = 2;
    MUST(seki_breaker_create(segment, "behind", &defaults, &breaker));
    MUST(seki_limiter_create(segment, "before", &two_an_hour, &limiter));
    const seki_demand demand = SEKI_DEMAND(limiter, "alice", 5, 1);
    seki_outcome ok = SEKI_OUTCOME_OK;
    int called = 0;
    int64_t retry_after_ns = -1;
    CHECK(seki_execute(breaker, &demand, come_to, &ok, &retry_after_ns) == SEKI_OK && retry_after_ns == 0);
    CHECK(seki_execute(breaker, &demand, count_and_fail, &called, NULL) == SEKI_ERROR_CALL_FAILED && called == 1);
    CHECK(seki_execute(breaker, &demand, count_and_fail, &called, &retry_after_ns) == SEKI_ERROR_RATE_LIMITED);
    CHECK(called == 1 && retry_after_ns > 1700 * SECOND && looked_at(breaker).calls == 2);
    MUST(seki_limiter_remove(segment, "before"));
    CHECK(seki_execute(breaker, &demand, count_and_fail, &called, NULL) == SEKI_ERROR_DELETED);
    CHECK(strstr(seki_last_error_message(), "limiter \"before\"") != NULL);
    seki_limiter_free(limiter);
    seki_breaker_free(breaker);
    seki_close(segment);
}
