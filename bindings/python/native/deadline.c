// The deadline of the context that runs, as Python has it, made that of the thread, as C has it, for the time of a call that looks at it.
//
// In Python a thread may be many tasks that take turns, so a deadline is kept in a context variable (seki/_deadline.py): each task has its own, and
// hands it to what it starts. Who never used one pays nothing for that: the variable is looked up only once one was entered in this process.
#include "native.h"

static int ever_used = 0;  // the interpreter's lock's

PyObject* deadline_used(PyObject* module, PyObject* nothing) {
    (void)module, (void)nothing;
    ever_used = 1;
    Py_RETURN_NONE;
}

// The variable's value: (nanoseconds of CLOCK_MONOTONIC, the value that it stands in), or None.
static PyObject* value_now(void) {
    PyObject *module = PyImport_ImportModule("seki._deadline"), *value = NULL;
    PyObject* variable = module != NULL ? PyObject_GetAttrString(module, "now") : NULL;
    if (variable != NULL && PyContextVar_Get(variable, Py_None, &value) != 0) value = NULL;
    Py_XDECREF(variable);
    Py_XDECREF(module);
    return value;
}

int deadline_begins(seki_deadline* scope) {
    *scope = (seki_deadline)SEKI_DEADLINE_INIT;
    if (!ever_used) return 0;
    PyObject* value = value_now();
    if (value == NULL) return -1;
    int64_t at = SEKI_NEVER;
    if (value != Py_None) at = PyLong_AsLongLong(PyTuple_GET_ITEM(value, 0));
    Py_DECREF(value);
    if (at != SEKI_NEVER) (void)seki_deadline_begin_at(at, scope);
    return 0;
}

void deadline_ends(seki_deadline* scope) {
    if (scope->begun != 0) (void)seki_deadline_end(scope);
}

PyObject* deadline_current(PyObject* module, PyObject* nothing) {
    (void)module, (void)nothing;
    seki_deadline scope;
    if (deadline_begins(&scope) != 0) return NULL;
    const int64_t at = seki_deadline_current();
    deadline_ends(&scope);
    return PyLong_FromLongLong(at);
}

PyObject* deadline_remaining(PyObject* module, PyObject* nothing) {
    (void)module, (void)nothing;
    seki_deadline scope;
    if (deadline_begins(&scope) != 0) return NULL;
    const int64_t left = seki_deadline_remaining();
    deadline_ends(&scope);
    return PyLong_FromLongLong(left);
}

typedef seki_status (*parser)(const char* value, size_t length, int64_t* in_ns);
typedef seki_status (*formatter)(int64_t left_ns, char* text, size_t size);

static PyObject* parse_by(PyObject* text, parser parse) {
    Py_ssize_t length = 0;
    const char* value = PyUnicode_AsUTF8AndSize(text, &length);
    if (value == NULL) return NULL;
    int64_t in = 0;
    const seki_status done = parse(value, (size_t)length, &in);
    return done == SEKI_OK ? PyLong_FromLongLong(in) : raise_status(done, NULL);
}

static PyObject* format_by(PyObject* left, formatter format) {
    char text[SEKI_DEADLINE_TEXT];
    const int64_t span = PyLong_AsLongLong(left);
    if (span == -1 && PyErr_Occurred()) return NULL;
    const seki_status done = format(span, text, sizeof text);
    return done == SEKI_OK ? PyUnicode_FromString(text) : raise_status(done, NULL);
}

PyObject* deadline_parse_remaining(PyObject* module, PyObject* text) {
    (void)module;
    return parse_by(text, seki_deadline_parse_remaining);
}
PyObject* deadline_parse_grpc_timeout(PyObject* module, PyObject* text) {
    (void)module;
    return parse_by(text, seki_deadline_parse_grpc_timeout);
}
PyObject* deadline_format_remaining(PyObject* module, PyObject* left) {
    (void)module;
    return format_by(left, seki_deadline_format_remaining);
}
PyObject* deadline_format_grpc_timeout(PyObject* module, PyObject* left) {
    (void)module;
    return format_by(left, seki_deadline_format_grpc_timeout);
}
