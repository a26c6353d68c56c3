// The way of an operation, and where on it to stop another process that is brought there (footprints.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "footprints.hpp"
#include "stepped_process.hpp"
#include "world.hpp"

namespace seki::test {

class trail {
public:
    // Steps through it until `done`, or at most so far.
    trail(stepped_process& whole, const fs::path& segment, std::uint64_t at_most, const std::function<bool()>& done);

    [[nodiscard]] std::uint64_t length() const noexcept { return steps_.size(); }
    // Where to stop it is as good as anywhere: before each instruction that touches shared memory, or is a system call (touches.hpp).
    [[nodiscard]] const std::vector<std::uint64_t>& touches() const noexcept { return touches_; }
    // The addresses of these instructions.
    [[nodiscard]] const std::vector<std::uint64_t>& addresses() const noexcept { return addresses_; }
    // Instructions that changed the segment, and are not among these.
    [[nodiscard]] std::size_t unseen() const noexcept { return unseen_; }

    // Brings one that stands at the beginning to where it has done so many. False: it went another way.
    [[nodiscard]] bool lead(stepped_process& one, std::uint64_t instructions) const {
        return steps_.lead(one, instructions);
    }

private:
    footprints steps_{};
    std::vector<std::uint64_t> touches_{};
    std::vector<std::uint64_t> addresses_{};
    std::size_t unseen_ = 0;
};

}  // namespace seki::test
