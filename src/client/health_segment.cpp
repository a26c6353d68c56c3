// The checks of breakers, bulkheads, a segment and who looks after it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/health_checks.hpp"
#include "client/segment_handle.hpp"
#include "primitives/clock.hpp"
#include "primitives/option_names.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"

namespace seki::client {
namespace {

using shm::hardware;
using std::chrono::seconds;

struct share {
    std::string_view of;
    std::uint64_t taken;
    std::uint64_t most;
    [[nodiscard]] double percent() const noexcept {
        return most == 0 ? 100 : 100 * static_cast<double>(taken) / static_cast<double>(most);
    }
};

std::uint64_t taken_slots(const shm::segment& where) noexcept {
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < where.parts().max_workers; ++i)
        taken += hardware::load_relaxed(where.worker(i).owner) != 0 ? 1U : 0U;
    return taken;
}

template <class Judge>
HealthFinding of_the_one_in_use(segment_handle& handle, Judge judge) {
    const auto in = handle.in_use();
    return in ? judge((*in)->where()) : HealthFinding{HealthStatus::unhealthy, in.error().message};
}

}  // namespace

HealthFinding judge(const BreakerStatus& status) {
    using enum BreakerState;
    const HealthStatus means = status.state == open || status.state == forced_open ? HealthStatus::unhealthy
                               : status.state == half_open                         ? HealthStatus::degraded
                                                                                   : HealthStatus::healthy;
    return {means, std::string{primitives::to_string(status.state)}};
}

HealthFinding judge(const BulkheadStatus& status, std::uint64_t max_waiting) {
    const bool full = status.in_use >= status.max_concurrent;
    const bool crowded = full && max_waiting != 0 && status.waiting >= max_waiting;
    return {crowded ? HealthStatus::unhealthy
            : full  ? HealthStatus::degraded
                    : HealthStatus::healthy,
            fmt::format("{} of {} in use, {} wait", status.in_use, status.max_concurrent, status.waiting)};
}

HealthFinding judge_occupancy(const shm::segment& where, const HealthLimits& limits) {
    const shm::directory directory{where};
    const std::array shares{share{"bytes", where.parts().arena_offset + directory.arena_used(), where.parts().size},
                            share{"primitives", directory.list().size(), where.parts().max_primitives},
                            share{"worker slots", taken_slots(where), where.parts().max_workers}};
    const share& fullest = *std::ranges::max_element(shares, {}, &share::percent);
    const double percent = fullest.percent();
    return {percent >= limits.unhealthy  ? HealthStatus::unhealthy
            : percent >= limits.degraded ? HealthStatus::degraded
                                         : HealthStatus::healthy,
            fmt::format("{} of {} {} are taken", fullest.taken, fullest.most, fullest.of)};
}

HealthFinding judge_heartbeat(const shm::segment& where) {
    const std::uint64_t beat = hardware::load_relaxed(where.header().heartbeat_ns);
    if (beat == 0) return {HealthStatus::unhealthy, "no sekid has looked after the segment"};
    const std::uint64_t now = primitives::read_clock(Clock::precise);
    constexpr std::uint64_t slack = 1'000'000'000;  // by which no two clocks of a host differ
    if (beat > now + slack) return {HealthStatus::unhealthy, "its last tick is in the future: run `sekictl doctor`"};
    const auto age = std::chrono::duration_cast<seconds>(
        std::chrono::nanoseconds{static_cast<std::int64_t>(now > beat ? now - beat : 0)});
    const HealthStatus means = age > seconds{30}   ? HealthStatus::unhealthy
                               : age > seconds{10} ? HealthStatus::degraded
                                                   : HealthStatus::healthy;
    return {means, fmt::format("its last tick was {} s ago", age.count())};
}

HealthFinding judge_occupancy(segment_handle& handle, const HealthLimits& limits) {
    return of_the_one_in_use(handle, [&](const shm::segment& where) { return judge_occupancy(where, limits); });
}

HealthFinding judge_heartbeat(segment_handle& handle) {
    return of_the_one_in_use(handle, [](const shm::segment& where) { return judge_heartbeat(where); });
}

}  // namespace seki::client
