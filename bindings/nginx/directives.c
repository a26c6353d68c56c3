// What the directives take. A mistake is refused by `nginx -t`, with the thing, what is wrong and what is accepted.
#include "ngx_http_seki_module.h"

#define LONGEST_NAME 63

static const char* const words[] = {"limiter", "bulkhead", "breaker"};

static int may_stand_in_name(u_char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
}

static int is_name(const ngx_str_t* name) {
    if (name->len == 0 || name->len > LONGEST_NAME || name->data[0] == '.' || name->data[0] == '-') return 0;
    for (size_t i = 0; i < name->len; ++i)
        if (!may_stand_in_name(name->data[i])) return 0;
    return 1;
}

static int is_off(const ngx_str_t* word) { return word->len == 3 && ngx_strncmp(word->data, "off", 3) == 0; }

// The primitive of that name, one for all places that name it.
static ngx_http_seki_primitive_t* primitive_of(ngx_conf_t* cf, ngx_http_seki_kind_e kind, ngx_str_t* name) {
    if (!is_name(name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "seki: \"%V\" is no name of a %s: 1 to %d letters, digits, \"_\", \".\" or \"-\", not "
                           "beginning with \".\" or \"-\"",
                           name, words[kind], LONGEST_NAME);
        return NULL;
    }
    ngx_http_seki_main_conf_t* conf = ngx_http_conf_get_module_main_conf(cf, ngx_http_seki_module);
    ngx_http_seki_primitive_t** known = conf->primitives.elts;
    for (ngx_uint_t i = 0; i < conf->primitives.nelts; ++i)
        if (known[i]->kind == kind && known[i]->name.len == name->len &&
            ngx_memcmp(known[i]->name.data, name->data, name->len) == 0)
            return known[i];
    ngx_http_seki_primitive_t** added = ngx_array_push(&conf->primitives);
    if (added == NULL) return NULL;
    ngx_http_seki_primitive_t* made = *added = ngx_pcalloc(cf->pool, sizeof *made);
    if (made == NULL) return NULL;
    made->kind = kind;
    made->name = *name;
    made->policy.data = ngx_pcalloc(cf->pool, NGX_HTTP_SEKI_POLICY_SIZE);
    made->other_policy = ngx_pcalloc(cf->pool, NGX_HTTP_SEKI_POLICY_SIZE);
    return made->policy.data != NULL && made->other_policy != NULL ? made : NULL;
}

char* ngx_http_seki_set_segment(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    ngx_http_seki_main_conf_t* to = conf;
    ngx_str_t* words_of = cf->args->elts;
    (void)command;
    if (to->segment.data != NULL) return "is duplicate";
    if (words_of[1].len == 0) return "needs a path, or a name: seki_segment /run/seki/default.seg;";
    to->segment = words_of[1];
    return NGX_CONF_OK;
}

// `cost=...`: a number that is at least 0, or variables.
static char* set_cost(ngx_conf_t* cf, ngx_http_seki_limit_t* limit, ngx_str_t* word) {
    ngx_str_t value = {word->len - 5, word->data + 5};
    if (ngx_http_script_variables_count(&value) == 0 && ngx_atoi(value.data, value.len) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "seki_limit: \"%V\" is no cost: a whole number, or variables", &value);
        return NGX_CONF_ERROR;
    }
    limit->cost = ngx_pcalloc(cf->pool, sizeof *limit->cost);
    if (limit->cost == NULL) return NGX_CONF_ERROR;
    ngx_http_compile_complex_value_t compiled = {.cf = cf, .value = &value, .complex_value = limit->cost};
    return ngx_http_compile_complex_value(&compiled) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}

static char* set_key(ngx_conf_t* cf, ngx_http_seki_limit_t* limit, ngx_str_t* key) {
    if (ngx_http_script_variables_count(key) == 0) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0,
            "seki_limit: the key \"%V\" has no variable, so all requests would be one: say what tells them "
            "apart, as $binary_remote_addr does, or $server_name for one limit that all share",
            key);
        return NGX_CONF_ERROR;
    }
    limit->key_variable = -1;
    ngx_str_t name = {key->len - 1, key->data + 1};
    // What a regular expression has captured ($1) is no variable with an index.
    if (key->data[0] == '$' && is_name(&name) && !(name.data[0] >= '1' && name.data[0] <= '9') &&
        ngx_strlchr(name.data, name.data + name.len, '.') == NULL &&
        ngx_strlchr(name.data, name.data + name.len, '-') == NULL) {
        limit->key_variable = ngx_http_get_variable_index(cf, &name);
        return limit->key_variable != NGX_ERROR ? NGX_CONF_OK : NGX_CONF_ERROR;
    }
    ngx_http_compile_complex_value_t compiled = {.cf = cf, .value = key, .complex_value = &limit->key};
    return ngx_http_compile_complex_value(&compiled) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}

// seki_limit LIMITER KEY [cost=COST];  seki_limit off;
char* ngx_http_seki_set_limit(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    ngx_http_seki_loc_conf_t* to = conf;
    ngx_str_t* words_of = cf->args->elts;
    (void)command;
    if (cf->args->nelts == 2) {
        if (!is_off(&words_of[1])) return "needs a limiter and a key: seki_limit login $binary_remote_addr; or off";
        if (to->limits != NGX_CONF_UNSET_PTR) return "is off, and there is another one here";
        to->limits = NULL;
        return NGX_CONF_OK;
    }
    if (is_off(&words_of[1]))
        return "is off, and has more after it: seki_limit off; a limiter is not asked by that name";
    if (to->limits == NULL) return "is off, and there is another one here";
    ngx_http_seki_primitive_t* limiter = primitive_of(cf, ngx_http_seki_limiter, &words_of[1]);
    if (limiter == NULL) return NGX_CONF_ERROR;
    if (to->limits == NGX_CONF_UNSET_PTR) to->limits = ngx_array_create(cf->pool, 2, sizeof(ngx_http_seki_limit_t));
    if (to->limits == NULL) return NGX_CONF_ERROR;
    ngx_http_seki_limit_t* known = to->limits->elts;
    for (ngx_uint_t i = 0; i < to->limits->nelts; ++i)
        if (known[i].limiter == limiter) return "names a limiter that is named here already";
    ngx_http_seki_limit_t* limit = ngx_array_push(to->limits);
    if (limit == NULL) return NGX_CONF_ERROR;
    ngx_memzero(limit, sizeof *limit);
    limit->limiter = limiter;
    if (set_key(cf, limit, &words_of[2]) != NGX_CONF_OK) return NGX_CONF_ERROR;
    if (cf->args->nelts == 3) return NGX_CONF_OK;
    if (words_of[3].len < 5 || ngx_strncmp(words_of[3].data, "cost=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "seki_limit: there is no parameter \"%V\": cost=...", &words_of[3]);
        return NGX_CONF_ERROR;
    }
    return set_cost(cf, limit, &words_of[3]);
}

static char* set_primitive(ngx_conf_t* cf, ngx_http_seki_kind_e kind, ngx_http_seki_primitive_t** to) {
    ngx_str_t* words_of = cf->args->elts;
    if (*to != NGX_CONF_UNSET_PTR) return "is duplicate";
    *to = NULL;
    if (is_off(&words_of[1])) return NGX_CONF_OK;
    *to = primitive_of(cf, kind, &words_of[1]);
    return *to != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}

char* ngx_http_seki_set_bulkhead(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    ngx_http_seki_loc_conf_t* to = conf;
    (void)command;
    return set_primitive(cf, ngx_http_seki_bulkhead, &to->bulkhead);
}

// `errors=500,502,503,504`, or that.
static char* set_errors(ngx_conf_t* cf, ngx_http_seki_loc_conf_t* to, const u_char* at, const u_char* end) {
    to->errors = ngx_array_create(cf->pool, 4, sizeof(ngx_uint_t));
    if (to->errors == NULL) return NGX_CONF_ERROR;
    while (at <= end) {
        const u_char* comma = at;
        while (comma < end && *comma != ',') ++comma;
        const ngx_int_t status = comma - at == 3 ? ngx_atoi((u_char*)at, 3) : NGX_ERROR;
        if (status < 400 || status > 599) {
            const ngx_str_t said = {(size_t)(comma - at), (u_char*)at};
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0,
                "seki_breaker: \"%V\" is no status that may be an error: 400 to 599, with commas between", &said);
            return NGX_CONF_ERROR;
        }
        ngx_uint_t* error = ngx_array_push(to->errors);
        if (error == NULL) return NGX_CONF_ERROR;
        *error = (ngx_uint_t)status;
        at = comma + 1;
    }
    return NGX_CONF_OK;
}

// seki_breaker NAME [errors=STATUS,...];  seki_breaker off;
char* ngx_http_seki_set_breaker(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    static const u_char usual[] = "500,502,503,504";
    ngx_http_seki_loc_conf_t* to = conf;
    ngx_str_t* words_of = cf->args->elts;
    (void)command;
    if (is_off(&words_of[1]) && cf->args->nelts > 2)
        return "is off, and has more after it: seki_breaker off; a breaker is not asked by that name";
    char* done = set_primitive(cf, ngx_http_seki_breaker, &to->breaker);
    if (done != NGX_CONF_OK) return done;
    if (cf->args->nelts == 2) return set_errors(cf, to, usual, usual + sizeof usual - 1);
    if (words_of[2].len < 7 || ngx_strncmp(words_of[2].data, "errors=", 7) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "seki_breaker: there is no parameter \"%V\": errors=...",
                           &words_of[2]);
        return NGX_CONF_ERROR;
    }
    return set_errors(cf, to, words_of[2].data + 7, words_of[2].data + words_of[2].len);
}

char* ngx_http_seki_set_headers(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    const ngx_uint_t* set = &((ngx_http_seki_loc_conf_t*)conf)->headers;
    char* done = ngx_conf_set_bitmask_slot(cf, command, conf);
    if (done != NGX_CONF_OK) return done;
    return (*set & NGX_HTTP_SEKI_NO_HEADERS) && *set != NGX_HTTP_SEKI_NO_HEADERS
               ? "is off, and there is another one here"
               : done;
}

char* ngx_http_seki_set_fail(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    ngx_http_seki_loc_conf_t* to = conf;
    const ngx_str_t* word = (ngx_str_t*)cf->args->elts + 1;
    (void)command;
    if (to->fails_closed != NGX_CONF_UNSET_UINT) return "is duplicate";
    const int closed = word->len == 6 && ngx_strncmp(word->data, "closed", 6) == 0;
    if (!closed && !(word->len == 4 && ngx_strncmp(word->data, "open", 4) == 0))
        return "takes open, to let requests pass while there is nobody to ask, or closed, to refuse them";
    to->fails_closed = closed ? 1 : 0;
    return NGX_CONF_OK;
}
