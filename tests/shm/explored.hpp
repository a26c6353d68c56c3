// How deep the schedules of an interleavings test go: in CI and with --brief no deeper than seconds allow, and as deep as is worth it with SEKI_DEEP, which `tools/prove` sets.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "support/interleaving.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {

// Fails if some schedule did.
inline void expect_none_failed(const exploration& done) {
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Fails if some schedule does. Sanitizers are five times slower and see no more in the deepest schedules than in the others.
inline void expect_none_fails(bounds brief, bounds deep, const attempt& one) {
    if (sanitized) --brief.preemptions;
    expect_none_failed(explore(std::getenv("SEKI_DEEP") != nullptr && !sanitized ? deep : brief, one));
}

// The deepest are three preemptions and a death, where not even the others have less.
inline void expect_none_fails(bounds brief, const attempt& one) {
    bounds deep = brief;
    deep.preemptions = std::max(deep.preemptions, 3);
    deep.deaths = std::max(deep.deaths, 1);
    expect_none_fails(brief, deep, one);
}

}  // namespace seki::test
