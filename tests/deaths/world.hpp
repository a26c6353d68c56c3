// A segment in a folder of its own, made once and copied for each death: what a process finds that attaches.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <seki/seki.hpp>

#include "client/segment_handle.hpp"

namespace seki::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

template <class T>
[[nodiscard]] T must(Result<T> made) {
    if (made) return *std::move(made);
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    std::abort();
}

[[nodiscard]] inline OpenOptions small(Access access) {
    OpenOptions options;
    options.access = access;
    options.segment.max_workers = 4;
    options.segment.max_primitives = 4;
    options.segment.size = 1 << 18;
    return options;
}

[[nodiscard]] inline Segment opened(const fs::path& folder, Access access = Access::create_or_attach) {
    return must(open((folder / "a.seg").string(), small(access)));
}

class folder {
public:
    folder() {
        std::string name = "/dev/shm/seki-deaths-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~folder() { fs::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    [[nodiscard]] const fs::path& path() const noexcept { return path_; }
    void become(const folder& other) const {
        for (const auto& each : fs::directory_iterator{path_}) fs::remove_all(each);
        fs::copy(other.path_, path_, fs::copy_options::recursive);
    }

private:
    fs::path path_;
};

// Tells after which instruction of another process a file is another than before.
class watched_file {
public:
    explicit watched_file(const fs::path& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        size_ = fs::file_size(path);
        void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
        ::close(file);
        if (mapped == MAP_FAILED) std::abort();
        bytes_ = static_cast<const std::byte*>(mapped);
        seen_.assign(bytes_, bytes_ + size_);
    }
    ~watched_file() {
        if (bytes_ != nullptr) ::munmap(const_cast<std::byte*>(bytes_), size_);
    }
    watched_file(const watched_file&) = delete;
    watched_file& operator=(const watched_file&) = delete;

    [[nodiscard]] bool is_there() const noexcept { return bytes_ != nullptr; }
    // Since the last time.
    [[nodiscard]] bool changed() {
        if (!is_there() || std::memcmp(bytes_, seen_.data(), size_) == 0) return false;
        seen_.assign(bytes_, bytes_ + size_);
        return true;
    }

private:
    const std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::vector<std::byte> seen_;
};

// By a process of its own, which is gone afterwards: whatever it held, it held when it died.
inline void make(const folder& where, const std::function<void(const fs::path&)>& world) {
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        world(where.path());
        ::_exit(0);
    }
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || status != 0) std::abort();
}

}  // namespace seki::test
