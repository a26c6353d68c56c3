// A process with mounts of its own, of which nobody else learns.
#pragma once

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "namespaces.hpp"
#include "segment_fixture.hpp"

namespace seki::shm::test {

// What went wrong there; nothing where there can be no such process.
template <class Work>
std::string with_own_mounts(Work&& work) {
    if (!seki::test::own_mounts_allowed()) return "";
    return in_child([&]() -> std::string {
        if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return "no mounts of its own";
        return work();
    });
}

}  // namespace seki::shm::test
