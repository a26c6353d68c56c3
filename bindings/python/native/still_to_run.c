// An answer of which nothing has happened yet, as that of a coroutine function: what guards the call has guarded nothing, and knows nothing of it.
#include "native.h"

int is_still_to_run(PyObject* answer) {
    const PyAsyncMethods* methods = Py_TYPE(answer)->tp_as_async;
    return methods != NULL && (methods->am_await != NULL || PyAsyncGen_CheckExact(answer));
}

PyObject* still_to_run(PyObject* module, PyObject* answer) {
    (void)module;
    return PyBool_FromLong(is_still_to_run(answer));
}

void refuse_still_to_run(PyObject* answer, const char* call, const char* instead) {
    PyObject* errors = PyImport_ImportModule("seki.errors");
    if (errors == NULL) return;
    PyObject* made = PyObject_CallMethod(errors, "still_to_run", "Oss", answer, call, instead);
    Py_DECREF(errors);
    if (made == NULL) return;
    PyErr_SetObject((PyObject*)Py_TYPE(made), made);
    Py_DECREF(made);
}
