// A file descriptor that closes itself.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace seki::shm {

class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{other.release()} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

// Not 0, 1 or 2: who closed those will open others in their place, and close ours with them.
[[nodiscard]] inline descriptor away_from_standard_streams(descriptor file) noexcept {
    if (!file || file.get() > 2) return file;
    return descriptor{::fcntl(file.get(), F_DUPFD_CLOEXEC, 3)};
}

}  // namespace seki::shm
