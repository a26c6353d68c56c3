// Whether an instruction of another process reads or writes the segment, or asks the kernel for something. All others are its own affair: whoever stops it
// before one of these and whoever stops it after see the same, and leave it to do the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stepped_process.hpp"
#include "world.hpp"

namespace seki::test {

// Takes the segment away from the process, and gives it back for each instruction that cannot do without.
class touches {
public:
    touches(stepped_process& of, const fs::path& segment);

    // One instruction. False: the process came to its end.
    [[nodiscard]] bool step();
    [[nodiscard]] bool touched() const noexcept { return touched_; }

private:
    struct mapping {
        std::uint64_t begin, length, protection;
        friend bool operator==(const mapping&, const mapping&) = default;
    };
    void find();
    void let(bool it_touch);

    stepped_process* of_;
    std::string line_end_;  // of the mappings of the segment
    std::vector<mapping> mapped_{};
    bool touched_ = false;
};

}  // namespace seki::test
