// What is asked of the sentence that a program says before it gives up.
#pragma once

#include <string>

namespace seki::test {

// What is wrong with it; empty: nothing. It names the thing that it is about, is no sentence of a library or of the kernel alone, and says what to do.
// `error`: what befell the program, 0 if there is no number to it.
[[nodiscard]] std::string wrong_with(const std::string& said, const std::string& program, int error);

}  // namespace seki::test
