// What the files of the extension share: a file for each kind of object. Python's side of the package decides how things are called and in which
// units they are given; here is what each call costs.
//
// 1. Types are static and hold no reference to an interpreter, so that one process may have several (uWSGI, mod_wsgi). What is looked up in Python (the
//    exceptions) is looked up in the interpreter that runs, when it is needed: when something goes wrong.
// 2. The lock of the interpreter (GIL) is let go where a call may wait, and only there: between waiting_begins() and waiting_ends(), and in what
//    takes the lock of a segment's file.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include <seki/seki.h>

extern PyTypeObject SegmentType, LimiterType, DecisionType, ReceiptType, BreakerType, AdmissionType, BulkheadType,
    PermitType, SubscriptionType, StopType, RetryType, RetryLoopType;

// Makes an exception of an answer that is not SEKI_OK; null, for the caller to return. `sentence` null: that of the thread's last error.
PyObject* raise_status(seki_status status, const char* sentence);
PyObject* exception_of(seki_status status, const char* sentence);  // the same, not raised

// Whether an answer is one that is yet to be awaited or iterated asynchronously; and the TypeError that refuses it, which closes a coroutine.
int is_still_to_run(PyObject* answer);
void refuse_still_to_run(PyObject* answer, const char* call, const char* instead);

// --- arguments

// How a method with METH_FASTCALL | METH_KEYWORDS stands in a table.
#define FAST(method) ((PyCFunction)(void (*)(void))(method))

typedef struct signature {
    const char* function;  // "Limiter.check"
    const char* names[4];  // null behind the last
    Py_ssize_t required;
} signature;

// Positional and named arguments into `given`, which is as long as there are names; null what was not given. -1, and an exception, when it cannot.
int take_arguments(const signature* of, PyObject* const* arguments, Py_ssize_t count, PyObject* names,
                   PyObject** given);

// A key's bytes. They belong to the object, which the caller holds; `released` is filled and must go to PyBuffer_Release() when its `obj` is not null.
typedef struct key_bytes {
    const char* data;
    size_t length;
    Py_buffer buffer;
} key_bytes;
int key_of(const char* function, PyObject* object, key_bytes* key);
static inline void key_done(key_bytes* key) {
    if (key->buffer.obj != NULL) PyBuffer_Release(&key->buffer);
}

// What ends at the first NUL for C must have no other: a name that is cut off is another's. Null, and an exception, when it has.
const char* text_of_argument(PyObject* text);

int cost_of(const char* function, PyObject* object, int64_t* cost);

// Seconds, or what seki._durations makes of a text or a timedelta, as nanoseconds. Not negative.
int span_of(const char* what, PyObject* object, int64_t* nanoseconds);

PyObject* seconds_of(int64_t nanoseconds);  // infinite for SEKI_NEVER

// --- deadlines

// That of the context that runs becomes the thread's, for a call that looks at it. -1, and an exception, when it cannot be found.
int deadline_begins(seki_deadline* scope);
void deadline_ends(seki_deadline* scope);

// --- waiting

typedef struct wait_in_python {
    struct wait_in_python* outer;
    PyThreadState* thread;  // null while the lock is held
    int handles_signals;
    int never;       // stop before the first sleep
    PyObject* stop;  // of StopType: stop when it is set. Null: go on
    seki_deadline deadline;
} wait_in_python;
int waiting_begins(wait_in_python* wait);  // -1, and an exception: it must not be waited
void waiting_ends(wait_in_python* wait);
PyThreadState* waiting_thread(void);  // of the calling thread, when it has let go of the lock by one of these; or null

// --- options and statuses: plain structs, of whose members a table tells

typedef enum field_kind { field_i32, field_u32, field_i64, field_u64, field_double } field_kind;
typedef struct field {
    const char* name;  // null behind the last
    size_t offset;
    field_kind kind;
} field;

int fill_from_dict(const char* what, PyObject* values, const field* fields, void* to);
PyObject* dict_of(const field* fields, const void* from);

// --- objects

typedef struct segment_object {
    PyObject_HEAD seki_segment* of;
    int users;    // calls that let go of the interpreter's lock with it
    int closing;  // the last of them closes it
} segment_object;
int segment_use(PyObject* segment);  // -1, and an exception, for one that is closed
void segment_used(PyObject* segment);

typedef struct limiter_object {
    PyObject_HEAD seki_limiter* of;
} limiter_object;
typedef struct breaker_object {
    PyObject_HEAD seki_breaker* of;
} breaker_object;
typedef struct bulkhead_object {
    PyObject_HEAD seki_bulkhead* of;
} bulkhead_object;
typedef struct retry_object {
    PyObject_HEAD seki_retry* of;
} retry_object;
typedef struct decision_object {
    PyObject_HEAD seki_decision of;
} decision_object;

typedef struct receipt_object {
    PyObject_HEAD PyObject* limiter;
    PyObject* decision;
    seki_receipt of;
} receipt_object;

typedef struct admission_object {
    PyObject_HEAD seki_admission of;
} admission_object;
typedef struct permit_object {
    PyObject_HEAD seki_permit of;
} permit_object;

typedef struct retry_loop_object {
    PyObject_HEAD PyObject* retry;
    seki_retry_loop of;
    uint64_t attempt;
    seki_status why;
} retry_loop_object;
PyObject* new_retry_loop(PyObject* retry);  // not begun

// A check makes a decision and its caller throws it away a moment later, so the last few that were thrown away are kept, as Python does with its floats
// and tuples. They are the interpreter's lock's.
enum { most_decisions_kept = 16 };
extern decision_object* decisions_kept[most_decisions_kept];
extern int decisions_kept_count;
decision_object* new_decision_from_memory(void);

// With its size, and nothing else in it; null without memory.
static inline decision_object* new_decision(void) {
#ifndef Py_REF_DEBUG
    if (decisions_kept_count > 0) {
        decision_object* again = decisions_kept[--decisions_kept_count];
        Py_SET_REFCNT((PyObject*)again, 1);
        return again;
    }
#endif
    return new_decision_from_memory();
}
PyObject* new_receipt(PyObject* limiter, decision_object* decision);

// A segment and a name from the arguments of a constructor, and its options, null when there are none. What they point to belongs to the arguments.
typedef struct making {
    PyObject* segment;
    const char* name;
    PyObject* options;
} making;
int making_of(const char* type, PyObject* arguments, PyObject* named, making* of);

// Functions of the module.
PyObject* check_all(PyObject* module, PyObject* demands);
PyObject* change_limiter(PyObject* module, PyObject* arguments);
PyObject* change_breaker(PyObject* module, PyObject* arguments);
PyObject* change_bulkhead(PyObject* module, PyObject* arguments);
PyObject* change_retry(PyObject* module, PyObject* arguments);
PyObject* still_to_run(PyObject* module, PyObject* answer);
PyObject* deadline_used(PyObject* module, PyObject* nothing);
PyObject* deadline_current(PyObject* module, PyObject* nothing);
PyObject* deadline_remaining(PyObject* module, PyObject* nothing);
PyObject* deadline_parse_remaining(PyObject* module, PyObject* text);
PyObject* deadline_parse_grpc_timeout(PyObject* module, PyObject* text);
PyObject* deadline_format_remaining(PyObject* module, PyObject* left);
PyObject* deadline_format_grpc_timeout(PyObject* module, PyObject* left);
PyObject* trace_set(PyObject* module, PyObject* traceparent);
PyObject* trace_get(PyObject* module, PyObject* nothing);
