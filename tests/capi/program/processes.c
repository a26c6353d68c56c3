// What other processes do: children of this one.
#define _XOPEN_SOURCE 700
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static bool succeeded(pid_t child) {
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint64_t in_use(const seki_bulkhead* bulkhead) {
    seki_bulkhead_status status = SEKI_BULKHEAD_STATUS_INIT;
    MUST(seki_bulkhead_get_status(bulkhead, &status));
    return status.in_use;
}

static seki_bulkhead* bulkhead_of_one(const seki_segment* segment) {
    seki_bulkhead* made = NULL;
    seki_bulkhead_options options = SEKI_BULKHEAD_OPTIONS_INIT;
    options.max_concurrent = 1;
    MUST(seki_bulkhead_create(segment, "one", &options, &made));
    return made;
}

// Fails if a child has limits of its own, or gives back what its parent holds.
static void fork_shares_limits_and_no_permits(const seki_segment* segment) {
    seki_limiter* limiter = NULL;
    const seki_limiter_options options = six_an_hour();
    MUST(seki_limiter_create(segment, "forked", &options, &limiter));
    seki_bulkhead* bulkhead = bulkhead_of_one(segment);
    seki_permit permit = SEKI_PERMIT_INIT;
    MUST(seki_bulkhead_try_acquire(bulkhead, &permit));
    const pid_t child = fork();
    if (child == 0) {
        seki_decision d = SEKI_DECISION_INIT;
        const bool spent = seki_limiter_check(limiter, "alice", 5, 4, &d) == SEKI_OK && d.remaining == 2;
        const bool kept = seki_permit_release(&permit) == SEKI_ERROR_INVALID_ARGUMENT && in_use(bulkhead) == 1;
        _exit(spent && kept ? 0 : 1);
    }
    CHECK(succeeded(child));
    seki_decision d = SEKI_DECISION_INIT;
    MUST(seki_limiter_check(limiter, "alice", 5, 3, &d));
    CHECK(d.allowed == 0 && d.remaining == 2);
    CHECK(in_use(bulkhead) == 1 && seki_permit_release(&permit) == SEKI_OK && in_use(bulkhead) == 0);
    seki_bulkhead_free(bulkhead);
    seki_limiter_free(limiter);
}

// Fails if the permit of a process that was killed while it held it does not come back.
static void killed_while_it_holds(const seki_segment* segment) {
    seki_bulkhead* bulkhead = bulkhead_of_one(segment);
    int told[2];
    if (pipe(told) != 0) exit(2);
    const pid_t child = fork();
    if (child == 0) {
        seki_permit permit = SEKI_PERMIT_INIT;
        const char held = seki_bulkhead_try_acquire(bulkhead, &permit) == SEKI_OK ? 'y' : 'n';
        if (write(told[1], &held, 1) != 1) _exit(1);
        for (;;) pause();
    }
    char held = 'n';
    struct pollfd readable = {told[0], POLLIN, 0};
    CHECK(poll(&readable, 1, 60000) == 1 && read(told[0], &held, 1) == 1 && held == 'y');
    CHECK(in_use(bulkhead) == 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    seki_permit permit = SEKI_PERMIT_INIT;
    MUST(seki_bulkhead_acquire(bulkhead, 60 * SECOND, &permit));
    MUST(seki_permit_release(&permit));
    CHECK(in_use(bulkhead) == 0);
    close(told[0]);
    close(told[1]);
    seki_bulkhead_free(bulkhead);
}

void use_processes(void) {
    seki_segment* segment = opened();
    fork_shares_limits_and_no_permits(segment);
    killed_while_it_holds(segment);
    seki_close(segment);
}
