// One process scribbles on breakers, bulkheads, retries, counters and event rings, with words that are nearly right, while others call, wait, change options, drain,
// look and mend.
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "primitives/clock.hpp"
#include "primitives/registry.hpp"
#include "report/doctor.hpp"
#include "shm/processes.hpp"
#include "shm/workers.hpp"
#include "support/seed.hpp"
#include "targets.hpp"
#include "walk.hpp"

namespace seki::test {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

BreakerOptions by_calls() { return {.window_size = 30, .wait_duration = 1ms, .half_open_requests = 3}; }
BreakerOptions by_time() {
    BreakerOptions options = by_calls();
    options.window_type = WindowType::time;
    options.window_size = 20s;
    return options;
}
BulkheadOptions bulkhead_options() { return {.max_concurrent = 5, .max_wait = 1ms, .max_waiting = 3}; }
RetryOptions retry_options() {
    return {.max_attempts = 9, .base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 5};
}
AdaptiveOptions adaptive_options() {
    return {.algorithm = AdaptiveLaw::aimd, .max_limit = 5, .initial_limit = 5, .window = 20};
}
ShedderOptions shedder_options() { return {.max_in_flight = 10, .target = 1ms, .interval = 1ms}; }
HedgeOptions hedge_options() {
    return {.delay = 1ms, .percentile = 90, .min_delay = 1us, .ratio = 0, .min_per_second = 5};
}
PolicyOptions policy_options() { return {.deadline = 1s, .bulkhead = "permits", .breaker = "calls", .retry = "again"}; }

void make_all(const shm::segment& where) {
    using namespace primitives;
    ASSERT_TRUE(breakers::find_or_make(where, "calls", by_calls()));
    ASSERT_TRUE(breakers::find_or_make(where, "time", by_time()));
    ASSERT_TRUE(bulkheads::find_or_make(where, "permits", bulkhead_options()));
    ASSERT_TRUE(adaptives::find_or_make(where, "limit", adaptive_options()));
    ASSERT_TRUE(shedders::find_or_make(where, "door", shedder_options()));
    ASSERT_TRUE(retries::find_or_make(where, "again", retry_options()));
    ASSERT_TRUE(hedges::find_or_make(where, "search", hedge_options()));
    ASSERT_TRUE(policies::find_or_make(where, "order", policy_options()));
}
void remove_all(const shm::segment& where) {
    using namespace primitives;
    for (const char* name : {"calls", "time"}) ASSERT_TRUE(breakers::remove(where, name));
    ASSERT_TRUE(bulkheads::remove(where, "permits"));
    ASSERT_TRUE(adaptives::remove(where, "limit"));
    ASSERT_TRUE(shedders::remove(where, "door"));
    ASSERT_TRUE(retries::remove(where, "again"));
    ASSERT_TRUE(hedges::remove(where, "search"));
    // One all of whose names were scribbled on was deleted by the doctor.
    const auto gone = policies::remove(where, "order");
    ASSERT_TRUE(gone || gone.error().code == Errc::not_found);
}

// A process that does something `times` times with the segment, as one that has just attached, and has a minute for that.
child process(const std::filesystem::path& path, int times,
              const std::function<void(const std::shared_ptr<shm::segment>&)>& does) {
    return child{[=](const line&) {
        ::alarm(60);
        const auto where = shm::segment::attach(path, shm::segment::access::read_write);
        for (int i = 0; where && i < times; ++i) does(*where);
        return where.has_value();
    }};
}

// Fails when somebody's call crashes or does not come back, when something stays broken, or when what is made anew there does not work.
TEST(ScribbledPrimitives, HarmNobodyAndAreMended) {
    const std::uint64_t seed = seed_or(20261125);
    const scratch_segment segment{4, 8};
    for (std::uint64_t round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        make_all(*segment);
        const child scribbler = process(segment.path(), 1, [&](const auto& where) {
            std::mt19937_64 random{seed + round};
            for (const hostile::targets aim{*where};;) aim.scribble(random);  // ends with the round
        });
        const auto works = [](const auto& where) { hostile::worker{where}.use(); };
        const auto looks = [](const auto& where) {
            const std::uint64_t soon = primitives::read_clock(Clock::precise) + 1'000'000'000;
            hardware::store_relaxed(where->header().id.listening, soon);  // so that all events are told
            hardware::store_relaxed(where->header().event_sample, ~0ULL);
            hostile::walk(*where);
            hostile::read_events(*where);
        };
        const auto mends = [](const auto& where) { (void)report::repair(*where); };
        std::vector<child> others;
        for (int i = 0; i < 2; ++i) others.push_back(process(segment.path(), 5, works));
        others.push_back(process(segment.path(), 5, looks));
        others.push_back(process(segment.path(), 3, mends));
        for (child& each : others) EXPECT_TRUE(each.succeeded());
        scribbler.kill();

        (void)shm::reap(*segment);
        hostile::mend(*segment);
        remove_all(*segment);
        make_all(*segment);
        EXPECT_TRUE(report::examine(*segment).empty());
        const auto in = std::make_shared<const shm::attachment>(segment.get());
        for (const char* name : {"calls", "time"}) {
            const primitives::breaker breaker{in, *primitives::breakers::find(*segment, name)};
            detail::breaker_pass pass;
            EXPECT_EQ(breaker.admit(pass, [] { return primitives::read_clock(Clock::precise); }).error, Errc::none);
        }
        const primitives::bulkhead bulkhead{in, *primitives::bulkheads::find(*segment, "permits")};
        for (int i = 0; i < 6; ++i) {
            primitives::bulkhead::patience none;
            EXPECT_EQ(bulkhead.take(none).error, i < 5 ? Errc::none : Errc::bulkhead_full);
        }
        const primitives::adaptive adaptive{in, *primitives::adaptives::find(*segment, "limit")};
        for (int i = 0; i < 6; ++i) {
            primitives::bulkhead::patience none;
            EXPECT_EQ(adaptive.take(none).error, i < 5 ? Errc::none : Errc::bulkhead_full);
        }
        const primitives::shedder shedder{in, *primitives::shedders::find(*segment, "door")};
        for (int i = 0; i < 8; ++i)
            EXPECT_EQ(shedder.admit(3, primitives::shedder::not_known).error, i < 7 ? Errc::none : Errc::load_shed);
        EXPECT_EQ(primitives::policy(in, *primitives::policies::find(*segment, "order")).options(), policy_options());
        const primitives::retry retry{in, *primitives::retries::find(*segment, "again")};
        detail::retry_run run;
        EXPECT_EQ(retry.begin(run), Errc::none);
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(retry.fail(run, 0ns)) << i;
        const primitives::hedge hedge{in, *primitives::hedges::find(*segment, "search")};
        detail::hedge_run call;
        EXPECT_EQ(hedge.begin(call), Errc::none);
        EXPECT_EQ(call.delay_ns, 1'000'000U) << "it remembers calls that were scribbled, or its predecessor's";
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(hedge.may_add()) << i;
        remove_all(*segment);
    }
}

}  // namespace
}  // namespace seki::test
