// Whether this process, and the host that it runs on, can do its work: checks of its own and built-in ones, put together into one answer for a probe.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <seki/api.hpp>
#include <seki/breaker.hpp>
#include <seki/bulkhead.hpp>
#include <seki/error.hpp>
#include <seki/open.hpp>

namespace seki {

enum class HealthStatus : std::uint8_t { healthy, degraded, unhealthy };

[[nodiscard]] SEKI_API std::string_view to_string(HealthStatus status) noexcept;

// What a check finds.
struct HealthFinding {
    HealthStatus status = HealthStatus::healthy;
    std::string detail{};  // for people, and shown to whoever asks: no secrets
};

// What became of one check.
struct HealthOutcome {
    std::string name;
    bool critical = true;
    HealthStatus status = HealthStatus::healthy;
    std::string detail{};
    std::chrono::nanoseconds took{0};
};

struct HealthReport {
    // unhealthy: a critical check is. degraded: one that is not critical is, or any is degraded. Without checks: healthy.
    HealthStatus status = HealthStatus::healthy;
    std::vector<HealthOutcome> checks{};  // in the order in which they were added

    [[nodiscard]] bool ready() const noexcept { return status != HealthStatus::unhealthy; }
    // What a probe expects: 200 while ready, also when degraded, for who is sent away from a degraded host may find no other; 503 otherwise.
    [[nodiscard]] int http_status() const noexcept { return ready() ? 200 : 503; }
    // {"status":"degraded","checks":[{"name":"database","critical":true,"status":"healthy","detail":"","took_seconds":0.0012}]}
    [[nodiscard]] SEKI_API std::string to_json() const;
};

// From which on the host is called degraded, and from which on unhealthy. A limit above 100 is never reached.
struct HealthLimits {
    double degraded = 100;
    double unhealthy = 100;
};

// The checks of the host. Pressure: percent of the last ten seconds in which some task waited for it (avg10 of `some` in /proc/pressure), of the
// host or of the own control group (cgroup v2), whichever is more. Files: percent of RLIMIT_NOFILE that this process has open.
struct HostLimits {
    HealthLimits memory{10, 40};
    HealthLimits cpu{75, 101};
    HealthLimits io{40, 101};
    HealthLimits files{80, 95};
    std::filesystem::path root = "/";  // where proc and sys are; for tests
};

// Checks that belong together. As cheap to copy as a shared_ptr: copies share their checks. Safe to use from any number of threads, and valid in the child
// after fork().
//     seki::Health health;
//     health.add("database", [&] { return pool.ping(); });              // a bool, a Result<void>, or a HealthFinding
//     health.add(payments);                                             // a breaker: degraded while it is open
//     health.add_host();
//     GET /readyz: const auto report = health.check(); respond(report.http_status(), report.to_json());
class SEKI_API Health {
public:
    // In how long a check should be done: it runs under a Deadline of that. 0 to 1 hour; more is taken for that.
    explicit Health(std::chrono::nanoseconds patience = std::chrono::seconds{5});

    // Adds a check. A name that is taken, or empty, is an error (invalid_argument). What it answers: `true` or a Result that has a value are healthy, `false`
    // and an error are unhealthy, a HealthFinding says it itself. When it throws it is unhealthy, and the exception's text is the detail. `critical`: all are
    // unhealthy when it is; otherwise they are degraded.
    template <std::invocable Check>
    Result<void> add(std::string_view name, Check check, bool critical = true) {
        return add_check(
            name, [check = std::move(check)]() mutable { return to_finding(std::invoke(check)); }, critical);
    }

    // As "breaker NAME": half_open is degraded, open and forced_open are unhealthy.
    Result<void> add(const Breaker& breaker, bool critical = false);
    // As "bulkhead NAME": full is degraded; unhealthy when in addition as many wait as may.
    Result<void> add(const Bulkhead& bulkhead, bool critical = false);
    // As "memory", "cpu", "io" and "files". On a kernel that does not tell of pressure these are healthy, and say that it is not known; a file that
    // cannot be understood is degraded.
    Result<void> add_host(const HostLimits& limits = {}, bool critical = false);
    // As "occupancy": percent of its memory, of its primitives and of its worker slots that are taken, whichever is most. And as "sekid": degraded when its
    // last tick is more than 10 s ago, unhealthy when more than 30 s, or when there is none.
    Result<void> add(const Segment& segment, HealthLimits occupancy = {90, 99}, bool critical = false);

    // False when there is none of that name. One that is running ends its run.
    bool remove(std::string_view name);

    // Runs all checks, one after the other, in the calling thread. No check runs in two threads at once: who finds one running, in another thread, is answered
    // what it found the last time; or, when it has been running for longer than the patience, that it hangs: unhealthy. So a check that hangs keeps the
    // thread that called it, and no other, and everybody learns of it.
    // Handlers of seki.health.check are told of each check that was run.
    [[nodiscard]] HealthReport check() const;

private:
    using function = std::function<HealthFinding()>;
    Result<void> add_check(std::string_view name, function check, bool critical);

    static HealthFinding to_finding(HealthFinding found) { return found; }
    static HealthFinding to_finding(bool healthy) {
        return {healthy ? HealthStatus::healthy : HealthStatus::unhealthy, {}};
    }
    template <class T>
    static HealthFinding to_finding(const Result<T>& result) {
        if (result.has_value()) return {};
        return {HealthStatus::unhealthy, result.error().message};
    }

    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace seki
