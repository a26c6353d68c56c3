// What logs, and other directives, can say of it.
#include "ngx_http_seki_module.h"

static ngx_int_t say(ngx_http_variable_value_t* value, const char* text) {
    value->data = (u_char*)text;
    value->len = (unsigned)ngx_strlen(text) & 0xfffffff;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    return NGX_OK;
}

static ngx_int_t say_nothing(ngx_http_variable_value_t* value) {
    value->not_found = 1;
    return NGX_OK;
}

static const ngx_http_seki_guards_t* guards_of(ngx_http_request_t* r) {
    const ngx_http_seki_guards_t* guards = ngx_http_seki_guards_of(r);
    return guards != NULL || r == r->main ? guards : ngx_http_seki_guards_of(r->main);
}

// `data` is where the answer lies in the guards.
static ngx_int_t answer(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t data) {
    static const char* const words[] = {"", "passed", "refused", "shadow", "unavailable"};
    const ngx_http_seki_guards_t* guards = guards_of(r);
    if (guards == NULL) return say_nothing(value);
    const ngx_http_seki_answer_e said = *(const ngx_http_seki_answer_e*)((const u_char*)guards + data);
    return said == ngx_http_seki_not_asked ? say_nothing(value) : say(value, words[said]);
}

static ngx_int_t refused_by(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t data) {
    const ngx_http_seki_guards_t* guards = guards_of(r);
    (void)data;
    return guards != NULL && guards->refused_by != NULL ? say(value, (const char*)guards->refused_by->name.data)
                                                        : say_nothing(value);
}

static ngx_int_t outcome(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t data) {
    static const char* const words[] = {"ignored", "ok", "error", "slow"};
    const ngx_http_seki_guards_t* guards = guards_of(r);
    (void)data;
    const ngx_http_seki_call_t* call = guards != NULL ? guards->call : NULL;
    return call != NULL && call->told ? say(value, words[call->outcome]) : say_nothing(value);
}

static ngx_int_t format(ngx_http_request_t* r, ngx_http_variable_value_t* value, const char* as, uint64_t one,
                        uint64_t other) {
    u_char* text = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + 2);
    if (text == NULL) return NGX_ERROR;
    *ngx_sprintf(text, as, one, other) = '\0';
    return say(value, (const char*)text);
}

static ngx_int_t remaining(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t data) {
    const ngx_http_seki_guards_t* guards = guards_of(r);
    (void)data;
    if (guards == NULL || guards->decisive == NULL) return say_nothing(value);
    return format(r, value, "%uL", guards->decisive->decision.remaining, 0);
}

// Seconds, and milliseconds as nginx's own times have them; rounded up.
static ngx_int_t retry_after(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t data) {
    const ngx_http_seki_guards_t* guards = guards_of(r);
    (void)data;
    if (guards == NULL || guards->retry_after_ns <= 0 || guards->retry_after_ns == SEKI_NEVER)
        return say_nothing(value);
    const uint64_t ms = ((uint64_t)guards->retry_after_ns + 999999) / 1000000;
    return format(r, value, "%uL.%03uL", ms / 1000, ms % 1000);
}

ngx_int_t ngx_http_seki_add_variables(ngx_conf_t* cf) {
    static const struct {
        ngx_str_t name;
        ngx_http_get_variable_pt get;
        uintptr_t data;
    } variables[] = {
        {ngx_string("seki_limit_status"), answer, offsetof(ngx_http_seki_guards_t, limit_answer)},
        {ngx_string("seki_bulkhead_status"), answer, offsetof(ngx_http_seki_guards_t, bulkhead_answer)},
        {ngx_string("seki_breaker_status"), answer, offsetof(ngx_http_seki_guards_t, breaker_answer)},
        {ngx_string("seki_limit_remaining"), remaining, 0},
        {ngx_string("seki_retry_after"), retry_after, 0},
        {ngx_string("seki_refused_by"), refused_by, 0},
        {ngx_string("seki_breaker_outcome"), outcome, 0},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; ++i) {
        ngx_str_t name = variables[i].name;
        ngx_http_variable_t* added = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (added == NULL) return NGX_ERROR;
        added->get_handler = variables[i].get;
        added->data = variables[i].data;
    }
    return NGX_OK;
}
