// How far a system call reaches that another process is about to make.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace seki::test {

struct system_call {
    pid_t of;
    std::uint64_t number, arguments[6];
};

enum class reach_of_call : std::uint8_t {
    own,       // it concerns its process alone
    mappings,  // so does this, but what of the shared memory it has changes
    asks,  // names, locks, processes: it meets what others ask, but no word of shared memory, unless an argument lies there
    anything,  // all else
};
[[nodiscard]] reach_of_call reach_of(const system_call& call);  // x86-64 alone

}  // namespace seki::test
