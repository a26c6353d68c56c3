// What a check spent, and several checks at once.
#include "native.h"

PyObject* new_receipt(PyObject* limiter, decision_object* decision) {
    receipt_object* made = PyObject_New(receipt_object, &ReceiptType);
    if (made == NULL) return NULL;
    made->limiter = Py_NewRef(limiter);
    made->decision = Py_NewRef((PyObject*)decision);
    made->of = (seki_receipt)SEKI_RECEIPT_INIT;
    return (PyObject*)made;
}

static void receipt_dealloc(PyObject* self) {
    Py_DECREF(((receipt_object*)self)->limiter);
    Py_DECREF(((receipt_object*)self)->decision);
    PyObject_Free(self);
}

static int receipt_bool(PyObject* self) { return PyObject_IsTrue(((receipt_object*)self)->decision); }

static PyObject* receipt_refund(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"Receipt.refund", {"cost"}, 0};
    PyObject* given[1];
    int64_t cost = INT64_MAX;
    if (take_arguments(&is, arguments, count, names, given) != 0 ||
        (given[0] != NULL && given[0] != Py_None && cost_of(is.function, given[0], &cost) != 0))
        return NULL;
    receipt_object* receipt = (receipt_object*)self;
    const seki_limiter* limiter = ((limiter_object*)receipt->limiter)->of;
    if (receipt->of.spent == 0) Py_RETURN_NONE;
    const seki_status done = seki_limiter_refund_receipt(limiter, &receipt->of, cost);
    if (done != SEKI_OK) return raise_status(done, seki_limiter_explain(limiter, done));
    Py_RETURN_NONE;
}

static PyObject* receipt_decision(PyObject* self, void* closure) {
    (void)closure;
    return Py_NewRef(((receipt_object*)self)->decision);
}

static PyMethodDef receipt_methods[] = {
    {"refund", FAST(receipt_refund), METH_FASTCALL | METH_KEYWORDS,
     "refund($self, /, cost=None)\n--\n\nGives back `cost` of what was spent, None for all of it, as if it had not "
     "been spent; once, and then nothing. Not after a reset of the key, which gave it back already: others would lose "
     "what they spent since."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef receipt_attributes[] = {
    {"decision", receipt_decision, NULL, "What the check answered.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyNumberMethods receipt_number = {.nb_bool = receipt_bool};

PyTypeObject ReceiptType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki.Receipt",
    .tp_doc = "What a check spent: worth true when it was allowed.",
    .tp_basicsize = sizeof(receipt_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = receipt_dealloc,
    .tp_as_number = &receipt_number,
    .tp_methods = receipt_methods,
    .tp_getset = receipt_attributes,
};

// One of the tuples (limiter, key) or (limiter, key, cost).
static int demand_of(PyObject* given, seki_demand* demand, key_bytes* key) {
    key->buffer.obj = NULL;
    demand->size = sizeof *demand;
    demand->cost = 1;
    const Py_ssize_t length = PyTuple_Check(given) ? PyTuple_GET_SIZE(given) : 0;
    if ((length != 2 && length != 3) || !PyObject_TypeCheck(PyTuple_GET_ITEM(given, 0), &LimiterType)) {
        PyErr_Format(PyExc_TypeError, "check_all(): a demand is (limiter, key) or (limiter, key, cost), not %R", given);
        return -1;
    }
    demand->limiter = ((limiter_object*)PyTuple_GET_ITEM(given, 0))->of;
    if (length == 3 && cost_of("check_all", PyTuple_GET_ITEM(given, 2), &demand->cost) != 0) return -1;
    if (key_of("check_all", PyTuple_GET_ITEM(given, 1), key) != 0) return -1;
    demand->key = key->data;
    demand->key_length = key->length;
    return 0;
}

PyObject* check_all(PyObject* module, PyObject* demands) {
    (void)module;
    const size_t count = (size_t)PyTuple_GET_SIZE(demands);
    seki_demand* all = PyMem_Calloc(count + 1, sizeof *all);
    key_bytes* keys = PyMem_Calloc(count + 1, sizeof *keys);
    decision_object* made = all != NULL && keys != NULL ? new_decision() : NULL;
    seki_status done = SEKI_ERROR_NO_SPACE;
    size_t read = 0;
    if (made != NULL) {
        while (read < count && demand_of(PyTuple_GET_ITEM(demands, (Py_ssize_t)read), &all[read], &keys[read]) == 0)
            ++read;
        if (read == count) done = seki_check_all(all, count, &made->of);
    }
    for (size_t i = 0; i < read; ++i) key_done(&keys[i]);
    PyMem_Free(keys);
    PyMem_Free(all);
    if (done == SEKI_OK) return (PyObject*)made;
    Py_XDECREF(made);
    return raise_status(done, NULL);
}
