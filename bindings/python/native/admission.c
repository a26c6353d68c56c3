// That a call may be made, and the place to say what came of it.
#include "native.h"

#define OF(self) (&((admission_object*)(self))->of)

// One that nobody told anything gives its place back.
static void admission_dealloc(PyObject* self) {
    if (OF(self)->admitted != 0) (void)seki_admission_tell(OF(self), SEKI_OUTCOME_IGNORE);
    PyObject_Free(self);
}

static PyObject* tell(PyObject* self, seki_outcome outcome) {
    const seki_status done = seki_admission_tell(OF(self), outcome);
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

static PyObject* admission_ok(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return tell(self, SEKI_OUTCOME_OK);
}
static PyObject* admission_error(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return tell(self, SEKI_OUTCOME_ERROR);
}
static PyObject* admission_slow(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return tell(self, SEKI_OUTCOME_SLOW);
}
static PyObject* admission_ignore(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return tell(self, SEKI_OUTCOME_IGNORE);
}

static PyObject* admission_enter(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return Py_NewRef(self);
}

// As a context manager: what was not told inside is told by how it was left. In the child of a fork it tells nothing.
static PyObject* admission_exit(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    if (OF(self)->admitted == 0) Py_RETURN_NONE;
    seki_outcome outcome = SEKI_OUTCOME_OK;
    if (count > 0 && arguments[0] != Py_None)
        outcome = PyErr_GivenExceptionMatches(arguments[0], PyExc_Exception) ? SEKI_OUTCOME_ERROR : SEKI_OUTCOME_IGNORE;
    (void)seki_admission_tell(OF(self), outcome);
    Py_RETURN_NONE;
}

static PyObject* admission_told(PyObject* self, void* closure) {
    (void)closure;
    return PyBool_FromLong(OF(self)->admitted == 0);
}

static PyMethodDef admission_methods[] = {
    {"ok", admission_ok, METH_NOARGS,
     "ok($self, /)\n--\n\nThe call went well; it was slow all the same if it took slow_call_duration."},
    {"error", admission_error, METH_NOARGS, "error($self, /)\n--\n\nThe call failed."},
    {"slow", admission_slow, METH_NOARGS, "slow($self, /)\n--\n\nThe call went well, but took too long."},
    {"ignore", admission_ignore, METH_NOARGS,
     "ignore($self, /)\n--\n\nWhat came of the call says nothing of whom was called."},
    {"__enter__", admission_enter, METH_NOARGS, NULL},
    {"__exit__", FAST(admission_exit), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef admission_attributes[] = {
    {"told", admission_told, NULL, "Whether it was told what came of the call.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject AdmissionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki.Admission",
    .tp_doc =
        "That a call may be made. Time counts from here until it is told what came of the call, once: by a method, or "
        "by leaving its `with`.",
    .tp_basicsize = sizeof(admission_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = admission_dealloc,
    .tp_methods = admission_methods,
    .tp_getset = admission_attributes,
};
