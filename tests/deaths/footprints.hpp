// The way of an operation, noted instruction by instruction, so that another process can be brought to any place of it as fast as it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "stepped_process.hpp"

namespace seki::test {

class footprints {
public:
    // Where it stands, before each instruction.
    void note(std::uint64_t address);
    [[nodiscard]] std::size_t size() const noexcept { return addresses_.size(); }

    // Brings one that stands at the beginning to where it has done so many. False: it went another way.
    [[nodiscard]] bool lead(stepped_process& one, std::uint64_t instructions) const;

private:
    // From where a breakpoint is best set, and how often it is passed before.
    struct anchor {
        std::uint64_t instruction, passes;
    };
    [[nodiscard]] anchor best_for(std::uint64_t instruction) const noexcept;

    std::vector<std::uint64_t> addresses_{};
    std::vector<std::uint32_t> passes_{};  // how often it was done before
    std::unordered_map<std::uint64_t, std::uint32_t> seen_{};
};

}  // namespace seki::test
