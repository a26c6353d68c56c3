// Rate limiters whose state is shared by every process that opens the same segment.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <seki/segment.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A handle: safe to use from any number of threads, and valid in the child after fork(). It outlives the segment's handle that it came from. Should the
// limiter be deleted, every call answers SEKI_ERROR_DELETED.
typedef struct seki_limiter seki_limiter;

// The law that decides. The first three are one formula (the generic cell rate algorithm of ITU-T I.371) seen from three sides.
enum {
    SEKI_ALGORITHM_GCRA = 0,
    SEKI_ALGORITHM_TOKEN_BUCKET = 1,
    SEKI_ALGORITHM_LEAKY_BUCKET = 2,
    SEKI_ALGORITHM_SLIDING_WINDOW = 3,
    SEKI_ALGORITHM_FIXED_WINDOW = 4
};

// What a limiter does with its verdict: keep to it; decide and count, but always let through; let through and count nothing.
enum { SEKI_MODE_ENFORCE = 0, SEKI_MODE_SHADOW = 1, SEKI_MODE_OFF = 2 };

// What happens to a new key while the table is full of keys that are all in use.
enum { SEKI_ON_FULL_ALLOW = 0, SEKI_ON_FULL_DENY = 1 };

// CLOCK_MONOTONIC, or CLOCK_MONOTONIC_COARSE: cheaper, and a few milliseconds behind.
enum { SEKI_CLOCK_PRECISE = 0, SEKI_CLOCK_COARSE = 1 };

typedef struct seki_limiter_options {
    uint32_t size;        // sizeof(seki_limiter_options)
    int32_t algorithm;    // SEKI_ALGORITHM_*
    int32_t on_full;      // SEKI_ON_FULL_*
    int32_t mode;         // SEKI_MODE_*
    int32_t clock;        // SEKI_CLOCK_*
    uint32_t store_keys;  // 0 or 1: keep the text of keys in the segment, for people to read. Fixed at creation

    // Cost admitted per window, for each key. 1 to 10000000, and no faster than 10000000 a second; a sliding window keeps two counts in a word, so
    // shorter windows take smaller limits: 65535 where the window is a second. Required.
    uint64_t limit;

    // 1 ms to 366 days. Required.
    int64_t window_ns;

    // Bucket family only: how much may be spent at once after a pause. 1 to 10000000, at most 10 years' worth; 0 means `limit`, also when that is changed.
    uint64_t burst;

    // Keys in use at the same time that are sure to find a place. 1 to 67108864. Fixed at creation.
    uint64_t max_keys;
} seki_limiter_options;
#define SEKI_LIMITER_OPTIONS_INIT  \
    {sizeof(seki_limiter_options), \
     SEKI_ALGORITHM_GCRA,          \
     SEKI_ON_FULL_ALLOW,           \
     SEKI_MODE_ENFORCE,            \
     SEKI_CLOCK_PRECISE,           \
     1,                            \
     0,                            \
     0,                            \
     0,                            \
     65536}

// What a limiter answers. After an error `allowed` is 0, so who looks at that alone refuses. In HTTP round times up to whole seconds.
// By the coarse clock two ticks of the kernel are added to `retry_after_ns`: who waits so long by the precise one need not wait again.
typedef struct seki_decision {
    uint32_t size;           // sizeof(seki_decision)
    uint32_t allowed;        // 0 or 1
    uint32_t shadow;         // 1: let through only because the limiter does not enforce
    seki_status error;       // the same as the function answered
    uint64_t limit;          // the capacity: burst, or limit for the windows
    uint64_t remaining;      // what is left after this check
    int64_t retry_after_ns;  // 0 when allowed; exact to the nanosecond; SEKI_NEVER above the capacity
    int64_t reset_after_ns;  // until the key is as good as new
    int64_t delay_ns;        // leaky_bucket: until this request's turn
} seki_decision;
#define SEKI_DECISION_INIT {sizeof(seki_decision), 0, 0, SEKI_OK, 0, 0, 0, 0, 0}

// What a check spent, by which seki_limiter_refund_receipt() can take it back exactly, once. It belongs to the process that asked: in the child of a fork it
// is a copy that gives nothing back.
typedef struct seki_receipt {
    uint32_t size;   // sizeof(seki_receipt)
    uint32_t spent;  // 1: something was spent, and not yet given back
    uint64_t opaque[9];
} seki_receipt;
#define SEKI_RECEIPT_INIT {sizeof(seki_receipt), 0, {0}}

// The limiter of that name, made with `options` if there is none. One that exists with other options is SEKI_ERROR_DIFFERENT_OPTIONS. After an error
// `*limiter` is null.
SEKI_C_API seki_status seki_limiter_create(const seki_segment* segment, const char* name,
                                           const seki_limiter_options* options, seki_limiter** limiter) SEKI_NOTHROW;

// The limiter of that name, made by configuration or by another process; SEKI_ERROR_NOT_FOUND otherwise.
SEKI_C_API seki_status seki_limiter_get(const seki_segment* segment, const char* name,
                                        seki_limiter** limiter) SEKI_NOTHROW;

// Gives the handle back; the limiter stays. Null is nothing.
SEKI_C_API void seki_limiter_free(seki_limiter* limiter) SEKI_NOTHROW;

// Changes options while it runs: limit, window, burst, on_full, mode, clock. Buckets survive; counts of windows survive unless the window changes, which
// starts them anew: each key may spend its limit once more.
SEKI_C_API seki_status seki_limiter_change(const seki_segment* segment, const char* name,
                                           const seki_limiter_options* options) SEKI_NOTHROW;

// Deletes the limiter. Its handles, everywhere, answer SEKI_ERROR_DELETED from then on.
SEKI_C_API seki_status seki_limiter_remove(const seki_segment* segment, const char* name) SEKI_NOTHROW;

// Spends `cost` of a key if that is allowed, and says so: SEKI_OK, also when it is denied, or why nothing was decided. A key is any 0 to 4096 bytes; cost
// 0 is a peek. About the price of reading the clock: no lock, no system call, no allocation.
SEKI_C_API seki_status seki_limiter_check(const seki_limiter* limiter, const void* key, size_t key_length, int64_t cost,
                                          seki_decision* decision) SEKI_NOTHROW;

// The same, for who may give some of it back later; a few nanoseconds more. What the receipt was of before is forgotten.
SEKI_C_API seki_status seki_limiter_check_receipt(const seki_limiter* limiter, const void* key, size_t key_length,
                                                  int64_t cost, seki_receipt* receipt,
                                                  seki_decision* decision) SEKI_NOTHROW;

// What seki_limiter_check() would answer now. Writes nothing anywhere.
SEKI_C_API seki_status seki_limiter_peek(const seki_limiter* limiter, const void* key, size_t key_length, int64_t cost,
                                         seki_decision* decision) SEKI_NOTHROW;

// Like seki_limiter_check(), but sleeps until it is this request's turn if that comes within `timeout_ns`; otherwise answers the denial at
// once. leaky_bucket queues: what leaves is one request per window/limit. The others try again at retry_after. A signal does not end it. Never sleeps past
// the deadline of the calling thread: a turn within `timeout_ns` but after that is a denial with SEKI_ERROR_DEADLINE_EXCEEDED.
SEKI_C_API seki_status seki_limiter_acquire(const seki_limiter* limiter, const void* key, size_t key_length,
                                            int64_t cost, int64_t timeout_ns, seki_decision* decision) SEKI_NOTHROW;

// Makes the key as good as new.
SEKI_C_API seki_status seki_limiter_reset(const seki_limiter* limiter, const void* key, size_t key_length) SEKI_NOTHROW;

// Gives back `cost` of what the check of that receipt spent, INT64_MAX for all of it: as if it had not been spent. What is too late to be given back is
// not: what was spent in a window that has ended, or what a bucket has refilled since. But for a reset, which forgave the cost already and
// leaves no trace: who refunds afterwards what was spent before it gives as much away of what others spent since. Uses up the receipt, and
// each copy of it must be forgotten with it; but not when it answers an error: SEKI_ERROR_INVALID_ARGUMENT for one of another limiter or of
// a process that this one is the child of, and for a negative cost.
SEKI_C_API seki_status seki_limiter_refund_receipt(const seki_limiter* limiter, seki_receipt* receipt,
                                                   int64_t cost) SEKI_NOTHROW;

// The same for who has no receipt, never beyond the capacity. Here it is for the caller to know that it is not too late: who gives back over the end of
// a window, or after the bucket has filled again, lets as much through for it beyond the limit.
SEKI_C_API seki_status seki_limiter_refund(const seki_limiter* limiter, const void* key, size_t key_length,
                                           int64_t cost) SEKI_NOTHROW;

// One of several limits that a request must pass together.
typedef struct seki_demand {
    uint32_t size;  // sizeof(seki_demand), in each of an array
    const seki_limiter* limiter;
    const void* key;
    size_t key_length;
    int64_t cost;
} seki_demand;
#define SEKI_DEMAND(limiter, key, key_length, cost) {sizeof(seki_demand), (limiter), (key), (key_length), (cost)}

// All or nothing: when one denies, none is spent, and the answer is the strictest denial (the longest retry_after). Demands on the same key must fit
// into it together. Dying in the middle may leave quota spent, never gained. More than 16 demands take memory for the time of the call.
SEKI_C_API seki_status seki_check_all(const seki_demand* demands, size_t count, seki_decision* decision) SEKI_NOTHROW;

// What an error that one of the calls above answered means, in a sentence. Never null; valid as seki_last_error_message() is, which says the same then.
SEKI_C_API const char* seki_limiter_explain(const seki_limiter* limiter, seki_status why) SEKI_NOTHROW;

// Null for a null limiter; valid until seki_limiter_free().
SEKI_C_API const char* seki_limiter_name(const seki_limiter* limiter) SEKI_NOTHROW;

SEKI_C_API seki_status seki_limiter_get_options(const seki_limiter* limiter,
                                                seki_limiter_options* options) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
