// What a thread does before it sleeps: for languages with a lock of their own to let go, and for who wants to be able to stop waiting.
#pragma once

#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// Asked before each sleep of a call that waits: once there is something to wait for, and then every few milliseconds (5 for a permit, at most 50 for
// a limit and between two attempts), sooner when a signal or a permit came. Never asked by a call that does not have to wait. 0 ends the wait: the call answers
// SEKI_ERROR_INTERRUPTED. It must not throw, nor be left by pthread_exit() or longjmp().
typedef int (*seki_may_sleep)(void* context);

// In this thread, from now on; null: nobody is asked. seki_limiter_acquire(), seki_bulkhead_acquire() and seki_retry_call() ask, and what is
// made of them. An interrupted wait for a permit counts for nothing; a turn in the queue of a leaky_bucket that was waited for is spent, and so is the
// retry that was waited for.
SEKI_C_API void seki_before_sleep(seki_may_sleep ask, void* context) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
