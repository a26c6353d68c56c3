// seki._native: what the package `seki` is made of.
#include "native.h"

static PyObject* resolve(PyObject* module, PyObject* name) {
    (void)module;
    char path[4096];
    const char* of = name == Py_None ? NULL : text_of_argument(name);
    if (of == NULL && name != Py_None) return NULL;
    const seki_status done = seki_resolve(of, path, sizeof path);
    return done == SEKI_OK ? PyUnicode_DecodeFSDefault(path) : raise_status(done, NULL);
}

static PyMethodDef functions[] = {
    {"check_all", check_all, METH_VARARGS,
     "check_all(*demands)\n--\n\nSeveral limits at once, each (limiter, key) or (limiter, key, cost), all or nothing: "
     "when one denies, none is spent, "
     "and the answer is the strictest denial."},
    {"resolve", resolve, METH_O, NULL},
    {"change_limiter", change_limiter, METH_VARARGS, NULL},
    {"change_breaker", change_breaker, METH_VARARGS, NULL},
    {"change_bulkhead", change_bulkhead, METH_VARARGS, NULL},
    {"change_retry", change_retry, METH_VARARGS, NULL},
    {"still_to_run", still_to_run, METH_O, NULL},
    {"deadline_used", deadline_used, METH_NOARGS, NULL},
    {"deadline_current", deadline_current, METH_NOARGS, NULL},
    {"deadline_remaining", deadline_remaining, METH_NOARGS, NULL},
    {"deadline_parse_remaining", deadline_parse_remaining, METH_O, NULL},
    {"deadline_parse_grpc_timeout", deadline_parse_grpc_timeout, METH_O, NULL},
    {"deadline_format_remaining", deadline_format_remaining, METH_O, NULL},
    {"deadline_format_grpc_timeout", deadline_format_grpc_timeout, METH_O, NULL},
    {"trace_set", trace_set, METH_O, NULL},
    {"trace_get", trace_get, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject* const types[] = {&SegmentType,      &LimiterType,   &DecisionType, &ReceiptType,
                                      &BreakerType,      &AdmissionType, &BulkheadType, &PermitType,
                                      &SubscriptionType, &StopType,      &RetryType,    &RetryLoopType};

static int fill(PyObject* module) {
    if (seki_check_version(SEKI_VERSION_NUMBER) != SEKI_OK) {
        PyErr_SetString(PyExc_ImportError, seki_last_error_message());
        return -1;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (PyModule_AddType(module, types[i]) != 0) return -1;
    return PyModule_AddStringConstant(module, "version", seki_version());
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "seki._native", .m_size = 0,
                                        .m_methods = functions, .m_slots = slots};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
