// Snapshots of segments that never were.
#pragma once

#include <string>
#include <utility>

#include "report/snapshot.hpp"

namespace seki::ctl::top {

inline report::limiter_facts limiter(std::string name, std::uint64_t allowed, std::uint64_t denied,
                                     std::uint64_t incarnation = 1) {
    report::limiter_facts facts{};
    facts.place = {.incarnation = incarnation, .kind = layout::kind::limiter, .name = std::move(name)};
    facts.options.max_keys = 100;
    facts.counters.allow = allowed;
    facts.counters.deny = denied;
    return facts;
}

inline report::breaker_facts breaker(std::string name, BreakerState state) {
    report::breaker_facts facts{};
    facts.place = {.incarnation = 2, .kind = layout::kind::breaker, .name = std::move(name)};
    facts.status.state = state;
    facts.status.calls = 20;
    facts.status.errors = 5;
    return facts;
}

inline report::bulkhead_facts bulkhead(std::string name, std::uint64_t in_use, std::uint64_t of) {
    report::bulkhead_facts facts{};
    facts.place = {.incarnation = 3, .kind = layout::kind::bulkhead, .name = std::move(name)};
    facts.status.in_use = in_use;
    facts.status.max_concurrent = of;
    return facts;
}

inline report::process_facts worker(std::uint32_t slot, std::uint64_t pid, std::string command,
                                    std::vector<report::holding> holds = {}) {
    return {.slot = slot, .pid = pid, .command = std::move(command), .threads = {pid}, .holds = std::move(holds)};
}

}  // namespace seki::ctl::top
