// Events of this process to functions of Python, and the trace that they belong to.
//
// A handler may be called in a thread that holds the interpreter's lock (a check) or has let it go (a wait), in a thread that Python never saw, and
// while an exception is on its way. When the interpreter ends it must not be called any more: seki/telemetry.py detaches all before that.
//
// Handlers are the main interpreter's. Of a process with several (uWSGI with two applications) the others have none, and what their threads do is not told:
// PyGILState_Ensure() knows only one state of a thread, and would wait for the lock that the thread itself holds by another.
#include "native.h"

#include <string.h>

typedef struct subscription_object {
    PyObject_HEAD seki_subscription* of;
} subscription_object;

static PyObject* text_of(seki_text text) { return PyUnicode_DecodeUTF8(text.data, (Py_ssize_t)text.length, "replace"); }

static int put(PyObject* dict, seki_text name, PyObject* value) {
    PyObject* key = text_of(name);
    const int done = key != NULL && value != NULL ? PyDict_SetItem(dict, key, value) : -1;
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

static PyObject* measurements_of(const seki_event* event) {
    PyObject* made = PyDict_New();
    for (uint32_t i = 0; made != NULL && i < event->measurement_count; ++i)
        if (put(made, event->measurements[i].name, PyLong_FromLongLong(event->measurements[i].value)) != 0)
            Py_CLEAR(made);
    return made;
}

static PyObject* metadata_of(const seki_event* event) {
    PyObject* made = PyDict_New();
    for (uint32_t i = 0; made != NULL && i < event->metadata_count; ++i)
        if (put(made, event->metadata[i].name, text_of(event->metadata[i].value)) != 0) Py_CLEAR(made);
    return made;
}

static char* hexadecimal(const uint8_t* bytes, size_t count, char* to) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; ++i) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

// As the header `traceparent` has it; None without a trace.
static PyObject* traceparent_of(const seki_trace_context* trace) {
    static const uint8_t none[16] = {0};
    if (trace == NULL || memcmp(trace->trace_id, none, sizeof none) == 0) Py_RETURN_NONE;
    const uint8_t flags = (uint8_t)trace->flags;
    char text[56] = "00-";
    char* end = hexadecimal(trace->trace_id, 16, text + 3);
    *end++ = '-';
    end = hexadecimal(trace->span_id, 8, end);
    *end++ = '-';
    end = hexadecimal(&flags, 1, end);
    return PyUnicode_FromStringAndSize(text, end - text);
}

static PyObject* key_or_none(const seki_event* event) {
    if (event->has_key == 0) Py_RETURN_NONE;
    return PyBytes_FromStringAndSize(event->key.data, (Py_ssize_t)event->key.length);
}

// What a handler is called with: name, primitive, key, time, measurements, metadata, trace. seki/telemetry.py makes an Event of it.
static PyObject* told(const seki_event* event) {
    return Py_BuildValue("(NNNNNNN)", text_of(event->name), text_of(event->primitive), key_or_none(event),
                         PyFloat_FromDouble((double)event->time_ns / 1e9), measurements_of(event), metadata_of(event),
                         traceparent_of(event->trace));
}

static int is_main(PyThreadState* state) { return PyThreadState_GetInterpreter(state) == PyInterpreterState_Main(); }

// Whether the thread may run something of the main interpreter: it does so already, or can wait for the lock.
static int may_enter(void) {
    PyThreadState* known = PyGILState_GetThisThreadState();
    if (known == NULL) return 1;                                        // Python never saw this thread
    if (known == _PyThreadState_UncheckedGet()) return is_main(known);  // it holds the lock
    if (!is_main(known)) return 0;
    PyThreadState* waits = waiting_thread();
    if (waits != NULL) return is_main(waits);
    // It has let go of the lock, or it holds it for another interpreter, which cannot be told. So where there is another, nothing is done.
    return PyInterpreterState_Next(PyInterpreterState_Head()) == NULL;
}

static void handle(const seki_event* event, void* context) {
    if (!may_enter()) return;
    const PyGILState_STATE before = PyGILState_Ensure();
    PyObject *type = NULL, *value = NULL, *trace = NULL;
    PyErr_Fetch(&type, &value, &trace);
    PyObject* arguments = told(event);
    PyObject* answer = arguments != NULL ? PyObject_CallObject(context, arguments) : NULL;
    if (answer == NULL) PyErr_WriteUnraisable(context);
    Py_XDECREF(answer);
    Py_XDECREF(arguments);
    PyErr_Restore(type, value, trace);
    PyGILState_Release(before);
}

// By who detaches it, or by the last thread that was about to call it. One that may not keeps it for good.
static void let_go(void* context) {
    if (!may_enter()) return;
    const PyGILState_STATE before = PyGILState_Ensure();
    Py_DECREF((PyObject*)context);
    PyGILState_Release(before);
}

static PyObject* subscription_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {
    const char* pattern = NULL;
    PyObject* handler = NULL;
    (void)named;
    if (!PyArg_ParseTuple(arguments, "sO", &pattern, &handler)) return NULL;
    if (PyInterpreterState_Get() != PyInterpreterState_Main())
        return raise_status(SEKI_ERROR_INVALID_ARGUMENT,
                            "attach(): handlers are for the main interpreter, and this is another one: give the "
                            "application a process of its own, or say single-interpreter (uWSGI) or "
                            "WSGIApplicationGroup %{GLOBAL} (mod_wsgi)");
    if (!PyCallable_Check(handler))
        return PyErr_Format(PyExc_TypeError, "attach(): a handler is a function, not %.100s",
                            Py_TYPE(handler)->tp_name);
    subscription_object* made = (subscription_object*)type->tp_alloc(type, 0);
    if (made == NULL) return NULL;
    const seki_status done = seki_telemetry_attach(pattern, handle, Py_NewRef(handler), let_go, &made->of);
    if (done == SEKI_OK) return (PyObject*)made;
    raise_status(done, NULL);
    Py_DECREF(made);
    return NULL;
}

// Waits for calls of the handler in other threads, which need the lock.
static PyObject* subscription_detach(PyObject* self, PyObject* nothing) {
    (void)nothing;
    seki_subscription* of = ((subscription_object*)self)->of;
    ((subscription_object*)self)->of = NULL;
    Py_BEGIN_ALLOW_THREADS;
    seki_telemetry_detach(of);
    Py_END_ALLOW_THREADS;
    Py_RETURN_NONE;
}

static void subscription_dealloc(PyObject* self) {
    Py_XDECREF(subscription_detach(self, NULL));
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef subscription_methods[] = {
    {"detach", subscription_detach, METH_NOARGS,
     "detach($self, /)\n--\n\nThe handler is not called any more; waits for calls of it that are under way in other "
     "threads."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject SubscriptionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Subscription",
    .tp_doc = "Keeps a handler attached.",
    .tp_basicsize = sizeof(subscription_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = subscription_new,
    .tp_dealloc = subscription_dealloc,
    .tp_methods = subscription_methods,
};

PyObject* trace_set(PyObject* module, PyObject* traceparent) {
    (void)module;
    if (traceparent == Py_None) {
        seki_trace_clear();
        Py_RETURN_NONE;
    }
    const char* text = text_of_argument(traceparent);
    if (text == NULL) return NULL;
    const seki_status done = seki_trace_set(text);
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

PyObject* trace_get(PyObject* module, PyObject* nothing) {
    (void)module, (void)nothing;
    seki_trace_context now = SEKI_TRACE_CONTEXT_INIT;
    const seki_status done = seki_trace_save(&now);
    return done == SEKI_OK ? traceparent_of(&now) : raise_status(done, NULL);
}
