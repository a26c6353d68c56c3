// What the functions accept, and what they say to all else.
#include "native.h"

#include <string.h>

static Py_ssize_t length_of(const signature* of) {
    Py_ssize_t length = 0;
    while (length < 4 && of->names[length] != NULL) ++length;
    return length;
}

static Py_ssize_t index_of(const signature* of, PyObject* name) {
    for (Py_ssize_t i = 0; i < length_of(of); ++i)
        if (PyUnicode_CompareWithASCIIString(name, of->names[i]) == 0) return i;
    PyErr_Format(PyExc_TypeError, "%s() has no argument \"%U\"", of->function, name);
    return -1;
}

int take_arguments(const signature* of, PyObject* const* arguments, Py_ssize_t count, PyObject* names,
                   PyObject** given) {
    const Py_ssize_t most = length_of(of);
    if (count > most) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments, not %zd", of->function, most, count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < most; ++i) given[i] = i < count ? arguments[i] : NULL;
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); ++i) {
        const Py_ssize_t index = index_of(of, PyTuple_GET_ITEM(names, i));
        if (index < 0) return -1;
        if (given[index] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() is given \"%s\" twice", of->function, of->names[index]);
            return -1;
        }
        given[index] = arguments[count + i];
    }
    for (Py_ssize_t i = 0; i < of->required; ++i) {
        if (given[i] != NULL) continue;
        PyErr_Format(PyExc_TypeError, "%s() needs the argument \"%s\"", of->function, of->names[i]);
        return -1;
    }
    return 0;
}

static int bytes_of_key(PyObject* object, key_bytes* key) {
    if (PyObject_GetBuffer(object, &key->buffer, PyBUF_SIMPLE) != 0) return -1;
    key->data = key->buffer.buf;
    key->length = (size_t)key->buffer.len;
    return 0;
}

// Half of a pair of surrogates has no UTF-8, but a client may send one (JSON's "\ud800"), and must not get an error of ours for it.
static int key_with_surrogates(PyObject* text, key_bytes* key) {
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return -1;
    PyErr_Clear();
    PyObject* bytes = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    const int done = bytes != NULL ? bytes_of_key(bytes, key) : -1;
    Py_XDECREF(bytes);  // the buffer holds it
    return done;
}

int key_of(const char* function, PyObject* object, key_bytes* key) {
    key->buffer.obj = NULL;
    if (PyUnicode_Check(object)) {
        Py_ssize_t length = 0;
        key->data = PyUnicode_AsUTF8AndSize(object, &length);
        key->length = (size_t)length;
        return key->data != NULL ? 0 : key_with_surrogates(object, key);
    }
    if (PyObject_CheckBuffer(object)) return bytes_of_key(object, key);
    PyErr_Format(PyExc_TypeError, "%s(): a key is a str or bytes, not %.100s", function, Py_TYPE(object)->tp_name);
    return -1;
}

const char* text_of_argument(PyObject* text) {
    Py_ssize_t length = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text, &length);
    if (data == NULL || strlen(data) == (size_t)length) return data;
    PyErr_SetString(PyExc_ValueError, "embedded null character");
    return NULL;
}

int cost_of(const char* function, PyObject* object, int64_t* cost) {
    if (!PyLong_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s(): a cost is an int, not %.100s", function, Py_TYPE(object)->tp_name);
        return -1;
    }
    int overflow = 0;
    *cost = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return 0;
    char sentence[200];
    PyOS_snprintf(sentence, sizeof sentence, "%s(): the cost is too %s: 0 to 9223372036854775807", function,
                  overflow > 0 ? "large" : "small");
    raise_status(SEKI_ERROR_INVALID_ARGUMENT, sentence);
    return -1;
}

int span_of(const char* what, PyObject* object, int64_t* nanoseconds) {
    PyObject* durations = PyImport_ImportModule("seki._durations");
    if (durations == NULL) return -1;
    PyObject* made = PyObject_CallMethod(durations, "nanoseconds", "Os", object, what);
    Py_DECREF(durations);
    if (made == NULL) return -1;
    *nanoseconds = PyLong_AsLongLong(made);
    Py_DECREF(made);
    return *nanoseconds == -1 && PyErr_Occurred() ? -1 : 0;
}

PyObject* seconds_of(int64_t nanoseconds) {
    return PyFloat_FromDouble(nanoseconds == SEKI_NEVER ? Py_HUGE_VAL : (double)nanoseconds / 1e9);
}

int making_of(const char* type, PyObject* arguments, PyObject* named, making* of) {
    if (named != NULL && PyDict_GET_SIZE(named) != 0) {
        PyErr_Format(PyExc_TypeError, "%s() has no named arguments: ask a Segment for it", type);
        return -1;
    }
    of->options = NULL;
    return PyArg_ParseTuple(arguments, "O!s|O!", &SegmentType, &of->segment, &of->name, &PyDict_Type, &of->options)
               ? 0
               : -1;
}
