// What limiters, breakers, bulkheads and retries are alike in: they are made and found by name, changed, and given back. For a file that has kind_fields,
// OF() and an object of its own; defines kind_new, change_kind and kind_dealloc. Making one may wait for who administers the segment: without the interpreter's lock.
#pragma once

#include "native.h"

#define SEKI_PYTHON_KIND(kind, Kind, KIND)                                                                      \
    static PyObject* kind##_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {                     \
        making of;                                                                                              \
        if (making_of(#Kind, arguments, named, &of) != 0) return NULL;                                          \
        seki_##kind##_options options = SEKI_##KIND##_OPTIONS_INIT;                                             \
        if (of.options != NULL && fill_from_dict(#kind, of.options, kind##_fields, &options) != 0) return NULL; \
        kind##_object* made = (kind##_object*)type->tp_alloc(type, 0);                                          \
        if (made == NULL) return NULL;                                                                          \
        if (segment_use(of.segment) != 0) {                                                                     \
            Py_DECREF(made);                                                                                    \
            return NULL;                                                                                        \
        }                                                                                                       \
        const seki_segment* in = ((segment_object*)of.segment)->of;                                             \
        seki_status done;                                                                                       \
        Py_BEGIN_ALLOW_THREADS;                                                                                 \
        done = of.options != NULL ? seki_##kind##_create(in, of.name, &options, &made->of)                      \
                                  : seki_##kind##_get(in, of.name, &made->of);                                  \
        Py_END_ALLOW_THREADS;                                                                                   \
        segment_used(of.segment);                                                                               \
        if (done == SEKI_OK) return (PyObject*)made;                                                            \
        raise_status(done, NULL);                                                                               \
        Py_DECREF(made);                                                                                        \
        return NULL;                                                                                            \
    }                                                                                                           \
                                                                                                                \
    PyObject* change_##kind(PyObject* module, PyObject* arguments) {                                            \
        (void)module;                                                                                           \
        making of;                                                                                              \
        if (making_of("change_" #kind, arguments, NULL, &of) != 0) return NULL;                                 \
        seki_##kind##_options options = SEKI_##KIND##_OPTIONS_INIT;                                             \
        if (of.options != NULL && fill_from_dict(#kind, of.options, kind##_fields, &options) != 0) return NULL; \
        if (segment_use(of.segment) != 0) return NULL;                                                          \
        seki_status done;                                                                                       \
        Py_BEGIN_ALLOW_THREADS;                                                                                 \
        done = seki_##kind##_change(((segment_object*)of.segment)->of, of.name, &options);                      \
        Py_END_ALLOW_THREADS;                                                                                   \
        segment_used(of.segment);                                                                               \
        if (done != SEKI_OK) return raise_status(done, NULL);                                                   \
        Py_RETURN_NONE;                                                                                         \
    }                                                                                                           \
                                                                                                                \
    static void kind##_dealloc(PyObject* self) {                                                                \
        seki_##kind##_free(OF(self));                                                                           \
        Py_TYPE(self)->tp_free(self);                                                                           \
    }
