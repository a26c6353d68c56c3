// What tests of planted errors ask: which promise the exploration finds broken.
#pragma once

#include <cstdio>
#include <string>

#include "support/interleaving.hpp"

namespace seki::test {

// How the first schedule that fails does, and after how many; empty: none failed.
inline std::string found(bounds within, const attempt& one) {
    const exploration done = explore(within, one);
    std::printf("%s, after %llu schedules\n", done.failure.c_str(), static_cast<unsigned long long>(done.schedules));
    return done.failure;
}

}  // namespace seki::test
