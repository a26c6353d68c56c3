// What clients are told: RateLimit and RateLimit-Policy as draft-ietf-httpapi-ratelimit-headers-10 has them (of 27 September 2025; since -08 they are lists of
// structured fields), X-RateLimit-* as many services have them, and Retry-After. Times are whole seconds, rounded up: who comes back then is not too early.
#include "ngx_http_seki_module.h"

static ngx_http_output_header_filter_pt next_filter;

int64_t ngx_http_seki_seconds(int64_t ns) { return ns / 1000000000 + (ns % 1000000000 != 0); }

// A window that is no whole number of seconds is told as a longer one: who keeps to that is not denied.
void ngx_http_seki_write_policy(ngx_http_seki_primitive_t* limiter, const seki_limiter_options* options) {
    limiter->enforces = options->mode == SEKI_MODE_ENFORCE;
    if (ngx_memcmp(&limiter->told, options, sizeof *options) == 0) return;
    limiter->told = *options;
    u_char* to = limiter->other_policy;
    u_char* end = to + NGX_HTTP_SEKI_POLICY_SIZE;
    to = ngx_slprintf(to, end, "\"%V\";q=%uL;w=%L", &limiter->name, options->limit,
                      ngx_http_seki_seconds(options->window_ns));
    if (options->burst != 0 && options->burst != options->limit)
        to = ngx_slprintf(to, end, ";seki-burst=%uL", options->burst);
    const ngx_str_t written = {(size_t)(to - limiter->other_policy), limiter->other_policy};
    limiter->other_policy = limiter->policy.data;
    limiter->policy = written;
}

static u_char* put(u_char* to, const void* text, size_t length) { return ngx_cpymem(to, text, length); }
#define PUT(to, text) put(to, "" text, sizeof text - 1)

static u_char* put_number(u_char* to, uint64_t value) {
    size_t length = 1;
    for (uint64_t next = 10; length < NGX_INT64_LEN && value >= next; next *= 10) ++length;
    for (size_t at = length; at > 0; value /= 10) to[--at] = (u_char)('0' + value % 10);
    return to + length;
}

static ngx_int_t add(ngx_http_request_t* r, const char* name, size_t name_length, u_char* value, u_char* end) {
    ngx_table_elt_t* header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) return NGX_ERROR;
    header->hash = 1;
    header->key.data = (u_char*)name;
    header->key.len = name_length;
    header->value.data = value;
    header->value.len = (size_t)(end - value);
#if nginx_version >= 1023000
    header->next = NULL;
#endif
    return NGX_OK;
}
#define ADD(r, name, value, end) add(r, name, sizeof name - 1, value, end)

// Until there is more to spend: all of it, for who may go on; for who was denied no later than Retry-After.
static int64_t reset_of(const seki_decision* said) {
    return said->allowed ? said->reset_after_ns : said->retry_after_ns;
}

// An item: "login";r=4;t=12
static u_char* put_limit(u_char* to, const ngx_http_seki_verdict_t* verdict) {
    const seki_decision* said = &verdict->decision;
    const ngx_http_seki_primitive_t* limiter = verdict->limit->limiter;
    to = put(to, limiter->policy.data, limiter->name.len + 3);  // the name begins both fields
    to = PUT(to, "r=");
    to = put_number(to, said->remaining);
    if (reset_of(said) == SEKI_NEVER) return to;
    to = PUT(to, ";t=");
    return put_number(to, (uint64_t)ngx_http_seki_seconds(reset_of(said)));
}

#define LIMIT_SIZE 128  // a name, two numbers and what stands between

static ngx_int_t add_ratelimit(ngx_http_request_t* r, const ngx_http_seki_guards_t* guards) {
    size_t room = 0;
    for (ngx_http_seki_verdict_t* each = guards->verdicts; each != NULL; each = each->next)
        if (each->limit->limiter->enforces) room += each->limit->limiter->policy.len + 2 + LIMIT_SIZE;
    if (room == 0) return NGX_OK;
    u_char* limits = ngx_pnalloc(r->pool, room);
    if (limits == NULL) return NGX_ERROR;
    u_char* to = limits;
    for (ngx_http_seki_verdict_t* each = guards->verdicts; each != NULL; each = each->next) {
        if (!each->limit->limiter->enforces) continue;
        if (to != limits) to = PUT(to, ", ");
        to = put_limit(to, each);
    }
    if (ADD(r, "RateLimit", limits, to) != NGX_OK) return NGX_ERROR;
    const ngx_str_t* only = &guards->verdicts->limit->limiter->policy;
    if (guards->verdicts->next == NULL) return ADD(r, "RateLimit-Policy", only->data, only->data + only->len);
    u_char* policies = to;
    for (ngx_http_seki_verdict_t* each = guards->verdicts; each != NULL; each = each->next) {
        const ngx_http_seki_primitive_t* limiter = each->limit->limiter;
        if (!limiter->enforces) continue;
        if (to != policies) to = PUT(to, ", ");
        to = put(to, limiter->policy.data, limiter->policy.len);
    }
    return ADD(r, "RateLimit-Policy", policies, to);
}

// These have no place for more than one limit: the strictest.
static ngx_int_t add_x_ratelimit(ngx_http_request_t* r, const ngx_http_seki_guards_t* guards) {
    const seki_decision* said = &guards->decisive->decision;
    if (!guards->decisive->limit->limiter->enforces) return NGX_OK;
    u_char* limit = ngx_pnalloc(r->pool, 3 * NGX_INT64_LEN);
    if (limit == NULL) return NGX_ERROR;
    u_char* remaining = put_number(limit, said->limit);
    u_char* reset = put_number(remaining, said->remaining);
    if (ADD(r, "X-RateLimit-Limit", limit, remaining) != NGX_OK ||
        ADD(r, "X-RateLimit-Remaining", remaining, reset) != NGX_OK)
        return NGX_ERROR;
    if (reset_of(said) == SEKI_NEVER) return NGX_OK;
    u_char* end = put_number(reset, (uint64_t)ngx_http_seki_seconds(reset_of(said)));
    return ADD(r, "X-RateLimit-Reset", reset, end);
}

static ngx_int_t add_retry_after(ngx_http_request_t* r, int64_t ns) {
    if (ns <= 0 || ns == SEKI_NEVER) return NGX_OK;
    u_char* value = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (value == NULL) return NGX_ERROR;
    return ADD(r, "Retry-After", value, put_number(value, (uint64_t)ngx_http_seki_seconds(ns)));
}

static ngx_int_t tell_client(ngx_http_request_t* r) {
    ngx_http_seki_guards_t* guards = ngx_http_seki_guards_of(r);
    if (guards == NULL) return next_filter(r);
    ngx_http_seki_tell(guards, 0);
    if (r != r->main) return next_filter(r);
    if (guards->verdicts != NULL) {
        if ((guards->announces & NGX_HTTP_SEKI_RATELIMIT) && add_ratelimit(r, guards) != NGX_OK) return NGX_ERROR;
        if ((guards->announces & NGX_HTTP_SEKI_X_RATELIMIT) && add_x_ratelimit(r, guards) != NGX_OK) return NGX_ERROR;
    }
    // Not with what another location answers instead (error_page 429 = @other).
    if (guards->refused == r->headers_out.status && add_retry_after(r, guards->retry_after_ns) != NGX_OK)
        return NGX_ERROR;
    return next_filter(r);
}

void ngx_http_seki_add_header_filter(void) {
    next_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = tell_client;
}
