// How a worker comes by its handles. A timer looks for what is not there yet, and for what was deleted and made again, once a second; a look takes some
// ten microseconds, three hundred where many processes are attached and no sekid runs, as attaching does. So a request finds a handle or none, and never waits for one.
#include "ngx_http_seki_module.h"

#define LOOK_EVERY_MS 1000

// Why there is none is said once, until it is for another reason: nobody may be looking when the first one is.
static void log_reason(ngx_log_t* log, seki_status* logged, seki_status reason) {
    if (*logged != reason) ngx_log_error(NGX_LOG_ERR, log, 0, "seki: %s", seki_last_error_message());
    *logged = reason;
}

static ngx_uint_t has_handle(const ngx_http_seki_primitive_t* primitive) { return primitive->of.limiter != NULL; }

static void free_handle(ngx_http_seki_primitive_t* primitive) {
    switch (primitive->kind) {
        case ngx_http_seki_limiter: seki_limiter_free(primitive->of.limiter); break;
        case ngx_http_seki_bulkhead: seki_bulkhead_free(primitive->of.bulkhead); break;
        case ngx_http_seki_breaker: seki_breaker_free(primitive->of.breaker); break;
    }
    primitive->of.limiter = NULL;
}

static seki_status get_handle(const seki_segment* segment, ngx_http_seki_primitive_t* primitive) {
    const char* name = (const char*)primitive->name.data;
    switch (primitive->kind) {
        case ngx_http_seki_limiter: return seki_limiter_get(segment, name, &primitive->of.limiter);
        case ngx_http_seki_bulkhead: return seki_bulkhead_get(segment, name, &primitive->of.bulkhead);
        default: return seki_breaker_get(segment, name, &primitive->of.breaker);
    }
}

// What clients are told of a limiter, and when a call is slow: they may change while it runs.
static seki_status read_options(ngx_http_seki_primitive_t* primitive) {
    seki_status done = SEKI_OK;
    if (primitive->kind == ngx_http_seki_limiter) {
        seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
        done = seki_limiter_get_options(primitive->of.limiter, &options);
        if (done == SEKI_OK) ngx_http_seki_write_policy(primitive, &options);
    } else if (primitive->kind == ngx_http_seki_breaker) {
        seki_breaker_options options = SEKI_BREAKER_OPTIONS_INIT;
        done = seki_breaker_get_options(primitive->of.breaker, &options);
        if (done == SEKI_OK) primitive->slow_call_ns = options.slow_call_duration_ns;
    }
    return done;
}

static void look_for(seki_segment* segment, ngx_log_t* log, ngx_http_seki_primitive_t* primitive) {
    if (primitive->gone) free_handle(primitive);
    primitive->failing &= primitive->gone;
    primitive->gone = 0;
    seki_status found = has_handle(primitive) ? SEKI_OK : get_handle(segment, primitive);
    if (found == SEKI_OK) {
        found = read_options(primitive);
        primitive->gone = found != SEKI_OK;
    }
    if (found != SEKI_OK) {
        log_reason(log, &primitive->missing, found);
        return;
    }
    if (primitive->missing != SEKI_OK)
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "seki: \"%V\" is there again", &primitive->name);
    primitive->missing = SEKI_OK;
}

static void open_segment(ngx_http_seki_main_conf_t* conf, ngx_log_t* log) {
    seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
    options.access = SEKI_ACCESS_ATTACH;
    const seki_status opened = seki_open((const char*)conf->segment.data, &options, &conf->opened);
    if (opened != SEKI_OK) {
        log_reason(log, &conf->unavailable, opened);
        return;
    }
    ngx_log_error(NGX_LOG_NOTICE, log, 0, "seki: attached to %s", seki_segment_path(conf->opened));
    conf->unavailable = SEKI_OK;
}

static void look(ngx_http_seki_main_conf_t* conf, ngx_log_t* log) {
    if (conf->opened == NULL) open_segment(conf, log);
    if (conf->opened == NULL) return;
    // Where no sekid runs, it is the workers that notice another segment in the place of theirs, and give back what died with one of them.
    const seki_status maintained = seki_segment_maintain(conf->opened);
    if (maintained != SEKI_OK) {
        log_reason(log, &conf->unavailable, maintained);
        return;
    }
    if (conf->unavailable != SEKI_OK)
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "seki: %s is there again", seki_segment_path(conf->opened));
    conf->unavailable = SEKI_OK;
    ngx_http_seki_primitive_t** primitives = conf->primitives.elts;
    for (ngx_uint_t i = 0; i < conf->primitives.nelts; ++i) look_for(conf->opened, log, primitives[i]);
}

static void on_timer(ngx_event_t* timer) {
    ngx_connection_t* connection = timer->data;
    look(connection->data, timer->log);
    ngx_add_timer(timer, LOOK_EVERY_MS);
}

static ngx_http_seki_main_conf_t* conf_of(ngx_cycle_t* cycle) {
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NULL;  // the cache's helpers
    ngx_http_seki_main_conf_t* conf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_seki_module);
    return conf != NULL && conf->primitives.nelts > 0 ? conf : NULL;
}

ngx_int_t ngx_http_seki_begin_worker(ngx_cycle_t* cycle) {
    static ngx_connection_t nobody;  // where nginx looks for a number to log
    ngx_http_seki_main_conf_t* conf = conf_of(cycle);
    if (conf == NULL) return NGX_OK;
    nobody.fd = (ngx_socket_t)-1;
    nobody.data = conf;
    conf->timer.handler = on_timer;
    conf->timer.data = &nobody;
    conf->timer.log = cycle->log;
    conf->timer.cancelable = 1;  // a worker that is to leave does not wait for it
    look(conf, cycle->log);
    ngx_add_timer(&conf->timer, LOOK_EVERY_MS);
    return NGX_OK;
}

void ngx_http_seki_end_worker(ngx_cycle_t* cycle) {
    ngx_http_seki_main_conf_t* conf = conf_of(cycle);
    if (conf == NULL) return;
    ngx_http_seki_primitive_t** primitives = conf->primitives.elts;
    for (ngx_uint_t i = 0; i < conf->primitives.nelts; ++i) free_handle(primitives[i]);
    seki_close(conf->opened);
    conf->opened = NULL;
}
