// How long a storm lasts: SEKI_SECONDS, else the given time. ctest ends a test after two minutes; for longer run the program itself,
// or `tools/test -C long -L long`.
#pragma once

#include <chrono>
#include <cstdlib>

namespace seki::test {

inline std::chrono::seconds duration_or(std::chrono::seconds usual) {
    const char* const wanted = std::getenv("SEKI_SECONDS");
    return wanted != nullptr ? std::chrono::seconds{std::strtoll(wanted, nullptr, 10)} : usual;
}

}  // namespace seki::test
