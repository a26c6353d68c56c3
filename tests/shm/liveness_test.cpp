// Who lives, asked of the kernel, with real processes.
#include "shm/liveness.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "namespaces.hpp"
#include "processes.hpp"
#include "shm/counters.hpp"
#include "shm/process_identity.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

using layout::count_allow;
using layout::process_state;
using layout::stage;
using shm::attachment;
using shm::verdict;

constexpr std::uint32_t entry = 0;
constexpr std::uint64_t incarnation = 4;

void count(const attachment& attached, std::uint64_t amount = 1) {
    shm::count(attached.me(), entry, incarnation, count_allow, amount);
}
std::uint64_t counted(const shm::segment& where) { return shm::sum(where, entry, incarnation)[count_allow]; }

// Run by AProcessThatExecutesItselfAnewLosesWhatItHadBefore in place of the tests: joins and stays until its standard input ends.
const bool executed_anew = [] {
    const char* path = std::getenv("SEKI_TEST_JOIN");
    if (path == nullptr) return false;
    auto where = shm::segment::attach(path, shm::segment::access::read_write);
    if (!where) ::_exit(1);
    if (std::getenv("SEKI_TEST_REAP") != nullptr) ::_exit(shm::reap(**where).processes == 1 ? 0 : 4);
    const attachment attached{*where};
    const std::uint64_t owner = attached.me().owner;
    if (::write(STDOUT_FILENO, &owner, sizeof owner) != sizeof owner) ::_exit(2);
    char c = 0;
    while (::read(STDIN_FILENO, &c, 1) > 0) {
    }
    ::_exit(0);
}();

// Fails if a lock is not asked for, or the reaper frees more or less than what the dead process had.
TEST(Liveness, WhatAKilledProcessHeldComesBackAndNothingElse) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    count(attached);
    child lives = member_of(segment.get());
    const auto living = hear_owner(lives);
    child dies{[&](const line& parent) {
        const attachment its{segment.get()};
        std::atomic<int> joined = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                count(its, 10);
                ++joined;
                for (;;) ::pause();
            });
        while (joined != 8) ::sched_yield();
        parent.tell();
        for (;;) ::pause();
        return false;
    }};
    ASSERT_EQ(dies.talk().hear(), 1U);
    EXPECT_EQ(slots_taken(*segment), 10U);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    EXPECT_EQ(slots_taken(*segment), 10U);

    dies.kill();  // a zombie from here on: its pid and start time still stand
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    EXPECT_EQ(slots_taken(*segment), 2U);
    EXPECT_EQ(shm::is_live(*segment, living), verdict::live);
    EXPECT_EQ(counted(*segment), 81U);
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 1U);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
}

// Fails if a joiner does not tidy after the dead when nobody else does, or nobody learns of it: sekid looks at permits when one more was reaped.
TEST(Liveness, WhoJoinsAFullTableTakesThePlaceOfTheDead) {
    const scratch_segment segment{2};
    for (int i = 0; i < 2; ++i) {
        child dies = member_of(segment.get());
        static_cast<void>(hear_owner(dies));
        EXPECT_EQ(processes_live(*segment), static_cast<std::size_t>(i) + 1);
        dies.die();
    }
    const attachment attached{segment.get()};
    EXPECT_FALSE(attached.me().shared);
    EXPECT_NE(attached.me().owner, 0U);
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 1U) << "the other is in nobody's way";
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 2U);
}

// Fails if a process without a place takes somebody's, or loses counts.
TEST(Liveness, WhoFindsTheTableFullOfTheLivingCountsInTheSharedSlot) {
    const scratch_segment segment{1};
    shm::open_shared_block(*segment, entry, incarnation);
    const attachment attached{segment.get()};
    count(attached);
    std::vector<child> others;
    for (int i = 0; i < 3; ++i)
        others.emplace_back([&](const line&) {
            for (int n = 0; n < 5000; ++n) count(attached);
            return attached.me().shared && attached.me().owner == 0;
        });
    for (child& other : others) EXPECT_TRUE(other.succeeded());
    EXPECT_EQ(counted(*segment), 15'001U);
    EXPECT_EQ(processes_live(*segment), 1U);
}

// Fails if closed descriptors are taken for death where pid and start time can be seen, or renewing does not lock again.
TEST(Liveness, WhoClosedAllItsDescriptorsIsReportedNotReapedAndCanRenew) {
    const scratch_segment segment;
    child closes{[&](const line& parent) {
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        for (int i = 3; i < 1024; ++i)  // closefrom(3), but for our line
            if (i != parent.in() && i != parent.out()) ::close(i);
        parent.tell();
        // Numbers that were ours name other files now: renewing must not close those.
        std::vector<int> others;
        for (int i = 0; i < 64; ++i) others.push_back(::dup(STDIN_FILENO));
        if (parent.hear() == 0) return false;
        attached.look_again();
        for (const int other : others)
            if (::fcntl(other, F_GETFD) < 0) return false;
        parent.tell(attached.me().owner);
        while (parent.listen()) {
        }
        return true;
    }};
    const auto owner = hear_owner(closes);
    ASSERT_EQ(closes.talk().hear(), 1U);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::lost_lock);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    EXPECT_EQ(shm::reap(*segment).lost_locks, 1U);
    EXPECT_EQ(slots_taken(*segment), 1U);
    // Where its pid means nothing to us, the lock alone tells.
    auto& space = segment->processes()[owner.slot].pid_namespace;
    const std::uint64_t ours = shm::hardware::load_relaxed(space);
    shm::hardware::store_relaxed(space, ours + 1);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::dead);
    shm::hardware::store_relaxed(space, ours);

    closes.talk().tell();
    EXPECT_EQ(hear_owner(closes), owner);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::live);
    closes.kill();
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
}

// Fails if pid and start time alone are believed: neither changes with exec.
TEST(Liveness, WhoExecutedAnotherProgramIsDead) {
    const scratch_segment segment;
    child executes{[&](const line& parent) {
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        ::dup2(parent.in(), STDIN_FILENO);
        ::dup2(parent.out(), STDOUT_FILENO);
        ::execlp("cat", "cat", nullptr);
        return false;
    }};
    const auto owner = hear_owner(executes);
    executes.talk().tell(77);
    ASSERT_EQ(executes.talk().hear(), 77U);  // said by cat
    EXPECT_EQ(shm::is_live(*segment, owner, shm::scrutiny::brief), verdict::lost_lock);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::dead);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
}

// Tells its owner word before and after it executed itself anew, and stays.
child executes_itself_anew(const scratch_segment& segment) {
    return child{[&](const line& parent) {
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        ::dup2(parent.in(), STDIN_FILENO);
        ::dup2(parent.out(), STDOUT_FILENO);
        ::setenv("SEKI_TEST_JOIN", segment.path().c_str(), 1);
        ::execl("/proc/self/exe", "again", nullptr);
        return false;
    }};
}

// Fails if a program takes what its process held before exec for its own, so that nobody frees it while it runs.
TEST(Liveness, AProcessThatExecutesItselfAnewLosesWhatItHadBefore) {
    const scratch_segment segment{1};
    const child executes = executes_itself_anew(segment);
    const auto before = hear_owner(executes);
    const auto after = hear_owner(executes);
    EXPECT_EQ(after.slot, before.slot);
    EXPECT_EQ(after.generation, before.generation + 1);
    EXPECT_EQ(shm::is_live(*segment, after), verdict::live);
}

// Fails if who executed itself anew, and finds room, leaves its former self on the list: from outside that cannot be told from one who lost its lock, and stays there.
TEST(Liveness, WhoExecutedItselfAnewBuriesItsFormerSelfWhenItJoins) {
    const scratch_segment segment;
    const child member = member_of(segment.get());
    const auto other = hear_owner(member);
    const child executes = executes_itself_anew(segment);
    const auto before = hear_owner(executes);
    const auto after = hear_owner(executes);
    EXPECT_EQ(shm::is_live(*segment, before), verdict::gone);
    EXPECT_EQ(shm::is_live(*segment, after), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, other), verdict::live);
    EXPECT_EQ(slots_taken(*segment), 2U);
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 1U) << "so sekid looks at its permits";
}

// Fails if a program that was executed anew, and has the number of its former self, takes that one for itself and leaves its slot taken.
TEST(Liveness, AProcessThatExecutesItselfAnewReapsItsFormerSelf) {
    const scratch_segment segment;
    child executes{[&](const line& parent) {
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        ::setenv("SEKI_TEST_JOIN", segment.path().c_str(), 1);
        ::setenv("SEKI_TEST_REAP", "1", 1);
        ::execl("/proc/self/exe", "again", nullptr);
        return false;
    }};
    const auto before = hear_owner(executes);
    EXPECT_TRUE(executes.succeeded());
    EXPECT_EQ(shm::is_live(*segment, before), verdict::gone);
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 1U);
}

// Fails if two copies of libseki open each other's lock files: the first to close one would free the other.
TEST(Liveness, TwoCopiesOfTheLibraryInOneProcessDoNotFreeEachOther) {
    const scratch_segment segment;
    child host{[&](const line& parent) {
        void* module = ::dlopen(SEKI_SECOND_COPY, RTLD_NOW | RTLD_LOCAL);
        if (module == nullptr) return false;
        const auto join = reinterpret_cast<std::uint64_t (*)(const char*)>(::dlsym(module, "second_copy_join"));
        const auto reap = reinterpret_cast<std::uint32_t (*)()>(::dlsym(module, "second_copy_reap"));
        const auto leave = reinterpret_cast<void (*)()>(::dlsym(module, "second_copy_leave"));
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        for (int i = 0; i < 3; ++i) {
            parent.tell(join(segment.path().c_str()));
            const std::uint32_t found = reap() + shm::reap(*segment).processes + shm::reap(*segment).lost_locks;
            parent.tell(found);
            static_cast<void>(parent.hear());
            leave();
            parent.tell();
            static_cast<void>(parent.hear());
        }
        return true;
    }};
    const auto first = hear_owner(host);
    for (int i = 0; i < 3; ++i) {
        const auto second = hear_owner(host);
        EXPECT_NE(second, first);
        EXPECT_EQ(host.talk().hear(), 0U);
        EXPECT_EQ(shm::is_live(*segment, first), verdict::live);
        EXPECT_EQ(shm::is_live(*segment, second), verdict::live);
        host.talk().tell();
        EXPECT_EQ(host.talk().hear(), 1U);
        EXPECT_EQ(shm::is_live(*segment, first), verdict::live);
        EXPECT_EQ(shm::is_live(*segment, second), verdict::gone);
        host.talk().tell();
    }
    EXPECT_TRUE(host.succeeded());
}

// Fails if what runs between the first looks of two copies, and writes over the bytes of AT_RANDOM as the runtime of Go does, makes one the former self of the other, which is then buried alive.
TEST(Liveness, CopiesThatSeeTwoImagesDoNotBuryEachOther) {
    const scratch_segment segment;
    const child host{[&](const line& parent) {
        const attachment attached{segment.get()};
        parent.tell(attached.me().owner);
        std::memset(reinterpret_cast<void*>(::getauxval(AT_RANDOM)), 0, 16);
        void* module = ::dlopen(SEKI_SECOND_COPY, RTLD_NOW | RTLD_LOCAL);
        if (module == nullptr) return false;
        const auto join = reinterpret_cast<std::uint64_t (*)(const char*)>(::dlsym(module, "second_copy_join"));
        const auto reap = reinterpret_cast<std::uint32_t (*)()>(::dlsym(module, "second_copy_reap"));
        parent.tell(join(segment.path().c_str()));
        const auto mine = shm::reap(*segment);
        parent.tell(reap() + mine.processes + mine.lost_locks);
        while (parent.listen()) {
        }
        return true;
    }};
    const auto first = hear_owner(host), second = hear_owner(host);
    EXPECT_NE(second.slot, first.slot);
    EXPECT_EQ(host.talk().hear(), 0U);
    const auto image = [&](shm::process_owner of) {
        return shm::hardware::load_relaxed(segment->processes()[of.slot].image);
    };
    EXPECT_NE(image(first), image(second));
    EXPECT_EQ(shm::is_live(*segment, first), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, second), verdict::live);
}

// Fails if a copy that does not see when its process began asks the kernel about the other one, which drops that one's lock, and takes it for dead.
TEST(Liveness, ACopyThatSeesLessOfItselfDoesNotFreeTheOther) {
    if (!own_mounts_allowed()) return;
    const scratch_segment segment;
    const child host{[&](const line& parent) {
                         void* module = ::dlopen(SEKI_SECOND_COPY, RTLD_NOW | RTLD_LOCAL);
                         if (module == nullptr) return false;
                         const auto join =
                             reinterpret_cast<std::uint64_t (*)(const char*)>(::dlsym(module, "second_copy_join"));
                         const auto reap = reinterpret_cast<std::uint32_t (*)()>(::dlsym(module, "second_copy_reap"));
                         const attachment attached{segment.get()};
                         parent.tell(attached.me().owner);
                         // From here on nothing stands there, as after a chroot.
                         if (::mount("/dev/null", "/proc/self/stat", nullptr, MS_BIND, nullptr) != 0) return false;
                         parent.tell(join(segment.path().c_str()));
                         parent.tell(reap());
                         while (parent.listen()) {
                         }
                         return true;
                     },
                     &fork_with_own_mounts};
    const auto first = hear_owner(host), second = hear_owner(host);
    EXPECT_NE(second, first);
    EXPECT_EQ(host.talk().hear(), 0U);
    EXPECT_EQ(shm::is_live(*segment, first), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, second), verdict::live);
}

// Fails if the attachment's end leaves slots or the lock behind, or touches those of the other attachment.
TEST(Liveness, AnAttachmentThatEndsGivesBackItsOwnSlotsOnly) {
    const scratch_segment segment;
    const attachment stays{segment.get()};
    const shm::worker stayer = stays.me();
    const auto staying = process_of(stayer);
    for (int i = 0; i < 20; ++i) {
        const attachment goes{segment.get()};
        EXPECT_NE(goes.me().slot, stayer.slot);
        EXPECT_EQ(stays.me().slot, stayer.slot);
        EXPECT_EQ(processes_live(*segment), 2U);
    }
    EXPECT_EQ(processes_live(*segment), 1U);
    EXPECT_EQ(slots_taken(*segment), 1U);
    EXPECT_EQ(asked_from_outside(*segment, staying), shm::verdict::live);
}

// Fails if pids are compared across namespaces: in both directions the other one has our pid, or none. Where the host allows no
// namespaces, the member says that it is in another, which is all that its peers go by.
TEST(Liveness, TheLockTellsAcrossPidNamespaces) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const auto mine = process_of(attached.me());
    const bool real = pid_namespaces_allowed();
    child inside{[&](const line& parent) {
                     const attachment its{segment.get()};
                     const auto its_owner = process_of(its.me());
                     if (!real) shm::hardware::store_relaxed(segment->processes()[its_owner.slot].pid_namespace, 1);
                     parent.tell(its.me().owner);
                     parent.tell(static_cast<std::uint64_t>(shm::is_live(*segment, mine)));
                     while (parent.listen()) {
                     }
                     return true;
                 },
                 real ? &fork_into_pid_namespace : &::fork};
    const auto theirs = hear_owner(inside);
    EXPECT_EQ(static_cast<verdict>(inside.talk().hear()), verdict::live);
    EXPECT_EQ(shm::is_live(*segment, theirs), verdict::live);
    EXPECT_NE(shm::hardware::load_relaxed(segment->processes()[theirs.slot].pid_namespace),
              shm::my_identity().pid_namespace);
    inside.kill();
    EXPECT_EQ(shm::is_live(*segment, theirs), verdict::dead);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
}

// Fails if a missing or foreign /proc makes a living process dead, or keeps a dead one for ever.
TEST(Liveness, WithoutProcTheLockAloneTells) {
    const scratch_segment segment;
    child member = member_of(segment.get());
    const auto owner = hear_owner(member);
    shm::hardware::store_relaxed(segment->processes()[owner.slot].start_time, 0);
    shm::hardware::store_relaxed(segment->processes()[owner.slot].pid_namespace, 0);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::live);
    member.kill();
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::dead);
}

// Fails if one who lives, or is of another pid namespace, or says no pid that there can be, is taken for gone; or one whose number nobody has is not.
TEST(Liveness, OneWhoseNumberNobodyHasIsGone) {
    const scratch_segment segment;
    shm::process_owner owner{};
    {
        child member = member_of(segment.get());
        owner = hear_owner(member);
        EXPECT_FALSE(shm::seems_gone(*segment, owner));
        member.kill();
        EXPECT_FALSE(shm::seems_gone(*segment, owner)) << "its number is its own until somebody heard of its end";
    }
    EXPECT_TRUE(shm::seems_gone(*segment, owner));
    const auto says = [&](shm::word& which, std::uint64_t value) {
        const std::uint64_t before = shm::hardware::load_relaxed(which);
        shm::hardware::store_relaxed(which, value);
        const bool gone = shm::seems_gone(*segment, owner);
        shm::hardware::store_relaxed(which, before);
        return gone;
    };
    auto& slot = segment->processes()[owner.slot];
    EXPECT_FALSE(says(slot.pid_namespace, shm::my_identity().pid_namespace + 1));
    EXPECT_FALSE(says(slot.pid, 0));
    EXPECT_FALSE(says(slot.pid, 1ULL << 40));
    EXPECT_FALSE(says(slot.pid, static_cast<std::uint64_t>(::getpid())));
    ++owner.generation;
    EXPECT_TRUE(shm::seems_gone(*segment, owner)) << "somebody else has its slot, or nobody";
}

// Fails if tidying is done twice or not by a CAS from the dead owner's name.
TEST(Liveness, ReapersThatRaceTidyEachDeathOnce) {
    for (int round = 0; round < 5; ++round) {
        const scratch_segment segment;
        child lives = member_of(segment.get());
        const auto living = hear_owner(lives);
        std::vector<child> victims;
        for (int i = 0; i < 4; ++i) victims.push_back(member_of(segment.get()));
        for (const child& victim : victims) static_cast<void>(hear_owner(victim));
        std::vector<child> reapers;
        for (int i = 0; i < 8; ++i)
            reapers.emplace_back([&](const line& parent) {
                static_cast<void>(parent.hear());
                parent.tell(shm::reap(*segment).processes);
                return true;
            });
        for (child& victim : victims) victim.die();
        for (const child& reaper : reapers) reaper.talk().tell();
        std::uint64_t tidied = 0;
        for (const child& reaper : reapers) tidied += reaper.talk().hear();
        EXPECT_EQ(tidied, 4U);
        EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 4U);
        EXPECT_EQ(slots_taken(*segment), 1U);
        EXPECT_EQ(shm::is_live(*segment, living), verdict::live);
    }
}

// Fails if the death of a process in the middle of joining, counting or leaving keeps a slot, or loses a count it had told of.
TEST(Liveness, AStormOfJoinsAndKillsEndsWithAllSlotsFreeAndEveryCount) {
    const char* given = std::getenv("SEKI_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 7;
    std::printf("SEKI_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random{seed};
    const scratch_segment segment{12};
    shm::open_shared_block(*segment, entry, incarnation);
    std::uint64_t told = 0, deaths = 0;
    const auto churn = [&](const line& parent) {
        for (;;) {
            const attachment attached{segment.get()};
            std::thread{[&] { count(attached), parent.tell(1); }}.join();
            count(attached), parent.tell(1);
        }
        return true;
    };
    std::vector<child> running;
    const auto bury = [&](std::size_t i) {
        running[i].kill();
        while (const auto number = running[i].talk().listen()) told += *number;
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
        ++deaths;
    };
    for (int i = 0; i < 300; ++i) {
        running.emplace_back(churn);
        for (std::uint64_t heard = random() % 6; heard > 0; --heard) told += running.back().talk().hear();
        if (running.size() >= 4) bury(random() % running.size());
        if (random() % 4 == 0) shm::reap(*segment);
    }
    while (!running.empty()) bury(0);
    shm::reap(*segment);
    EXPECT_EQ(slots_taken(*segment), 0U);
    for (const auto& slot : segment->processes()) EXPECT_EQ(shm::state_of(slot).stage, stage::free);
    EXPECT_GE(counted(*segment), told);
    EXPECT_LE(counted(*segment), told + 2 * deaths);  // who dies between counting and telling: one a thread
}

// ---- the words alone, in every order, with a death anywhere

constexpr std::uint64_t one = 11, other = 22;

// Joins, believes that it is the owner, leaves. The kernel's lock is a word here that says who holds it; death drops it.
struct small_world {
    layout::process_slot slot{};
    layout::worker_slot worker{};
    std::array<bool, 2> owns{};
    std::array<std::uint64_t, 2> generation{};

    void join(std::size_t i, std::uint64_t who) {
        const process_state found = shm::state_of<stepped>(slot);
        const process_state claimed{found.generation + 1, who, stage::claimed};
        if (found.stage != stage::free || !shm::advance<stepped>(slot, found, claimed)) return;
        if (!shm::advance<stepped>(slot, claimed, {claimed.generation, who, stage::live})) return;
        owns[i] = true;
        generation[i] = claimed.generation;
    }
};

// Fails if two can hold one slot, two generations are one, or a claim that was taken back can still be published.
TEST(Liveness, ASlotHasOneOwnerInEveryOrderOfJoiningAndTakingBack) {
    const auto attempt = [](interleaving& run) {
        const auto world = std::make_unique<small_world>();
        const auto take_back = [&] {
            const process_state found = shm::state_of<stepped>(world->slot);
            if (found.stage == stage::claimed)
                shm::advance<stepped>(world->slot, found, {found.generation, 0, stage::free});
        };
        run.together({[&] { world->join(0, one); }, [&] { world->join(1, other); }, take_back});
        if (world->owns[0] && world->owns[1]) run.fail("two owners");
    };
    EXPECT_EQ(explore({.preemptions = 4, .deaths = 1}, attempt).failure, "");
}

// Fails if tidying after a dead owner can free a worker slot that its successor took.
TEST(Liveness, TidyingAfterTheDeadNeverFreesASuccessorsSlot) {
    const auto attempt = [](interleaving& run) {
        const auto slot = std::make_unique<layout::worker_slot>();
        constexpr std::uint64_t dead = 0x10001, heir = 0x20001;
        static_cast<void>(shm::take(*slot, dead));
        bool taken = false;
        const auto reaper = [&] { shm::give_back<stepped>(*slot, dead); };
        run.together({reaper, reaper, [&] { taken = shm::take<stepped>(*slot, heir); }});
        if (taken && shm::hardware::load_relaxed(slot->owner) != heir) run.fail("the heir lost its slot");
    };
    EXPECT_EQ(explore({.preemptions = 4, .deaths = 1}, attempt).failure, "");
}

}  // namespace
}  // namespace seki::test
