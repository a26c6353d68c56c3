// Work in several real processes at once, started together and timed together.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "cores.hpp"
#include "primitives/clock.hpp"
#include "shm/memory.hpp"

namespace seki::bench {

// Runs `work(process index)` in `processes` forked children, each on a core of its own, and answers the seconds from the common start to the last end.
// `work` is prepared (opened, warmed) by `prepare(index)` before the start.
template <class Prepare, class Work>
double seconds_together(int processes, Prepare prepare, Work work) {
    struct board {
        layout::word ready, go, finished_at;
    };
    void* const memory = mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    auto* const shared = new (memory) board;
    using shm::hardware;
    const auto cores = one_of_each_core();
    for (int index = 0; index < processes; ++index) {
        if (fork() != 0) continue;
        if (cores.size() >= static_cast<std::size_t>(processes)) stay_on(cores[static_cast<std::size_t>(index)]);
        auto state = prepare(index);
        hardware::fetch_add_relaxed(shared->ready, 1);
        while (hardware::load_acquire(shared->go) == 0) {
        }
        work(index, state);
        const std::uint64_t now = primitives::read_clock(Clock::precise);
        std::uint64_t latest = hardware::load_relaxed(shared->finished_at);
        while (latest < now && !hardware::cas_acq_rel(shared->finished_at, latest, now)) {
        }
        _exit(0);
    }
    while (hardware::load_acquire(shared->ready) != static_cast<std::uint64_t>(processes)) usleep(100);
    const std::uint64_t start = primitives::read_clock(Clock::precise);
    hardware::store_release(shared->go, 1);
    while (wait(nullptr) > 0) {
    }
    const double seconds = static_cast<double>(hardware::load_acquire(shared->finished_at) - start) * 1e-9;
    munmap(memory, sizeof(board));
    return seconds;
}

}  // namespace seki::bench
