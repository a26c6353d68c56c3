// Survives that another process truncates the segment's file under us.
//
// Touching a page of a mapping beyond the end of its file is SIGBUS. While a guard stands over a mapping, the handler puts zero pages of our own
// in its place, notes that, and wakes whoever polls wake_descriptor(); the instruction that failed runs again and reads zeros, which every reader
// of a segment can take. A SIGBUS elsewhere ends the process as if there were no handler.
//
// The handler calls mmap, write and sigaction, all of them plain system calls, and loads and stores lock-free words of a static table. Threads
// that fault at once each put zeros there, which changes nothing.
#pragma once

#include <cstddef>
#include <span>

#include <seki/error.hpp>

namespace seki::daemon {

class bus_guard {
public:
    // Before the first guard. Once in the life of the process.
    [[nodiscard]] static Result<void> install();

    // Readable after a guarded mapping was lost. Never closed.
    [[nodiscard]] static int wake_descriptor() noexcept;
    // Makes it unreadable again.
    static void acknowledge() noexcept;

    // At most a few at a time: none is refused, but one too many guards nothing.
    explicit bus_guard(std::span<std::byte> mapping) noexcept;
    // Before the mapping goes.
    ~bus_guard();
    bus_guard(const bus_guard&) = delete;
    bus_guard& operator=(const bus_guard&) = delete;

    // Whether the mapping is lost and reads as zeros. Any thread.
    [[nodiscard]] bool lost() const noexcept;

private:
    std::size_t place_;
};

}  // namespace seki::daemon
