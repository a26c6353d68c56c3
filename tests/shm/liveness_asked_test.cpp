// Who joins, and who is asked after, where files, numbers and descriptors are not what they should be.
#include "shm/liveness.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "processes.hpp"
#include "shm/asking_time.hpp"
#include "shm/kept_descriptor.hpp"
#include "shm/process_identity.hpp"

namespace seki::test {
namespace {

using shm::attachment;
using shm::verdict;

// Fails if who may only read, or has a segment that was replaced, joins or reaps: its mapping would not take it, or nobody looks there any more.
TEST(LivenessAsked, WhoMayNotWriteNeitherJoinsNorReaps) {
    const scratch_segment segment;
    child member = member_of(segment.get());
    const auto owner = hear_owner(member);
    member.die();
    const auto read = shm::segment::attach(segment.path(), shm::segment::access::read_only);
    ASSERT_TRUE(read);
    const auto refused = shm::membership::join(**read, [](shm::process_owner) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::read_only);
    EXPECT_EQ(shm::reap(**read).processes, 0U);
    shm::hardware::store_relaxed(segment->header().id.superseded, 1);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::dead);
    shm::hardware::store_relaxed(segment->header().id.superseded, 0);
    EXPECT_EQ(shm::reap(*segment).processes, 1U);
    shm::membership{}.leave(*segment);  // of nothing
}

// Fails if who finds no free slot leaves the dead to a sekid that ticks, and takes none for itself.
TEST(LivenessAsked, WhereASekidTicksWhoNeedsASlotStillReaps) {
    const scratch_segment segment{1};
    child member = member_of(segment.get());
    const auto owner = hear_owner(member);
    member.die();
    shm::hardware::store_relaxed(segment->header().heartbeat_ns, shm::asking_time::now_ns());
    shm::word next{};
    shm::reap_some(*segment, next);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::gone);
}

// Fails if something else under the name of a lock file is taken for one: a lock on a pipe tells nobody anything.
TEST(LivenessAsked, WhatIsNoFileIsNoLock) {
    const scratch_segment segment{1};
    const auto in_the_way = shm::liveness_folder(segment.path()) / (std::to_string(segment->generation()) + ".0");
    ASSERT_EQ(::mkfifo(in_the_way.c_str(), 0660), 0);
    const auto refused = shm::membership::join(*segment, [](shm::process_owner) {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("cannot use a lock file in"), std::string::npos) << refused.error().message;
    ::unlink(in_the_way.c_str());
    auto joined = shm::membership::join(*segment, [](shm::process_owner) {});
    ASSERT_TRUE(joined) << joined.error().message;
    joined->leave(*segment);
}

// Fails if a lock file is kept under the number of a standard stream: who opens one of those in its place closes the lock with it.
TEST(LivenessAsked, WhoClosedItsStandardStreamsKeepsNoLockThere) {
    const scratch_segment segment;
    child closes{[&](const line& parent) {
        ::close(STDIN_FILENO);
        const attachment attached{segment.get()};
        const auto owner = attached.me().owner;
        const bool free_yet = ::fcntl(STDIN_FILENO, F_GETFD) < 0;
        parent.tell(owner);
        return parent.hear() == 1 && free_yet;
    }};
    const auto owner = hear_owner(closes);
    EXPECT_EQ(shm::is_live(*segment, owner), verdict::live);
    closes.talk().tell();
    EXPECT_TRUE(closes.succeeded());
}

// Fails if a file that the program opened under a number that was ours is closed, or believed to be ours.
TEST(LivenessAsked, ADescriptorThatIsAnothersByNowIsLeftAlone) {
    const scratch_segment segment;
    struct stat facts{};
    const int ours = ::open(segment.path().c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::fstat(ours, &facts), 0);
    shm::kept_descriptor kept{shm::descriptor{ours}, facts};
    EXPECT_TRUE(kept.has_a_name());
    const int theirs = ::open(segment.path().parent_path().c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::dup2(theirs, ours), ours);
    EXPECT_FALSE(kept.facts());
    EXPECT_FALSE(kept.has_a_name());
    kept.close();
    EXPECT_EQ(::fcntl(ours, F_GETFD), 0) << "it was closed";
    ::close(ours);
    ::close(theirs);
}

// Fails if a process is taken for dead because there is no /proc to see it in, or one that is dead for alive.
TEST(LivenessAsked, WithoutProcTheKernelSaysWhetherANumberIsInUse) {
    const scratch_segment segment;
    std::optional<child> other{child{[](const line& parent) { return parent.hear() == 1; }}};
    const shm::process_identity named{static_cast<std::uint64_t>(other->pid()), 7, 0, 0};
    const auto says = [&](bool running) {
        return child{[&](const line&) {
                   if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) return false;
                   if (::chroot(segment.path().parent_path().c_str()) != 0 || ::chdir("/") != 0) return false;
                   return shm::still_runs(named, 0) == running;
               }}
            .succeeded();
    };
    EXPECT_TRUE(says(true));
    other.reset();
    EXPECT_TRUE(says(false));
}

}  // namespace
}  // namespace seki::test
