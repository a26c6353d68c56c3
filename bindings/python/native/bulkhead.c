// Bulkheads, and the permits that they hand out.
#include "kind.h"

#include <stddef.h>

#define OF(self) (((bulkhead_object*)(self))->of)

static const field bulkhead_fields[] = {
    {"max_concurrent", offsetof(seki_bulkhead_options, max_concurrent), field_u64},
    {"max_wait", offsetof(seki_bulkhead_options, max_wait_ns), field_i64},
    {"max_waiting", offsetof(seki_bulkhead_options, max_waiting), field_u64},
    {NULL, 0, field_i32},
};

static const field status_fields[] = {
    {"max_concurrent", offsetof(seki_bulkhead_status, max_concurrent), field_u64},
    {"in_use", offsetof(seki_bulkhead_status, in_use), field_u64},
    {"waiting", offsetof(seki_bulkhead_status, waiting), field_u64},
    {"acquired", offsetof(seki_bulkhead_status, acquired), field_u64},
    {"rejected", offsetof(seki_bulkhead_status, rejected), field_u64},
    {"reclaimed", offsetof(seki_bulkhead_status, reclaimed), field_u64},
    {NULL, 0, field_i32},
};

static PyObject* refuse(PyObject* self, seki_status why) {
    if (PyErr_Occurred()) return NULL;
    return raise_status(why, seki_bulkhead_explain(OF(self), why));
}

SEKI_PYTHON_KIND(bulkhead, Bulkhead, BULKHEAD)

static PyObject* acquire(PyObject* self, int64_t timeout_ns, int never_sleep, PyObject* stop) {
    permit_object* made = PyObject_New(permit_object, &PermitType);
    if (made == NULL) return NULL;
    made->of = (seki_permit)SEKI_PERMIT_INIT;
    wait_in_python wait = {.never = never_sleep, .stop = stop};
    if (waiting_begins(&wait) != 0) {
        Py_DECREF(made);
        return NULL;
    }
    const seki_status done = seki_bulkhead_acquire(OF(self), timeout_ns, &made->of);
    waiting_ends(&wait);
    if (done == SEKI_OK && !PyErr_Occurred()) return (PyObject*)made;
    Py_DECREF(made);
    if (never_sleep && done == SEKI_ERROR_INTERRUPTED && !PyErr_Occurred()) Py_RETURN_NONE;
    return refuse(self, done);
}

static PyObject* bulkhead_acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Bulkhead.acquire", {"timeout"}, 0};
    PyObject* given[1];
    int64_t timeout = SEKI_AS_CONFIGURED;
    if (take_arguments(&is, arguments, count, names, given) != 0) return NULL;
    if (given[0] != NULL && given[0] != Py_None && span_of("timeout", given[0], &timeout) != 0) return NULL;
    return acquire(self, timeout, 0, NULL);
}

// For asyncio: the same if it does not have to wait, else None; and the wait, in a thread of its own.
static PyObject* bulkhead_acquire_at_once(PyObject* self, PyObject* timeout) {
    int64_t span = SEKI_AS_CONFIGURED;
    if (timeout != Py_None && span_of("timeout", timeout, &span) != 0) return NULL;
    return acquire(self, span, 1, NULL);
}
static PyObject* bulkhead_acquire_until(PyObject* self, PyObject* arguments) {
    PyObject *timeout = NULL, *stop = NULL;
    int64_t span = SEKI_AS_CONFIGURED;
    if (!PyArg_ParseTuple(arguments, "OO!", &timeout, &StopType, &stop) ||
        (timeout != Py_None && span_of("timeout", timeout, &span) != 0))
        return NULL;
    return acquire(self, span, 0, stop);
}

static PyObject* bulkhead_try_acquire(PyObject* self, PyObject* nothing) {
    (void)nothing;
    permit_object* made = PyObject_New(permit_object, &PermitType);
    if (made == NULL) return NULL;
    made->of = (seki_permit)SEKI_PERMIT_INIT;
    const seki_status done = seki_bulkhead_try_acquire(OF(self), &made->of);
    if (done == SEKI_OK) return (PyObject*)made;
    Py_DECREF(made);
    if (done == SEKI_ERROR_BULKHEAD_FULL) Py_RETURN_NONE;
    return refuse(self, done);
}

static PyObject* bulkhead_status(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_bulkhead_status status = SEKI_BULKHEAD_STATUS_INIT;
    const seki_status done = seki_bulkhead_get_status(OF(self), &status);
    return done == SEKI_OK ? dict_of(status_fields, &status) : refuse(self, done);
}

static PyObject* bulkhead_options(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_bulkhead_options options = SEKI_BULKHEAD_OPTIONS_INIT;
    const seki_status done = seki_bulkhead_get_options(OF(self), &options);
    return done == SEKI_OK ? dict_of(bulkhead_fields, &options) : refuse(self, done);
}

static PyObject* bulkhead_name(PyObject* self, void* closure) {
    (void)closure;
    return PyUnicode_FromString(seki_bulkhead_name(OF(self)));
}

static PyMethodDef bulkhead_methods[] = {
    {"acquire", FAST(bulkhead_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire($self, /, timeout=None)\n--\n\nA Permit, to be released, or as a context manager. Waits for `timeout`, "
     "but no "
     "longer than max_wait unless that is 0; "
     "None: as long as max_wait says. Raises BulkheadFull or Timeout. A signal whose handler raises ends the wait."},
    {"try_acquire", bulkhead_try_acquire, METH_NOARGS,
     "try_acquire($self, /)\n--\n\nA Permit if one is free, else None. Never waits."},
    {"_acquire_at_once", bulkhead_acquire_at_once, METH_O, NULL},
    {"_acquire_until", bulkhead_acquire_until, METH_VARARGS, NULL},
    {"_status", bulkhead_status, METH_NOARGS, NULL},
    {"_options", bulkhead_options, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef bulkhead_attributes[] = {
    {"name", bulkhead_name, NULL, "Its name in the segment.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject BulkheadType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Bulkhead",
    .tp_doc = "At most so many at once, counted over all processes of the host.",
    .tp_basicsize = sizeof(bulkhead_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = bulkhead_new,
    .tp_dealloc = bulkhead_dealloc,
    .tp_methods = bulkhead_methods,
    .tp_getset = bulkhead_attributes,
};
