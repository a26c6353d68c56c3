// A permit for the life of a request. It is taken or refused at once: an event loop does not wait for one, whatever max_wait says.
#include "ngx_http_seki_module.h"

static ngx_http_seki_held_t* held_of(const ngx_http_seki_guards_t* guards, const ngx_http_seki_primitive_t* bulkhead) {
    ngx_http_seki_held_t* each = guards->held;
    while (each != NULL && each->bulkhead != bulkhead) each = each->next;
    return each;
}

ngx_int_t ngx_http_seki_ask_bulkhead(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf) {
    ngx_http_seki_primitive_t* bulkhead = conf->bulkhead;
    if (bulkhead->of.bulkhead == NULL)
        return ngx_http_seki_do_without(guards, conf, bulkhead, &guards->bulkhead_answer);
    if (held_of(guards, bulkhead) != NULL) return NGX_DECLINED;  // a redirection inside nginx
    ngx_http_seki_held_t* held = ngx_palloc(guards->request->pool, sizeof *held);
    if (held == NULL || ngx_http_seki_end_with_request(guards) != NGX_OK) return NGX_ERROR;
    *held = (ngx_http_seki_held_t){guards->held, bulkhead, SEKI_PERMIT_INIT};
    const seki_status taken = seki_bulkhead_try_acquire(bulkhead->of.bulkhead, &held->permit);
    if (taken == SEKI_OK) {
        guards->held = held;
        guards->bulkhead_answer = ngx_http_seki_passed;
        return NGX_DECLINED;
    }
    if (taken != SEKI_ERROR_BULKHEAD_FULL)
        return ngx_http_seki_do_without(guards, conf, bulkhead, &guards->bulkhead_answer);
    return ngx_http_seki_refuse(guards, conf, bulkhead, &guards->bulkhead_answer, conf->bulkhead_status);
}
