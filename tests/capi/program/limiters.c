#define _XOPEN_SOURCE 700
#include <string.h>
#include <time.h>

#include "program.h"

static const char alice[] = "alice";

static seki_decision checked(const seki_limiter* limiter, int64_t cost) {
    seki_decision d = SEKI_DECISION_INIT;
    MUST(seki_limiter_check(limiter, alice, strlen(alice), cost, &d));
    return d;
}

static uint64_t left(const seki_limiter* limiter) {
    seki_decision d = SEKI_DECISION_INIT;
    MUST(seki_limiter_peek(limiter, alice, strlen(alice), 0, &d));
    return d.remaining;
}

// Fails if a decision says something else than the law.
static void decide(const seki_limiter* limiter) {
    seki_decision d = checked(limiter, 4);
    CHECK(d.allowed == 1 && d.shadow == 0 && d.error == SEKI_OK && d.limit == 6 && d.remaining == 2);
    CHECK(d.retry_after_ns == 0 && d.reset_after_ns > 2300 * SECOND && d.delay_ns == 0);
    d = checked(limiter, 3);
    CHECK(d.allowed == 0 && d.remaining == 2 && d.retry_after_ns > 500 * SECOND && d.retry_after_ns <= 600 * SECOND);
    d = checked(limiter, 7);
    CHECK(d.allowed == 0 && d.retry_after_ns == SEKI_NEVER);
    CHECK(left(limiter) == 2);
    MUST(seki_limiter_peek(limiter, NULL, 0, 1, &d));
    CHECK(d.allowed == 1 && d.remaining == 5);
}

// Fails if a check without a decision lets somebody through, or has no sentence.
static void refuse(const seki_limiter* limiter) {
    static const char long_key[4097] = {0};
    seki_decision d = checked(limiter, 1);
    CHECK(d.allowed == 1);
    CHECK(seki_limiter_check(limiter, alice, strlen(alice), -1, &d) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(d.allowed == 0 && d.error == SEKI_ERROR_INVALID_ARGUMENT && d.limit == 0 && d.remaining == 0);
    CHECK(strstr(seki_last_error_message(), "limiter \"login\"") != NULL);
    CHECK(seki_limiter_check(limiter, long_key, sizeof long_key, 1, &d) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(seki_limiter_check(limiter, long_key, 4096, 1, &d) == SEKI_OK && d.allowed == 1);
    CHECK(strstr(seki_limiter_explain(limiter, SEKI_ERROR_DELETED), "limiter \"login\": it was deleted") != NULL);
}

// Fails if what was given back is not there again, or comes back twice.
static void give_back(const seki_limiter* limiter) {
    seki_decision d = SEKI_DECISION_INIT;
    seki_receipt receipt = SEKI_RECEIPT_INIT;
    MUST(seki_limiter_reset(limiter, alice, strlen(alice)));
    MUST(seki_limiter_check_receipt(limiter, alice, strlen(alice), 5, &receipt, &d));
    CHECK(d.allowed == 1 && receipt.spent == 1 && left(limiter) == 1);
    MUST(seki_limiter_refund_receipt(limiter, &receipt, 2));
    CHECK(receipt.spent == 0 && left(limiter) == 3);
    CHECK(seki_limiter_refund_receipt(limiter, &receipt, 2) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(left(limiter) == 3);
    MUST(seki_limiter_check_receipt(limiter, alice, strlen(alice), 4, &receipt, &d));
    CHECK(d.allowed == 0 && receipt.spent == 0);
    MUST(seki_limiter_refund(limiter, alice, strlen(alice), 1));
    CHECK(left(limiter) == 4);
    MUST(seki_limiter_reset(limiter, alice, strlen(alice)));
    CHECK(left(limiter) == 6);
}

// Fails if one of two limits is spent although the other denies.
static void decide_together(const seki_segment* segment, const seki_limiter* login) {
    seki_limiter* host = NULL;
    seki_limiter_options two_an_hour = six_an_hour();
    two_an_hour.limit = 2;
    MUST(seki_limiter_create(segment, "host", &two_an_hour, &host));
    seki_demand both[20] = {SEKI_DEMAND(login, alice, strlen(alice), 1), SEKI_DEMAND(host, NULL, 0, 2)};
    seki_decision d = SEKI_DECISION_INIT;
    MUST(seki_check_all(both, 2, &d));
    CHECK(d.allowed == 1 && d.remaining == 0 && left(login) == 5);
    MUST(seki_check_all(both, 2, &d));
    CHECK(d.allowed == 0 && d.retry_after_ns > HOUR - 10 * SECOND && left(login) == 5);
    for (size_t i = 0; i < 20; ++i) {
        const seki_demand one = SEKI_DEMAND(login, alice, strlen(alice), i < 5 ? 1 : 0);
        both[i] = one;
    }
    MUST(seki_check_all(both, 20, &d));
    CHECK(d.allowed == 1 && left(login) == 0);
    MUST(seki_check_all(NULL, 0, &d));
    CHECK(d.allowed == 1);
    seki_limiter_free(host);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static seki_limiter* queue_of(const seki_segment* segment, const char* name, int64_t window_ns) {
    seki_limiter* made = NULL;
    seki_limiter_options options = six_an_hour();
    options.algorithm = SEKI_ALGORITHM_LEAKY_BUCKET;
    options.window_ns = window_ns;
    MUST(seki_limiter_create(segment, name, &options, &made));
    return made;
}

// Fails if waiting ends too early, does not end, or is not given up when it would take too long.
static void wait_for_a_turn(const seki_segment* segment) {
    seki_limiter* quick = queue_of(segment, "every-20-ms", 6 * 20 * MS);
    seki_limiter* slow = queue_of(segment, "every-10-minutes", HOUR);
    seki_decision d = SEKI_DECISION_INIT;
    const int64_t start = now_ns();
    MUST(seki_limiter_acquire(quick, alice, strlen(alice), 1, 0, &d));
    CHECK(d.allowed == 1 && d.delay_ns == 0);
    MUST(seki_limiter_acquire(quick, alice, strlen(alice), 1, 60 * SECOND, &d));
    CHECK(d.allowed == 1 && now_ns() - start >= 20 * MS);
    MUST(seki_limiter_acquire(slow, alice, strlen(alice), 1, 0, &d));
    CHECK(d.allowed == 1);
    MUST(seki_limiter_acquire(slow, alice, strlen(alice), 1, SECOND, &d));
    CHECK(d.allowed == 0 && now_ns() - start < 600 * SECOND);
    seki_limiter_free(quick);
    seki_limiter_free(slow);
}

// Fails if an option is lost on its way, or a limiter is not what its name says.
static void administer(const seki_segment* segment) {
    seki_limiter *made = NULL, *other = NULL;
    seki_limiter_options wanted = SEKI_LIMITER_OPTIONS_INIT, seen = SEKI_LIMITER_OPTIONS_INIT;
    CHECK(wanted.algorithm == SEKI_ALGORITHM_GCRA && wanted.max_keys == 65536 && wanted.store_keys == 1);
    wanted.algorithm = SEKI_ALGORITHM_TOKEN_BUCKET;
    wanted.on_full = SEKI_ON_FULL_DENY;
    wanted.mode = SEKI_MODE_SHADOW;
    wanted.clock = SEKI_CLOCK_COARSE;
    wanted.store_keys = 0;
    wanted.limit = 2;
    wanted.window_ns = HOUR;
    wanted.burst = 3;
    wanted.max_keys = 100;
    MUST(seki_limiter_create(segment, "options", &wanted, &made));
    MUST(seki_limiter_get_options(made, &seen));
    CHECK(memcmp(&wanted, &seen, sizeof wanted) == 0);
    CHECK(strcmp(seki_limiter_name(made), "options") == 0);
    seki_decision d = checked(made, 4);
    CHECK(d.allowed == 1 && d.shadow == 1);

    wanted.limit = 9;
    CHECK(seki_limiter_create(segment, "options", &wanted, &other) == SEKI_ERROR_DIFFERENT_OPTIONS && other == NULL);
    MUST(seki_limiter_change(segment, "options", &wanted));
    MUST(seki_limiter_get(segment, "options", &other));
    MUST(seki_limiter_get_options(other, &seen));
    CHECK(seen.limit == 9);
    wanted.limit = 0;
    CHECK(seki_limiter_change(segment, "options", &wanted) == SEKI_ERROR_INVALID_ARGUMENT);
    CHECK(strstr(seki_last_error_message(), "limit 0") != NULL);

    MUST(seki_limiter_remove(segment, "options"));
    CHECK(seki_limiter_check(made, alice, 1, 1, &d) == SEKI_ERROR_DELETED && d.allowed == 0);
    CHECK(strstr(seki_last_error_message(), "options") != NULL);
    seki_limiter_free(made);
    CHECK(seki_limiter_get(segment, "options", &made) == SEKI_ERROR_NOT_FOUND && made == NULL);
    CHECK(seki_limiter_get_options(other, &seen) == SEKI_ERROR_DELETED && seen.limit == 9);
    seki_limiter_free(other);
}

void use_limiters(void) {
    seki_segment* segment = opened();
    seki_limiter* login = NULL;
    const seki_limiter_options options = six_an_hour();
    MUST(seki_limiter_create(segment, "login", &options, &login));
    decide(login);
    refuse(login);
    give_back(login);
    decide_together(segment, login);
    wait_for_a_turn(segment);
    administer(segment);
    seki_close(segment);
    CHECK(left(login) == 0);  // a handle outlives the segment's
    seki_limiter_free(login);
}
