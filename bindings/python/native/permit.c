// One place in a bulkhead.
#include "native.h"

#define OF(self) (&((permit_object*)(self))->of)

// In the child of a fork, where it is a copy, this gives nothing back.
static void give_back(PyObject* self) {
    if (OF(self)->held != 0) (void)seki_permit_release(OF(self));
}

static void permit_dealloc(PyObject* self) {
    give_back(self);
    PyObject_Free(self);
}

static PyObject* permit_release(PyObject* self, PyObject* nothing) {
    (void)nothing;
    const seki_status done = seki_permit_release(OF(self));
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

static PyObject* permit_enter(PyObject* self, PyObject* nothing) {
    (void)nothing;
    return Py_NewRef(self);
}

static PyObject* permit_exit(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
    (void)arguments, (void)count;
    give_back(self);
    Py_RETURN_NONE;
}

static PyObject* permit_held(PyObject* self, void* closure) {
    (void)closure;
    return PyBool_FromLong(OF(self)->held != 0);
}

static PyMethodDef permit_methods[] = {
    {"release", permit_release, METH_NOARGS,
     "release($self, /)\n--\n\nGives it back, in any thread. Raises InvalidArgument when it was given back before, or "
     "is "
     "another process's by a fork."},
    {"__enter__", permit_enter, METH_NOARGS, NULL},
    {"__exit__", FAST(permit_exit), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef permit_attributes[] = {
    {"held", permit_held, NULL, "Whether it was not given back yet.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject PermitType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki.Permit",
    .tp_doc = "One place in a bulkhead, until release(), the end of its `with`, or of its process.",
    .tp_basicsize = sizeof(permit_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = permit_dealloc,
    .tp_methods = permit_methods,
    .tp_getset = permit_attributes,
};
