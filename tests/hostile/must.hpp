// What a fuzz target promises of what it was given: a sentence, and the end of the process, where it does not hold.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace seki::hostile {

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

// Nothing in it moves a cursor or ends a line.
inline bool is_fit_for_terminals(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace seki::hostile
