// What a segment looks like from outside, at one moment, in plain values: what sekid exports and sekictl shows.
//
// Taking a snapshot only reads, so it serves segments that are mapped read-only or copied. Nothing it finds is believed: numbers are bounded
// before they are used, and texts may hold any bytes (report/text.hpp makes them fit to be shown). It is not one instant for the whole
// segment: each counter is right by itself, and never goes down from one snapshot to the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <seki/limiter.hpp>

#include "layout/worker.hpp"
#include "report/adaptive_facts.hpp"
#include "report/breaker_facts.hpp"
#include "report/bulkhead_facts.hpp"
#include "report/hedge_facts.hpp"
#include "report/holdings.hpp"
#include "report/keys.hpp"
#include "report/policy_facts.hpp"
#include "report/retry_facts.hpp"
#include "report/shedder_facts.hpp"
#include "shm/directory.hpp"
#include "shm/liveness.hpp"
#include "shm/segment.hpp"

namespace seki::report {

using std::chrono::nanoseconds;

struct file_facts {
    unsigned mode = 0;
    unsigned uid = 0;
    unsigned gid = 0;
};

struct segment_facts {
    std::string path;
    std::uint64_t size = 0;
    std::uint64_t used = 0;  // header, workers, and the tables of the primitives that there are
    std::uint64_t generation = 0;
    std::uint64_t version = 0;
    std::uint64_t layout_hash = 0;
    std::uint64_t max_workers = 0;
    std::uint64_t max_primitives = 0;
    std::chrono::sys_time<nanoseconds> created;
    bool superseded = false;
    std::optional<file_facts> file{};  // nothing when another file, or none, has that name by now
};

// sekid, if one looks after the segment.
struct owner_facts {
    bool running = false;
    std::uint64_t pid = 0;                       // as it sees itself; 0: none, or it stopped in good order
    std::optional<nanoseconds> heartbeat_age{};  // nothing when no sekid ever ticked
};

struct process_facts {
    std::uint32_t slot = 0;
    std::uint64_t pid = 0;  // as the process sees itself
    std::string command;
    nanoseconds attached{0};  // for how long
    shm::verdict state = shm::verdict::live;
    std::vector<std::uint64_t> threads{};  // kernel thread ids, as the process sees them
    std::vector<holding> holds{};
};

struct limiter_counters {
    std::uint64_t allow = 0, deny = 0, shadow_deny = 0;                 // decisions
    std::uint64_t cost_allow = 0, cost_deny = 0, cost_shadow_deny = 0;  // what they cost together
    std::uint64_t evictions = 0, full = 0, resets = 0, refunds = 0;
};

struct limiter_facts {
    shm::placement place;
    LimiterOptions options;    // in force
    LimiterOptions made_with;  // at its creation
    std::chrono::sys_time<nanoseconds> created;
    std::uint64_t keys = 0;  // that are not as good as new
    limiter_counters counters;
    std::vector<key_facts> most_denied{};  // of ..._with_keys() alone
};

// Telemetry events, ever.
struct event_totals {
    std::uint64_t all = 0;
    std::uint64_t dropped =
        0;  // a ring was full, an event was torn, somebody who listened at sekid was too slow, or its teller died
};

struct snapshot {
    segment_facts segment;
    owner_facts owner;
    std::vector<process_facts> processes{};
    std::uint64_t reaped = 0;  // processes found dead and tidied, ever
    event_totals events{};
    std::vector<limiter_facts> limiters{};
    std::vector<bulkhead_facts> bulkheads{};
    std::vector<breaker_facts> breakers{};
    std::vector<adaptive_facts> adaptives{};
    std::vector<shedder_facts> shedders{};
    std::vector<retry_facts> retries{};
    std::vector<hedge_facts> hedges{};
    std::vector<policy_facts> policies{};

    [[nodiscard]] std::uint64_t threads() const noexcept;  // of all processes
};

// Walks every table to count its keys: about 1 ms for each 100 000 slots.
[[nodiscard]] snapshot take(const shm::segment& where);
// And whom each limiter denied most: at most so many.
inline constexpr std::size_t most_denied_shown = 5;
[[nodiscard]] snapshot take_with_keys(const shm::segment& where);

// Parts of it, for who needs no more.
[[nodiscard]] segment_facts look_at_segment(const shm::segment& where);
[[nodiscard]] owner_facts look_at_owner(const shm::segment& where);
[[nodiscard]] std::vector<process_facts> look_at_processes(const shm::segment& where);
[[nodiscard]] limiter_facts look_at_limiter(const shm::segment& where, const shm::placement& at);
[[nodiscard]] limiter_facts look_at_limiter_with_keys(const shm::segment& where, const shm::placement& at);

[[nodiscard]] event_totals look_at_events(const shm::segment& where) noexcept;

// "live", "dead", "lost_lock" or "gone".
[[nodiscard]] std::string_view to_string(shm::verdict state) noexcept;

}  // namespace seki::report
