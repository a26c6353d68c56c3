// Who can have no slot, or no lock, is told why, and leaves nothing open and nothing behind.
#include "shm/liveness.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "processes.hpp"
#include "segment_fixture.hpp"
#include "shm/process_identity.hpp"
#include "shm/process_list.hpp"

namespace {

std::function<void()> before_locking, before_renaming;  // once
int locks = 0;                                          // that were asked for

}  // namespace

// The library's calls find these before those of libc.
extern "C" {

int fcntl(int file, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    locks += what == F_SETLK ? 1 : 0;
    if (what == F_SETLK && before_locking) std::exchange(before_locking, nullptr)();
    return static_cast<int>(::syscall(SYS_fcntl, file, what, argument));
}
int renameat2(int from, const char* old_name, int to, const char* new_name, unsigned how) noexcept {
    if (before_renaming) std::exchange(before_renaming, nullptr)();
    return static_cast<int>(::syscall(SYS_renameat2, from, old_name, to, new_name, how));
}
}

namespace seki::test {
namespace {

namespace fs = std::filesystem;
using shm::membership;
using shm::test::in_child;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::size_t open_files() {
    std::size_t all = 0;
    for (const auto& each : fs::directory_iterator{"/proc/self/fd"}) all += each.path().empty() ? 0U : 1U;
    return all;
}

struct LivenessErrors : ::testing::Test {
    [[nodiscard]] fs::path folder() const { return shm::liveness_folder(segment.path()); }
    [[nodiscard]] std::string name_of(std::size_t slot) const {
        return std::to_string(segment->generation()) + "." + std::to_string(slot);
    }
    [[nodiscard]] fs::path file_of(std::size_t slot) const { return folder() / name_of(slot); }
    void occupy(std::size_t slot) const {
        shm::hardware::store_release(
            segment->processes()[slot].owner,
            layout::pack(layout::process_state{.generation = 3, .who = 9, .stage = layout::stage::live}));
    }
    [[nodiscard]] Result<membership> join() const {
        return membership::join(*segment, [](shm::process_owner) {});
    }
    [[nodiscard]] std::string why() const { return shm::why_no_slot(*segment).message; }
    // As a user who is nobody here sees it.
    [[nodiscard]] std::string why_to_a_stranger() const {
        return in_child([this]() -> std::string {
            if (::setegid(54321) != 0 || ::seteuid(54321) != 0) return "cannot become another user";
            return why();
        });
    }
    scratch_segment segment{3};
};

// Fails if one free slot among others is overlooked, or one is seen behind the last.
TEST_F(LivenessErrors, AFreeSlotIsSeenWhereverItIs) {
    for (std::size_t free = 0; free < 3; ++free) {
        for (std::size_t slot = 0; slot < 3; ++slot) occupy(slot);
        EXPECT_THAT(why(), HasSubstr("no room for another process: 3 slots are taken"));
        shm::hardware::store_release(segment->processes()[free].owner, 0);
        EXPECT_THAT(why(), HasSubstr("another process takes its slot meanwhile"));
    }
}

// Fails if the folder or the file that cannot be used is not told, or another reason than permission is.
TEST_F(LivenessErrors, WhoMayNotUseTheFilesIsToldWhich) {
    if (::geteuid() != 0) return;  // needs another user
    const std::string its_file = "cannot use a lock file in \"" + folder().native() + "\"";
    for (std::size_t slot = 1; slot < 3; ++slot) occupy(slot);
    ASSERT_EQ(::chmod(folder().c_str(), 0777), 0);
    EXPECT_THAT(why_to_a_stranger(), HasSubstr("another process takes its slot meanwhile")) << "it may make one";
    ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
    EXPECT_THAT(why_to_a_stranger(), HasSubstr(its_file)) << "it may not";
    for (const mode_t mode : {0600U, 0644U, 0622U}) {
        shm::test::write_file(file_of(0), "");
        ASSERT_EQ(::chmod(file_of(0).c_str(), mode), 0);
        EXPECT_THAT(why_to_a_stranger(), HasSubstr(its_file)) << mode;
    }
    ASSERT_EQ(::chmod(file_of(0).c_str(), 0666), 0);
    EXPECT_THAT(why_to_a_stranger(), HasSubstr("another process takes its slot meanwhile"));
    fs::remove_all(folder());
    EXPECT_THAT(why(), HasSubstr("cannot use the folder of its lock files, \"" + folder().native() + "\""));
}

// Fails if a file that another process has locked is taken for one that cannot be used, or is kept open.
TEST_F(LivenessErrors, AFreeSlotWhoseFileAnotherHasLockedIsPassedOver) {
    for (std::size_t slot = 1; slot < 3; ++slot) occupy(slot);
    child other{[&](const line& parent) {
        const int file = ::open(file_of(0).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        struct flock all{};
        all.l_type = F_WRLCK;
        parent.tell(::fcntl(file, F_SETLK, &all) == 0 ? 1 : 0);
        (void)parent.listen();
        return true;
    }};
    ASSERT_EQ(other.talk().hear(), 1U);
    const std::size_t before = open_files();
    const auto refused = join();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_space) << refused.error().message;
    EXPECT_EQ(open_files(), before);
}

// Fails if who was too late for a slot keeps its file open, and with it the lock.
TEST_F(LivenessErrors, WhoComesTooLateForASlotLeavesItsFileAlone) {
    for (std::size_t slot = 1; slot < 3; ++slot) occupy(slot);
    const std::size_t before = open_files();
    before_locking = [this] { occupy(0); };
    auto member = join();  // for nobody has the lock of whom that names
    ASSERT_TRUE(member) << member.error().message;
    EXPECT_FALSE(before_locking);
    EXPECT_EQ(open_files(), before + 1);
    member->leave(*segment);
    EXPECT_EQ(open_files(), before);
}

// Fails if who makes its file anew, and finds that another is there by then, leaves the half of one behind, or keeps it open.
TEST_F(LivenessErrors, WhoFindsAFileMadeAnewTakesItsOwnAway) {
    auto member = join();
    ASSERT_TRUE(member);
    const std::size_t before = open_files();
    const std::size_t slot = member->self().slot;
    fs::remove(file_of(slot));
    before_renaming = [&] { shm::test::write_file(file_of(slot), ""); };
    EXPECT_TRUE(member->renew(*segment));
    EXPECT_FALSE(before_renaming);
    EXPECT_EQ(open_files(), before - 1) << "it has no lock";
    EXPECT_FALSE(fs::exists(file_of(slot).native() + ".new"));
    EXPECT_TRUE(member->renew(*segment)) << "the next time";
    EXPECT_EQ(open_files(), before);
    EXPECT_EQ(asked_from_outside(*segment, member->self()), shm::verdict::live);
    member->leave(*segment);
}

// Fails if who has its lock takes another, and is without one in between; or says that it is not on the list where nobody looks any more.
TEST_F(LivenessErrors, WhoHasItsLockOnlyAsksForIt) {
    auto member = join();
    ASSERT_TRUE(member);
    const std::size_t before = open_files();
    locks = 0;
    EXPECT_TRUE(member->renew(*segment));
    EXPECT_EQ(locks, 1);
    shm::hardware::store_relaxed(segment->header().id.superseded, 1);
    fs::remove_all(folder());
    EXPECT_TRUE(member->renew(*segment));
    EXPECT_EQ(locks, 1);
    EXPECT_EQ(open_files(), before);
    EXPECT_FALSE(fs::exists(folder()));
}

// Fails if who leaves, or is the child of who joined, keeps the lock's file open, or takes itself for a member still.
TEST_F(LivenessErrors, WhoLeavesKeepsNothing) {
    const std::size_t before = open_files();
    for (const bool is_child : {false, true}) {
        auto member = join();
        ASSERT_TRUE(member);
        EXPECT_EQ(open_files(), before + 1);
        const auto self = member->self();
        if (is_child)
            member->abandon();
        else
            member->leave(*segment);
        EXPECT_EQ(open_files(), before);
        EXPECT_EQ(member->self(), membership{}.self());
        EXPECT_EQ(shm::owner_of(*segment, self.slot).has_value(), is_child);
    }
}

// Fails if a slot of one who died on its way in is nobody's for good.
TEST_F(LivenessErrors, AClaimOfTheDeadIsFreedByWhoNeedsASlot) {
    for (std::size_t slot = 1; slot < 3; ++slot) occupy(slot);
    shm::hardware::store_release(
        segment->processes()[0].owner,
        layout::pack(layout::process_state{.generation = 3, .who = 9, .stage = layout::stage::claimed}));
    auto member = join();
    ASSERT_TRUE(member) << member.error().message;
    member->leave(*segment);
}

// Fails if what stands behind the last slot is taken for one more.
TEST_F(LivenessErrors, BehindTheLastSlotThereIsNone) {
    occupy(3);
    const shm::process_owner behind{3, 3};
    EXPECT_EQ(shm::owner_of(*segment, 3), std::nullopt);
    EXPECT_EQ(shm::is_live(*segment, behind), shm::verdict::gone);
    EXPECT_FALSE(shm::retire(*segment, behind));
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 0U);
    occupy(0);
    EXPECT_FALSE(shm::retire(*segment, {0, 2})) << "another's";
    EXPECT_TRUE(shm::retire(*segment, {0, 3}));
    EXPECT_FALSE(shm::retire(*segment, {0, 3})) << "it is off the list";
    EXPECT_EQ(shm::hardware::load_relaxed(segment->header().workers_reaped), 1U);
}

// Fails if who cannot be seen from here seems gone, or who has a number that nobody has does not.
TEST_F(LivenessErrors, WhoHasANumberThatNobodyHasSeemsGone) {
    occupy(0);
    const auto seems_gone = [this](std::uint64_t pid, std::uint64_t name_space) {
        layout::process_slot& slot = segment->processes()[0];
        shm::hardware::store_relaxed(slot.pid, pid);
        shm::hardware::store_relaxed(slot.pid_namespace, name_space);
        return shm::seems_gone(*segment, {0, 3});
    };
    constexpr std::uint64_t most = std::numeric_limits<pid_t>::max();
    const std::uint64_t here = shm::my_identity().pid_namespace;
    EXPECT_TRUE(seems_gone(most, here));
    EXPECT_FALSE(seems_gone(most, here + 1));
    EXPECT_FALSE(seems_gone(most + 1, here)) << "a scribbler's";
    EXPECT_FALSE(seems_gone((1ULL << 32) + most, here)) << "a scribbler's";
    EXPECT_FALSE(seems_gone(0, here));
    EXPECT_FALSE(seems_gone(static_cast<std::uint64_t>(::getpid()), here));
    EXPECT_TRUE(shm::seems_gone(*segment, {0, 4}));
}

// Fails if the places of threads of the dead are nobody's as long as there is room for another process.
TEST_F(LivenessErrors, WhoFindsNoPlaceForAThreadTakesOneOfTheDead) {
    const scratch_segment two{2};
    {
        child other{[&](const line& parent) {
            const shm::attachment attached{two.get()};
            (void)attached.me();
            std::thread{[&] {
                (void)attached.me();
                parent.tell();
                (void)parent.listen();
            }}.join();
            return true;
        }};
        (void)other.talk().hear();
        EXPECT_EQ(slots_taken(*two), 2U);
    }
    const shm::attachment attached{two.get()};
    EXPECT_FALSE(attached.me().shared);
    EXPECT_EQ(slots_taken(*two), 1U);
    EXPECT_EQ(processes_live(*two), 1U);
}

// Fails if who reaps leaves the claim of one who died on its way in.
TEST_F(LivenessErrors, AClaimOfTheDeadIsReaped) {
    shm::hardware::store_release(
        segment->processes()[1].owner,
        layout::pack(layout::process_state{.generation = 3, .who = 9, .stage = layout::stage::claimed}));
    EXPECT_EQ(shm::reap(*segment).processes, 0U) << "it had not joined";
    EXPECT_EQ(shm::state_of(segment->processes()[1]).stage, layout::stage::free);
}

// Fails if a child that joins keeps the lock's file that its parent opened.
TEST_F(LivenessErrors, AChildThatJoinsKeepsNothingOfItsParents) {
    const shm::attachment attached{segment.get()};
    attached.join();
    EXPECT_EQ(in_child([&]() -> std::string {
                  const std::size_t before = open_files();
                  attached.join();
                  if (!attached.me().slot) return "it has no slot";
                  return open_files() == before ? "" : "it has one file more";
              }),
              "");
}

// Fails if who was taken off the list though he lives keeps the lock of then when he joins anew.
TEST_F(LivenessErrors, WhoJoinsAnewHasOneLock) {
    const shm::attachment attached{segment.get()};
    const std::size_t before = open_files();
    attached.join();
    for (int time = 0; time < 3; ++time) {
        const auto self = process_of(attached.me());
        EXPECT_TRUE(shm::retire(*segment, self));
        attached.look_again();
        EXPECT_EQ(open_files(), before) << "another may have its slot";
        EXPECT_NE(process_of(attached.me()), self);
        EXPECT_EQ(open_files(), before + 1);
    }
}

// Fails if a child that ends its attachment keeps the lock's file that its parent opened.
TEST_F(LivenessErrors, AChildThatEndsItsAttachmentKeepsNothingOfItsParents) {
    auto attached = std::make_unique<shm::attachment>(segment.get());
    attached->join();
    EXPECT_EQ(in_child([&]() -> std::string {
                  const std::size_t before = open_files();
                  attached.reset();
                  return open_files() == before - 1 ? "" : "it is open still";
              }),
              "");
    EXPECT_EQ(processes_live(*segment), 1U);
}

// Fails if others who may take a slot cannot use the lock file that somebody made for it, whatever his umask and his group; or somebody else can.
TEST_F(LivenessErrors, ALockFileIsForAllWhoMayTakeTheSlot) {
    const gid_t group = ::geteuid() == 0 ? 54321 : ::getegid();
    ASSERT_EQ(::chown(folder().c_str(), static_cast<uid_t>(-1), group), 0);
    for (const mode_t mode : {0770U, 0750U, 0700U}) {
        fs::remove(file_of(0));
        ASSERT_EQ(::chmod(folder().c_str(), mode), 0);
        const mode_t before = ::umask(0077);
        auto member = join();
        ::umask(before);
        ASSERT_TRUE(member) << member.error().message;
        struct stat facts{};
        ASSERT_EQ(::stat(file_of(0).c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 07777, mode & 0666);
        EXPECT_EQ(facts.st_gid, group);
        EXPECT_EQ(facts.st_uid, ::geteuid());
        member->leave(*segment);
    }
}

// Fails if one of the dead is passed over, wherever who joins begins to look.
TEST_F(LivenessErrors, TheDeadAreFoundWhereverTheyAre) {
    std::vector<child> members;
    const auto one_more = [&] {
        members.push_back(member_of(segment.get()));
        return hear_owner(members.back()).slot;
    };
    for (std::uint32_t slot = 0; slot < 3; ++slot) ASSERT_EQ(one_more(), slot);
    for (std::uint32_t time = 0; time < 12; ++time) {
        const std::uint32_t dead = time % 3;
        members[dead].die();
        auto next = join();
        ASSERT_TRUE(next) << next.error().message;
        EXPECT_EQ(next->self().slot, dead);
        next->leave(*segment);
        EXPECT_EQ(one_more(), dead);
        members[dead] = std::move(members.back());
        members.pop_back();
    }
}

}  // namespace
}  // namespace seki::test
