// Plain structs from and to dicts. This is for options and statuses, which nobody reads a million times a second.
#include "native.h"

#include <string.h>

static int set(const char* what, const field* one, PyObject* value, void* to) {
    char* at = (char*)to + one->offset;
    if (one->kind == field_double) {
        const double number = PyFloat_AsDouble(value);
        if (number == -1.0 && PyErr_Occurred()) return -1;
        memcpy(at, &number, sizeof number);
        return 0;
    }
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is an int, not %.100s", what, one->name, Py_TYPE(value)->tp_name);
        return -1;
    }
    int overflow = 0;
    const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    const int narrow = one->kind == field_i32 || one->kind == field_u32;
    const int64_t least = one->kind == field_i64 ? INT64_MIN : one->kind == field_i32 ? INT32_MIN : 0;
    const int64_t most = !narrow ? INT64_MAX : one->kind == field_i32 ? INT32_MAX : UINT32_MAX;
    if (overflow != 0 || number < least || number > most) {
        PyObject* text = PyUnicode_FromFormat("%s: %s %S is too %s", what, one->name, value,
                                              overflow < 0 || (overflow == 0 && number < least) ? "small" : "large");
        if (text != NULL) raise_status(SEKI_ERROR_INVALID_ARGUMENT, PyUnicode_AsUTF8(text));
        Py_XDECREF(text);
        return -1;
    }
    const int32_t narrowed = (int32_t)(uint32_t)number;
    memcpy(at, narrow ? (const void*)&narrowed : (const void*)&number, narrow ? sizeof narrowed : sizeof number);
    return 0;
}

int fill_from_dict(const char* what, PyObject* values, const field* fields, void* to) {
    for (const field* one = fields; one->name != NULL; ++one) {
        PyObject* value = PyDict_GetItemString(values, one->name);
        if (value != NULL && set(what, one, value, to) != 0) return -1;
    }
    return 0;
}

static PyObject* get(const field* one, const void* from) {
    const char* at = (const char*)from + one->offset;
    int32_t narrow = 0;
    int64_t wide = 0;
    double real = 0;
    switch (one->kind) {
        case field_i32: memcpy(&narrow, at, sizeof narrow); return PyLong_FromLong(narrow);
        case field_u32: memcpy(&narrow, at, sizeof narrow); return PyLong_FromUnsignedLong((uint32_t)narrow);
        case field_i64: memcpy(&wide, at, sizeof wide); return PyLong_FromLongLong(wide);
        case field_u64: memcpy(&wide, at, sizeof wide); return PyLong_FromUnsignedLongLong((uint64_t)wide);
        case field_double: memcpy(&real, at, sizeof real); return PyFloat_FromDouble(real);
    }
    Py_UNREACHABLE();
}

PyObject* dict_of(const field* fields, const void* from) {
    PyObject* made = PyDict_New();
    for (const field* one = fields; made != NULL && one->name != NULL; ++one) {
        PyObject* value = get(one, from);
        if (value == NULL || PyDict_SetItemString(made, one->name, value) != 0) Py_CLEAR(made);
        Py_XDECREF(value);
    }
    return made;
}
