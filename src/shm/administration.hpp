// The administration lock: held while primitives or segments are made, changed or deleted; never on the way of a decision.
//
// An open-file-description lock (fcntl F_OFD_SETLK) on `PATH.lock`: the kernel drops it when its holder dies, it excludes threads and two copies
// of libseki in one process alike, and closing another descriptor of the file does not lose it. A holder that was stopped keeps it:
// who waits gives up after `patience` with Errc::busy. The holder writes its pid into the file, only for that message.
// Having got it, the holder looks whether the file still has that name, for `destroy` removes it.
//
// fork: such a lock would live on in the child, and outlive a parent that dies holding it. So the child closes what it inherited.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <seki/error.hpp>

namespace seki::shm {

class segment;

class administration {
public:
    [[nodiscard]] static Result<administration> lock(const std::filesystem::path& segment_path,
                                                     std::chrono::milliseconds patience = std::chrono::seconds{5});

    // Of a segment that is attached. Refuses one that is superseded, and where its path leads elsewhere by now (another root, another mount, a file that was removed): the lock file
    // there is not the one that others take. Looks again when it has the lock: somebody may have destroyed the segment meanwhile.
    [[nodiscard]] static Result<administration> lock(const segment& where,
                                                     std::chrono::milliseconds patience = std::chrono::seconds{5});

    // Lets those take the lock who may write the segment. Does what it may; the lock's owner may, and root.
    void share_with(mode_t mode, gid_t group) const noexcept;

    administration(administration&& other) noexcept;
    administration& operator=(administration&& other) noexcept;
    ~administration();  // gives it back

private:
    explicit administration(std::uint64_t ticket) noexcept : ticket_{ticket} {}
    std::uint64_t ticket_ = 0;  // of a lock held by this process; 0: none
};

}  // namespace seki::shm
