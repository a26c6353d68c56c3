// The exceptions are Python's (seki/errors.py), one for each status.
#include "native.h"

PyObject* exception_of(seki_status status, const char* sentence) {
    PyObject* errors = PyImport_ImportModule("seki.errors");
    if (errors == NULL) return NULL;
    PyObject* made =
        PyObject_CallMethod(errors, "of_status", "is", (int)status, sentence ? sentence : seki_last_error_message());
    Py_DECREF(errors);
    return made;
}

PyObject* raise_status(seki_status status, const char* sentence) {
    if (PyErr_Occurred()) return NULL;  // of a signal's handler, or an event's
    PyObject* made = exception_of(status, sentence);
    if (made == NULL) return NULL;
    PyErr_SetObject((PyObject*)Py_TYPE(made), made);
    Py_DECREF(made);
    return NULL;
}
