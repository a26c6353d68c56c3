// What a limiter answers.
#include "native.h"

decision_object* decisions_kept[most_decisions_kept];
int decisions_kept_count = 0;

decision_object* new_decision_from_memory(void) {
    decision_object* made = PyObject_New(decision_object, &DecisionType);
    if (made != NULL) made->of = (seki_decision)SEKI_DECISION_INIT;
    return made;
}

static void decision_dealloc(PyObject* self) {
#ifndef Py_REF_DEBUG
    if (decisions_kept_count < most_decisions_kept) {
        decisions_kept[decisions_kept_count++] = (decision_object*)self;
        return;
    }
#endif
    PyObject_Free(self);
}

#define OF(self) (&((decision_object*)(self))->of)

static int decision_bool(PyObject* self) { return OF(self)->allowed != 0; }
static PyObject* decision_allowed(PyObject* self, void* closure) {
    (void)closure;
    return PyBool_FromLong(OF(self)->allowed != 0);
}
static PyObject* decision_shadow(PyObject* self, void* closure) {
    (void)closure;
    return PyBool_FromLong(OF(self)->shadow != 0);
}
static PyObject* decision_limit(PyObject* self, void* closure) {
    (void)closure;
    return PyLong_FromUnsignedLongLong(OF(self)->limit);
}
static PyObject* decision_remaining(PyObject* self, void* closure) {
    (void)closure;
    return PyLong_FromUnsignedLongLong(OF(self)->remaining);
}
static PyObject* decision_retry_after(PyObject* self, void* closure) {
    (void)closure;
    return seconds_of(OF(self)->retry_after_ns);
}
static PyObject* decision_reset_after(PyObject* self, void* closure) {
    (void)closure;
    return seconds_of(OF(self)->reset_after_ns);
}
static PyObject* decision_delay(PyObject* self, void* closure) {
    (void)closure;
    return seconds_of(OF(self)->delay_ns);
}

static PyGetSetDef decision_attributes[] = {
    {"allowed", decision_allowed, NULL, "Whether the request may go on; what the decision is worth as a condition.",
     NULL},
    {"shadow", decision_shadow, NULL, "Let through only because the limiter does not enforce.", NULL},
    {"limit", decision_limit, NULL, "The capacity: burst, or limit for the windows.", NULL},
    {"remaining", decision_remaining, NULL, "What is left after this check.", NULL},
    {"retry_after", decision_retry_after, NULL,
     "Seconds until the same check is allowed: 0.0 when it is, math.inf when no time helps.", NULL},
    {"reset_after", decision_reset_after, NULL, "Seconds until the key is as good as new.", NULL},
    {"delay", decision_delay, NULL, "leaky_bucket: seconds until this request's turn.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyObject* decision_repr(PyObject* self) {
    static const char* const names[] = {"allowed",     "shadow",      "limit", "remaining",
                                        "retry_after", "reset_after", "delay"};
    PyObject* values[7] = {NULL};
    PyObject* made = NULL;
    int i = 0;
    while (i < 7 && (values[i] = PyObject_GetAttrString(self, names[i])) != NULL) ++i;
    if (i == 7)
        made = PyUnicode_FromFormat(
            "Decision(allowed=%R, shadow=%R, limit=%R, remaining=%R, retry_after=%R, reset_after=%R, delay=%R)",
            values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    for (i = 0; i < 7; ++i) Py_XDECREF(values[i]);
    return made;
}

static PyNumberMethods decision_number = {.nb_bool = decision_bool};

PyTypeObject DecisionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki.Decision",
    .tp_doc = "What a limiter answers: worth true when the request may go on.",
    .tp_basicsize = sizeof(decision_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = decision_dealloc,
    .tp_repr = decision_repr,
    .tp_as_number = &decision_number,
    .tp_getset = decision_attributes,
};
