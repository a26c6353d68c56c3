// Which call is named for which number.
#include "otlp/exemplars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seki::otlp {
namespace {

using layout::event_kind;
using testing::IsEmpty;
using testing::SizeIs;

report::event_facts call(std::uint64_t duration_ns, std::uint64_t trace, std::uint8_t outcome = 1) {
    report::event_facts event;
    event.head.kind = event_kind::breaker_call;
    event.head.detail = outcome;
    event.primitive = std::make_shared<const std::string>("payments");
    event.first = duration_ns;
    event.trace_low = trace;
    event.span = trace + 1;
    return event;
}

prometheus::ClientMetric sample(std::vector<prometheus::ClientMetric::Label> labels) {
    prometheus::ClientMetric made;
    made.label = std::move(labels);
    return made;
}

struct Kept : testing::Test {
    exemplars all;
    std::vector<exemplar> durations() const {
        return all.of("seki_breaker_call_duration_seconds", sample({{"breaker", "payments"}}));
    }
    std::vector<exemplar> calls(const char* outcome) const {
        return all.of("seki_breaker_calls_total", sample({{"breaker", "payments"}, {"outcome", outcome}}));
    }
};

// Fails when a busy bucket pushes a rare one out: the slow call is the one that is looked for.
TEST_F(Kept, TheLatestOfEachBucket) {
    all.add(call(2'000'000'000, 1));
    for (std::uint64_t i = 2; i < 100; ++i) all.add(call(1'000, i));
    ASSERT_THAT(durations(), SizeIs(2));
    EXPECT_EQ(durations()[0].trace[1], 99U);
    EXPECT_EQ(durations()[0].span, 100U);
    EXPECT_EQ(durations()[1].trace[1], 1U);
    EXPECT_EQ(durations()[1].value, 2);
    EXPECT_THAT(calls("ok"), SizeIs(1));
    all.clear();
    EXPECT_THAT(durations(), IsEmpty());
}

// Fails when a call without a trace is named, or one that was not made is said to have taken no time.
TEST_F(Kept, NothingOfACallWithoutTraceAndNoTimeOfOneThatWasRefused) {
    all.add(call(5, 0));
    EXPECT_THAT(calls("ok"), IsEmpty());
    all.add(call(5, 7, primitives::outcome_rejected));
    EXPECT_THAT(durations(), IsEmpty());
    EXPECT_THAT(calls("rejected"), SizeIs(1));
}

// Fails when whoever writes into the segment can make sekid keep without end, or a name of nonsense ends it.
TEST_F(Kept, IsBounded) {
    for (int i = 0; i < 10'000; ++i) {
        auto event = call(5, 7);
        event.primitive = std::make_shared<const std::string>("\xff" + std::to_string(i));
        all.add(event);
    }
    auto nameless = call(5, 7);
    nameless.primitive = nullptr;
    all.add(nameless);
    all.add(call(5, 7));
    EXPECT_THAT(durations(), IsEmpty());
}

}  // namespace
}  // namespace seki::otlp
