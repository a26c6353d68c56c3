// The seed of a random test: from the environment (SEKI_SEED), else the given one. Printed, so that a failure can be run again.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace seki::test {

inline std::uint64_t seed_or(std::uint64_t usual) {
    const char* wanted = std::getenv("SEKI_SEED");
    const std::uint64_t seed = wanted != nullptr ? std::strtoull(wanted, nullptr, 0) : usual;
    std::printf("SEKI_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
}

}  // namespace seki::test
