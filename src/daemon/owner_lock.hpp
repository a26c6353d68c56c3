// At most one sekid looks after a segment: it holds a write lock on `PATH.owner` for as long as it lives.
//
// A lock of the open file description (F_OFD_SETLK): the kernel drops it when sekid dies, and closing another descriptor of the file, as
// report::is_owned() does, keeps it. The file has the segment's group and permissions, so only who may harm the segment anyway can hold up a
// sekid with a lock of his own. Its content, the pid, the address and what became of a reload, is only shown.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "report/owner_file.hpp"
#include "shm/descriptor.hpp"

namespace seki::daemon {

class owner_lock {
public:
    // busy when another sekid holds it: the message names its pid.
    [[nodiscard]] static Result<owner_lock> take(const std::filesystem::path& segment);

    // Where somebody removed the file, or put another in its place: takes the lock of the one that has the name. True then. busy when another sekid has that: it
    // looks after the segment now.
    [[nodiscard]] Result<bool> keep();

    // Lets those ask for the lock who may write the segment: takes over the group and permissions of the file at `segment`.
    void share() const noexcept;

    // Writes into the file, for sekictl (report/owner_file.hpp): where we answer HTTP, and after that what became of the latest reload.
    void tell(std::string_view address) noexcept;
    void tell(const report::reload_outcome& outcome) const noexcept;

    owner_lock(owner_lock&& other) noexcept = default;
    owner_lock& operator=(owner_lock&&) = delete;
    // Removes the file, while the lock still stands; but not another's.
    ~owner_lock();

private:
    owner_lock(std::filesystem::path segment, std::filesystem::path file, shm::descriptor held)
        : segment_{std::move(segment)}, file_{std::move(file)}, held_{std::move(held)} {}
    [[nodiscard]] bool is_named() const noexcept;

    std::filesystem::path segment_;
    std::filesystem::path file_;
    shm::descriptor held_;
    std::string address_{};
    std::size_t told_ = 0;  // bytes, with the address
};

}  // namespace seki::daemon
