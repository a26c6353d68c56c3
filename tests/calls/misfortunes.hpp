// What may befall a system call that a program makes, without the program being wrong: descriptors, memory, room or permission run out, a device
// fails, a signal comes, less is read or written than was asked for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace seki::test {

struct system_call {
    std::uint64_t number = 0;
    std::uint64_t arguments[6] = {};
};

enum class how : std::uint8_t {
    fails,       // not done, and answers the error
    done_fails,  // done, and answers the error all the same: close()
    halved,      // does half of what it was asked for
    unmoved      // brk() that leaves the break where it was: it answers no error
};

struct misfortune {
    how kind = how::fails;
    int error = 0;
    bool lasts = false;  // so do all others of that name from then on
};

// In the order in which they are tried. None: that call cannot fail, or nobody could go on.
[[nodiscard]] std::vector<misfortune> misfortunes_of(const system_call& call);

// "openat", or its number.
[[nodiscard]] std::string name_of(std::uint64_t number);
// "EACCES", "half".
[[nodiscard]] std::string name_of(const misfortune& what);

}  // namespace seki::test
