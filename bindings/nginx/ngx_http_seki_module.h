// What the files of the module share. Limits, permits and breakers are Seki's; here is only when nginx asks for them, and what it answers to the client.
//
// Who owns what:
// - The master reads the configuration and never opens the segment. Primitives (below) are named there, and each worker, a process of its own, fills in
//   its handles: segment.c. So a reload, another binary or a killed worker leaves nothing to mend but what Seki mends for every process.
// - A request's guards (below) hold its permits and its admission. They end in a cleanup of the request, which nginx runs however a request ends.
// Nothing here waits, and a request makes no system call on its behalf: handles are looked for by a timer.
#pragma once

#include <ngx_config.h>

#include <ngx_core.h>
#include <ngx_http.h>

#include <seki/seki.h>

extern ngx_module_t ngx_http_seki_module;

// Stays out of the way of a request that has one limit and may go on.
#define ngx_http_seki_apart __attribute__((noinline))

// ---- Of the configuration, and of the worker that works by it.

typedef enum { ngx_http_seki_limiter, ngx_http_seki_bulkhead, ngx_http_seki_breaker } ngx_http_seki_kind_e;

// A limiter, bulkhead or breaker that the configuration names.
typedef struct {
    ngx_http_seki_kind_e kind;
    ngx_str_t name;  // ends in a NUL
    union {          // of this worker; null while there is none
        seki_limiter* limiter;
        seki_bulkhead* bulkhead;
        seki_breaker* breaker;
    } of;
    ngx_uint_t gone;      // 1: the handle answered an error, and is asked for again by the timer
    ngx_uint_t failing;   // 1: that was logged; until it has answered none from one look of the timer to the next
    seki_status missing;  // why there is none, as it was logged; or SEKI_OK
    ngx_uint_t enforces;  // limiters, as they were a second ago: clients are told of those that do
    ngx_str_t
        policy;  // limiters: the item of RateLimit-Policy, in one of two places: an older one may still be on its way out
    u_char* other_policy;
    seki_limiter_options told;  // what it says
    int64_t slow_call_ns;       // breakers
} ngx_http_seki_primitive_t;

typedef struct {
    ngx_str_t segment;       // as configured; empty: the default. Ends in a NUL
    ngx_array_t primitives;  // of ngx_http_seki_primitive_t*
    seki_segment* opened;
    seki_status unavailable;  // why there is no segment, as it was logged; or SEKI_OK
    ngx_event_t timer;
} ngx_http_seki_main_conf_t;

typedef struct {
    ngx_http_seki_primitive_t* limiter;
    ngx_http_complex_value_t key;
    ngx_int_t key_variable;          // its index, of a key that is one variable and nothing else; or -1
    ngx_http_complex_value_t* cost;  // null: it costs 1
} ngx_http_seki_limit_t;

typedef struct {
    ngx_array_t* limits;  // of ngx_http_seki_limit_t; null: none
    ngx_http_seki_primitive_t* bulkhead;
    ngx_http_seki_primitive_t* breaker;
    ngx_array_t* errors;  // of ngx_uint_t: statuses of the upstream that the breaker takes for errors
    ngx_uint_t limit_status;
    ngx_uint_t bulkhead_status;
    ngx_uint_t breaker_status;
    ngx_uint_t fail_status;
    ngx_uint_t fails_closed;
    ngx_flag_t shadow;
    ngx_uint_t headers;  // NGX_HTTP_SEKI_RATELIMIT and its like
    ngx_uint_t log_level;
} ngx_http_seki_loc_conf_t;

#define NGX_HTTP_SEKI_NO_HEADERS 0x0002
#define NGX_HTTP_SEKI_RATELIMIT 0x0004
#define NGX_HTTP_SEKI_X_RATELIMIT 0x0008

// ---- Of a request.

// What came of asking. A byte each, for what is made for every request is to be small.
typedef enum __attribute__((packed)) {
    ngx_http_seki_not_asked,
    ngx_http_seki_passed,
    ngx_http_seki_refused,
    ngx_http_seki_shadowed,    // would have been refused
    ngx_http_seki_unavailable  // nobody there to ask
} ngx_http_seki_answer_e;

// A limit that was asked.
typedef struct ngx_http_seki_verdict_s ngx_http_seki_verdict_t;
struct ngx_http_seki_verdict_s {
    ngx_http_seki_limit_t* limit;
    ngx_http_seki_verdict_t* next;
    seki_decision decision;
    ngx_uint_t watched;  // 1: of a denial where nobody is refused, which has taken nothing
};

// A permit that is held.
typedef struct ngx_http_seki_held_s ngx_http_seki_held_t;
struct ngx_http_seki_held_s {
    ngx_http_seki_held_t* next;
    ngx_http_seki_primitive_t* bulkhead;
    seki_permit permit;
};

// A call that a breaker was asked for.
typedef struct {
    ngx_http_seki_primitive_t* breaker;  // of the admission
    ngx_http_seki_loc_conf_t* guarded;   // the location that it is of
    ngx_uint_t states_before;            // of the upstream, when it was admitted
    ngx_uint_t told;
    seki_outcome outcome;  // that the breaker was told
    seki_admission admission;
} ngx_http_seki_call_t;

// Nearly every request has a limit and nothing else, so what is made for each is as small as that: what its other guards need is made with them.
typedef struct {
    ngx_pool_cleanup_t cleanup;  // by which they are found again: guards.c
    ngx_http_request_t* request;
    ngx_msec_t body_ended;  // of a request that is handed on while it comes: when its end came, if it has
    // From here on zero, to begin with:
    ngx_http_seki_verdict_t* verdicts;  // in the order of the configuration
    ngx_http_seki_verdict_t* decisive;  // the strictest
    ngx_http_seki_held_t* held;
    ngx_http_seki_call_t* call;
    ngx_http_seki_primitive_t* refused_by;
    int64_t retry_after_ns;  // of the refusal; 0 or SEKI_NEVER: no time is known
    ngx_uint_t refused;      // the status: a request that was refused is not asked again, its error page is sent
    ngx_uint_t announces;    // NGX_HTTP_SEKI_RATELIMIT and its like, of the location that asked
    ngx_http_seki_answer_e limit_answer;
    ngx_http_seki_answer_e bulkhead_answer;
    ngx_http_seki_answer_e breaker_answer;
    unsigned body_has_ended : 1;
    unsigned ends : 1;  // a cleanup waits for it
    ngx_http_seki_verdict_t
        first;  // room for the verdict that is the only one of most; its limit is the last that is zero
} ngx_http_seki_guards_t;

// ---- guards.c: what a request has asked, and what it holds.

// Null when nothing was asked yet.
ngx_http_seki_guards_t* ngx_http_seki_guards_of(ngx_http_request_t* r);
// Made if there are none; null without memory.
ngx_http_seki_guards_t* ngx_http_seki_make_guards(ngx_http_request_t* r);
// Gives back what is held when the request ends; NGX_ERROR without memory.
ngx_int_t ngx_http_seki_end_with_request(ngx_http_seki_guards_t* guards);

// Asks a guard of the location. NGX_DECLINED: the request may go on; else the status of the refusal, or NGX_ERROR.
ngx_int_t ngx_http_seki_ask_limits(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf);
ngx_http_seki_apart ngx_int_t ngx_http_seki_ask_bulkhead(ngx_http_seki_guards_t* guards,
                                                         ngx_http_seki_loc_conf_t* conf);
ngx_http_seki_apart ngx_int_t ngx_http_seki_ask_breaker(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf);

// What each of them does once it is refused: by what, with what status.
ngx_int_t ngx_http_seki_refuse(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                               ngx_http_seki_primitive_t* by, ngx_http_seki_answer_e* answer, ngx_uint_t status);
// The same where there is nobody to ask.
ngx_int_t ngx_http_seki_do_without(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                                   ngx_http_seki_primitive_t* missing, ngx_http_seki_answer_e* answer);

// Tells the breaker that was asked what the upstream has answered, or has not; `ended`: it will not any more.
ngx_http_seki_apart void ngx_http_seki_tell_breaker(ngx_http_seki_guards_t* guards, ngx_uint_t ended);
static inline void ngx_http_seki_tell(ngx_http_seki_guards_t* guards, ngx_uint_t ended) {
    if (guards->call != NULL) ngx_http_seki_tell_breaker(guards, ended);
}
void ngx_http_seki_add_body_filter(void);

// ---- The other files.

char* ngx_http_seki_set_segment(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* ngx_http_seki_set_limit(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* ngx_http_seki_set_bulkhead(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* ngx_http_seki_set_breaker(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* ngx_http_seki_set_headers(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* ngx_http_seki_set_fail(ngx_conf_t* cf, ngx_command_t* command, void* conf);

// Attaches the worker, now or when there is something to attach to.
ngx_int_t ngx_http_seki_begin_worker(ngx_cycle_t* cycle);
void ngx_http_seki_end_worker(ngx_cycle_t* cycle);

// Whole seconds, rounded up.
int64_t ngx_http_seki_seconds(int64_t ns);
// Room for the longest item of a policy.
#define NGX_HTTP_SEKI_POLICY_SIZE 192
void ngx_http_seki_write_policy(ngx_http_seki_primitive_t* limiter, const seki_limiter_options* options);
void ngx_http_seki_add_header_filter(void);

ngx_int_t ngx_http_seki_add_variables(ngx_conf_t* cf);
