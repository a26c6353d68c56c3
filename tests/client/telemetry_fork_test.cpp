// Handlers in a child of fork().
#include <seki/telemetry.hpp>

#include <atomic>
#include <latch>
#include <thread>

#include "client_fixture.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

using TelemetryFork = ClientTest;

// Fails if a child is not told, or hangs in detaching because a thread that it does not have was inside a handler.
TEST_F(TelemetryFork, HandlersSurviveAForkInTheMiddleOfACall) {
    const Segment segment = opened();
    const Limiter logins = must(segment.limiter("logins", six_a_year()));
    std::latch inside{1}, go_on{1};
    std::atomic<int> calls{0};
    auto kept = must(telemetry::attach("*", [&](const telemetry::Event&) {
        if (++calls > 1) return;
        inside.count_down();
        go_on.wait();
    }));
    std::jthread caller{[&] { (void)logins.check("alice"); }};
    inside.wait();
    child forked{[&](const line&) {
        (void)logins.check("bob");
        kept = telemetry::Subscription{};
        (void)logins.check("carol");
        return calls == 2;
    }};
    EXPECT_TRUE(forked.succeeded());
    go_on.count_down();
}

}  // namespace
}  // namespace seki::test
