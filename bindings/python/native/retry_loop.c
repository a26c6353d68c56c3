// A call on its way through its attempts.
#include "native.h"

#define OF(self) ((retry_loop_object*)(self))

PyObject* new_retry_loop(PyObject* retry) {
    retry_loop_object* made = PyObject_New(retry_loop_object, &RetryLoopType);
    if (made == NULL) return NULL;
    made->retry = Py_NewRef(retry);
    made->of = (seki_retry_loop)SEKI_RETRY_LOOP_INIT;
    made->attempt = 1;
    made->why = SEKI_OK;
    return (PyObject*)made;
}

static int is_over(PyObject* self) {
    if (OF(self)->of.begun != 0) return 0;
    raise_status(SEKI_ERROR_INVALID_ARGUMENT, "the call has ended: begin another one");
    return 1;
}

// One that was dropped was not worth another attempt.
static void retry_loop_dealloc(PyObject* self) {
    seki_retry_step step = SEKI_RETRY_STEP_INIT;
    if (OF(self)->of.begun != 0) (void)seki_retry_failed(&OF(self)->of, SEKI_NEVER, &step);
    Py_DECREF(OF(self)->retry);
    PyObject_Free(self);
}

static PyObject* retry_loop_failed(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
    static const signature is = {"RetryLoop.failed", {"retry_after"}, 0};
    PyObject* given[1];
    int64_t at_least = 0;
    if (take_arguments(&is, arguments, count, names, given) != 0 || is_over(self)) return NULL;
    if (given[0] != NULL && given[0] != Py_None && span_of("retry_after", given[0], &at_least) != 0) return NULL;
    seki_deadline scope;
    if (deadline_begins(&scope) != 0) return NULL;
    seki_retry_step step = SEKI_RETRY_STEP_INIT;
    const seki_status done = seki_retry_failed(&OF(self)->of, at_least, &step);
    deadline_ends(&scope);
    if (done != SEKI_OK) return raise_status(done, NULL);
    OF(self)->why = step.why;
    if (step.again == 0) Py_RETURN_NONE;
    OF(self)->attempt = step.attempt + 1;
    return seconds_of(step.delay_ns);
}

static PyObject* retry_loop_succeeded(PyObject* self, PyObject* nothing) {
    (void)nothing;
    if (is_over(self)) return NULL;
    const seki_status done = seki_retry_succeeded(&OF(self)->of);
    if (done != SEKI_OK) return raise_status(done, NULL);
    Py_RETURN_NONE;
}

static PyObject* retry_loop_attempt(PyObject* self, void* closure) {
    (void)closure;
    return PyLong_FromUnsignedLongLong(OF(self)->attempt);
}

static PyObject* retry_loop_why(PyObject* self, void* closure) {
    (void)closure;
    if (OF(self)->why == SEKI_OK) Py_RETURN_NONE;
    return exception_of(OF(self)->why, seki_retry_explain(((retry_object*)OF(self)->retry)->of, OF(self)->why));
}

static PyMethodDef retry_loop_methods[] = {
    {"failed", FAST(retry_loop_failed), METH_FASTCALL | METH_KEYWORDS,
     "failed($self, /, retry_after=None)\n--\n\nAn attempt failed. Answers the seconds until the next one, which is "
     "then taken "
     "from the budget; or None when there is none, and `why` says why. `retry_after`: what the server asks for, which "
     "wins over a shorter delay; math.inf: no other attempt is worth it."},
    {"succeeded", retry_loop_succeeded, METH_NOARGS,
     "succeeded($self, /)\n--\n\nThe attempt went well: the call has ended."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef retry_loop_attributes[] = {
    {"attempt", retry_loop_attempt, NULL, "The one that is under way, due, or was the last; 1 is the first.", NULL},
    {"why", retry_loop_why, NULL,
     "Why there is no other attempt: CallFailed, DeadlineExceeded, BudgetSpent or Deleted; None before that.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject RetryLoopType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki.RetryLoop",
    .tp_doc =
        "A call on its way through attempts that the caller makes: Retry.begin() begins it. It ends with succeeded(), "
        "with a failed() that answers None, or when it is dropped.",
    .tp_basicsize = sizeof(retry_loop_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = retry_loop_dealloc,
    .tp_methods = retry_loop_methods,
    .tp_getset = retry_loop_attributes,
};
