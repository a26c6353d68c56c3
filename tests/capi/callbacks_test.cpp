// Functions of the caller that the library calls: they may be of C++ after all, and throw.
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

}  // namespace
}  // namespace seki::test
