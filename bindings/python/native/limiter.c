// Limiters. check() is what all this is for: its arguments are taken apart by hand, and nothing is made but the decision.
#include "kind.h"

#include <stddef.h>

#define OF(self) (((limiter_object*)(self))->of)

static const field limiter_fields[] = {
    {"algorithm", offsetof(seki_limiter_options, algorithm), field_i32},
    {"limit", offsetof(seki_limiter_options, limit), field_u64},
    {"window", offsetof(seki_limiter_options, window_ns), field_i64},
    {"burst", offsetof(seki_limiter_options, burst), field_u64},
    {"max_keys", offsetof(seki_limiter_options, max_keys), field_u64},
    {"on_full", offsetof(seki_limiter_options, on_full), field_i32},
    {"mode", offsetof(seki_limiter_options, mode), field_i32},
    {"clock", offsetof(seki_limiter_options, clock), field_i32},
    {"store_keys", offsetof(seki_limiter_options, store_keys), field_u32},
    {NULL, 0, field_i32},
};

static PyObject* refuse(PyObject* self, seki_status why) {
    if (PyErr_Occurred()) return NULL;
    return raise_status(why, seki_limiter_explain(OF(self), why));
}

SEKI_PYTHON_KIND(limiter, Limiter, LIMITER)

typedef seki_status (*decider)(const seki_limiter* limiter, const void* key, size_t key_length, int64_t cost,
                               seki_decision* decision);

static PyObject* decide(PyObject* self, const char* function, PyObject* key, PyObject* cost, decider by) {
    int64_t spends = 1;
    if (cost != NULL && cost_of(function, cost, &spends) != 0) return NULL;
    key_bytes bytes;
    if (key_of(function, key, &bytes) != 0) return NULL;
    decision_object* made = new_decision();
    seki_status done = SEKI_ERROR_NO_SPACE;
    if (made != NULL) done = by(OF(self), bytes.data, bytes.length, spends, &made->of);
    key_done(&bytes);
    if (done == SEKI_OK) return (PyObject*)made;
    Py_XDECREF(made);
    return refuse(self, done);
}

// A key of ASCII and no cost is what nearly all checks are: that goes straight.
static PyObject* limiter_check(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Limiter.check", {"key", "cost"}, 1};
    if (count == 1 && names == NULL && PyUnicode_Check(arguments[0]) && PyUnicode_IS_COMPACT_ASCII(arguments[0])) {
        decision_object* made = new_decision();
        if (made == NULL) return NULL;
        const seki_status done = seki_limiter_check(OF(self), PyUnicode_DATA(arguments[0]),
                                                    (size_t)PyUnicode_GET_LENGTH(arguments[0]), 1, &made->of);
        if (done == SEKI_OK) return (PyObject*)made;
        Py_DECREF(made);
        return refuse(self, done);
    }
    PyObject* given[2];
    if (take_arguments(&is, arguments, count, names, given) != 0) return NULL;
    return decide(self, is.function, given[0], given[1], seki_limiter_check);
}

static PyObject* limiter_peek(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Limiter.peek", {"key", "cost"}, 1};
    PyObject* given[2];
    if (take_arguments(&is, arguments, count, names, given) != 0) return NULL;
    return decide(self, is.function, given[0], given[1], seki_limiter_peek);
}

static PyObject* limiter_acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Limiter.acquire", {"key", "timeout", "cost"}, 2};
    PyObject* given[3];
    int64_t timeout = 0, cost = 1;
    if (take_arguments(&is, arguments, count, names, given) != 0 || span_of("timeout", given[1], &timeout) != 0 ||
        (given[2] != NULL && cost_of(is.function, given[2], &cost) != 0))
        return NULL;
    key_bytes key;
    if (key_of(is.function, given[0], &key) != 0) return NULL;
    decision_object* made = new_decision();
    wait_in_python wait = {.never = 0};
    if (made == NULL || waiting_begins(&wait) != 0) {
        Py_XDECREF(made);
        key_done(&key);
        return NULL;
    }
    const seki_status done = seki_limiter_acquire(OF(self), key.data, key.length, cost, timeout, &made->of);
    waiting_ends(&wait);
    key_done(&key);
    if (done == SEKI_OK && !PyErr_Occurred()) return (PyObject*)made;
    Py_DECREF(made);
    return refuse(self, done);
}

static PyObject* limiter_reset(PyObject* self, PyObject* key) {
    key_bytes bytes;
    if (key_of("Limiter.reset", key, &bytes) != 0) return NULL;
    const seki_status done = seki_limiter_reset(OF(self), bytes.data, bytes.length);
    key_done(&bytes);
    if (done != SEKI_OK) return refuse(self, done);
    Py_RETURN_NONE;
}

static PyObject* limiter_refund(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Limiter.refund", {"key", "cost"}, 1};
    PyObject* given[2];
    int64_t cost = 1;
    key_bytes key;
    if (take_arguments(&is, arguments, count, names, given) != 0 ||
        (given[1] != NULL && cost_of(is.function, given[1], &cost) != 0) || key_of(is.function, given[0], &key) != 0)
        return NULL;
    const seki_status done = seki_limiter_refund(OF(self), key.data, key.length, cost);
    key_done(&key);
    if (done != SEKI_OK) return refuse(self, done);
    Py_RETURN_NONE;
}

static PyObject* limiter_check_receipt(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Limiter.check_receipt", {"key", "cost"}, 1};
    PyObject* given[2];
    int64_t cost = 1;
    key_bytes key;
    if (take_arguments(&is, arguments, count, names, given) != 0 ||
        (given[1] != NULL && cost_of(is.function, given[1], &cost) != 0) || key_of(is.function, given[0], &key) != 0)
        return NULL;
    decision_object* decision = new_decision();
    PyObject* made = decision == NULL ? NULL : new_receipt(self, decision);
    seki_status done = SEKI_ERROR_NO_SPACE;
    if (made != NULL) {
        done = seki_limiter_check_receipt(OF(self), key.data, key.length, cost, &((receipt_object*)made)->of,
                                          &decision->of);
    }
    key_done(&key);
    Py_XDECREF(decision);
    if (done == SEKI_OK) return made;
    Py_XDECREF(made);
    return refuse(self, done);
}

static PyObject* limiter_options(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
    const seki_status done = seki_limiter_get_options(OF(self), &options);
    return done == SEKI_OK ? dict_of(limiter_fields, &options) : refuse(self, done);
}

static PyObject* limiter_name(PyObject* self, void* closure) {
    (void)closure;
    return PyUnicode_FromString(seki_limiter_name(OF(self)));
}

static PyMethodDef limiter_methods[] = {
    {"check", FAST(limiter_check), METH_FASTCALL | METH_KEYWORDS,
     "check($self, /, key, cost=1)\n--\n\nSpends `cost` of the key if that is allowed, and says so. Never waits. A key "
     "is a str "
     "or bytes of up to 4096 bytes, of a str those of its UTF-8, also where it has lone surrogates; "
     "a cost of 0 is a peek."},
    {"peek", FAST(limiter_peek), METH_FASTCALL | METH_KEYWORDS,
     "peek($self, /, key, cost=1)\n--\n\nWhat check() would answer now. Spends and writes nothing."},
    {"acquire", FAST(limiter_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire($self, /, key, timeout, cost=1)\n--\n\nLike check(), but sleeps until it is this request's turn if that "
     "comes "
     "within `timeout`; otherwise answers "
     "the denial at once. A signal whose handler raises ends the wait."},
    {"check_receipt", FAST(limiter_check_receipt), METH_FASTCALL | METH_KEYWORDS,
     "check_receipt($self, /, key, cost=1)\n--\n\nLike check(), but answers a Receipt, by which some of it can be "
     "given back "
     "exactly."},
    {"reset", limiter_reset, METH_O, "reset($self, key, /)\n--\n\nMakes the key as good as new."},
    {"refund", FAST(limiter_refund), METH_FASTCALL | METH_KEYWORDS,
     "refund($self, /, key, cost=1)\n--\n\nGives back what was spent a moment ago and not used. Exact however late: "
     "Receipt.refund()."},
    {"_options", limiter_options, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef limiter_attributes[] = {
    {"name", limiter_name, NULL, "Its name in the segment.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject LimiterType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Limiter",
    .tp_doc = "A rate limiter that all processes of the host share.",
    .tp_basicsize = sizeof(limiter_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = limiter_new,
    .tp_dealloc = limiter_dealloc,
    .tp_methods = limiter_methods,
    .tp_getset = limiter_attributes,
};
