#include "still_time.hpp"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

namespace {

bool stands = false;
std::int64_t monotonic_ns = 0, real_ns = 0;

constexpr std::int64_t second = 1'000'000'000;
// Who asks again each millisecond for seconds, asks a few times: a sleep may always be longer than it should.
constexpr std::int64_t longer = 500;

// The C library's own.
long kernel(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    using function = long (*)(long, ...);
    static const auto original = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "syscall"));
    return original(number, a, b, c, d, e, f);
}

std::int64_t ns_of(const timespec& span) { return std::int64_t{span.tv_sec} * second + span.tv_nsec; }

std::int64_t& clock_of(clockid_t which) {
    return which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE ? real_ns : monotonic_ns;
}

bool is_shown(clockid_t which) {
    return which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE || which == CLOCK_MONOTONIC ||
           which == CLOCK_MONOTONIC_COARSE || which == CLOCK_BOOTTIME || which == CLOCK_MONOTONIC_RAW;
}

void sleep_for(std::int64_t span) {
    monotonic_ns += span;
    real_ns += span;
}

long sleep_until(std::int64_t moment) {
    sleep_for(std::max<std::int64_t>(0, moment - monotonic_ns));
    errno = ETIMEDOUT;
    return -1;
}

std::int64_t now_of(clockid_t which) {
    timespec now{};
    kernel(SYS_clock_gettime, which, reinterpret_cast<long>(&now));
    return ns_of(now);
}

}  // namespace

namespace seki::test {

void let_time_stand() {
    monotonic_ns = now_of(CLOCK_MONOTONIC);
    real_ns = now_of(CLOCK_REALTIME);
    stands = true;
}
void let_time_run() { stands = false; }

}  // namespace seki::test

extern "C" {

int clock_gettime(clockid_t which, timespec* now) noexcept {
    if (!stands || !is_shown(which))
        return static_cast<int>(kernel(SYS_clock_gettime, which, reinterpret_cast<long>(now)));
    *now = {.tv_sec = clock_of(which) / second, .tv_nsec = clock_of(which) % second};
    return 0;
}

int nanosleep(const timespec* span, timespec* left) {
    if (!stands)
        return static_cast<int>(kernel(SYS_nanosleep, reinterpret_cast<long>(span), reinterpret_cast<long>(left)));
    sleep_for(ns_of(*span) * longer);
    return 0;
}

int clock_nanosleep(clockid_t which, int flags, const timespec* until, timespec* left) {
    if (!stands) {
        const long done =
            kernel(SYS_clock_nanosleep, which, flags, reinterpret_cast<long>(until), reinterpret_cast<long>(left));
        return done == 0 ? 0 : errno;
    }
    if ((flags & TIMER_ABSTIME) != 0)
        (void)sleep_until(ns_of(*until));
    else
        sleep_for(ns_of(*until));
    return 0;
}

long syscall(long number, ...) noexcept {
    std::va_list given;
    va_start(given, number);
    long all[6];
    for (long& each : all) each = va_arg(given, long);
    va_end(given);
    const bool waits = number == SYS_futex && (all[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && all[3] != 0;
    if (!stands || !waits) return kernel(number, all[0], all[1], all[2], all[3], all[4], all[5]);
    // Whether it is to sleep at all the kernel says, which compares the word: with a deadline that is over.
    const timespec over{};
    seki::test::when_it_sleeps();
    const long done = kernel(number, all[0], all[1], all[2], reinterpret_cast<long>(&over), all[4], all[5]);
    seki::test::when_it_sleeps();
    return done == 0 || errno != ETIMEDOUT ? done : sleep_until(ns_of(*reinterpret_cast<const timespec*>(all[3])));
}

}  // extern "C"
