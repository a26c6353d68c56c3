// Retries: backoff, and a budget that all processes share. The attempts are made in Python (seki/_retry.py).
#include "kind.h"

#include <stddef.h>

#define OF(self) (((retry_object*)(self))->of)

static const field retry_fields[] = {
    {"backoff", offsetof(seki_retry_options, backoff), field_i32},
    {"jitter", offsetof(seki_retry_options, jitter), field_i32},
    {"max_attempts", offsetof(seki_retry_options, max_attempts), field_u64},
    {"base_delay", offsetof(seki_retry_options, base_delay_ns), field_i64},
    {"max_delay", offsetof(seki_retry_options, max_delay_ns), field_i64},
    {"ratio", offsetof(seki_retry_options, ratio), field_double},
    {"min_per_second", offsetof(seki_retry_options, min_per_second), field_u64},
    {NULL, 0, field_i32},
};

static const field status_fields[] = {
    {"calls", offsetof(seki_retry_status, calls), field_u64},
    {"retries", offsetof(seki_retry_status, retries), field_u64},
    {"recovered", offsetof(seki_retry_status, recovered), field_u64},
    {"exhausted", offsetof(seki_retry_status, exhausted), field_u64},
    {"denied", offsetof(seki_retry_status, denied), field_u64},
    {"budget_left", offsetof(seki_retry_status, budget_left), field_u64},
    {NULL, 0, field_i32},
};

static PyObject* refuse(PyObject* self, seki_status why) {
    return raise_status(why, seki_retry_explain(OF(self), why));
}

SEKI_PYTHON_KIND(retry, Retry, RETRY)

static PyObject* retry_begin(PyObject* self, PyObject* nothing) {
    (void)nothing;
    PyObject* made = new_retry_loop(self);
    if (made == NULL) return NULL;
    const seki_status done = seki_retry_begin(OF(self), &((retry_loop_object*)made)->of);
    if (done == SEKI_OK) return made;
    Py_DECREF(made);
    return refuse(self, done);
}

static PyObject* retry_status(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_retry_status status = SEKI_RETRY_STATUS_INIT;
    const seki_status done = seki_retry_get_status(OF(self), &status);
    return done == SEKI_OK ? dict_of(status_fields, &status) : refuse(self, done);
}

static PyObject* retry_options(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_retry_options options = SEKI_RETRY_OPTIONS_INIT;
    const seki_status done = seki_retry_get_options(OF(self), &options);
    return done == SEKI_OK ? dict_of(retry_fields, &options) : refuse(self, done);
}

static PyObject* retry_name(PyObject* self, void* closure) {
    (void)closure;
    return PyUnicode_FromString(seki_retry_name(OF(self)));
}

static PyMethodDef retry_methods[] = {
    {"begin", retry_begin, METH_NOARGS,
     "begin($self, /)\n--\n\nFor who makes the attempts himself: a RetryLoop, which says whether there is another one, "
     "and "
     "when."},
    {"_status", retry_status, METH_NOARGS, NULL},
    {"_options", retry_options, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef retry_attributes[] = {
    {"name", retry_name, NULL, "Its name in the segment.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject RetryType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Retry",
    .tp_doc = "Calls that are made again, with a budget that all processes of the host share.",
    .tp_basicsize = sizeof(retry_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = retry_new,
    .tp_dealloc = retry_dealloc,
    .tp_methods = retry_methods,
    .tp_getset = retry_attributes,
};
