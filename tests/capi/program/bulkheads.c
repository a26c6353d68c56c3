#include <string.h>

#include "program.h"

static seki_bulkhead_status looked_at(const seki_bulkhead* bulkhead) {
    seki_bulkhead_status status = SEKI_BULKHEAD_STATUS_INIT;
    MUST(seki_bulkhead_get_status(bulkhead, &status));
    return status;
}

// Fails if a permit is given out twice, given back twice, or lost.
static void take_and_give_back(const seki_bulkhead* bulkhead) {
    seki_permit first = SEKI_PERMIT_INIT, second = SEKI_PERMIT_INIT, third = SEKI_PERMIT_INIT;
    CHECK(seki_permit_release(&first) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_bulkhead_try_acquire(bulkhead, &first));
    CHECK(first.held == 1);
    CHECK(seki_bulkhead_try_acquire(bulkhead, &first) == SEKI_ERROR_INVALID_ARGUMENT && first.held == 1);
    MUST(seki_bulkhead_acquire(bulkhead, 60 * SECOND, &second));
    CHECK(looked_at(bulkhead).in_use == 2);
    CHECK(seki_bulkhead_try_acquire(bulkhead, &third) == SEKI_ERROR_BULKHEAD_FULL && third.held == 0);
    CHECK(strstr(seki_bulkhead_explain(bulkhead, SEKI_ERROR_BULKHEAD_FULL), "bulkhead \"database\"") != NULL);
    CHECK(seki_bulkhead_acquire(bulkhead, SEKI_AS_CONFIGURED, &third) == SEKI_ERROR_BULKHEAD_FULL);
    CHECK(seki_bulkhead_acquire(bulkhead, 5 * MS, &third) == SEKI_ERROR_TIMEOUT && third.held == 0);
    CHECK(strstr(seki_last_error_message(), "bulkhead \"database\"") != NULL);
    MUST(seki_permit_release(&first));
    CHECK(first.held == 0 && seki_permit_release(&first) == SEKI_ERROR_INVALID_ARGUMENT);
    MUST(seki_bulkhead_acquire(bulkhead, SEKI_AS_CONFIGURED, &third));
    const seki_permit moved = second;  // by copying it: `second` is not used again
    second = moved;
    MUST(seki_permit_release(&second));
    MUST(seki_permit_release(&third));
    const seki_bulkhead_status status = looked_at(bulkhead);
    CHECK(status.in_use == 0 && status.waiting == 0 && status.acquired == 3 && status.reclaimed == 0);
    CHECK(status.rejected == 3);
}

// Fails if a copy of a permit that was given back takes something of the handle with it, which is used after it was destroyed then.
static void give_back_by_each_copy(const seki_segment* segment) {
    seki_bulkhead* one = NULL;
    seki_bulkhead_options options = SEKI_BULKHEAD_OPTIONS_INIT;
    options.max_concurrent = 1;
    MUST(seki_bulkhead_create(segment, "copied", &options, &one));
    seki_permit permit = SEKI_PERMIT_INIT, another = SEKI_PERMIT_INIT;
    MUST(seki_bulkhead_try_acquire(one, &permit));
    const seki_permit copied = permit;
    MUST(seki_permit_release(&permit));
    for (int i = 0; i < 64; ++i) {
        seki_permit copy = copied;
        CHECK(seki_permit_release(&copy) == SEKI_ERROR_INVALID_ARGUMENT && copy.held == 0);
        CHECK(strstr(seki_last_error_message(), "nothing was given back") != NULL);
        MUST(seki_bulkhead_try_acquire(one, &another));
        CHECK(looked_at(one).in_use == 1);
        MUST(seki_permit_release(&another));
    }
    CHECK(looked_at(one).in_use == 0 && strcmp(seki_bulkhead_name(one), "copied") == 0);
    seki_bulkhead_free(one);
}

static void look_at_itself(void* context) { CHECK(looked_at(context).in_use == 1); }

// Fails if an option is lost on its way.
static void administer(const seki_segment* segment) {
    seki_bulkhead *made = NULL, *other = NULL;
    seki_bulkhead_options wanted = SEKI_BULKHEAD_OPTIONS_INIT, seen = SEKI_BULKHEAD_OPTIONS_INIT;
    CHECK(wanted.max_concurrent == 10 && wanted.max_wait_ns == 0 && wanted.max_waiting == 100);
    wanted.max_concurrent = 4;
    wanted.max_wait_ns = 5 * MS;
    wanted.max_waiting = 3;
    MUST(seki_bulkhead_create(segment, "options", &wanted, &made));
    MUST(seki_bulkhead_get_options(made, &seen));
    CHECK(seen.max_concurrent == 4 && seen.max_wait_ns == 5 * MS && seen.max_waiting == 3);
    CHECK(strcmp(seki_bulkhead_name(made), "options") == 0);
    wanted.max_concurrent = 5;
    CHECK(seki_bulkhead_create(segment, "options", &wanted, &other) == SEKI_ERROR_DIFFERENT_OPTIONS && other == NULL);
    MUST(seki_bulkhead_change(segment, "options", &wanted));
    MUST(seki_bulkhead_get(segment, "options", &other));
    CHECK(looked_at(other).max_concurrent == 5);
    MUST(seki_bulkhead_remove(segment, "options"));
    seki_permit permit = SEKI_PERMIT_INIT;
    CHECK(seki_bulkhead_try_acquire(made, &permit) == SEKI_ERROR_DELETED && permit.held == 0);
    CHECK(strstr(seki_last_error_message(), "bulkhead \"options\"") != NULL);
    seki_bulkhead_free(other);
    seki_bulkhead_free(made);
}

void use_bulkheads(void) {
    seki_segment* segment = opened();
    seki_bulkhead* database = NULL;
    seki_bulkhead_options options = SEKI_BULKHEAD_OPTIONS_INIT;
    options.max_concurrent = 2;
    MUST(seki_bulkhead_create(segment, "database", &options, &database));
    take_and_give_back(database);
    CHECK(seki_bulkhead_call(database, look_at_itself, database) == SEKI_OK && looked_at(database).in_use == 0);
    administer(segment);
    give_back_by_each_copy(segment);

    // A permit outlives the handle that it came from.
    seki_permit permit = SEKI_PERMIT_INIT;
    MUST(seki_bulkhead_try_acquire(database, &permit));
    seki_bulkhead_free(database);
    MUST(seki_bulkhead_get(segment, "database", &database));
    CHECK(looked_at(database).in_use == 1);
    MUST(seki_permit_release(&permit));
    CHECK(looked_at(database).in_use == 0);
    seki_bulkhead_free(database);
    seki_close(segment);
}
