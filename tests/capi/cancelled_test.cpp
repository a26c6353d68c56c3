// Threads that pthread_cancel() ends: it is the caller's function that they are cancelled in, or what follows the library's, never the library's own.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

class Cancelled : public CapiTest {
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

// Runs `body` in a thread that is cancelled already, and will be as soon as it may be; how often `body` came out of the library's functions.
template <class Body>
int times_out(Body body) {
    std::atomic<bool> entered{false};
    int times = 0;
    EXPECT_TRUE(is_cancelled(
        [&] {
            pthread_cancel(pthread_self());
            times = body();
            entered = true;
            for (;;) pthread_testcancel();
        },
        entered));
    return times;
}

// Fails if a thread that is cancelled inside its function ends the process, or keeps its permit or probe.
TEST_F(Cancelled, AThreadMayBeCancelledInItsFunction) {
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
TEST_F(Cancelled, AThreadThatIsCancelledInTheLibraryIsCancelledWhenItComesOut) {
    std::atomic<bool> entered{false};
    seki_permit taken[10];
    for (seki_permit& each : taken) {
        each = SEKI_PERMIT_INIT;
        must(seki_bulkhead_try_acquire(bulkhead, &each));
    }
    auto queues = limiter_options();
    queues.algorithm = SEKI_ALGORITHM_LEAKY_BUCKET;
    queues.window_ns = 6 * 5'000'000;
    seki_limiter* queue = nullptr;
    must(seki_limiter_create(segment, "queue", &queues, &queue));
    seki_subscription* told = nullptr;
    must(seki_telemetry_attach(
        "seki.rate_limit.*", [](const seki_event*, void*) { pthread_testcancel(); }, nullptr, nullptr, &told));
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
            came_out += seki_limiter_check(limiter, "alice", 5, 1, &decision) == SEKI_OK ? 1 : 0;
            for (int i = 0; i < 3; ++i)
                came_out += seki_limiter_acquire(queue, "alice", 5, 1, 60'000'000'000, &decision) == SEKI_OK ? 1 : 0;
            seki_close(opened);
            entered = true;
            for (;;) pthread_testcancel();
        },
        entered));
    EXPECT_EQ(came_out, 7);
    seki_telemetry_detach(told);
    seki_limiter_free(queue);
    for (seki_permit& each : taken) must(seki_permit_release(&each));
}

// Fails if it ends the process that a thread is cancelled where a check, which nearly never does, has to open files.
TEST_F(Cancelled, ACheckThatHasToOpenFilesComesOut) {
    seki_decision decision = SEKI_DECISION_INIT;
    const auto check = [&] { return seki_limiter_check(limiter, "alice", 5, 1, &decision) == SEKI_OK ? 1 : 0; };
    // The first in a child of fork().
    const pid_t child = ::fork();
    if (child == 0) ::_exit(times_out(check) == 1 ? 0 : 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    // The one that moves over to another segment.
    std::filesystem::remove(path());
    must(seki_segment_maintain(segment));
    EXPECT_EQ(times_out(check), 1);
    EXPECT_EQ(decision.remaining, 5U);
}

// Fails if it ends the process that a thread is cancelled where an acquire looks whether those who hold all permits are dead.
TEST_F(Cancelled, AnAcquireThatDoubtsTheHoldersComesOut) {
    seki_permit taken[10];
    for (seki_permit& each : taken) each = SEKI_PERMIT_INIT;
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        bool all = true;
        for (seki_permit& each : taken) all = all && seki_bulkhead_try_acquire(bulkhead, &each) == SEKI_OK;
        if (::write(told[1], &all, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    bool all = false;
    ASSERT_EQ(::read(told[0], &all, 1), 1);
    ASSERT_TRUE(all);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    seki_permit permit = SEKI_PERMIT_INIT;
    EXPECT_EQ(times_out([&] { return seki_bulkhead_try_acquire(bulkhead, &permit) == SEKI_OK ? 1 : 0; }), 1);
    EXPECT_EQ(seki_permit_release(&permit), SEKI_OK);
    ::close(told[0]);
    ::close(told[1]);
}

}  // namespace
}  // namespace seki::test
