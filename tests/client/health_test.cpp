// Health by its public face: what checks come to together, and what becomes of those that throw, hang, or end in a fork.
#include <seki/health.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using enum HealthStatus;

HealthFinding degraded_now() { return {degraded, "half of it"}; }

const HealthOutcome& of(const HealthReport& report, std::string_view name) {
    for (const HealthOutcome& each : report.checks)
        if (each.name == name) return each;
    std::abort();
}

class HealthTest : public ClientTest {
protected:
    const Segment segment_ = opened();
};

// Fails if a check is not asked, its answer is taken for another, or its weight does not count.
TEST_F(HealthTest, TheWorstCountsByItsWeight) {
    struct expected {
        HealthStatus found;
        bool critical;
        HealthStatus means;
    };
    for (const expected& each : {expected{healthy, true, healthy}, expected{degraded, true, degraded},
                                 expected{unhealthy, true, unhealthy}, expected{healthy, false, healthy},
                                 expected{degraded, false, degraded}, expected{unhealthy, false, degraded}}) {
        Health health;
        EXPECT_EQ(health.check().status, healthy) << "without checks";
        ASSERT_TRUE(health.add("first", [] { return true; }));
        ASSERT_TRUE(health.add("it", [&] { return HealthFinding{each.found, "so"}; }, each.critical));
        ASSERT_TRUE(health.add("last", [] { return Result<void>{}; }, false));
        const HealthReport report = health.check();
        EXPECT_EQ(report.status, each.means);
        EXPECT_EQ(report.ready(), each.means != unhealthy);
        EXPECT_EQ(report.http_status(), each.means == unhealthy ? 503 : 200);
        ASSERT_EQ(report.checks.size(), 3U);
        EXPECT_EQ(report.checks[0].name, "first");
        EXPECT_EQ(report.checks[1].status, each.found) << "of itself, whatever its weight";
        EXPECT_EQ(report.checks[1].critical, each.critical);
        EXPECT_EQ(report.checks[1].detail, "so");
        EXPECT_EQ(report.checks[2].name, "last");
    }
}

// Fails if what a check answers or throws is taken for health, or its text is lost.
TEST_F(HealthTest, WhatChecksAnswer) {
    Health health;
    ASSERT_TRUE(health.add("false", [] { return false; }));
    ASSERT_TRUE(health.add("error", []() -> Result<int> { return std::unexpected(Error{Errc::timeout, "too late"}); }));
    ASSERT_TRUE(health.add("value", []() -> Result<int> { return 0; }));
    ASSERT_TRUE(health.add("throws", []() -> bool { throw std::runtime_error{"no route"}; }));
    ASSERT_TRUE(health.add("throws what it likes", []() -> bool { throw 7; }));
    const HealthReport report = health.check();
    EXPECT_EQ(report.status, unhealthy);
    EXPECT_EQ(of(report, "false").status, unhealthy);
    EXPECT_EQ(of(report, "error").status, unhealthy);
    EXPECT_EQ(of(report, "error").detail, "too late");
    EXPECT_EQ(of(report, "value").status, healthy);
    EXPECT_EQ(of(report, "throws").status, unhealthy);
    EXPECT_EQ(of(report, "throws").detail, "no route");
    EXPECT_EQ(of(report, "throws what it likes").status, unhealthy);
}

// Fails if two checks share a name, one without a name is taken, or one that was removed is asked.
TEST_F(HealthTest, NamesAreUnique) {
    Health health;
    ASSERT_TRUE(health.add("it", [] { return true; }));
    EXPECT_EQ(health.add("it", [] { return false; }).error().code, Errc::invalid_argument);
    EXPECT_EQ(health.add("", [] { return false; }).error().code, Errc::invalid_argument);
    EXPECT_EQ(health.check().status, healthy);
    Health same = health;
    EXPECT_TRUE(same.remove("it"));
    EXPECT_FALSE(same.remove("it"));
    EXPECT_TRUE(health.check().checks.empty()) << "copies share their checks";
}

// Fails if a check that hangs keeps others waiting (for ever), is run twice at once, or nobody learns that it hangs.
TEST_F(HealthTest, ACheckThatHangsKeepsNobodyElse) {
    for (const bool patient : {true, false}) {
        Health health{patient ? std::chrono::nanoseconds{1h} : 0ns};
        std::atomic<int> runs = 0, inside = 0, most = 0;
        std::latch running{1}, release{1};
        ASSERT_TRUE(health.add("it", [&] {
            most = std::max<int>(most, ++inside);
            if (runs++ > 0) return --inside, true;  // later, when it has come back
            running.count_down();
            release.wait();
            return --inside, true;
        }));
        std::jthread first{[&] { EXPECT_EQ(health.check().status, healthy); }};
        running.wait();
        const HealthReport report = health.check();
        EXPECT_EQ(report.status, patient ? healthy : unhealthy);
        EXPECT_NE(report.checks[0].detail.find(patient ? "first time" : "it hangs"), std::string::npos)
            << report.checks[0].detail;
        release.count_down();
        first.join();
        EXPECT_EQ(health.check().status, healthy) << "it has come back";
        EXPECT_EQ(most, 1);
    }
}

// Fails if what was found the last time is forgotten while another thread looks.
TEST_F(HealthTest, WhileItRunsTheLastAnswerHolds) {
    Health health{1h};
    std::atomic<bool> wait = false;
    std::latch running{1}, release{1};
    ASSERT_TRUE(health.add("it", [&]() -> HealthFinding {
        if (!wait) return degraded_now();
        running.count_down();
        release.wait();
        return {};
    }));
    EXPECT_EQ(health.check().status, degraded);
    wait = true;
    std::jthread first{[&] { (void)health.check(); }};
    running.wait();
    EXPECT_EQ(health.check().checks[0].detail, "half of it");
    release.count_down();
}

// Fails if a check is not told in how long it should be done, or the thread keeps that deadline.
TEST_F(HealthTest, ChecksRunUnderADeadline) {
    Health health{1h};
    ASSERT_TRUE(health.add("it", [] { return Deadline::remaining() <= 1h; }));
    EXPECT_EQ(health.check().status, healthy);
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

// Fails if a fork in the middle of a check leaves it hanging in the child for ever.
TEST_F(HealthTest, AForkInTheMiddleLeavesNothingHanging) {
    Health health{0ns};
    std::latch running{1}, release{1};
    std::atomic<bool> wait = true;
    ASSERT_TRUE(health.add("it", [&] {
        if (wait.exchange(false)) {
            running.count_down();
            release.wait();
        }
        return true;
    }));
    std::jthread first{[&] { (void)health.check(); }};
    running.wait();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(health.check().status == healthy ? 0 : 1);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    release.count_down();
}

// Fails if the state of a breaker or a bulkhead is taken for another, or one that was deleted for health.
TEST_F(HealthTest, BreakersAndBulkheadsAreChecks) {
    const Breaker payments = must(segment_.breaker("payments", BreakerOptions{}));
    const Bulkhead database = must(segment_.bulkhead("database", {.max_concurrent = 2, .max_waiting = 0}));
    Health health;
    ASSERT_TRUE(health.add(payments));
    ASSERT_TRUE(health.add(database, true));
    EXPECT_EQ(health.check().status, healthy);
    ASSERT_EQ(payments.open(), Errc::none);
    EXPECT_EQ(of(health.check(), "breaker payments").status, unhealthy);
    EXPECT_EQ(health.check().status, degraded) << "it is not critical";
    ASSERT_EQ(payments.close(), Errc::none);
    {
        const auto one = must(database.try_acquire());
        EXPECT_EQ(health.check().status, healthy);
        const auto two = must(database.try_acquire());
        const HealthReport full = health.check();
        EXPECT_EQ(of(full, "bulkhead database").status, degraded);
        EXPECT_EQ(of(full, "bulkhead database").detail, "2 of 2 in use, 0 wait");
    }
    EXPECT_EQ(health.check().status, healthy);
    ASSERT_TRUE(segment_.remove_bulkhead("database"));
    EXPECT_EQ(health.check().status, unhealthy);
    EXPECT_NE(of(health.check(), "bulkhead database").detail.find("deleted"), std::string::npos);
}

// Fails if a bulkhead where as many wait as may is not told from one that is full.
TEST_F(HealthTest, ABulkheadWhereAsManyWaitAsMayIsUnhealthy) {
    const Bulkhead database =
        must(segment_.bulkhead("database", {.max_concurrent = 1, .max_wait = 1h, .max_waiting = 1}));
    Health health;
    ASSERT_TRUE(health.add(database));
    auto held = must(database.try_acquire());
    std::jthread waits{[&] { (void)database.acquire(); }};
    while (health.check().checks[0].status != unhealthy) std::this_thread::yield();
    held.release();
}

// Fails if a segment that is nearly full, or that nobody looks after, is called healthy.
TEST_F(HealthTest, ASegmentIsCheckedForRoomAndForSekid) {
    Health health;
    ASSERT_TRUE(health.add(segment_, {50, 90}));
    EXPECT_EQ(of(health.check(), "occupancy").status, healthy);
    EXPECT_EQ(of(health.check(), "sekid").status, unhealthy);
    EXPECT_EQ(health.check().status, degraded);
    for (int i = 0; i < 4; ++i) (void)must(segment_.retry("r" + std::to_string(i), RetryOptions{}));
    EXPECT_EQ(of(health.check(), "occupancy").status, degraded) << "4 of 8 primitives";
    for (int i = 4; i < 8; ++i) (void)must(segment_.retry("r" + std::to_string(i), RetryOptions{}));
    EXPECT_EQ(of(health.check(), "occupancy").status, unhealthy);
    EXPECT_EQ(of(health.check(), "occupancy").detail, "8 of 8 primitives are taken");

    layout::word& beat = segment_.handle()->where().header().heartbeat_ns;
    const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    for (const auto& [age, means] : {std::pair{0s, healthy}, {20s, degraded}, {31s, unhealthy}}) {
        shm::hardware::store_relaxed(beat, now - static_cast<std::uint64_t>(std::chrono::nanoseconds{age}.count()));
        EXPECT_EQ(of(health.check(), "sekid").status, means);
    }
}

// Fails if handlers are not told of a check, of its status, or how often it has been so.
TEST_F(HealthTest, HandlersAreToldOfEachCheck) {
    std::vector<std::string> told;
    const auto subscription = must(telemetry::attach("seki.health.check", [&](const telemetry::Event& event) {
        told.push_back(std::string{event.primitive} + " " + std::string{event.metadata[1].value} + " " +
                       std::to_string(event.measurements[0].value));
        EXPECT_EQ(event.metadata[0].value, event.primitive);
    }));
    Health health;
    bool fine = true;
    ASSERT_TRUE(health.add("it", [&] { return fine; }));
    (void)health.check();
    (void)health.check();
    fine = false;
    (void)health.check();
    EXPECT_EQ(told, (std::vector<std::string>{"it healthy 1", "it healthy 2", "it unhealthy 1"}));
}

// Fails if the JSON is none, whatever bytes names and details have, or says something else than the report.
TEST_F(HealthTest, AsJson) {
    HealthReport report{.status = degraded, .checks = {}};
    EXPECT_EQ(report.to_json(), R"({"status":"degraded","checks":[]})");
    report.checks.push_back(
        {.name = "a", .critical = false, .status = unhealthy, .detail = "\"\\\n\xff\u2028é", .took = 1500us});
    report.checks.push_back({.name = "b"});
    EXPECT_EQ(
        report.to_json(),
        "{\"status\":\"degraded\",\"checks\":[{\"name\":\"a\",\"critical\":false,\"status\":\"unhealthy\",\"detail\":"
        "\"\\\"\\\\\\u000a\xEF\xBF\xBD\\u2028é\",\"took_seconds\":0.001500},{\"name\":\"b\",\"critical\":true,"
        "\"status\":\"healthy\",\"detail\":\"\",\"took_seconds\":0.000000}]}");
}

}  // namespace
}  // namespace seki::test
