// Which sanitizers a test is built with: SEKI_ASAN, SEKI_TSAN, or neither.
#pragma once

#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEKI_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define SEKI_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SEKI_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define SEKI_TSAN 1
#endif

namespace seki::test {

#if defined(SEKI_ASAN) || defined(SEKI_TSAN)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

// How often a test of random cases repeats them. A sanitizer, which makes them five times as slow, sees in a fifth of them what it looks
// for: every line, at every boundary that dice prefer. SEKI_ROUNDS=10 repeats them ten times as often.
inline int rounds(int usual) {
    static const int times = [] {
        const char* wanted = std::getenv("SEKI_ROUNDS");
        return wanted != nullptr ? std::atoi(wanted) : 1;
    }();
    return (sanitized ? usual / 5 : usual) * times;
}

}  // namespace seki::test
