// The limits of a location: their keys, their costs, and what they decide.
#include <ngx_sha1.h>

#include "ngx_http_seki_module.h"

#define LONGEST_KEY 4096  // of Seki's

static ngx_int_t key_of(ngx_http_request_t* r, ngx_http_seki_limit_t* limit, ngx_str_t* key) {
    if (limit->key_variable < 0) return ngx_http_complex_value(r, &limit->key, key);
    const ngx_http_variable_value_t* value = ngx_http_get_flushed_variable(r, (ngx_uint_t)limit->key_variable);
    if (value == NULL) return NGX_ERROR;
    key->len = value->not_found ? 0 : value->len;
    key->data = key->len > 0 ? value->data : NULL;
    return NGX_OK;
}

// Who sends a key that is too long must not get around the limit by it.
static ngx_int_t shorten(ngx_pool_t* pool, ngx_str_t* key) {
    ngx_sha1_t digest;
    ngx_sha1_init(&digest);
    ngx_sha1_update(&digest, key->data, key->len);
    key->len = 20;
    key->data = ngx_pnalloc(pool, key->len);
    if (key->data == NULL) return NGX_ERROR;
    ngx_sha1_final(key->data, &digest);
    return NGX_OK;
}

// What is no number costs 1, and what is too great for one is more than any limiter has.
static ngx_int_t cost_of(ngx_http_request_t* r, const ngx_http_seki_limit_t* limit, int64_t* cost) {
    ngx_str_t text;
    *cost = 1;
    if (limit->cost == NULL) return NGX_OK;
    if (ngx_http_complex_value(r, limit->cost, &text) != NGX_OK) return NGX_ERROR;
    if (text.len == 0) return NGX_OK;
    int64_t value = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9') return NGX_OK;
        value = value < INT64_MAX / 16 ? value * 10 + (text.data[i] - '0') : INT64_MAX / 16;
    }
    *cost = value;
    return NGX_OK;
}

static ngx_http_seki_verdict_t* verdict_of(const ngx_http_seki_guards_t* guards,
                                           const ngx_http_seki_primitive_t* limiter) {
    ngx_http_seki_verdict_t* each = guards->verdicts;
    while (each != NULL && each->limit->limiter != limiter) each = each->next;
    return each;
}

// What a limit is asked for. NGX_DECLINED: nothing, because its key is empty.
static ngx_int_t read_demand(ngx_http_request_t* r, ngx_http_seki_limit_t* limit, ngx_str_t* key, int64_t* cost) {
    if (key_of(r, limit, key) != NGX_OK) return NGX_ERROR;
    if (key->len == 0) return NGX_DECLINED;
    if (key->len > LONGEST_KEY && shorten(r->pool, key) != NGX_OK) return NGX_ERROR;
    return cost_of(r, limit, cost);
}

// The demand of a limit, with a verdict for what comes of it. NGX_DECLINED: it does not count this request, or has counted it already.
static ngx_int_t demand_of(ngx_http_seki_guards_t* guards, ngx_http_seki_limit_t* limit, seki_demand* demand,
                           ngx_http_seki_verdict_t** verdict) {
    ngx_http_request_t* r = guards->request;
    ngx_str_t key;
    int64_t cost = 0;
    if (guards->verdicts != NULL && verdict_of(guards, limit->limiter) != NULL) return NGX_DECLINED;
    const ngx_int_t asked = read_demand(r, limit, &key, &cost);
    if (asked != NGX_OK) return asked;
    *demand = (seki_demand)SEKI_DEMAND(limit->limiter->of.limiter, key.data, key.len, cost);
    *verdict = guards->first.limit == NULL ? &guards->first : ngx_palloc(r->pool, sizeof **verdict);
    if (*verdict == NULL) return NGX_ERROR;
    **verdict = (ngx_http_seki_verdict_t){limit, NULL, SEKI_DECISION_INIT, 0};
    return NGX_OK;
}

static ngx_uint_t is_stricter(const seki_decision* one, const seki_decision* other) {
    if (one->allowed != other->allowed) return !one->allowed;
    return one->allowed ? one->remaining < other->remaining : one->retry_after_ns > other->retry_after_ns;
}

// Of several limits, what each of them has to say of it. Where all have let it through, nothing more is asked for.
static void look_at_each(const seki_demand* demands, ngx_http_seki_verdict_t** verdicts, ngx_uint_t count,
                         ngx_uint_t allowed) {
    for (ngx_uint_t i = 0; i < count; ++i) {
        const seki_demand* each = &demands[i];
        seki_decision* said = &verdicts[i]->decision;
        seki_limiter_peek(each->limiter, each->key, each->key_length, allowed ? 0 : each->cost, said);
        if (!allowed && said->allowed) seki_limiter_peek(each->limiter, each->key, each->key_length, 0, said);
        if (said->error != SEKI_OK) verdicts[i]->limit->limiter->gone = 1;
    }
}

// Leaves those that can be asked; `answer`: what becomes of the request without the others.
static ngx_uint_t leave_out_gone(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf, seki_demand* demands,
                                 ngx_http_seki_verdict_t** verdicts, ngx_uint_t count, ngx_int_t* answer) {
    ngx_uint_t left = 0;
    for (ngx_uint_t i = 0; i < count && *answer == NGX_DECLINED; ++i) {
        const seki_demand each = demands[i];
        if (seki_limiter_peek(each.limiter, each.key, each.key_length, 0, &verdicts[i]->decision) != SEKI_OK) {
            *answer = ngx_http_seki_do_without(guards, conf, verdicts[i]->limit->limiter, &guards->limit_answer);
        } else {
            demands[left] = each;
            verdicts[left++] = verdicts[i];
        }
    }
    return left;
}

// All or nothing: what one denies is taken of none.
static seki_status check(const seki_demand* demands, ngx_http_seki_verdict_t** verdicts, ngx_uint_t count,
                         const seki_decision** decision) {
    static seki_decision of_all;
    if (count == 1) {
        *decision = &verdicts[0]->decision;
        return seki_limiter_check(demands->limiter, demands->key, demands->key_length, demands->cost,
                                  &verdicts[0]->decision);
    }
    of_all = (seki_decision)SEKI_DECISION_INIT;
    *decision = &of_all;
    const seki_status done = seki_check_all(demands, count, &of_all);
    if (done == SEKI_OK) look_at_each(demands, verdicts, count, of_all.allowed);
    return done;
}

static void find_decisive(ngx_http_seki_guards_t* guards, ngx_http_seki_verdict_t* verdict) {
    if (guards->decisive == NULL || is_stricter(&verdict->decision, &guards->decisive->decision))
        guards->decisive = verdict;
}

// What a location that only watches was denied has taken nothing: one that refuses asks for it anew.
static void forget_watched(ngx_http_seki_guards_t* guards) {
    ngx_http_seki_verdict_t** each = &guards->verdicts;
    guards->decisive = NULL;
    while (*each != NULL) {
        if ((*each)->watched) {
            *each = (*each)->next;
        } else {
            find_decisive(guards, *each);
            each = &(*each)->next;
        }
    }
}

static void keep(ngx_http_seki_guards_t* guards, ngx_http_seki_verdict_t** verdicts, ngx_uint_t count) {
    ngx_http_seki_verdict_t** last = &guards->verdicts;
    while (*last != NULL) last = &(*last)->next;
    for (ngx_uint_t i = 0; i < count; ++i) {
        *last = verdicts[i];
        last = &verdicts[i]->next;
        find_decisive(guards, verdicts[i]);
    }
}

// `asked`: the verdicts that it is about, to the last.
ngx_http_seki_apart static ngx_int_t refuse(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                                            const seki_decision* decision, ngx_http_seki_verdict_t* asked) {
    const ngx_int_t answer =
        ngx_http_seki_refuse(guards, conf, guards->decisive->limit->limiter, &guards->limit_answer, conf->limit_status);
    if (answer != NGX_DECLINED) {
        guards->retry_after_ns = decision->retry_after_ns;
        return answer;
    }
    for (; asked != NULL; asked = asked->next) asked->watched = 1;
    return NGX_DECLINED;
}

// What comes of it for the request. `decision` is that of all that were asked.
static inline ngx_int_t answer(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                               const seki_decision* decision, ngx_http_seki_verdict_t* asked) {
    guards->announces = conf->shadow ? NGX_HTTP_SEKI_NO_HEADERS : conf->headers;
    if (guards->limit_answer == ngx_http_seki_not_asked || guards->limit_answer == ngx_http_seki_passed)
        guards->limit_answer = decision->shadow ? ngx_http_seki_shadowed : ngx_http_seki_passed;
    return decision->allowed ? NGX_DECLINED : refuse(guards, conf, decision, asked);
}

// One that was deleted a moment ago takes none of the others with it. Each turn has fewer.
static ngx_int_t decide(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf, seki_demand* demands,
                        ngx_http_seki_verdict_t** verdicts, ngx_uint_t count) {
    const seki_decision* decision = NULL;
    while (check(demands, verdicts, count, &decision) != SEKI_OK) {
        if (count == 1)
            return ngx_http_seki_do_without(guards, conf, verdicts[0]->limit->limiter, &guards->limit_answer);
        ngx_int_t without = NGX_DECLINED;
        const ngx_uint_t left = leave_out_gone(guards, conf, demands, verdicts, count, &without);
        if (without != NGX_DECLINED || left == 0) return without;
        if (left == count)  // not one of them: all together
            return ngx_http_seki_do_without(guards, conf, verdicts[0]->limit->limiter, &guards->limit_answer);
        count = left;
    }
    keep(guards, verdicts, count);
    return answer(guards, conf, decision, verdicts[0]);
}

// The way of nearly all: one limit, and none was asked before. A request comes here with cold caches, so what counts is how little it touches.
static ngx_int_t ask_only(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf,
                          ngx_http_seki_limit_t* limit) {
    ngx_http_seki_verdict_t* verdict = &guards->first;
    ngx_str_t key;
    int64_t cost = 0;
    const ngx_int_t asked = read_demand(guards->request, limit, &key, &cost);
    if (asked != NGX_OK) return asked;
    *verdict = (ngx_http_seki_verdict_t){limit, NULL, SEKI_DECISION_INIT, 0};
    if (seki_limiter_check(limit->limiter->of.limiter, key.data, key.len, cost, &verdict->decision) != SEKI_OK)
        return ngx_http_seki_do_without(guards, conf, limit->limiter, &guards->limit_answer);
    guards->verdicts = guards->decisive = verdict;
    return answer(guards, conf, &verdict->decision, verdict);
}

// As many as most have lie on the stack.
#define USUALLY_AT_MOST 4

ngx_http_seki_apart static ngx_int_t ask_several(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf) {
    seki_demand few[USUALLY_AT_MOST], *demands = few;
    ngx_http_seki_verdict_t *few_verdicts[USUALLY_AT_MOST], **verdicts = few_verdicts;
    ngx_uint_t count = 0;
    ngx_http_seki_limit_t* limits = conf->limits->elts;
    if (!conf->shadow) forget_watched(guards);
    if (conf->limits->nelts > USUALLY_AT_MOST) {
        demands = ngx_palloc(guards->request->pool, conf->limits->nelts * sizeof *demands);
        verdicts = ngx_palloc(guards->request->pool, conf->limits->nelts * sizeof *verdicts);
        if (demands == NULL || verdicts == NULL) return NGX_ERROR;
    }
    for (ngx_uint_t i = 0; i < conf->limits->nelts; ++i) {
        ngx_http_seki_primitive_t* limiter = limits[i].limiter;
        if (limiter->of.limiter == NULL) {
            const ngx_int_t answer = ngx_http_seki_do_without(guards, conf, limiter, &guards->limit_answer);
            if (answer != NGX_DECLINED) return answer;
            continue;
        }
        const ngx_int_t made = demand_of(guards, &limits[i], &demands[count], &verdicts[count]);
        if (made == NGX_ERROR) return NGX_ERROR;
        if (made == NGX_OK) ++count;
    }
    return count > 0 ? decide(guards, conf, demands, verdicts, count) : NGX_DECLINED;
}

ngx_int_t ngx_http_seki_ask_limits(ngx_http_seki_guards_t* guards, ngx_http_seki_loc_conf_t* conf) {
    ngx_http_seki_limit_t* first = conf->limits->elts;
    return conf->limits->nelts == 1 && guards->verdicts == NULL && first->limiter->of.limiter != NULL
               ? ask_only(guards, conf, first)
               : ask_several(guards, conf);
}
