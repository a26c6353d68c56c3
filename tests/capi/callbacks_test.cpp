// Functions of the caller that the library calls: they may throw after all, and their threads may be cancelled.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

using testing::HasSubstr;

class Callbacks : public CapiTest {
protected:
    [[nodiscard]] seki_breaker_status calls() const {
        seki_breaker_status status = SEKI_BREAKER_STATUS_INIT;
        must(seki_breaker_get_status(breaker, &status));
        return status;
    }
    [[nodiscard]] std::uint64_t permits_in_use() const {
        seki_bulkhead_status status = SEKI_BULKHEAD_STATUS_INIT;
        must(seki_bulkhead_get_status(bulkhead, &status));
        return status.in_use;
    }
};

// Waits to be cancelled, or left by pthread_exit().
void wait_for_the_end(std::atomic<bool>& entered) {
    entered = true;
    for (;;) ::pause();
}

// Runs `body` in a thread and cancels it once `entered`; whether it ended so.
template <class Body>
bool is_cancelled(Body body, const std::atomic<bool>& entered) {
    pthread_t thread{};
    const auto run = [](void* of) -> void* {
        (*static_cast<Body*>(of))();
        return nullptr;
    };
    if (pthread_create(&thread, nullptr, run, &body) != 0) std::abort();
    while (!entered) sched_yield();
    pthread_cancel(thread);
    void* ended = nullptr;
    pthread_join(thread, &ended);
    return ended == PTHREAD_CANCELED;
}

// Fails if an exception of a function that is C++ after all ends the process, goes through C, or leaves a permit behind.
TEST_F(Callbacks, AnExceptionEndsInTheCallAsAFailure) {
    const seki_function throws = [](void*) -> seki_outcome { throw std::runtime_error("no money"); };
    EXPECT_EQ(seki_breaker_call(breaker, throws, nullptr, nullptr), SEKI_ERROR_CALL_FAILED);
    EXPECT_THAT(seki_last_error_message(),
                HasSubstr("seki_breaker_call(): the function that it called threw: no money"));
    const seki_demand demand = SEKI_DEMAND(limiter, "alice", 5, 1);
    EXPECT_EQ(seki_execute(
                  breaker, &demand, [](void*) -> seki_outcome { throw 7; }, nullptr, nullptr),
              SEKI_ERROR_CALL_FAILED);
    EXPECT_EQ(calls().errors, 2U);
    EXPECT_EQ(left(), 5U);
    EXPECT_EQ(seki_bulkhead_call(bulkhead, [](void*) { throw std::bad_alloc{}; }, nullptr), SEKI_ERROR_CALL_FAILED);
    EXPECT_EQ(permits_in_use(), 0U);
}

// Fails if a handler's exception, or that of its release(), ends the process, or is not counted.
TEST_F(Callbacks, AHandlersExceptionIsCounted) {
    seki_subscription* subscription = nullptr;
    const std::uint64_t before = seki_telemetry_handler_failures();
    must(seki_telemetry_attach(
        "seki.rate_limit.*", [](const seki_event*, void*) { throw std::runtime_error("no"); }, nullptr,
        [](void*) { throw 7; }, &subscription));
    seki_decision decision = SEKI_DECISION_INIT;
    must(seki_limiter_check(limiter, "alice", 5, 1, &decision));
    EXPECT_EQ(decision.allowed, 1U);
    EXPECT_EQ(seki_telemetry_handler_failures(), before + 1);
    seki_telemetry_detach(subscription);
}

// Fails if a handler that detaches itself waits for itself, is called again, or loses what it brought.
TEST_F(Callbacks, AHandlerMayDetachItself) {
    struct state {
        seki_subscription* subscription = nullptr;
        int told = 0, released = 0;
    } of;
    must(seki_telemetry_attach(
        "*",
        [](const seki_event*, void* context) {
            auto& mine = *static_cast<state*>(context);
            ++mine.told;
            seki_telemetry_detach(mine.subscription);
            EXPECT_EQ(mine.released, 0);
        },
        &of, [](void* context) { ++static_cast<state*>(context)->released; }, &of.subscription));
    seki_decision decision = SEKI_DECISION_INIT;
    must(seki_limiter_check(limiter, "alice", 5, 1, &decision));
    must(seki_limiter_check(limiter, "alice", 5, 1, &decision));
    EXPECT_EQ(of.told, 1);
    EXPECT_EQ(of.released, 1);
}

// Fails if a thread that is cancelled inside its function ends the process, or keeps its permit or probe.
TEST_F(Callbacks, AThreadMayBeCancelledInItsFunction) {
    std::atomic<bool> entered{false};
    EXPECT_TRUE(is_cancelled(
        [&] {
            (void)seki_breaker_call(
                breaker,
                [](void* context) -> seki_outcome {
                    wait_for_the_end(*static_cast<std::atomic<bool>*>(context));
                    return SEKI_OUTCOME_OK;
                },
                &entered, nullptr);
        },
        entered));
    EXPECT_EQ(calls().errors, 1U);
    entered = false;
    EXPECT_TRUE(is_cancelled(
        [&] {
            (void)seki_bulkhead_call(
                bulkhead, [](void* context) { wait_for_the_end(*static_cast<std::atomic<bool>*>(context)); }, &entered);
        },
        entered));
    EXPECT_EQ(permits_in_use(), 0U);
}

// Fails if a thread that is cancelled while it waits, opens or is told of something ends the process, or is not cancelled afterwards.
TEST_F(Callbacks, AThreadThatIsCancelledInTheLibraryIsCancelledWhenItComesOut) {
    std::atomic<bool> entered{false};
    seki_permit taken[10];
    for (seki_permit& each : taken) {
        each = SEKI_PERMIT_INIT;
        must(seki_bulkhead_try_acquire(bulkhead, &each));
    }
    int came_out = 0;
    const auto& where = path();
    EXPECT_TRUE(is_cancelled(
        [&] {
            seki_permit permit = SEKI_PERMIT_INIT;
            seki_decision decision = SEKI_DECISION_INIT;
            seki_segment* opened = nullptr;
            pthread_cancel(pthread_self());
            came_out += seki_bulkhead_acquire(bulkhead, 2'000'000, &permit) == SEKI_ERROR_TIMEOUT ? 1 : 0;
            came_out += seki_open(where.c_str(), nullptr, &opened) == SEKI_OK ? 1 : 0;
            came_out += seki_segment_maintain(opened) == SEKI_OK ? 1 : 0;
            came_out += seki_limiter_acquire(limiter, "alice", 5, 6, 1'000'000, &decision) == SEKI_OK ? 1 : 0;
            seki_close(opened);
            entered = true;
            for (;;) pthread_testcancel();
        },
        entered));
    EXPECT_EQ(came_out, 4);
    for (seki_permit& each : taken) must(seki_permit_release(&each));
}

}  // namespace
}  // namespace seki::test
