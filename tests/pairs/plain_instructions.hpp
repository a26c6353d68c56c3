// How many bytes of memory an instruction may touch at once, by its first bytes.
#pragma once

#include <cstdint>

namespace seki::test {

struct access_of_instruction {
    std::uint64_t bytes;
    bool is_string;  // it reads where RSI points to, and reads or writes where RDI does
    bool moves;      // and writes there
};
[[nodiscard]] access_of_instruction access_of(std::uint64_t first_eight_bytes);

}  // namespace seki::test
