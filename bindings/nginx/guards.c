// What a request has asked and holds: where it is kept, and how it ends.
#include "ngx_http_seki_module.h"

static void end(void* data) {
    ngx_http_seki_guards_t* guards = data;
    ngx_http_seki_tell(guards, 1);
    while (guards->held != NULL) {
        seki_permit_release(&guards->held->permit);
        guards->held = guards->held->next;
    }
}

// The guards of a request are those of its pool's cleanup: a redirection inside nginx clears the contexts of modules, and must not ask a second time.
static void forget(void* data) { end(data); }

ngx_http_seki_guards_t* ngx_http_seki_guards_of(ngx_http_request_t* r) {
    ngx_http_seki_guards_t* guards = ngx_http_get_module_ctx(r, ngx_http_seki_module);
    if (guards != NULL || !(r->internal || r->filter_finalize)) return guards;
    for (ngx_pool_cleanup_t* each = r->pool->cleanup; each != NULL; each = each->next) {
        if (each->handler != forget) continue;
        guards = each->data;
        if (guards->request != r) continue;  // a subrequest's
        ngx_http_set_ctx(r, guards, ngx_http_seki_module);
        return guards;
    }
    return NULL;
}

// As many as a compiler zeroes in a few stores: beyond that it is an instruction that takes as long as reading the clock to begin (bench/nginx.py).
#define ZEROED (offsetof(ngx_http_seki_guards_t, first.next) - offsetof(ngx_http_seki_guards_t, verdicts))
_Static_assert(ZEROED <= 80, "what is made for every request grows");

ngx_http_seki_guards_t* ngx_http_seki_make_guards(ngx_http_request_t* r) {
    ngx_http_seki_guards_t* guards = ngx_http_seki_guards_of(r);
    if (guards != NULL) return guards;
    // In one piece with the cleanup, which ngx_pool_cleanup_add() would make another allocation of.
    guards = ngx_palloc(r->pool, sizeof *guards);
    if (guards == NULL) return NULL;
    ngx_memzero(&guards->verdicts, ZEROED);
    guards->cleanup = (ngx_pool_cleanup_t){forget, guards, r->pool->cleanup};
    guards->request = r;
    r->pool->cleanup = &guards->cleanup;
    ngx_http_set_ctx(r, guards, ngx_http_seki_module);
    return guards;
}

// This cleanup runs before the request is logged and its connection is kept alive, and after that of the upstream, which was added later.
ngx_int_t ngx_http_seki_end_with_request(ngx_http_seki_guards_t* guards) {
    if (guards->ends) return NGX_OK;
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(guards->request, 0);
    if (cleanup == NULL) return NGX_ERROR;
    cleanup->handler = end;
    cleanup->data = guards;
    guards->ends = 1;
    return NGX_OK;
}

static const char* why(ngx_http_seki_kind_e kind) {
    return kind == ngx_http_seki_limiter ? "limiter" : kind == ngx_http_seki_bulkhead ? "bulkhead" : "breaker";
}

ngx_int_t ngx_http_seki_refuse(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                               ngx_http_seki_primitive_t* by, ngx_http_seki_answer_e* answer, ngx_uint_t status) {
    *answer = conf->shadow ? ngx_http_seki_shadowed : ngx_http_seki_refused;
    ngx_log_error(conf->log_level, guards->request->connection->log, 0, "seki: %s \"%V\" %s", why(by->kind), &by->name,
                  conf->shadow ? "would refuse, and only watches" : "refuses");
    if (conf->shadow) return NGX_DECLINED;
    guards->refused = status;
    guards->refused_by = by;
    return (ngx_int_t)status;
}

ngx_int_t ngx_http_seki_do_without(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                                   ngx_http_seki_primitive_t* missing, ngx_http_seki_answer_e* answer) {
    *answer = ngx_http_seki_unavailable;
    missing->gone = missing->of.limiter != NULL;
    if (missing->gone && !missing->failing) {  // it was asked a moment ago
        missing->failing = 1;
        ngx_log_error(NGX_LOG_ERR, guards->request->connection->log, 0, "seki: %s", seki_last_error_message());
    }
    if (!conf->fails_closed || conf->shadow) return NGX_DECLINED;
    ngx_log_error(conf->log_level, guards->request->connection->log, 0, "seki: %s \"%V\" is not there to ask",
                  why(missing->kind), &missing->name);
    guards->refused = conf->fail_status;
    guards->refused_by = missing;
    return (ngx_int_t)conf->fail_status;
}
