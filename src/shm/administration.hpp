// The administration lock: held while primitives or segments are made, changed or deleted; never on the way of a decision.
//
// An open-file-description lock (fcntl F_OFD_SETLK) on `PATH.lock`: the kernel drops it when its holder dies, it excludes threads and two copies
// of libseki in one process alike, and closing another descriptor of the file does not lose it. A holder that was stopped keeps it:
// who waits gives up after `patience` with Errc::busy, which names the holder's pid if /proc/locks tells it.
// Having got it, the holder looks whether the file still has that name, for `destroy` removes it.
#pragma once

#include <chrono>
#include <filesystem>

#include <seki/error.hpp>

namespace seki::shm {

class administration {
public:
    [[nodiscard]] static Result<administration> lock(const std::filesystem::path& segment_path,
                                                     std::chrono::milliseconds patience = std::chrono::seconds{5});

    administration(administration&& other) noexcept;
    administration& operator=(administration&& other) noexcept;
    ~administration();  // gives it back

private:
    explicit administration(int descriptor) noexcept : descriptor_{descriptor} {}
    int descriptor_ = -1;
};

}  // namespace seki::shm
