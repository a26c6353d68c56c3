// How the C functions run what may throw, wait or touch files: nothing is thrown past them, and no thread is cancelled in the middle.
#pragma once

#include <exception>
#include <new>

#include "capi/sentence.hpp"
#include "shm/uncancelled.hpp"

namespace seki::capi {

using shm::uncancelled;

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
