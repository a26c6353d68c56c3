// A scope in which no thread is cancelled: pthread_cancel() unwinds it out of open(), read(), close() and whatever else waits, and in a
// function that is noexcept that would end the process. For what is seldom done, beside a system call or two.
#pragma once

#include <pthread.h>

namespace seki::shm {

class uncancelled {
public:
    uncancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~uncancelled() { ::pthread_setcancelstate(before_, nullptr); }
    uncancelled(const uncancelled&) = delete;
    uncancelled& operator=(const uncancelled&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace seki::shm
