// What happens around a wait: the interpreter's lock is let go before the thread first sleeps, not before; where Python handles signals, they are
// handled between two sleeps; another thread may end the wait; and it is
// no longer than the deadline of the context.
#include "native.h"

#include <pthread.h>
#include <unistd.h>

// Asked by threads that have let go of the interpreter's lock, so it has one of its own.
typedef struct stop_object {
    PyObject_HEAD pthread_mutex_t lock;
    int set;
} stop_object;

static int is_set(PyObject* stop) {
    stop_object* self = (stop_object*)stop;
    pthread_mutex_lock(&self->lock);
    const int set = self->set;
    pthread_mutex_unlock(&self->lock);
    return set;
}

static PyObject* stop_set(PyObject* stop, PyObject* nothing) {
    (void)nothing;
    stop_object* self = (stop_object*)stop;
    pthread_mutex_lock(&self->lock);
    self->set = 1;
    pthread_mutex_unlock(&self->lock);
    Py_RETURN_NONE;
}

static PyObject* stop_new(PyTypeObject* type, PyObject* arguments, PyObject* named) {
    (void)arguments, (void)named;
    stop_object* made = (stop_object*)type->tp_alloc(type, 0);
    if (made != NULL) pthread_mutex_init(&made->lock, NULL);
    return (PyObject*)made;
}

static PyMethodDef stop_methods[] = {{"set", stop_set, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

PyTypeObject StopType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "seki._native.Stop",
    .tp_basicsize = sizeof(stop_object),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = stop_new,
    .tp_methods = stop_methods,
};

// Of the threads of a process only the first handles signals, also after a fork.
static int handles_signals(void) { return getpid() == gettid(); }

static int before_sleep(void* context) {
    wait_in_python* wait = context;
    if (wait->never) return 0;
    if (wait->stop != NULL && is_set(wait->stop)) return 0;
    if (wait->thread == NULL) {
        wait->handles_signals = handles_signals();
        wait->thread = PyEval_SaveThread();
        return 1;
    }
    if (!wait->handles_signals) return 1;
    PyEval_RestoreThread(wait->thread);
    wait->thread = NULL;
    if (PyErr_CheckSignals() != 0) return 0;
    wait->thread = PyEval_SaveThread();
    return 1;
}

// The innermost of this thread: the handlers of signals and events may wait for something themselves.
static __thread wait_in_python* innermost = NULL;

PyThreadState* waiting_thread(void) { return innermost != NULL ? innermost->thread : NULL; }

static void now_waits(wait_in_python* wait) {
    innermost = wait;
    seki_before_sleep(wait != NULL ? before_sleep : NULL, wait);
}

int waiting_begins(wait_in_python* wait) {
    if (deadline_begins(&wait->deadline) != 0) return -1;
    wait->outer = innermost;
    now_waits(wait);
    return 0;
}

void waiting_ends(wait_in_python* wait) {
    now_waits(wait->outer);
    deadline_ends(&wait->deadline);
    if (wait->thread != NULL) PyEval_RestoreThread(wait->thread);
}
