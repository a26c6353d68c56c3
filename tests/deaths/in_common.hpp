// Memory that a test and its children share.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <span>
#include <vector>

namespace seki::test {

// All there is of it now: what those who act have said there is among what they leave (leavings.hpp).
inline std::vector<std::span<const std::byte>>& all_in_common() {
    static std::vector<std::span<const std::byte>> all;
    return all;
}

template <class T>
class in_common {
public:
    in_common() {
        void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        what_ = new (memory) T{};
        all_in_common().push_back({static_cast<const std::byte*>(memory), sizeof(T)});
    }
    ~in_common() {
        std::erase_if(all_in_common(),
                      [this](const auto& each) { return static_cast<const void*>(each.data()) == what_; });
        ::munmap(what_, sizeof(T));
    }
    in_common(const in_common&) = delete;
    in_common& operator=(const in_common&) = delete;

    T& operator*() const noexcept { return *what_; }
    T* operator->() const noexcept { return what_; }

private:
    T* what_ = nullptr;
};

}  // namespace seki::test
