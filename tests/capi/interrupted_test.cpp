// Who waits may be told to stop. Fails when a call that need not wait asks, when one goes on waiting after a no, and when it leaves or counts something.
#include <chrono>

#include <gtest/gtest.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

constexpr std::int64_t an_hour = 3'600'000'000'000;

// Says yes so many times, then no.
struct patience {
    int yes = 0;
    int asked = 0;
    static int ask(void* context) {
        auto& self = *static_cast<patience*>(context);
        return ++self.asked <= self.yes ? 1 : 0;
    }
};

class Interrupted : public CapiTest {
protected:
    ~Interrupted() override { seki_before_sleep(nullptr, nullptr); }

    seki_bulkhead* of_one(const char* name) {
        seki_bulkhead_options options = SEKI_BULKHEAD_OPTIONS_INIT;
        options.max_concurrent = 1;
        seki_bulkhead* made = nullptr;
        must(seki_bulkhead_create(segment, name, &options, &made));
        return made;
    }
    seki_limiter* one_an_hour(const char* name, std::int32_t algorithm) {
        seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
        options.algorithm = algorithm;
        options.limit = 1;
        options.window_ns = an_hour;
        options.burst = 100;
        options.max_keys = 16;
        seki_limiter* made = nullptr;
        must(seki_limiter_create(segment, name, &options, &made));
        return made;
    }
};

TEST_F(Interrupted, NobodyIsAskedByACallThatNeedNotWait) {
    patience none;
    seki_before_sleep(patience::ask, &none);
    seki_permit permit = SEKI_PERMIT_INIT;
    EXPECT_EQ(seki_bulkhead_acquire(bulkhead, an_hour, &permit), SEKI_OK);
    EXPECT_EQ(seki_permit_release(&permit), SEKI_OK);
    seki_decision d = SEKI_DECISION_INIT;
    EXPECT_EQ(seki_limiter_acquire(limiter, "alice", 5, 1, an_hour, &d), SEKI_OK);
    EXPECT_EQ(d.allowed, 1U);
    EXPECT_EQ(none.asked, 0);
}

TEST_F(Interrupted, AWaitForAPermitEndsWithTheFirstNoAndWaitsNoMore) {
    seki_bulkhead* one = of_one("one");
    seki_permit held = SEKI_PERMIT_INIT, wanted = SEKI_PERMIT_INIT;
    must(seki_bulkhead_acquire(one, 0, &held));
    patience some{.yes = 2};
    seki_before_sleep(patience::ask, &some);
    EXPECT_EQ(seki_bulkhead_acquire(one, an_hour, &wanted), SEKI_ERROR_INTERRUPTED);
    EXPECT_EQ(some.asked, 3);
    EXPECT_STREQ(seki_status_name(SEKI_ERROR_INTERRUPTED), "interrupted");
    seki_bulkhead_status status = SEKI_BULKHEAD_STATUS_INIT;
    must(seki_bulkhead_get_status(one, &status));
    EXPECT_EQ(status.waiting, 0U);
    EXPECT_EQ(status.rejected, 0U);
    EXPECT_EQ(wanted.held, 0U);
    must(seki_permit_release(&held));
    EXPECT_EQ(seki_bulkhead_acquire(one, an_hour, &wanted), SEKI_OK);
    must(seki_permit_release(&wanted));
    seki_bulkhead_free(one);
}

TEST_F(Interrupted, AWaitForALimitEndsWithTheFirstNoAndSpendsNothing) {
    seki_limiter* gcra = one_an_hour("gcra", SEKI_ALGORITHM_GCRA);
    seki_decision d = SEKI_DECISION_INIT;
    must(seki_limiter_check(gcra, "alice", 5, 100, &d));
    patience none;
    seki_before_sleep(patience::ask, &none);
    EXPECT_EQ(seki_limiter_acquire(gcra, "alice", 5, 1, 2 * an_hour, &d), SEKI_ERROR_INTERRUPTED);
    EXPECT_EQ(d.error, SEKI_ERROR_INTERRUPTED);
    EXPECT_EQ(d.allowed, 0U);
    EXPECT_EQ(none.asked, 1);
    must(seki_limiter_peek(gcra, "alice", 5, 1, &d));
    EXPECT_LE(d.retry_after_ns, an_hour);
    seki_limiter_free(gcra);
}

TEST_F(Interrupted, AWaitForATurnInAQueueEndsWithTheFirstNo) {
    seki_limiter* queue = one_an_hour("queue", SEKI_ALGORITHM_LEAKY_BUCKET);
    seki_decision d = SEKI_DECISION_INIT;
    must(seki_limiter_check(queue, "alice", 5, 1, &d));
    patience once{.yes = 1};
    seki_before_sleep(patience::ask, &once);
    EXPECT_EQ(seki_limiter_acquire(queue, "alice", 5, 1, 2 * an_hour, &d), SEKI_ERROR_INTERRUPTED);
    EXPECT_EQ(d.allowed, 0U);
    EXPECT_EQ(once.asked, 2);
    seki_limiter_free(queue);
}

// Fails when it sleeps on after a no, makes an attempt after it, or asks where no delay is.
TEST_F(Interrupted, AWaitForTheNextAttemptEndsWithTheFirstNoAndNoAttemptFollows) {
    seki_retry_options options = SEKI_RETRY_OPTIONS_INIT;
    options.jitter = SEKI_JITTER_NONE;
    options.base_delay_ns = options.max_delay_ns = an_hour;
    seki_retry* patient = nullptr;
    must(seki_retry_create(segment, "patient", &options, &patient));
    const seki_function fails = [](void* calls) -> seki_outcome {
        ++*static_cast<int*>(calls);
        return SEKI_OUTCOME_ERROR;
    };
    int calls = 0;
    patience once{.yes = 1};
    seki_before_sleep(patience::ask, &once);
    EXPECT_EQ(seki_retry_call(patient, fails, &calls), SEKI_ERROR_INTERRUPTED);
    EXPECT_STREQ(seki_last_error_message(),
                 "retry \"patient\": the calling thread was told to stop waiting for the next attempt");
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(once.asked, 2);
    options.base_delay_ns = options.max_delay_ns = 0;
    must(seki_retry_change(segment, "patient", &options));
    patience none;
    seki_before_sleep(patience::ask, &none);
    EXPECT_EQ(seki_retry_call(patient, fails, &calls), SEKI_ERROR_CALL_FAILED);
    EXPECT_EQ(calls, 4);
    EXPECT_EQ(none.asked, 0);
    seki_retry_free(patient);
}

}  // namespace
}  // namespace seki::test
