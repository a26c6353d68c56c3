// Circuit breakers, and the admissions that they hand out.
#include "kind.h"

#include <stddef.h>

#define OF(self) (((breaker_object*)(self))->of)

static const field breaker_fields[] = {
    {"window_type", offsetof(seki_breaker_options, window_type), field_i32},
    {"mode", offsetof(seki_breaker_options, mode), field_i32},
    {"half_open_requests", offsetof(seki_breaker_options, half_open_requests), field_u32},
    {"window_calls", offsetof(seki_breaker_options, window_calls), field_u64},
    {"window_ns", offsetof(seki_breaker_options, window_ns), field_i64},
    {"minimum_calls", offsetof(seki_breaker_options, minimum_calls), field_u64},
    {"failure_threshold", offsetof(seki_breaker_options, failure_threshold), field_u64},
    {"slow_call_threshold", offsetof(seki_breaker_options, slow_call_threshold), field_u64},
    {"slow_call_duration", offsetof(seki_breaker_options, slow_call_duration_ns), field_i64},
    {"wait_duration", offsetof(seki_breaker_options, wait_duration_ns), field_i64},
    {"wait_multiplier", offsetof(seki_breaker_options, wait_multiplier), field_double},
    {"wait_duration_max", offsetof(seki_breaker_options, wait_duration_max_ns), field_i64},
    {"max_half_open_duration", offsetof(seki_breaker_options, max_half_open_duration_ns), field_i64},
    {NULL, 0, field_i32},
};

static const field status_fields[] = {
    {"state", offsetof(seki_breaker_status, state), field_i32},
    {"for_ns", offsetof(seki_breaker_status, for_ns), field_i64},
    {"retry_after_ns", offsetof(seki_breaker_status, retry_after_ns), field_i64},
    {"reopened", offsetof(seki_breaker_status, reopened), field_u64},
    {"calls", offsetof(seki_breaker_status, calls), field_u64},
    {"errors", offsetof(seki_breaker_status, errors), field_u64},
    {"slow", offsetof(seki_breaker_status, slow), field_u64},
    {"probes", offsetof(seki_breaker_status, probes), field_u64},
    {"probes_ok", offsetof(seki_breaker_status, probes_ok), field_u64},
    {NULL, 0, field_i32},
};

static PyObject* refuse(PyObject* self, seki_status why) {
    return raise_status(why, seki_breaker_explain(OF(self), why));
}

// Not let through: an exception that knows for how long.
static PyObject* refuse_call(PyObject* self, seki_status why, int64_t retry_after_ns) {
    refuse(self, why);
    if (why != SEKI_ERROR_CIRCUIT_OPEN) return NULL;
    PyObject *type = NULL, *value = NULL, *trace = NULL;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject* wait = seconds_of(retry_after_ns);
    if (wait != NULL && value != NULL) (void)PyObject_SetAttrString(value, "retry_after", wait);
    Py_XDECREF(wait);
    PyErr_Restore(type, value, trace);
    return NULL;
}

SEKI_PYTHON_KIND(breaker, Breaker, BREAKER)

static PyObject* breaker_admit(PyObject* self, PyObject* nothing) {
    (void)nothing;
    admission_object* made = PyObject_New(admission_object, &AdmissionType);
    if (made == NULL) return NULL;
    made->of = (seki_admission)SEKI_ADMISSION_INIT;
    const seki_status done = seki_breaker_admit(OF(self), &made->of);
    if (done == SEKI_OK) return (PyObject*)made;
    refuse_call(self, done, made->of.retry_after_ns);
    Py_DECREF(made);
    return NULL;
}

static seki_outcome outcome_of_exception(void) {
    // What is no Exception says that the program is to stop, or the task: nothing of whom was called.
    return PyErr_ExceptionMatches(PyExc_Exception) ? SEKI_OUTCOME_ERROR : SEKI_OUTCOME_IGNORE;
}

static PyObject* breaker_call(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    if (count < 1) return PyErr_Format(PyExc_TypeError, "Breaker.call() needs a function");
    seki_admission admission = SEKI_ADMISSION_INIT;
    const seki_status done = seki_breaker_admit(OF(self), &admission);
    if (done != SEKI_OK) return refuse_call(self, done, admission.retry_after_ns);
    PyObject* answer = PyObject_Vectorcall(arguments[0], arguments + 1, (size_t)(count - 1), names);
    seki_outcome outcome = answer != NULL ? SEKI_OUTCOME_OK : outcome_of_exception();
    if (answer != NULL && is_still_to_run(answer)) {
        refuse_still_to_run(answer, "Breaker.call()", "call_async(), for execute() execute_async()");
        Py_CLEAR(answer);
        outcome = SEKI_OUTCOME_IGNORE;
    }
    (void)seki_admission_tell(&admission, outcome);  // after a fork inside the function the child tells nothing
    return answer;
}

static PyObject* breaker_reset(PyObject* self, PyObject* nothing) {
    (void)nothing;
    const seki_status done = seki_breaker_reset(OF(self));
    if (done != SEKI_OK) return refuse(self, done);
    Py_RETURN_NONE;
}

static PyObject* breaker_force(PyObject* self, PyObject* mode) {
    const long to = PyLong_AsLong(mode);
    if (to == -1 && PyErr_Occurred()) return NULL;
    const seki_status done = seki_breaker_force(OF(self), (int32_t)to);
    if (done != SEKI_OK) return refuse(self, done);
    Py_RETURN_NONE;
}

static PyObject* breaker_status(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_breaker_status status = SEKI_BREAKER_STATUS_INIT;
    const seki_status done = seki_breaker_get_status(OF(self), &status);
    return done == SEKI_OK ? dict_of(status_fields, &status) : refuse(self, done);
}

static PyObject* breaker_options(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_breaker_options options = SEKI_BREAKER_OPTIONS_INIT;
    const seki_status done = seki_breaker_get_options(OF(self), &options);
    return done == SEKI_OK ? dict_of(breaker_fields, &options) : refuse(self, done);
}

static PyObject* breaker_name(PyObject* self, void* closure) {
    (void)closure;
    return PyUnicode_FromString(seki_breaker_name(OF(self)));
}

static PyMethodDef breaker_methods[] = {
    {"call", FAST(breaker_call), METH_FASTCALL | METH_KEYWORDS,
     "call($self, function, /, *arguments, **named)\n--\n\nCalls the function if the breaker lets it through, answers "
     "what it "
     "returns, and tells the breaker what "
     "came of it: an Exception is an error, and leaves this function too. Raises CircuitOpen when it does not let it "
     "through. TypeError for a coroutine function, which has not run yet when it was called: call_async()."},
    {"admit", breaker_admit, METH_NOARGS,
     "admit($self, /)\n--\n\nFor who makes the call himself: an Admission, to be told what came of it, or as a context "
     "manager. Raises CircuitOpen."},
    {"reset", breaker_reset, METH_NOARGS, "reset($self, /)\n--\n\nCloses it, with an empty window, whatever it was."},
    {"_force", breaker_force, METH_O, NULL},
    {"_status", breaker_status, METH_NOARGS, NULL},
    {"_options", breaker_options, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef breaker_attributes[] = {
    {"name", breaker_name, NULL, "Its name in the segment.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject BreakerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Breaker",
    .tp_doc = "A circuit breaker that all processes of the host share.",
    .tp_basicsize = sizeof(breaker_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = breaker_new,
    .tp_dealloc = breaker_dealloc,
    .tp_methods = breaker_methods,
    .tp_getset = breaker_attributes,
};
