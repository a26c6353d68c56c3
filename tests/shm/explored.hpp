// How deep the schedules of an interleavings test go: in CI and with --brief no deeper than seconds allow, and as deep as is worth it with SEKI_DEEP, which `tools/prove` sets.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "support/interleaving.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {

// Fails if some schedule does. Sanitizers are five times slower and see no more in the deepest schedules than in the others.
inline void expect_none_fails(bounds brief, bounds deep, const attempt& one) {
    if (sanitized) --brief.preemptions;
    const exploration done = explore(std::getenv("SEKI_DEEP") != nullptr && !sanitized ? deep : brief, one);
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

}  // namespace seki::test
