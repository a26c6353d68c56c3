#include "daemon/readiness.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "client/health_checks.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::daemon {
namespace {

HealthFinding unhealthy(std::string why) { return {HealthStatus::unhealthy, std::move(why)}; }

HealthFinding judge_segment(const published& now) {
    if (now.owned == nullptr) return unhealthy("there is no segment: see the log");
    if (!now.owned->sound()) return unhealthy("the segment was lost or replaced: it is about to be taken up again");
    return {};
}

HealthFinding judge_tick(const published& now) {
    if (now.owned == nullptr) return unhealthy("there is no segment to look after");
    const auto age = report::look_at_owner(*now.owned->segment).heartbeat_age;
    // A busy machine may hold up a short tick without anything being wrong.
    const auto patience = std::max<std::chrono::nanoseconds>(10 * now.tick, std::chrono::seconds{1});
    return !age || *age > patience ? unhealthy("the loop does not tick") : HealthFinding{};
}

// They exist from one request to the next: an operator may make and delete them.
void add_protections(Health& to, const shm::segment& where) {
    for (const shm::placement& at : shm::directory{where}.list()) {
        const std::string name = report::valid_utf8(at.name);
        if (at.kind == layout::kind::breaker)
            (void)to.add(
                fmt::format("breaker {}", name),
                [&where, at] { return client::judge(report::look_at_breaker(where, at).status); }, false);
        if (at.kind == layout::kind::bulkhead)
            (void)to.add(
                fmt::format("bulkhead {}", name),
                [&where, at] {
                    const report::bulkhead_facts facts = report::look_at_bulkhead(where, at);
                    return client::judge(facts.status, facts.options.max_waiting);
                },
                false);
    }
}

}  // namespace

HealthReport look_at_health(const published& now, const HostLimits& host) {
    Health all;
    (void)all.add("segment", [&now] { return judge_segment(now); });
    (void)all.add("tick", [&now] { return judge_tick(now); });
    (void)all.add_host(host);
    if (now.owned != nullptr) {
        const shm::segment& where = *now.owned->segment;
        (void)all.add("occupancy", [&where] { return client::judge_occupancy(where, {90, 99}); }, false);
        add_protections(all, where);
    }
    return all.check();
}

std::string why_unready(const HealthReport& report) {
    if (report.ready()) return {};
    const auto first = std::ranges::find_if(report.checks, [](const HealthOutcome& each) {
        return each.critical && each.status == HealthStatus::unhealthy;
    });
    return first != report.checks.end() ? first->detail : std::string{};
}

}  // namespace seki::daemon
