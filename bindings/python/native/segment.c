// An open segment, and what is done to it as a whole.
#include "native.h"

#include <limits.h>
#include <stddef.h>

#define OF(self) (((segment_object*)(self))->of)

static const field open_fields[] = {
    {"access", offsetof(seki_open_options, access), field_i32},
    {"mode", offsetof(seki_open_options, mode), field_u32},
    {"max_workers", offsetof(seki_open_options, max_workers), field_u32},
    {"max_primitives", offsetof(seki_open_options, max_primitives), field_u64},
    {"segment_size", offsetof(seki_open_options, segment_size), field_u64},
    {NULL, 0, field_i32},
};

static PyObject* segment_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {
    if (named != NULL && PyDict_GET_SIZE(named) != 0)
        return PyErr_Format(PyExc_TypeError, "Segment() has no named arguments: call seki.open()");
    seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
    const char* name = NULL;
    PyObject* numbers = NULL;
    if (!PyArg_ParseTuple(arguments, "zO!zz", &name, &PyDict_Type, &numbers, &options.group, &options.config))
        return NULL;
    if (fill_from_dict("seki.open()", numbers, open_fields, &options) != 0) return NULL;
    segment_object* made = (segment_object*)type->tp_alloc(type, 0);
    if (made == NULL) return NULL;
    seki_status done;
    Py_BEGIN_ALLOW_THREADS;  // may wait for who administers the segment
    done = seki_open(name, &options, &made->of);
    Py_END_ALLOW_THREADS;
    if (done == SEKI_OK) return (PyObject*)made;
    raise_status(done, NULL);
    Py_DECREF(made);
    return NULL;
}

static void segment_dealloc(PyObject* self) {
    seki_close(OF(self));
    Py_TYPE(self)->tp_free(self);
}

int segment_use(PyObject* segment) {
    segment_object* self = (segment_object*)segment;
    if (self->of == NULL || self->closing) {
        raise_status(SEKI_ERROR_INVALID_ARGUMENT, "the segment is closed: open it again");
        return -1;
    }
    ++self->users;
    return 0;
}

void segment_used(PyObject* segment) {
    segment_object* self = (segment_object*)segment;
    if (--self->users > 0 || !self->closing) return;
    seki_close(self->of);
    self->of = NULL;
}

static PyObject* segment_close(PyObject* self, PyObject* nothing) {
    (void)nothing;
    segment_object* segment = (segment_object*)self;
    if (segment->of == NULL) Py_RETURN_NONE;
    segment->closing = 1;
    ++segment->users;
    segment_used(self);
    Py_RETURN_NONE;
}

static PyObject* segment_maintain(PyObject* self, PyObject* nothing) {
    (void)nothing;
    if (segment_use(self) != 0) return NULL;
    seki_status done;
    Py_BEGIN_ALLOW_THREADS;
    done = seki_segment_maintain(OF(self));
    Py_END_ALLOW_THREADS;
    segment_used(self);
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

typedef seki_status (*remover)(const seki_segment* segment, const char* name);

static PyObject* remove_by(PyObject* self, PyObject* name, remover remove) {
    const char* of = text_of_argument(name);
    if (of == NULL || segment_use(self) != 0) return NULL;
    seki_status done;
    Py_BEGIN_ALLOW_THREADS;
    done = remove(OF(self), of);
    Py_END_ALLOW_THREADS;
    segment_used(self);
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

static PyObject* segment_remove_limiter(PyObject* self, PyObject* name) {
    return remove_by(self, name, seki_limiter_remove);
}
static PyObject* segment_remove_breaker(PyObject* self, PyObject* name) {
    return remove_by(self, name, seki_breaker_remove);
}
static PyObject* segment_remove_bulkhead(PyObject* self, PyObject* name) {
    return remove_by(self, name, seki_bulkhead_remove);
}

static PyObject* segment_remove_retry(PyObject* self, PyObject* name) {
    return remove_by(self, name, seki_retry_remove);
}

static PyObject* segment_path(PyObject* self, void* closure) {
    (void)closure;
    if (segment_use(self) != 0) return NULL;
    PyObject* path = PyUnicode_DecodeFSDefault(seki_segment_path(OF(self)));
    segment_used(self);
    return path;
}

static PyMethodDef segment_methods[] = {
    {"close", segment_close, METH_NOARGS, "close($self, /)\n--\n\nGives the handle back. What came from it works on."},
    {"maintain", segment_maintain, METH_NOARGS,
     "maintain($self, /)\n--\n\nWhat sekid does many times a second, for who runs without one: gives back what dead "
     "processes "
     "held, and tidies up."},
    {"remove_limiter", segment_remove_limiter, METH_O,
     "remove_limiter($self, name, /)\n--\n\nDeletes the limiter: its handles, everywhere, raise Deleted from then on."},
    {"remove_breaker", segment_remove_breaker, METH_O,
     "remove_breaker($self, name, /)\n--\n\nDeletes the breaker: its handles, everywhere, raise Deleted from then on."},
    {"remove_bulkhead", segment_remove_bulkhead, METH_O,
     "remove_bulkhead($self, name, /)\n--\n\nDeletes the bulkhead. Permits that are held can still be given back."},
    {"remove_retry", segment_remove_retry, METH_O,
     "remove_retry($self, name, /)\n--\n\nDeletes the retry: its handles, everywhere, raise Deleted from then on."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef segment_attributes[] = {
    {"path", segment_path, NULL, "Where its file is.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject SegmentType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Segment",
    .tp_doc = "An open segment: seki.open() makes it.",
    .tp_basicsize = sizeof(segment_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = segment_new,
    .tp_dealloc = segment_dealloc,
    .tp_methods = segment_methods,
    .tp_getset = segment_attributes,
};
