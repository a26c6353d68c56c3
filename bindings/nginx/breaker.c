// A breaker before an upstream. It is told as soon as the header of the response is there, or it is clear that none will come, with the time that the
// upstream took for that: not the one that a slow client took to send its request, or to take the response. Where nginx hands a request on while it comes
// (proxy_request_buffering off, gRPC), that is the time since its end came.
#include "ngx_http_seki_module.h"

static ngx_uint_t states_of(const ngx_http_request_t* r) {
    return r->upstream_states != NULL ? r->upstream_states->nelts : 0;
}

ngx_int_t ngx_http_seki_ask_breaker(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf) {
    ngx_http_request_t* r = guards->request;
    ngx_http_seki_primitive_t* breaker = conf->breaker;
    if (breaker->of.breaker == NULL) return ngx_http_seki_do_without(guards, conf, breaker, &guards->breaker_answer);
    if (guards->call == NULL) {
        ngx_http_seki_call_t* made = ngx_pcalloc(r->pool, sizeof *made);
        if (made == NULL || ngx_http_seki_end_with_request(guards) != NGX_OK) return NGX_ERROR;
        made->admission = (seki_admission)SEKI_ADMISSION_INIT;
        guards->call = made;
    }
    ngx_http_seki_call_t* call = guards->call;
    const seki_status admitted = seki_breaker_admit(breaker->of.breaker, &call->admission);
    if (admitted == SEKI_OK) {
        call->breaker = breaker;
        call->guarded = conf;
        call->states_before = states_of(r);
        guards->breaker_answer = ngx_http_seki_passed;
        return NGX_DECLINED;
    }
    if (admitted != SEKI_ERROR_CIRCUIT_OPEN)
        return ngx_http_seki_do_without(guards, conf, breaker, &guards->breaker_answer);
    const ngx_int_t answer = ngx_http_seki_refuse(guards, conf, breaker, &guards->breaker_answer, conf->breaker_status);
    if (answer != NGX_DECLINED) guards->retry_after_ns = call->admission.retry_after_ns;
    return answer;
}

static ngx_uint_t is_error(const ngx_http_seki_loc_conf_t* conf, ngx_uint_t status) {
    const ngx_uint_t* errors = conf->errors->elts;
    for (ngx_uint_t i = 0; i < conf->errors->nelts; ++i)
        if (errors[i] == status) return 1;
    return 0;
}

// Until the header of the response; of an attempt that came to none, until it was given up.
static int64_t time_of(const ngx_http_upstream_state_t* state) {
    const ngx_msec_t none = (ngx_msec_t)-1;
    const ngx_msec_t took = state->header_time != none ? state->header_time : state->response_time;
    return took != none ? (int64_t)took * 1000000 : 0;
}

static int64_t time_of_all(const ngx_http_request_t* r, ngx_uint_t first) {
    const ngx_http_upstream_state_t* states = r->upstream_states->elts;
    int64_t sum = 0;
    for (ngx_uint_t i = first; i < r->upstream_states->nelts; ++i)
        if (states[i].peer != NULL) sum += time_of(&states[i]);
    return sum;
}

// An upstream that answers before the request has ended has kept nobody waiting.
static int64_t time_of_upstream(const ngx_http_seki_guards_t* guards) {
    const int64_t took_ns = time_of_all(guards->request, guards->call->states_before);
    if (!guards->request->request_body_no_buffering) return took_ns;
    if (!guards->body_has_ended) return 0;
    const int64_t since_ns = (int64_t)(ngx_current_msec - guards->body_ended) * 1000000;
    return since_ns < took_ns ? since_ns : took_ns;
}

static ngx_http_request_body_filter_pt next_body_filter;

static ngx_int_t note_end_of_body(ngx_http_request_t* r, ngx_chain_t* in) {
    ngx_http_seki_guards_t* guards = r->request_body_no_buffering ? ngx_http_seki_guards_of(r) : NULL;
    for (ngx_chain_t* each = guards != NULL ? in : NULL; each != NULL; each = each->next) {
        if (!each->buf->last_buf) continue;
        guards->body_has_ended = 1;
        guards->body_ended = ngx_current_msec;
    }
    return next_body_filter(r, in);
}

void ngx_http_seki_add_body_filter(void) {
    next_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = note_end_of_body;
}

// The upstream was not asked: what was answered came from elsewhere, or from nginx itself, which found no address of the upstream.
static seki_outcome outcome_without(const ngx_http_seki_guards_t* guards) {
    const ngx_http_request_t* r = guards->request;
    const ngx_uint_t tried = r->upstream_states != NULL && guards->call->states_before == 0;
    return tried && is_error(guards->call->guarded, r->headers_out.status) ? SEKI_OUTCOME_ERROR : SEKI_OUTCOME_IGNORE;
}

// The last attempt is what counts. One that a client did not wait for says nothing, unless it was slow by then.
static seki_outcome outcome_of(const ngx_http_seki_guards_t* guards, int64_t took_ns, ngx_uint_t ended) {
    const ngx_http_request_t* r = guards->request;
    const ngx_http_upstream_state_t* states = r->upstream_states->elts;
    const ngx_http_upstream_state_t* last = &states[r->upstream_states->nelts - 1];
    const ngx_uint_t status = last->status != 0 || ended ? last->status : r->headers_out.status;
    // nginx itself gave up on the client in the middle of its request: 400, 408, 413.
    if (last->status == 0 && status >= 400 && status < 500) return SEKI_OUTCOME_IGNORE;
    if (is_error(guards->call->guarded, status)) return SEKI_OUTCOME_ERROR;
    if (!ended || (status != 0 && status != NGX_HTTP_CLIENT_CLOSED_REQUEST)) return SEKI_OUTCOME_OK;
    return took_ns >= guards->call->breaker->slow_call_ns ? SEKI_OUTCOME_SLOW : SEKI_OUTCOME_IGNORE;
}

void ngx_http_seki_tell_breaker(ngx_http_seki_guards_t* guards, ngx_uint_t ended) {
    ngx_http_seki_call_t* call = guards->call;
    if (!call->admission.admitted) return;
    int64_t took_ns = 0;
    if (states_of(guards->request) > call->states_before) {
        took_ns = time_of_upstream(guards);
        call->outcome = outcome_of(guards, took_ns, ended);
    } else {
        call->outcome = outcome_without(guards);
    }
    call->told = 1;
    seki_admission_tell_took(&call->admission, call->outcome, took_ns);
}
