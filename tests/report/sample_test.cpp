// The few numbers of each second, against the snapshot that reads everything.
#include "report/sample.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_fixture.hpp"
#include "report/snapshot.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using test::must;

struct SampleTest : test::ClientTest {
    Segment segment = must(open(path(), roomy()));

    static OpenOptions roomy() {
        OpenOptions options = small();
        options.segment.max_primitives = 16;
        options.segment.size = 16 << 20;
        return options;
    }
    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    // By name of the column.
    [[nodiscard]] std::uint64_t value(layout::kind kind, std::string_view name) const {
        for (const sample& each : take_samples(where())) {
            const auto columns = columns_of(kind);
            for (std::size_t i = 0; each.at.kind == kind && i < columns.size(); ++i)
                if (columns[i].name == name) return each.values[i];
        }
        ADD_FAILURE() << "no column " << name;
        return 0;
    }
};

// Fails if a column has another number than the snapshot, of any kind; that one is tested against calls elsewhere.
TEST_F(SampleTest, EveryColumnIsWhatASnapshotSays) {
    using enum layout::kind;
    const Limiter login = must(segment.limiter("it", {.limit = 5, .window = 1h, .max_keys = 64}));
    const Breaker payments = must(segment.breaker("it", {.minimum_calls = 3}));
    const Bulkhead database = must(segment.bulkhead("it", {.max_concurrent = 2}));
    const Adaptive api = must(segment.adaptive("it", AdaptiveOptions{}));
    const Shedder front = must(segment.shedder("it", {.max_in_flight = 2}));
    const Retry mail = must(segment.retry("it", {.base_delay = 1ms, .ratio = 0.0, .min_per_second = 1}));
    (void)must(segment.hedge("it", HedgeOptions{}));
    for (int i = 0; i < 9; ++i) (void)login.check("alice");
    (void)payments.call([] { return 0; }, [](int) { return Outcome::ignore; });
    // By a thread that ends: its counts stay.
    std::thread{[&] {
        for (int i = 0; i < 4; ++i)
            (void)payments.call([]() -> std::expected<void, int> { return std::unexpected(1); });
    }}.join();
    const auto held = database.try_acquire(), second = database.try_acquire();
    EXPECT_FALSE(database.try_acquire());
    const auto adapted = api.try_acquire();
    const auto one = front.admit(1), two = front.admit(1), shed = front.admit(1);
    const auto within = front.admit(0), beyond = front.admit(0);
    for (int i = 0; i < 40; ++i) (void)mail.call([]() -> std::expected<void, int> { return std::unexpected(1); });

    const snapshot all = take(where());
    const auto& counted = all.limiters.front().counters;
    EXPECT_EQ(value(limiter, "allowed"), counted.allow);
    EXPECT_EQ(value(limiter, "denied"), counted.deny);
    EXPECT_EQ(value(limiter, "denied"), 4U);
    EXPECT_EQ(value(limiter, "shadow_denied"), counted.shadow_deny);
    const auto& calls = all.breakers.front();
    EXPECT_EQ(value(breaker, "error"), calls.counters.error);
    EXPECT_EQ(value(breaker, "error"), 3U);
    EXPECT_EQ(value(breaker, "rejected"), calls.counters.rejected);
    EXPECT_EQ(value(breaker, "rejected"), 1U);
    EXPECT_EQ(value(breaker, "ok"), calls.counters.ok);
    EXPECT_EQ(value(breaker, "slow"), calls.counters.slow);
    EXPECT_EQ(value(breaker, "ignored"), calls.counters.ignored);
    EXPECT_EQ(value(breaker, "ignored"), 1U);
    EXPECT_EQ(value(breaker, "state"), static_cast<std::uint64_t>(BreakerState::open));
    EXPECT_EQ(value(bulkhead, "acquired"), 2U);
    EXPECT_EQ(value(bulkhead, "rejected"), all.bulkheads.front().status.rejected);
    EXPECT_EQ(value(bulkhead, "in_use"), 2U);
    EXPECT_EQ(value(bulkhead, "waiting"), 0U);
    EXPECT_EQ(value(adaptive, "in_use"), 1U);
    EXPECT_EQ(value(adaptive, "limit"), all.adaptives.front().status.limit);
    EXPECT_EQ(value(shedder, "admitted") + value(shedder, "shed"), 5U);
    EXPECT_EQ(value(shedder, "in_flight"), 3U);
    EXPECT_EQ(value(shedder, "in_flight"), all.shedders.front().status.in_flight);
    const RetryStatus retried = all.retries.front().status;
    EXPECT_EQ(value(retry, "calls"), 40U);
    EXPECT_EQ(value(retry, "retries"), retried.retries);
    EXPECT_EQ(value(retry, "exhausted"), retried.exhausted);
    EXPECT_EQ(value(retry, "budget_denied"), retried.denied);
    EXPECT_EQ(value(hedge, "calls"), 0U);
}

// Fails if a kind has more columns than there is room for, or refuses in no column where it can refuse.
TEST(Columns, AllFit) {
    for (auto kind = layout::kind::limiter; kind != layout::kind::policy;
         kind = static_cast<layout::kind>(static_cast<std::uint64_t>(kind) + 1)) {
        const auto columns = columns_of(kind);
        EXPECT_LE(columns.size(), sample_columns);
        EXPECT_EQ(std::ranges::count(columns, column_of::refusal, &sample_column::is), 1);
    }
    EXPECT_TRUE(columns_of(layout::kind::policy).empty());
}

}  // namespace
}  // namespace seki::report
