#include "observed.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "primitives/clock.hpp"
#include "report/json.hpp"
#include "report/keys.hpp"

namespace seki::test {

std::string seen_in(const Segment& segment) {
    const shm::segment& where = segment.handle()->where();
    const report::snapshot now = report::take(where);
    report::json all = report::to_json(now);
    // Who they are; what they hold stands with what it is held of. How much room is taken is seen where something is made that does not fit. And of a
    // change that was made before its breaker was deleted, and not told, it is counted that nobody told.
    for (const char* const other : {"segment", "sekid", "workers", "events"}) all.erase(other);
    for (const auto& limiter : now.limiters) {
        auto keys = report::keys(where, limiter.place, primitives::read_clock(Clock::precise));
        std::ranges::sort(keys, {}, &report::key_facts::tag);
        for (const auto& key : keys) {
            if (key.reset_after == 0ns) continue;  // as good as new: whether it is listed is for the samples to say
            report::json seen = report::to_json(key);
            // Of samples, which each process draws by dice of its own.
            for (const char* const estimate : {"allowed_estimate", "denied_estimate"}) seen.erase(estimate);
            all["keys"].push_back(std::move(seen));
        }
    }
    return all.dump(1) + "\ndoctor: " + broken_in(segment);
}

}  // namespace seki::test
