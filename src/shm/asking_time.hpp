// How long one call may ask the kernel who lives. A question takes microseconds, some a tenth of a millisecond, and a segment may name thousands of processes;
// one that was scribbled on names whom the scribbler likes. So who asks stops after a while, and the next goes on from where he stopped.
#pragma once

#include <time.h>

#include <cstdint>

#include "shm/memory.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

// Of a call that wants to know: some fifty questions.
inline constexpr std::uint64_t asking_ns = 250'000;
// Of one that could do without: a sekid ticks, or somebody asked a moment ago.
inline constexpr std::uint64_t asking_briefly_ns = 20'000;
// Of who joins, once: all that honest ones of a thousand processes take.
inline constexpr std::uint64_t asking_to_join_ns = 2'000'000;
// Of who does nothing else.
inline constexpr std::uint64_t asking_all_ns = ~std::uint64_t{0};

// Counts from its first question on. So many are asked however long they take: where few processes are, all of them, though the one who asks be stopped meanwhile.
class asking_time {
public:
    static constexpr unsigned at_least = 8;

    // Before each question: whether there is no time left for it, of `span_ns`.
    [[nodiscard]] bool over(std::uint64_t span_ns) noexcept {
        if (span_ns == asking_all_ns) return false;
        if (asked_ == 0) since_ns_ = now_ns();
        if (asked_ < at_least) return ++asked_, false;
        return now_ns() - since_ns_ >= span_ns;
    }

    [[nodiscard]] static std::uint64_t now_ns() noexcept {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
    }

private:
    std::uint64_t since_ns_ = 0;
    unsigned asked_ = 0;
};

// Whether sekid ticked a moment ago, by a clock that may be a coarse one: then it gives back what the dead held, in time. A beat of the future is a
// scribbler's, unless it is of the tick that the clock does not show yet. What it costs to believe one: permits come back some milliseconds later.
[[nodiscard]] inline bool is_tended(const segment& where, std::uint64_t now_ns) noexcept {
    constexpr std::uint64_t in_time_ns = 100'000'000;  // what is promised after a death
    constexpr std::uint64_t coarse_ns = 20'000'000;
    return now_ns + coarse_ns - hardware::load_relaxed(where.header().heartbeat_ns) < in_time_ns + coarse_ns;
}

}  // namespace seki::shm
