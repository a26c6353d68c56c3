// The breaker that workers call, on a real segment, with a clock that the test moves: its straight path through a refusal says what the law says.
#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "primitives/breaker.hpp"
#include "primitives/clock.hpp"
#include "primitives/registry.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

using namespace std::chrono_literals;
using nanos = algorithm::nanos;

class BreakerClock : public testing::Test {
protected:
    BreakerClock() {
        std::string folder = "/dev/shm/seki-breaker-clock-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        where_ =
            shm::segment::create_or_attach(folder_ / "a.seg", {.max_workers = 2, .max_primitives = 4, .size = 1 << 19})
                .value();
        in_ = std::make_shared<const shm::attachment>(where_);
    }
    ~BreakerClock() override {
        in_.reset();
        where_.reset();
        std::filesystem::remove_all(folder_);
    }

    // From then on the time is the test's, and later than that of the making.
    [[nodiscard]] primitives::breaker make(const BreakerOptions& options) {
        const auto place = primitives::breakers::find_or_make(*where_, "it", options).value();
        now = primitives::read_clock(Clock::precise) + algorithm::breaker::second;
        return {in_, place};
    }
    [[nodiscard]] auto clock() const {
        return [this] { return now; };
    }
    [[nodiscard]] bool is_let_in(const primitives::breaker& it) { return it.admit(pass, clock()).error == Errc::none; }
    void fails(const primitives::breaker& it) {
        ASSERT_TRUE(is_let_in(it));
        it.report(pass, Outcome::error, clock());
    }
    // Refused to the last nanosecond of the wait, each time with what is left of it; then the next call is let in.
    void expect_refused_for(const primitives::breaker& it, std::chrono::nanoseconds wait) {
        const auto whole = static_cast<nanos>(wait.count());
        const nanos opened = now;
        for (const nanos passed : {nanos{0}, nanos{1}, whole / 2, whole - 1}) {
            now = opened + passed;
            const auto answer = it.admit(pass, clock());
            EXPECT_EQ(answer.error, Errc::circuit_open);
            EXPECT_EQ(answer.retry_after, whole - passed) << passed << " ns of " << whole;
        }
        now = opened + whole;
    }

    nanos now = 0;
    detail::breaker_pass pass;

private:
    std::filesystem::path folder_;
    std::shared_ptr<shm::segment> where_;
    std::shared_ptr<const shm::attachment> in_;
};

// Fails if an open breaker lets somebody in a nanosecond too soon or too late, tells another time than is left, or forgets to back off.
TEST_F(BreakerClock, RefusesForExactlyTheWaitWhichGrowsWithEachBadProbe) {
    const primitives::breaker it = make({.window_size = 2,
                                         .minimum_calls = 2,
                                         .wait_duration = 20ms,
                                         .wait_multiplier = 3,
                                         .wait_duration_max = 400ms,
                                         .half_open_requests = 1});
    for (int i = 0; i < 2; ++i) fails(it);
    for (const auto wait : std::vector<std::chrono::nanoseconds>{20ms, 60ms, 180ms, 400ms, 400ms}) {
        expect_refused_for(it, wait);
        fails(it);
    }
    expect_refused_for(it, 400ms);
    ASSERT_TRUE(is_let_in(it));
    it.report(pass, Outcome::ok, clock());
    for (int i = 0; i < 2; ++i) fails(it);
    expect_refused_for(it, 20ms);
}

// Fails if a breaker that does not back off waits longer each time.
TEST_F(BreakerClock, WithoutAMultiplierTheWaitStaysAsItIs) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 7ms, .half_open_requests = 1});
    fails(it);
    for (int i = 0; i < 3; ++i) {
        expect_refused_for(it, 7ms);
        fails(it);
    }
}

// Fails if a call whose clock is behind that of the one who opened it, by as much as clocks differ, is let in, or told another wait than by its own clock.
TEST_F(BreakerClock, AClockThatIsBehindIsRefusedByItsOwnTime) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 5s, .half_open_requests = 1});
    fails(it);
    const nanos opened = now;
    now = opened - algorithm::breaker::clock_slack;
    const auto answer = it.admit(pass, clock());
    EXPECT_EQ(answer.error, Errc::circuit_open);
    EXPECT_EQ(answer.retry_after, static_cast<nanos>(std::chrono::nanoseconds{6s}.count()));
    EXPECT_EQ(it.shared().look().since, opened) << "a time that was somebody's is replaced";
    now = opened - algorithm::breaker::clock_slack - 1;
    EXPECT_EQ(it.admit(pass, clock()).error, Errc::circuit_open);
    EXPECT_EQ(it.shared().look().since, now) << "a time that was nobody's stays";
}

}  // namespace
}  // namespace seki::test
