// A descriptor that is kept for long in a process that is somebody else's: the program may close it (closefrom) and open a file of its own under
// that number. So what it was opened on is remembered, and looked at before it is used or closed.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

#include "shm/descriptor.hpp"

namespace seki::shm {

// A copy is the same descriptor: who keeps it says when it is closed.
class kept_descriptor {
public:
    kept_descriptor() noexcept = default;
    kept_descriptor(descriptor file, const struct stat& facts) noexcept
        : number_{file.release()}, device_{facts.st_dev}, inode_{facts.st_ino} {}

    [[nodiscard]] int number() const noexcept { return number_; }

    // Of what it was opened on. Nothing once the program closed it.
    [[nodiscard]] std::optional<struct stat> facts() const noexcept {
        struct stat facts{};
        if (number_ < 0 || ::fstat(number_, &facts) != 0) return std::nullopt;
        if (facts.st_dev != device_ || facts.st_ino != inode_) return std::nullopt;
        return facts;
    }
    // Whether it is still there and what it was opened on still has a name.
    [[nodiscard]] bool has_a_name() const noexcept {
        const auto now = facts();
        return now && now->st_nlink != 0;
    }

    // Whether both were opened on the same, and that one is still there.
    [[nodiscard]] bool is_open_like(const kept_descriptor& other) const noexcept {
        return device_ == other.device_ && inode_ == other.inode_ && other.facts();
    }

    void close() noexcept {
        if (facts()) ::close(number_);
        *this = {};
    }

private:
    int number_ = -1;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

}  // namespace seki::shm
