// Where `main` stands in a program on disk: from there on it is the program that calls the kernel, and no longer the loader on its behalf.
#pragma once

#include <cstdint>
#include <string>

namespace seki::test {

struct main_place {
    std::uint64_t entry = 0;  // where the kernel enters it, as the file says: what is added to both is the same
    std::uint64_t main = 0;
};

// Ends the test if the program has no table of symbols with a main in it.
[[nodiscard]] main_place main_of(const std::string& program);

}  // namespace seki::test
