// Who lives, asked from elsewhere: another root, other mounts, a folder of lock files that somebody removed. What cannot be seen is no proof of death.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include <linux/sched.h>

#include "namespaces.hpp"
#include "processes.hpp"
#include "shm/liveness.hpp"
#include "shm/process_identity.hpp"

namespace seki::test {
namespace {

namespace fs = std::filesystem;
using shm::attachment;
using shm::verdict;

std::uint64_t said_of(const shm::segment& where, shm::process_owner who) {
    return static_cast<std::uint64_t>(shm::is_live(where, who));
}
verdict hear_verdict(const child& from) { return static_cast<verdict>(from.talk().hear()); }

fs::path folder_in(const scratch_segment& segment, const char* name) {
    const fs::path folder = segment.path().parent_path() / name;
    fs::create_directories(folder);
    return folder;
}

void close_all_but(const line& kept) {
    for (int i = 3; i < 1024; ++i)
        if (i != kept.in() && i != kept.out()) ::close(i);
}

// As a worker of a prefork server that changes its root before it serves: it joins there. In its own numbers of processes, or in ours.
class AnotherRoot : public testing::TestWithParam<child::forker> {};
INSTANTIATE_TEST_SUITE_P(InOurNumbers, AnotherRoot, testing::Values(child::forker{&::fork}));
INSTANTIATE_TEST_SUITE_P(InItsOwnNumbers, AnotherRoot, testing::Values(child::forker{&fork_into_pid_namespace}));

// Fails if the lock files are looked for by a path that leads elsewhere after a chroot: then all others are dead for who asks, and it can have no place.
TEST_P(AnotherRoot, WhoChangedItsRootSeesTheLivingAndIsSeen) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const auto mine = process_of(attached.me());
    child jailed{[&](const line& parent) {
                     if (!go_to_root(folder_in(segment, "jail"))) return false;
                     parent.tell(said_of(*segment, mine));
                     const attachment its{segment.get()};
                     parent.tell(its.me().owner);
                     parent.tell(shm::reap(*segment).processes);
                     while (parent.listen()) {
                     }
                     return true;
                 },
                 GetParam()};
    EXPECT_EQ(hear_verdict(jailed), verdict::live);
    const auto theirs = hear_owner(jailed);
    EXPECT_NE(theirs, shm::process_owner{});
    EXPECT_EQ(jailed.talk().hear(), 0U);
    EXPECT_EQ(shm::is_live(*segment, theirs), verdict::live);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    EXPECT_EQ(processes_live(*segment), 2U);
    jailed.kill();
    EXPECT_EQ(shm::is_live(*segment, theirs), verdict::dead);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    EXPECT_EQ(process_of(attached.me()), mine);
}

// Fails if what stands under the path in another root is taken for what was attached. There are lock files of that name, and nobody holds them.
TEST_P(AnotherRoot, WhatHasTheSamePathThereIsNotBelieved) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const auto mine = process_of(attached.me());
    child jailed{[&](const line& parent) {
                     const fs::path jail = folder_in(segment, "jail");
                     const fs::path there = jail / segment.path().relative_path();
                     fs::create_directories(there.parent_path());
                     fs::copy_file(segment.path(), there);
                     fs::copy(segment.path().native() + ".live", there.native() + ".live");
                     close_all_but(parent);
                     if (!go_to_root(jail)) return false;
                     parent.tell(said_of(*segment, mine));
                     const attachment its{segment.get()};
                     parent.tell(its.me().owner);
                     parent.tell(shm::reap(*segment).processes);
                     return true;
                 },
                 GetParam()};
    EXPECT_EQ(hear_verdict(jailed), verdict::live);
    EXPECT_EQ(jailed.talk().hear(), 0U) << "it has a lock that nobody sees";
    EXPECT_EQ(jailed.talk().hear(), 0U);
    EXPECT_TRUE(jailed.succeeded());
    EXPECT_EQ(process_of(attached.me()), mine);
    EXPECT_EQ(processes_live(*segment), 1U);
}

// Fails if removing the lock files kills; or those who lose theirs stay without, so that their death is not seen either.
TEST(Elsewhere, RemovedLockFilesAreNoProofOfDeathAndComeBack) {
    for (const bool folder_too : {false, true}) {
        const scratch_segment segment;
        child member{[&](const line& parent) {
                         const attachment its{segment.get()};
                         parent.tell(its.me().owner);
                         while (parent.listen()) {
                             its.look_again();
                             parent.tell(its.me().owner);
                         }
                         return true;
                     },
                     &fork_into_pid_namespace};
        const auto who = hear_owner(member);
        const fs::path locks = segment.path().native() + ".live";
        if (folder_too)
            fs::remove_all(locks);
        else
            for (const auto& file : fs::directory_iterator{locks}) fs::remove(file);
        EXPECT_EQ(shm::is_live(*segment, who), verdict::lost_lock);
        EXPECT_EQ(shm::reap(*segment).processes, 0U);
        EXPECT_EQ(shm::reap(*segment).lost_locks, 1U);

        member.talk().tell();
        EXPECT_EQ(hear_owner(member), who);
        EXPECT_EQ(shm::is_live(*segment, who), verdict::live);
        EXPECT_EQ(shm::reap(*segment).lost_locks, 0U);
        member.kill();
        EXPECT_EQ(shm::is_live(*segment, who), verdict::dead);
        EXPECT_EQ(shm::reap(*segment).processes, 1U);
    }
}

// Fails if a removed lock file is there again before it is locked: who asks in that moment takes its owner for dead.
TEST(Elsewhere, AFileIsLockedWhenItHasItsName) {
    const scratch_segment segment;
    void* const shared =
        ::mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    auto* const done = new (shared) std::atomic<bool>{false};
    child member{[&](const line& parent) {
                     const attachment its{segment.get()};
                     parent.tell(its.me().owner);
                     while (!done->load()) its.look_again();
                     return true;
                 },
                 &fork_into_pid_namespace};
    const auto who = hear_owner(member);
    const fs::path file = fs::directory_iterator{segment.path().native() + ".live"} -> path();
    std::uint64_t dead = 0;
    for (int removals = 0; removals < 300; ++removals) {
        fs::remove(file);
        for (bool again = false; !again;) {
            again = fs::exists(file);
            dead += shm::is_live(*segment, who) == verdict::dead ? 1U : 0U;
        }
    }
    done->store(true);
    member.die();
    EXPECT_EQ(dead, 0U);
    ::munmap(shared, sizeof(std::atomic<bool>));
}

// Fails if who keeps a folder of lock files that was given another name takes those for dead who lock in the one that its path leads to.
TEST(Elsewhere, AFolderThatWasRenamedTellsNothingOfWhoCameLater) {
    const scratch_segment segment;
    const fs::path locks = segment.path().native() + ".live";
    {
        child former = member_of(segment.get());
        hear_owner(former);
        former.kill();
    }
    ASSERT_EQ(shm::reap(*segment).processes, 1U);  // its slot is free, and its file stays
    ASSERT_GE(segment->lock_folder(), 0);
    fs::rename(locks, locks.native() + ".old");
    child member{[&](const line& parent) {
                     const auto anew = shm::segment::attach(segment.path(), shm::segment::access::read_write);
                     const attachment its{anew.value()};
                     parent.tell(its.me().owner);
                     while (parent.listen()) {
                     }
                     return true;
                 },
                 &fork_into_pid_namespace};
    const auto who = hear_owner(member);
    EXPECT_EQ(shm::is_live(*segment, who), verdict::lost_lock);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    member.die();
}

// Fails if the dead of our own numbers keep what they held because their lock files were removed.
TEST(Elsewhere, WithoutLockFilesPidAndStartTimeTell) {
    const scratch_segment segment;
    child lives = member_of(segment.get()), dies = member_of(segment.get());
    const auto living = hear_owner(lives), dead = hear_owner(dies);
    fs::remove_all(segment.path().native() + ".live");
    dies.kill();
    EXPECT_EQ(shm::is_live(*segment, dead), verdict::dead);
    EXPECT_EQ(shm::is_live(*segment, living), verdict::lost_lock);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    dies.die();
    EXPECT_EQ(shm::is_live(*segment, living), verdict::lost_lock);
}

// Fails if who can have no lock file of its own makes room for itself in a full table, or anywhere: it can prove nobody dead.
TEST(Elsewhere, WhoCannotLockTidiesAfterNobody) {
    const scratch_segment segment{1};
    const attachment attached{segment.get()};
    const auto mine = process_of(attached.me());
    child without{[&](const line& parent) {
                      close_all_but(parent);
                      if (!go_to_root(folder_in(segment, "jail"))) return false;
                      const attachment its{segment.get()};
                      parent.tell(its.me().owner);
                      return true;
                  },
                  &fork_into_pid_namespace};
    EXPECT_EQ(without.talk().hear(), 0U);
    EXPECT_TRUE(without.succeeded());
    EXPECT_EQ(asked_from_outside(*segment, mine), verdict::live);
    EXPECT_EQ(process_of(attached.me()), mine);
}

// Fails if the want of a descriptor to ask with is the death of others.
TEST(Elsewhere, WhoMayOpenNoMoreFilesTakesNobodyForDead) {
    const scratch_segment segment;
    child member = member_of(segment.get());
    const auto who = hear_owner(member);
    child asks{[&](const line& parent) {
        static_cast<void>(shm::my_identity());
        const rlimit none{3, 3};
        if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
        parent.tell(said_of(*segment, who));
        parent.tell(shm::still_runs({1, 1, 1, 1}, segment->inode()) ? 1 : 0);
        return true;
    }};
    EXPECT_EQ(hear_verdict(asks), verdict::live);
    EXPECT_EQ(asks.talk().hear(), 1U) << "in doubt, yes";
    EXPECT_TRUE(asks.succeeded());
}

// Fails if a process is told by its number from two namespaces further out or in.
TEST(Elsewhere, InNamespacesWithinNamespacesTheLockTells) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const auto mine = process_of(attached.me());
    child middle{[&](const line& parent) {
                     const attachment its{segment.get()};
                     const auto middles = process_of(its.me());
                     parent.tell(its.me().owner);
                     child inner{[&](const line& outer) {
                                     const attachment own{segment.get()};
                                     outer.tell(own.me().owner);
                                     outer.tell(said_of(*segment, mine));
                                     outer.tell(said_of(*segment, middles));
                                     while (outer.listen()) {
                                     }
                                     return true;
                                 },
                                 &fork_into_container};
                     const auto innermost = hear_owner(inner);
                     parent.tell(layout::pack_worker_owner(innermost.slot, innermost.generation));
                     parent.tell(inner.talk().hear());
                     parent.tell(inner.talk().hear());
                     parent.tell(said_of(*segment, innermost));
                     static_cast<void>(parent.hear());
                     inner.kill();
                     parent.tell(said_of(*segment, innermost));
                     while (parent.listen()) {
                     }
                     return true;
                 },
                 &fork_into_container};
    const auto outer = hear_owner(middle), inner = hear_owner(middle);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(hear_verdict(middle), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, outer), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, inner), verdict::live);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    middle.talk().tell();
    EXPECT_EQ(hear_verdict(middle), verdict::dead);
    EXPECT_EQ(shm::is_live(*segment, outer), verdict::live);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    middle.kill();
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    EXPECT_EQ(processes_live(*segment), 1U);
}

// A process with that number.
pid_t fork_as(pid_t number) {
    clone_args wanted{};
    wanted.exit_signal = SIGCHLD;
    wanted.set_tid = reinterpret_cast<std::uintptr_t>(&number);
    wanted.set_tid_size = 1;
    return static_cast<pid_t>(::syscall(SYS_clone3, &wanted, sizeof wanted));
}

// Fails if a process that got the number of a dead one keeps alive what that held; or is dead with it.
TEST(Elsewhere, ANumberThatIsUsedAgainIsAnotherProcess) {
    const scratch_segment segment;
    child host{
        [&](const line& parent) {
            child first = member_of(segment.get());
            const auto before = hear_owner(first);
            const pid_t number = first.pid();
            const std::uint64_t started = shm::hardware::load_relaxed(segment->processes()[before.slot].start_time);
            first.die();
            const auto another = [&] {
                static pid_t wanted = 0;
                wanted = number;
                return child{[&](const line& outer) {
                                 outer.tell(shm::my_identity().start_time);
                                 while (outer.listen()) {
                                     const attachment its{segment.get()};
                                     outer.tell(its.me().owner);
                                     static_cast<void>(outer.hear());
                                 }
                                 return true;
                             },
                             +[] { return fork_as(wanted); }};
            };
            child second = another();
            while (second.talk().hear() == started) {  // until the next tick of the clock that start times are told by
                second.die();
                second = another();
            }
            parent.tell(second.pid() == number);
            parent.tell(said_of(*segment, before));
            second.talk().tell();
            const auto after = hear_owner(second);
            parent.tell(said_of(*segment, before));
            parent.tell(said_of(*segment, after));
            parent.tell(shm::reap(*segment).processes);
            parent.tell(said_of(*segment, after));
            return true;
        },
        &fork_into_container};
    EXPECT_EQ(host.talk().hear(), 1U);
    EXPECT_EQ(hear_verdict(host), verdict::dead);
    EXPECT_EQ(hear_verdict(host), verdict::dead);
    EXPECT_EQ(hear_verdict(host), verdict::live);
    EXPECT_EQ(host.talk().hear(), 1U);
    EXPECT_EQ(hear_verdict(host), verdict::live);
    EXPECT_TRUE(host.succeeded());
}

}  // namespace
}  // namespace seki::test
