// Included by every file that tools/mutants changes: which of the changes is on, and which were come by.
//
// SEKI_MUTANT=N switches the N-th on, for this process and its children. SEKI_MUTANTS_REACHED names a file with a byte for each: one that is
// come by becomes 1, also when the process is killed. What the compiler computes stays as it was.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace seki_mutants {

inline unsigned long chosen_one() noexcept {
    const char* number = std::getenv("SEKI_MUTANT");
    return number == nullptr ? 0 : std::strtoul(number, nullptr, 10);
}

inline unsigned char* note_of_reached() noexcept {
    const char* path = std::getenv("SEKI_MUTANTS_REACHED");
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return nullptr;
    struct stat found{};
    void* bytes = MAP_FAILED;
    if (::fstat(file, &found) == 0)
        bytes = ::mmap(nullptr, static_cast<std::size_t>(found.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return bytes == MAP_FAILED ? nullptr : static_cast<unsigned char*>(bytes);
}

// 0 before they are set: no mutant.
inline const unsigned long chosen = chosen_one();
inline unsigned char* const reached = note_of_reached();

}  // namespace seki_mutants

constexpr bool seki_mutant(unsigned long number) noexcept {
    if consteval {
        return false;
    } else {
        if (seki_mutants::reached != nullptr) [[unlikely]]
            seki_mutants::reached[number] = 1;
        return seki_mutants::chosen == number;
    }
}
