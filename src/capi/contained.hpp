// How the C functions run what may throw, wait or touch files: nothing is thrown past them, and no thread is cancelled in the middle.
#pragma once

#include <pthread.h>

#include <exception>
#include <new>

#include "capi/sentence.hpp"

namespace seki::capi {

// While it lives pthread_cancel() waits: a thread that is cancelled unwinds, and what is noexcept would end the process.
class uncancelled {
public:
    uncancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~uncancelled() { ::pthread_setcancelstate(before_, nullptr); }
    uncancelled(const uncancelled&) = delete;
    uncancelled& operator=(const uncancelled&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

// Of the exception that is being handled.
inline seki_status fail_by_exception() noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return fail_quickly(Errc::no_space, "out of memory");
    } catch (const std::exception& thrown) {
        try {
            return fail({Errc::system, thrown.what()});
        } catch (...) {
            return fail_quickly(Errc::no_space, "out of memory");
        }
    } catch (...) {
        return fail_quickly(Errc::system);
    }
}

template <class Work>
seki_status contained(Work&& work) noexcept {
    const uncancelled while_it_works;
    try {
        return work();
    } catch (...) {
        return fail_by_exception();
    }
}

}  // namespace seki::capi
