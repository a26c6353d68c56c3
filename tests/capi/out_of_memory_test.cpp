// Memory that runs out is an error like others, here too. A program of its own, because it replaces operator new, as the sanitizers do.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "capi_fixture.hpp"

// Not inlined: g++ would see half of a pair, and warn of it.
namespace {
thread_local constinit int until_failure = 0;  // 0: none is about to fail
void* allocate(std::size_t size) noexcept {
    if (until_failure > 0 && --until_failure == 0) return nullptr;
    return std::malloc(size == 0 ? 1 : size);
}
}  // namespace
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (void* const memory = allocate(size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace seki::test {
namespace {

using testing::AnyOf;

class CapiOutOfMemory : public CapiTest {
protected:
    // Makes the call again and again, its first allocation failing, then its second, until one goes through without. `undo` follows each that went well.
    static void each_allocation_fails(
        const std::function<seki_status()>& call, seki_status expected, const std::function<void()>& undo = [] {}) {
        for (int nth = 1; nth < 10'000; ++nth) {
            until_failure = nth;
            const seki_status answer = call();
            const bool failed = until_failure == 0;
            until_failure = 0;
            if (answer == SEKI_OK) undo();
            EXPECT_STRNE(answer == SEKI_OK ? "well" : seki_last_error_message(), "");
            if (!failed) {
                EXPECT_GT(nth, 1) << "it needs no memory";
                EXPECT_EQ(answer, expected);
                return;
            }
            EXPECT_THAT(answer, AnyOf(expected, SEKI_ERROR_NO_SPACE)) << nth << ": " << seki_last_error_message();
        }
        ADD_FAILURE() << "it never comes to an end";
    }
};

// Fails if one of these ends the process, or answers no_space and a handle.
TEST_F(CapiOutOfMemory, IsAnError) {
    seki_segment* opened_too = nullptr;
    const std::string where = path();
    each_allocation_fails([&] { return seki_open(where.c_str(), nullptr, &opened_too); }, SEKI_OK,
                          [&] { seki_close(opened_too); });
    seki_limiter* made = nullptr;
    const auto options = limiter_options();
    each_allocation_fails([&] { return seki_limiter_create(segment, "a-name-that-is-long-enough", &options, &made); },
                          SEKI_OK, [&] { seki_limiter_free(made); });
    each_allocation_fails([&] { return seki_limiter_get(segment, "a-name-that-is-long-enough", &made); }, SEKI_OK,
                          [&] { seki_limiter_free(made); });
    each_allocation_fails([&] { return seki_segment_maintain(segment); }, SEKI_OK);
    char found[4096];
    each_allocation_fails([&] { return seki_resolve("a-name-that-is-long-enough", found, sizeof found); }, SEKI_OK);
}

// Fails if something that has to be quick takes memory, also when it refuses.
TEST_F(CapiOutOfMemory, IsNoneOfTheBusinessOfWhatHasToBeQuick) {
    seki_decision decision = SEKI_DECISION_INIT;
    seki_receipt receipt = SEKI_RECEIPT_INIT;
    seki_permit permits[11];
    seki_admission admission = SEKI_ADMISSION_INIT;
    const seki_demand demands[] = {SEKI_DEMAND(limiter, "bob", 3, 1), SEKI_DEMAND(limiter, "carol", 5, 7)};
    std::ranges::fill(permits, seki_permit SEKI_PERMIT_INIT);
    must(seki_limiter_check(limiter, "first", 5, 1, &decision));  // the thread joins
    until_failure = 1;
    bool well = seki_limiter_check(limiter, "alice", 5, 6, &decision) == SEKI_OK;
    well = well && seki_limiter_check(limiter, "alice", 5, 1, &decision) == SEKI_OK && decision.allowed == 0;
    well = well && seki_limiter_check_receipt(limiter, "bob", 3, 2, &receipt, &decision) == SEKI_OK;
    well = well && seki_limiter_refund_receipt(limiter, &receipt, 1) == SEKI_OK;
    well = well && seki_check_all(demands, 2, &decision) == SEKI_OK && decision.allowed == 0;
    for (int i = 0; i < 10; ++i) well = well && seki_bulkhead_try_acquire(bulkhead, &permits[i]) == SEKI_OK;
    well = well && seki_bulkhead_try_acquire(bulkhead, &permits[10]) == SEKI_ERROR_BULKHEAD_FULL;
    for (int i = 0; i < 10; ++i) well = well && seki_permit_release(&permits[i]) == SEKI_OK;
    well = well && seki_permit_release(&permits[0]) == SEKI_ERROR_INVALID_ARGUMENT;
    well = well && seki_breaker_admit(breaker, &admission) == SEKI_OK;
    well = well && seki_admission_tell(&admission, SEKI_OUTCOME_OK) == SEKI_OK;
    well = well && seki_breaker_force(breaker, SEKI_BREAKER_FORCED_OPEN) == SEKI_OK;
    well = well && seki_breaker_admit(breaker, &admission) == SEKI_ERROR_CIRCUIT_OPEN;
    const bool untouched = std::exchange(until_failure, 0) == 1;
    EXPECT_TRUE(well) << seki_last_error_message();
    EXPECT_TRUE(untouched);
}

// Fails if a handler, or what it brought, is lost or let go twice.
TEST_F(CapiOutOfMemory, InAttachingLetsGoOfWhatTheHandlerBrought) {
    int released = 0, attached = 0;
    seki_subscription* subscription = nullptr;
    const auto attach = [&] {
        ++attached;
        return seki_telemetry_attach(
            "*", [](const seki_event*, void*) {}, &released, [](void* of) { ++*static_cast<int*>(of); }, &subscription);
    };
    each_allocation_fails(attach, SEKI_OK, [&] { seki_telemetry_detach(subscription); });
    EXPECT_EQ(released, attached);
}

// Fails if a sentence is worth more than the error, or a thousand demands than an error.
TEST_F(CapiOutOfMemory, InAnAnswerLeavesTheErrorAndNoOneThrough) {
    seki_limiter* none = nullptr;
    each_allocation_fails([&] { return seki_limiter_get(segment, "a-name-that-is-long-enough", &none); },
                          SEKI_ERROR_NOT_FOUND);
    each_allocation_fails([&] { return seki_check_version(999999); }, SEKI_ERROR_WRONG_VERSION);
    std::vector<seki_demand> many(1000, seki_demand SEKI_DEMAND(limiter, "alice", 5, 0));
    seki_decision decision = SEKI_DECISION_INIT;
    each_allocation_fails(
        [&] {
            decision.allowed = 1;
            const seki_status answer = seki_check_all(many.data(), many.size(), &decision);
            EXPECT_EQ(decision.allowed, answer == SEKI_OK ? 1U : 0U);
            EXPECT_EQ(decision.error, answer);
            return answer;
        },
        SEKI_OK);
}

}  // namespace
}  // namespace seki::test
