#include <seki/health.hpp>

#include <cxxabi.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include <seki/deadline.hpp>
#include <seki/telemetry.hpp>

#include "client/health_checks.hpp"
#include "layout/event.hpp"
#include "primitives/clock.hpp"
#include "primitives/event_types.hpp"
#include "primitives/hooks.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"
#include "shm/workers.hpp"

namespace seki {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds longest_patience = std::chrono::hours{1};

std::uint64_t now_ns() noexcept { return primitives::read_clock(Clock::precise); }

nanoseconds span_of(std::uint64_t ns) noexcept { return nanoseconds{static_cast<nanoseconds::rep>(ns)}; }

// What all of them remember is guarded by one lock, so that a fork may come while a thread holds it. Checks run without it.
std::mutex& book() {
    static std::mutex& all = []() -> std::mutex& {
        static std::mutex& made = *new std::mutex;  // never destroyed: a fork may come after the end of main
        ::pthread_atfork([] { book().lock(); }, [] { book().unlock(); }, [] { book().unlock(); });
        return made;
    }();
    return all;
}

// Run by whoever set `runner`.
struct registered {
    std::string name;
    bool critical;
    std::function<HealthFinding()> look;

    pid_t runner = 0;  // the process whose thread runs it; 0: none. One of another process was left behind by a fork
    std::uint64_t since_ns = 0;
    std::optional<HealthOutcome> last{};
    std::uint64_t in_a_row = 0;  // times that it was found as it was the last time
};

HealthOutcome outcome_of(const registered& of, HealthStatus status, std::string detail) {
    return {.name = of.name, .critical = of.critical, .status = status, .detail = std::move(detail)};
}

// A thread that is cancelled in it, or leaves, is let go.
HealthFinding look_at(const registered& of, nanoseconds patience) {
    const Deadline enough{patience};
    try {
        return of.look();
    } catch (const abi::__forced_unwind&) {
        throw;
    } catch (const std::exception& thrown) {
        return {HealthStatus::unhealthy, thrown.what()};
    } catch (...) {
        return {HealthStatus::unhealthy, "it threw something that is no std::exception"};
    }
}

void tell(const HealthOutcome& found, std::uint64_t in_a_row) noexcept {
    using primitives::hooks::inside;
    constexpr auto kind = layout::event_kind::health_check;
    if (!primitives::hooks::want(primitives::mask_of(kind)) || inside()) return;
    const primitives::event_type& type = *primitives::find_event_type(kind);
    const std::uint64_t who = shm::who_am_i();
    const std::array measured{telemetry::Measurement{type.measurements[0].name, static_cast<std::int64_t>(in_a_row)}};
    const std::array details{telemetry::Metadata{"name", found.name},
                             telemetry::Metadata{type.detail.name, to_string(found.status)}};
    primitives::hooks::call(
        kind, {.name = type.name,
               .primitive = found.name,
               .time = span_of(now_ns()),
               .worker = {.pid = static_cast<std::uint32_t>(who >> 32), .thread = static_cast<std::uint32_t>(who)},
               .measurements = measured,
               .metadata = details,
               .key = std::nullopt,
               .trace = telemetry::trace_context()});
}

// What is known of one that another thread runs. By who holds the lock.
HealthOutcome meanwhile(const registered& of, nanoseconds patience) {
    const nanoseconds running = span_of(now_ns() - of.since_ns);
    if (running > patience) {
        HealthOutcome hangs =
            outcome_of(of, HealthStatus::unhealthy,
                       fmt::format("it hangs: it has been running for {} s",
                                   std::chrono::duration_cast<std::chrono::seconds>(running).count()));
        hangs.took = running;
        return hangs;
    }
    return of.last ? *of.last : outcome_of(of, HealthStatus::healthy, "it runs for the first time");
}

// Whose turn it is to run a check, until it ends, however that is.
class turn {
public:
    explicit turn(registered& one) noexcept : one_{one} {}
    ~turn() {
        const std::lock_guard held{book()};
        one_.runner = 0;
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    registered& one_;
};

HealthOutcome run(registered& one, nanoseconds patience) {
    const pid_t me = ::getpid();
    {
        const std::lock_guard held{book()};
        if (one.runner == me) return meanwhile(one, patience);
        one.runner = me;
        one.since_ns = now_ns();
    }
    const turn mine{one};
    HealthFinding found = look_at(one, patience);
    std::uint64_t in_a_row = 0;
    HealthOutcome made = outcome_of(one, found.status, std::move(found.detail));
    {
        const std::lock_guard held{book()};
        made.took = span_of(now_ns() - one.since_ns);
        const bool same = one.last && one.last->status == made.status;
        in_a_row = one.in_a_row = same ? one.in_a_row + 1 : 1;
        one.last = made;
    }
    tell(made, in_a_row);
    return made;
}

HealthStatus weigh(const HealthOutcome& one) noexcept {
    return one.status == HealthStatus::unhealthy && !one.critical ? HealthStatus::degraded : one.status;
}

}  // namespace

struct Health::state {
    const nanoseconds patience;
    std::vector<std::shared_ptr<registered>> checks{};
};

std::string_view to_string(HealthStatus status) noexcept {
    switch (status) {
        case HealthStatus::healthy: return "healthy";
        case HealthStatus::degraded: return "degraded";
        case HealthStatus::unhealthy: return "unhealthy";
    }
    return "unknown";
}

Health::Health(nanoseconds patience)
    : state_{new state{.patience = std::clamp(patience, nanoseconds{0}, longest_patience)}} {}

Result<void> Health::add_check(std::string_view name, function check, bool critical) {
    return shm::contained([&]() -> Result<void> {
        if (name.empty()) return shm::refuse(Errc::invalid_argument, "a health check needs a name");
        auto made = std::make_shared<registered>(std::string{name}, critical, std::move(check));
        const std::lock_guard held{book()};
        if (std::ranges::find(state_->checks, name, &registered::name) != state_->checks.end())
            return shm::refuse(Errc::invalid_argument, "health check {}: there is one of that name already",
                               primitives::quoted(name));
        state_->checks.push_back(std::move(made));
        return {};
    });
}

bool Health::remove(std::string_view name) {
    const std::lock_guard held{book()};
    return std::erase_if(state_->checks, [name](const auto& each) { return each->name == name; }) != 0;
}

HealthReport Health::check() const {
    std::vector<std::shared_ptr<registered>> all;
    {
        const std::lock_guard held{book()};
        all = state_->checks;
    }
    HealthReport made;
    for (const auto& each : all) {
        made.checks.push_back(run(*each, state_->patience));
        made.status = std::max(made.status, weigh(made.checks.back()));
    }
    return made;
}

Result<void> Health::add(const Breaker& breaker, bool critical) {
    return add_check(
        fmt::format("breaker {}", breaker.name()),
        [breaker]() -> HealthFinding {
            const auto status = breaker.status();
            return status ? client::judge(*status) : to_finding(status);
        },
        critical);
}

Result<void> Health::add(const Bulkhead& bulkhead, bool critical) {
    return add_check(
        fmt::format("bulkhead {}", bulkhead.name()),
        [bulkhead]() -> HealthFinding {
            const auto status = bulkhead.status();
            const auto options = bulkhead.options();
            if (!status || !options) return status ? to_finding(options) : to_finding(status);
            return client::judge(*status, options->max_waiting);
        },
        critical);
}

Result<void> Health::add_host(const HostLimits& limits, bool critical) {
    for (const client::host_check& each : client::host_checks(limits))
        if (auto added = add_check(each.name, each.look, critical); !added) return added;
    return {};
}

Result<void> Health::add(const Segment& segment, HealthLimits occupancy, bool critical) {
    const auto handle = segment.handle();
    if (auto added = add_check(
            "occupancy", [handle, occupancy] { return client::judge_occupancy(*handle, occupancy); }, critical);
        !added)
        return added;
    return add_check("sekid", [handle] { return client::judge_heartbeat(*handle); }, critical);
}

}  // namespace seki
