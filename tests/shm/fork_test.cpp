// What fork, clone and vfork do to who is attached.
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "namespaces.hpp"
#include "processes.hpp"
#include "shm/counters.hpp"

// Built a second time as fork_without_wipe_test, on a kernel that does not know MADV_WIPEONFORK, as far as Seki can tell.
#ifdef SEKI_TEST_WITHOUT_WIPE
extern "C" int madvise(void*, size_t, int) noexcept {
    errno = EINVAL;
    return -1;
}
#endif

namespace seki::test {
namespace {

using layout::count_allow;
using shm::attachment;

constexpr std::uint32_t entry = 2;
constexpr std::uint64_t incarnation = 9;

void count(const attachment& attached, std::uint64_t amount = 1) {
    shm::count(attached.me(), entry, incarnation, count_allow, amount);
}
std::uint64_t counted(const shm::segment& where) { return shm::sum(where, entry, incarnation)[count_allow]; }

bool joins_anew(const attachment& attached, const layout::worker_slot* parents, std::uint64_t parents_owner) {
    count(attached);
    const auto& me = attached.me();
    return me.slot != parents && me.owner != parents_owner && !me.shared;
}

void child_is_a_new_worker(child::forker forks) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const shm::worker mine = attached.me();
    count(attached);
    for (int i = 0; i < 5; ++i) {
        child forked{[&](const line&) { return joins_anew(attached, mine.slot, mine.owner); }, forks};
        EXPECT_TRUE(forked.succeeded());
        EXPECT_EQ(shm::hardware::load_acquire(mine.slot->owner), mine.owner);
        EXPECT_EQ(asked_from_outside(*segment, process_of(mine)), shm::verdict::live);
    }
    EXPECT_EQ(attached.me().slot, mine.slot);
    EXPECT_EQ(counted(*segment), 6U);
    EXPECT_EQ(shm::reap(*segment).processes, 5U);
    EXPECT_EQ(slots_taken(*segment), 1U);
}

// Fails if the child goes on in the parent's slot, or its end drops the parent's lock or frees its slot.
TEST(Fork, TheChildIsANewWorkerAndTheParentKeepsItsPlace) { child_is_a_new_worker(&::fork); }

#ifndef SEKI_TEST_WITHOUT_WIPE
// Fails if only fork() wipes the token: the handlers of pthread_atfork do not run here.
TEST(Fork, AChildOfRawCloneIsANewWorkerToo) {
    child_is_a_new_worker(
        [] { return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); });
}
#endif

// Fails if the child's copy of the attachment gives back what is the parent's.
TEST(Fork, AnAttachmentThatEndsInTheChildReleasesNothingOfTheParent) {
    const scratch_segment segment;
    const auto attached = std::make_unique<attachment>(segment.get());
    const shm::worker mine = attached->me();
    for (const bool child_joins : {false, true}) {
        child forked{[&](const line&) {
            if (child_joins) count(*attached);
            const_cast<std::unique_ptr<attachment>&>(attached).reset();
            return processes_live(*segment) == 1;
        }};
        EXPECT_TRUE(forked.succeeded());
        EXPECT_EQ(asked_from_outside(*segment, process_of(mine)), shm::verdict::live);
        EXPECT_EQ(slots_taken(*segment), 1U);
    }
}

// Made before the thread's slots, so destroyed after them: ends the child before exit() runs what is the parent's.
struct leaves_last {
    bool in_child = false;
    ~leaves_last() {
        if (in_child) ::_exit(0);
    }
};
thread_local leaves_last last;

// Fails if a thread's end in the child gives back the slot its thread had in the parent.
TEST(Fork, AThreadThatEndsInTheChildReleasesNothingOfTheParent) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    std::thread{[&] {
        last.in_child = false;
        const shm::worker mine = attached.me();
        child forked{[&](const line&) -> bool {
            last.in_child = true;
            ::pthread_exit(nullptr);
        }};
        EXPECT_TRUE(forked.succeeded());
        EXPECT_EQ(shm::hardware::load_acquire(mine.slot->owner), mine.owner);
    }}.join();
}

// Fails if a lock that some thread holds at the moment of the fork hangs the child, or half of a join is taken for a whole one.
TEST(Fork, AChildOfABusyThreadedProcessJoinsAtOnce) {
    const scratch_segment segment{64};
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> acknowledged = 0;
    const auto attached = std::make_unique<attachment>(segment.get());
    ASSERT_FALSE(attached->me().shared);
    std::vector<std::jthread> busy;
    for (int i = 0; i < 2; ++i)
        busy.emplace_back([&] {
            while (!stop) {
                const attachment passing{segment.get()};
                count(passing);
                ++acknowledged;
                std::thread{[&] { count(*attached), ++acknowledged; }}.join();
            }
        });
    for (int i = 0; i < 60; ++i) {
        // Only what is allowed after a fork in a threaded process: no new threads, no output.
        child forked{[&](const line& parent) {
            for (int n = 0; n < 10; ++n) count(*attached);
            parent.tell(10);
            return !attached->me().shared;
        }};
        acknowledged += forked.talk().hear();
        EXPECT_TRUE(forked.succeeded());
        shm::reap(*segment);
    }
    stop = true;
    busy.clear();
    EXPECT_EQ(counted(*segment), acknowledged);
    shm::reap(*segment);
    EXPECT_EQ(slots_taken(*segment), 1U);
}

// Fails if a child that has another clock, in a time namespace, goes on in what its parent attached: it would write its own times for all.
TEST(Fork, AChildWithAnotherClockIsLeftOut) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    count(attached);
    for (const bool looks_first : {false, true}) {
        child sets_clock{[&](const line& parent) {
            const bool set = set_clock_of_children(604'800);
            parent.tell(set ? 1 : 0);
            if (!set) return true;
            child ahead{[&](const line&) {
                if (looks_first)
                    attached.look_again();
                else
                    attached.join();
                if (!segment->emptied() || segment->parts().size == 0) return false;
                shm::hardware::store_relaxed(segment->header().heartbeat_ns, 77);
                count(attached);
                attached.look_again();
                const shm::worker& me = attached.me();
                return me.owner == 0 && me.shared && processes_live(*segment) == 0;
            }};
            return ahead.succeeded();
        }};
        if (sets_clock.talk().hear() == 0) return;  // no such namespaces here
        EXPECT_TRUE(sets_clock.succeeded());
        EXPECT_FALSE(segment->superseded());
        EXPECT_EQ(shm::hardware::load_relaxed(segment->header().heartbeat_ns), 0U);
        EXPECT_EQ(counted(*segment), 1U);
        EXPECT_EQ(processes_live(*segment), 1U);
    }
}

// Fails if starting a program (vfork and exec inside) costs the parent its lock.
TEST(Fork, StartingAProgramLeavesTheParentAttached) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const shm::worker mine = attached.me();
    pid_t program = 0;
    char* arguments[] = {const_cast<char*>("true"), nullptr};
    ASSERT_EQ(::posix_spawnp(&program, "true", nullptr, nullptr, arguments, nullptr), 0);
    ::waitpid(program, nullptr, 0);
    EXPECT_EQ(asked_from_outside(*segment, process_of(mine)), shm::verdict::live);
    EXPECT_EQ(attached.me().slot, mine.slot);
}

// Fails if two processes draw one token, or a thread can see a token of its own.
TEST(Fork, TokensDifferBetweenProcessesAndAgreeWithinOne) {
    const std::uint64_t mine = shm::claim_process_token();
    EXPECT_NE(mine, 0U);
    EXPECT_EQ(mine % 4, 0U);
    std::thread{[&] { EXPECT_EQ(shm::claim_process_token(), mine); }}.join();
    for (int i = 0; i < 10; ++i) {
        child forked{[&](const line& parent) {
            const bool wiped = shm::process_token() == 0;
            parent.tell(shm::claim_process_token());
            return wiped && shm::process_token() == shm::claim_process_token();
        }};
        EXPECT_NE(forked.talk().hear(), mine);
        EXPECT_TRUE(forked.succeeded());
    }
    EXPECT_EQ(shm::process_token(), mine);
}

}  // namespace
}  // namespace seki::test
