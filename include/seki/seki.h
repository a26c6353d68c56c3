// Everything of Seki's C interface: C99, and C++.
//
//     seki_segment* shop = NULL;
//     seki_limiter* logins = NULL;
//     seki_limiter_options five_a_minute = SEKI_LIMITER_OPTIONS_INIT;
//     five_a_minute.limit = 5;
//     five_a_minute.window_ns = 60000000000;
//     if (seki_open("shop", NULL, &shop) != SEKI_OK ||
//         seki_limiter_create(shop, "logins", &five_a_minute, &logins) != SEKI_OK)
//         return give_up(seki_last_error_message());
//     seki_decision d = SEKI_DECISION_INIT;
//     seki_limiter_check(logins, ip, strlen(ip), 1, &d);
//     if (!d.allowed) return too_many_requests(d.retry_after_ns);
//
// 1. Errors. Functions answer SEKI_OK or what went wrong; seki_last_error_message() has the sentence. Null pointers and bad values are errors too: nothing is
//    thrown, and no process ended. What cannot be seen, like the handle of something else or one that was freed, is as undefined as ever in C.
// 2. Structs begin with their size, as their ..._INIT sets it. A program that was built with an older or a newer header works: both sides touch only
//    what both know. A size that no version had is an error.
// 3. Times are nanoseconds, by the clock CLOCK_MONOTONIC. None is negative, SEKI_AS_CONFIGURED and what a deadline is begun with aside.
// 4. Threads. All functions may be called by any number of threads at once, with the same handles; freeing a handle is for who uses it last. An admission,
//    a permit, a receipt and a loop of attempts are for one thread at a time; a deadline is for the thread that began it. No function is a cancellation point of pthread_cancel(), unless the function that it calls is.
// 5. fork(). Handles work on in the child, which is another worker then. What the parent holds (permits, admissions, receipts) stays with the parent.
// 6. Signal handlers may call none of these.
// 7. Copies. Permits, admissions and loops may be moved by copying them, if the old copy is not used again.
#pragma once

#include <seki/breaker.h>
#include <seki/bulkhead.h>
#include <seki/deadline.h>
#include <seki/execute.h>
#include <seki/limiter.h>
#include <seki/retry.h>
#include <seki/segment.h>
#include <seki/status.h>
#include <seki/telemetry.h>
#include <seki/version.h>
#include <seki/waiting.h>
