// Which sanitizers a test is built with: SEKI_ASAN, SEKI_TSAN, or neither.
#pragma once

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

}  // namespace seki::test
