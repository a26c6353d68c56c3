// The module: its directives, their defaults and inheritance, and the phase in which a request is asked for.
#include "ngx_http_seki_module.h"

// By a redirection inside nginx: what the upstream of that location came to is known.
static void leave_location(ngx_http_request_t* r) {
    ngx_http_seki_guards_t* guards = ngx_http_seki_guards_of(r);
    if (guards != NULL) ngx_http_seki_tell(guards, 1);
}

// A request is asked where nginx's own limits are, and after them: after realip and the rewrites, before access control and before anything is done for it.
// The order is the cheapest refusal first; what a guard refuses costs those after it nothing.
static ngx_int_t ask(ngx_http_request_t* r) {
    ngx_http_seki_loc_conf_t* conf = ngx_http_get_module_loc_conf(r, ngx_http_seki_module);
    if (r->internal) leave_location(r);
    if (conf->limits == NULL && conf->bulkhead == NULL && conf->breaker == NULL) return NGX_DECLINED;
    if (r != r->main && conf->breaker == NULL) return NGX_DECLINED;  // a part of a request that was asked
    ngx_http_seki_guards_t* guards = ngx_http_seki_make_guards(r);
    if (guards == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (guards->refused) return NGX_DECLINED;
    ngx_int_t answer = NGX_DECLINED;
    if (r == r->main) {
        if (conf->limits != NULL) answer = ngx_http_seki_ask_limits(guards, conf);
        if (answer == NGX_DECLINED && conf->bulkhead != NULL) answer = ngx_http_seki_ask_bulkhead(guards, conf);
    }
    if (answer == NGX_DECLINED && conf->breaker != NULL) answer = ngx_http_seki_ask_breaker(guards, conf);
    return answer == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : answer;
}

static ngx_int_t before_configuration(ngx_conf_t* cf) {
    if (seki_check_version(SEKI_VERSION_NUMBER) != SEKI_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "seki: %s", seki_last_error_message());
        return NGX_ERROR;
    }
    return ngx_http_seki_add_variables(cf);
}

// nginx begins with the last handler of a phase. realip, for the client's address that a location takes from a proxy, is one of the others.
static ngx_int_t ask_after(ngx_array_t* others) {
    if (ngx_array_push(others) == NULL) return NGX_ERROR;
    ngx_http_handler_pt* first = others->elts;
    ngx_memmove(first + 1, first, (others->nelts - 1) * sizeof *first);
    *first = ask;
    return NGX_OK;
}

static ngx_int_t after_configuration(ngx_conf_t* cf) {
    ngx_http_core_main_conf_t* core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    if (ask_after(&core->phases[NGX_HTTP_PREACCESS_PHASE].handlers) != NGX_OK) return NGX_ERROR;
    ngx_http_seki_add_header_filter();
    ngx_http_seki_add_body_filter();
    return NGX_OK;
}

static void* make_main_conf(ngx_conf_t* cf) {
    ngx_http_seki_main_conf_t* conf = ngx_pcalloc(cf->pool, sizeof *conf);
    if (conf == NULL || ngx_array_init(&conf->primitives, cf->pool, 4, sizeof(ngx_http_seki_primitive_t*)) != NGX_OK)
        return NULL;
    return conf;
}

static void* make_loc_conf(ngx_conf_t* cf) {
    ngx_http_seki_loc_conf_t* conf = ngx_pcalloc(cf->pool, sizeof *conf);
    if (conf == NULL) return NULL;
    conf->limits = NGX_CONF_UNSET_PTR;
    conf->bulkhead = NGX_CONF_UNSET_PTR;
    conf->breaker = NGX_CONF_UNSET_PTR;
    conf->errors = NGX_CONF_UNSET_PTR;
    conf->limit_status = NGX_CONF_UNSET_UINT;
    conf->bulkhead_status = NGX_CONF_UNSET_UINT;
    conf->breaker_status = NGX_CONF_UNSET_UINT;
    conf->fail_status = NGX_CONF_UNSET_UINT;
    conf->fails_closed = NGX_CONF_UNSET_UINT;
    conf->shadow = NGX_CONF_UNSET;
    conf->log_level = NGX_CONF_UNSET_UINT;
    return conf;
}

static char* merge_loc_conf(ngx_conf_t* cf, void* parent, void* child) {
    ngx_http_seki_loc_conf_t* outer = parent;
    ngx_http_seki_loc_conf_t* conf = child;
    (void)cf;
    ngx_conf_merge_ptr_value(conf->limits, outer->limits, NULL);
    ngx_conf_merge_ptr_value(conf->bulkhead, outer->bulkhead, NULL);
    ngx_conf_merge_ptr_value(conf->breaker, outer->breaker, NULL);
    ngx_conf_merge_ptr_value(conf->errors, outer->errors, NULL);
    ngx_conf_merge_uint_value(conf->limit_status, outer->limit_status, NGX_HTTP_TOO_MANY_REQUESTS);
    ngx_conf_merge_uint_value(conf->bulkhead_status, outer->bulkhead_status, NGX_HTTP_SERVICE_UNAVAILABLE);
    ngx_conf_merge_uint_value(conf->breaker_status, outer->breaker_status, NGX_HTTP_SERVICE_UNAVAILABLE);
    ngx_conf_merge_uint_value(conf->fail_status, outer->fail_status, NGX_HTTP_SERVICE_UNAVAILABLE);
    ngx_conf_merge_uint_value(conf->fails_closed, outer->fails_closed, 0);
    ngx_conf_merge_value(conf->shadow, outer->shadow, 0);
    ngx_conf_merge_bitmask_value(conf->headers, outer->headers, (NGX_CONF_BITMASK_SET | NGX_HTTP_SEKI_RATELIMIT));
    ngx_conf_merge_uint_value(conf->log_level, outer->log_level, NGX_LOG_INFO);
    return NGX_CONF_OK;
}

static ngx_conf_num_bounds_t statuses = {ngx_conf_check_num_bounds, 400, 599};

static ngx_conf_enum_t log_levels[] = {{ngx_string("info"), NGX_LOG_INFO},
                                       {ngx_string("notice"), NGX_LOG_NOTICE},
                                       {ngx_string("warn"), NGX_LOG_WARN},
                                       {ngx_string("error"), NGX_LOG_ERR},
                                       {ngx_null_string, 0}};

static ngx_conf_bitmask_t headers[] = {{ngx_string("off"), NGX_HTTP_SEKI_NO_HEADERS},
                                       {ngx_string("ratelimit"), NGX_HTTP_SEKI_RATELIMIT},
                                       {ngx_string("x-ratelimit"), NGX_HTTP_SEKI_X_RATELIMIT},
                                       {ngx_null_string, 0}};

#define EVERYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF)
#define STATUS(name, member)                     \
    {ngx_string(name),                           \
     EVERYWHERE | NGX_CONF_TAKE1,                \
     ngx_conf_set_num_slot,                      \
     NGX_HTTP_LOC_CONF_OFFSET,                   \
     offsetof(ngx_http_seki_loc_conf_t, member), \
     &statuses}

static ngx_command_t commands[] = {
    {ngx_string("seki_segment"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_http_seki_set_segment,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("seki_limit"), EVERYWHERE | NGX_CONF_TAKE123, ngx_http_seki_set_limit, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    {ngx_string("seki_bulkhead"), EVERYWHERE | NGX_CONF_TAKE1, ngx_http_seki_set_bulkhead, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    {ngx_string("seki_breaker"), EVERYWHERE | NGX_CONF_TAKE12, ngx_http_seki_set_breaker, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    {ngx_string("seki_fail"), EVERYWHERE | NGX_CONF_TAKE1, ngx_http_seki_set_fail, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    STATUS("seki_limit_status", limit_status),
    STATUS("seki_bulkhead_status", bulkhead_status),
    STATUS("seki_breaker_status", breaker_status),
    STATUS("seki_fail_status", fail_status),
    {ngx_string("seki_shadow"), EVERYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_seki_loc_conf_t, shadow), NULL},
    {ngx_string("seki_headers"), EVERYWHERE | NGX_CONF_TAKE12, ngx_http_seki_set_headers, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_seki_loc_conf_t, headers), headers},
    {ngx_string("seki_log_level"), EVERYWHERE | NGX_CONF_TAKE1, ngx_conf_set_enum_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_seki_loc_conf_t, log_level), log_levels},
    ngx_null_command};

static ngx_http_module_t functions = {before_configuration, after_configuration, make_main_conf, NULL, NULL, NULL,
                                      make_loc_conf,        merge_loc_conf};

ngx_module_t ngx_http_seki_module = {NGX_MODULE_V1,
                                     &functions,
                                     commands,
                                     NGX_HTTP_MODULE,
                                     NULL,
                                     NULL,
                                     ngx_http_seki_begin_worker,
                                     NULL,
                                     NULL,
                                     ngx_http_seki_end_worker,
                                     NULL,
                                     NGX_MODULE_V1_PADDING};

// What nginx looks for in the shared object. The filter stands before nginx's own that write, as any that adds headers.
__attribute__((visibility("default"))) ngx_module_t* ngx_modules[] = {&ngx_http_seki_module, NULL};
__attribute__((visibility("default"))) char* ngx_module_names[] = {"ngx_http_seki_module", NULL};
__attribute__((visibility("default"))) char* ngx_module_order[] = {"ngx_http_seki_module",
                                                                   "ngx_http_copy_filter_module", NULL};
