// Many processes, and deaths at every system call.
#include <gmock/gmock.h>
#include <grp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "refused_calls.hpp"
#include "segment_fixture.hpp"
#include "shm/administration.hpp"

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;
using access = segment::access;
using std::chrono::milliseconds;

class SegmentProcesses : public SegmentTest {
protected:
    // Runs `work` in a child and kills it at its `stop`-th entry into or exit from a system call. False once it got to its end.
    static bool killed_at(int stop, const std::function<void()>& work) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::raise(SIGSTOP);
            work();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSTOPPED(status)) << "this machine lets nobody trace his own children";
        ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL);
        for (int passed = 0; passed <= stop; ++passed) {
            ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
            ::waitpid(child, &status, 0);
            if (!WIFSTOPPED(status)) return false;
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        return true;
    }

    // Kills `work` at every system call, each time after `prepare`, and looks with `check` at what is left.
    void killed_everywhere(const std::function<void()>& prepare, const std::function<void()>& work,
                           const std::function<void()>& check) {
        int stop = 0;
        for (bool killed = true; killed && stop < 2000; ++stop) {
            prepare();
            killed = killed_at(stop, work);
            SCOPED_TRACE("killed at stop " + std::to_string(stop));
            check();
            if (HasFailure()) return;
        }
        EXPECT_GT(stop, 40) << "so few system calls that this shows nothing";
        EXPECT_LT(stop, 2000);
    }

    void start_anew() {
        fs::remove_all(folder);
        fs::create_directory(folder);
    }

    // A normal user needs a user namespace for that, in which he is who he was.
    static bool enter_mount_namespace() {
        const uid_t user = ::geteuid();
        const gid_t group = ::getegid();
        if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
        if (user != 0) {
            std::ofstream{"/proc/self/setgroups"} << "deny";
            std::ofstream{"/proc/self/uid_map"} << user << ' ' << user << " 1";
            std::ofstream{"/proc/self/gid_map"} << group << ' ' << group << " 1";
        }
        return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    }

    // A file system of 16 KiB in the folder. Where even a namespace of one's own lets nobody mount, the kernel answers whoever wants
    // room as if the file system were full.
    [[nodiscard]] bool have_no_room() const {
        if (enter_mount_namespace() && ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=16k") == 0) return true;
        return refuse_calls(SYS_fallocate, ENOSPC);
    }

    // A group that this process, which is no root, is not in.
    static std::string foreign_group() {
        std::vector<gid_t> mine(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
        if (::getgroups(static_cast<int>(mine.size()), mine.data()) < 0) return "";
        mine.push_back(::getegid());
        ::setgrent();
        const ::group* each = ::getgrent();
        while (each != nullptr && std::ranges::find(mine, each->gr_gid) != mine.end()) each = ::getgrent();
        return each != nullptr ? each->gr_name : "";
    }

    // Absent, or whole; and in both cases whoever comes next gets a segment, and leaves nothing of the dead one's behind.
    void expect_absent_or_whole() {
        if (fs::exists(path)) {
            const auto found = segment::attach(path, access::read_write);
            ASSERT_TRUE(found || found.error().code == Errc::superseded) << found.error().message;
        }
        const auto next = segment::create_or_attach(path, small);
        ASSERT_TRUE(next) << next.error().message;
        EXPECT_FALSE((*next)->superseded());
        ASSERT_TRUE(administration::lock(path, milliseconds{0})) << "a dead process holds the lock";
    }
};

// Fails when a creator can die and leave half a segment under the segment's name, or something that stops the next one.
TEST_F(SegmentProcesses, CreatorKilledAtAnySystemCallLeavesNoneOrAWholeOne) {
    killed_everywhere([&] { start_anew(); }, [&] { static_cast<void>(segment::create_or_attach(path, small)); },
                      [&] { expect_absent_or_whole(); });
}

// Fails when a replacer can die and leave two segments in force: holders of the old must know as soon as the new one has the name.
TEST_F(SegmentProcesses, ReplacerKilledAtAnySystemCallLeavesOneInForce) {
    std::shared_ptr<segment> old;
    killed_everywhere(
        [&] {
            start_anew();
            old = *segment::create_or_attach(path, small);
        },
        [&] { static_cast<void>(segment::replace(path, small)); },
        [&] {
            const auto found = segment::attach(path, access::read_write);
            if (found && (*found)->inode() != old->inode()) {
                EXPECT_TRUE(old->superseded());
            }
            expect_absent_or_whole();
        });
}

// Fails when who destroys can die and leave something that neither a second destroy nor a creator gets past.
TEST_F(SegmentProcesses, DestroyerKilledAtAnySystemCallCanBeFinished) {
    killed_everywhere(
        [&] {
            start_anew();
            ASSERT_TRUE(segment::create_or_attach(path, small));
        },
        [&] { static_cast<void>(segment::destroy(path)); },
        [&] {
            const auto again = segment::destroy(path);
            EXPECT_TRUE(again || again.error().code == Errc::not_found) << again.error().message;
            EXPECT_TRUE(files().empty());
        });
}

// Fails when racing creators end up with different files: each would have its own limits.
TEST_F(SegmentProcesses, RacingCreatorsAgreeOnOneFile) {
    constexpr int processes = 16;
    for (int round = 0; round < 20; ++round) {
        start_anew();
        int gate[2];
        int answers[2];
        ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
        ASSERT_EQ(::pipe2(answers, O_CLOEXEC), 0);
        std::vector<pid_t> children;
        for (int i = 0; i < processes; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                ::close(gate[1]);
                char none = 0;
                if (::read(gate[0], &none, 1) != 0) ::_exit(1);  // until the parent closes its end: all start at once
                const auto made = segment::create_or_attach(path, small);
                const std::uint64_t inode = made ? (*made)->inode() : 0;
                ::_exit(::write(answers[1], &inode, sizeof inode) == sizeof inode ? 0 : 1);
            }
            children.push_back(child);
        }
        ::close(gate[0]);
        ::close(gate[1]);
        ::close(answers[1]);
        std::map<std::uint64_t, int> inodes;
        std::uint64_t inode = 0;
        while (::read(answers[0], &inode, sizeof inode) == sizeof inode) ++inodes[inode];
        ::close(answers[0]);
        for (const pid_t child : children) ::waitpid(child, nullptr, 0);
        ASSERT_EQ(inodes.size(), 1U) << "round " << round;
        EXPECT_EQ(inodes.begin()->second, processes);
        EXPECT_EQ(inodes.begin()->first, (*segment::attach(path, access::read_only))->inode());
    }
}

// Fails when attaching fails, or gets something that is neither the old nor the new, while the name changes hands.
TEST_F(SegmentProcesses, AttachNeverFailsWhileTheSegmentIsReplaced) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const pid_t replacer = ::fork();
    if (replacer == 0) {
        for (int i = 0; i < 200; ++i)
            if (!segment::replace(path, small)) ::_exit(1);
        ::_exit(0);
    }
    int status = 0;
    while (::waitpid(replacer, &status, WNOHANG) == 0) {
        const auto found = segment::attach(path, access::read_write);
        ASSERT_TRUE(found || found.error().code == Errc::superseded) << found.error().message;
        const auto mine = segment::create_or_attach(path, small);
        ASSERT_TRUE(mine) << mine.error().message;
    }
    EXPECT_EQ(status, 0);
}

// Fails when two processes administer at once because one of them holds the lock of a file that has lost its name.
TEST_F(SegmentProcesses, LockExcludesAlsoWhileItsFileIsRemovedAgainAndAgain) {
    auto* const inside =
        static_cast<layout::word*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(static_cast<void*>(inside), MAP_FAILED);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            for (int round = 0; round < 200; ++round) {
                const auto held = administration::lock(path, std::chrono::seconds{60});
                if (!held) ::_exit(1);
                if (hardware::fetch_add_relaxed(*inside, 1) != 0) ::_exit(2);
                ::sched_yield();  // lets the others see it
                hardware::fetch_add_relaxed(*inside, ~0ULL);
                ::unlink(administration_lock_path(path).c_str());  // the last thing its holder does, as destroy()
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    ::munmap(inside, 4096);
}

// Fails when a child keeps the lock that its parent held while it forked, or gives it back in the parent's name.
TEST_F(SegmentProcesses, ChildForkedWhileTheLockWasHeldNeitherKeepsNorDropsIt) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    int gate[2];
    ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
    int done[2];
    ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
    const pid_t parent = ::fork();  // a process that dies while it holds the lock, and has a child that lives on
    if (parent == 0) {
        auto held = administration::lock(path);
        if (::fork() == 0) {
            {
                const auto inherited = std::move(held);
            }  // what the child's copy does must not touch the parent's lock
            const bool still_held = !administration::lock(path, milliseconds{0});
            ::close(gate[1]);
            if (::write(done[1], still_held ? "y" : "n", 1) != 1) ::_exit(1);
            char none = 0;
            static_cast<void>(!::read(gate[0], &none, 1));  // lives until the test is over
            ::_exit(0);
        }
        ::close(gate[1]);
        for (;;) ::pause();
    }
    char still_held = 0;
    ASSERT_EQ(::read(done[0], &still_held, 1), 1);
    EXPECT_EQ(still_held, 'y');
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
    for (const int end : {gate[0], gate[1], done[0], done[1]}) ::close(end);
}

// Fails when a creation that may not write so much is a signal, a half file, or a riddle.
TEST_F(SegmentProcesses, FileSizeLimitIsAClearErrorAndLeavesNothing) {
    const std::string said = in_child([&]() -> std::string {
        const struct rlimit limit{16384, 16384};
        ::setrlimit(RLIMIT_FSIZE, &limit);  // SIGXFSZ keeps its default: it would kill us
        const auto refused = segment::create_or_attach(path, small);
        if (refused) return "made";
        return refused.error().code == Errc::no_space ? refused.error().message
                                                      : "another code: " + refused.error().message;
    });
    EXPECT_THAT(said, HasSubstr("ulimit -f"));
    EXPECT_THAT(said, HasSubstr("40960 bytes"));
    EXPECT_TRUE(files().empty());
}

// Fails when a limit that is large enough is in the way.
TEST_F(SegmentProcesses, AFileSizeLimitThatIsLargeEnoughIsNone) {
    const std::string said = in_child([&]() -> std::string {
        const struct rlimit limit{40960, 40960};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto made = segment::create_or_attach(path, small);
        return made ? "" : made.error().message;
    });
    EXPECT_EQ(said, "");
}

// Fails when a full file system is found out by SIGBUS, leaves a file, or is told without the numbers.
TEST_F(SegmentProcesses, FullFileSystemIsAClearErrorAndLeavesNothing) {
    const std::string said = in_child([&]() -> std::string {
        if (!have_no_room()) return "this machine lets nobody have a full file system";
        const auto refused = segment::create_or_attach(path, small);
        if (refused) return "made";
        if (!files().empty()) return "left something: " + *files().begin();
        return refused.error().code == Errc::no_space ? refused.error().message
                                                      : "another code: " + refused.error().message;
    });
    EXPECT_THAT(said, HasSubstr("40960 bytes do not fit"));
    EXPECT_THAT(said, HasSubstr("free"));
    EXPECT_THAT(said, HasSubstr("lower the segment's size"));
}

// Fails when a group that cannot be given leaves a file of another group, or the message does not name it.
TEST_F(SegmentProcesses, GroupThatTheUserIsNotInIsRefusedAndLeavesNothing) {
    ::chmod(folder.c_str(), 0777);
    const std::string said = in_child([&]() -> std::string {
        const auto drop = [](unsigned to) {
            return ::setgroups(0, nullptr) == 0 && ::setresgid(to, to, to) == 0 && ::setresuid(to, to, to) == 0;
        };
        if (::geteuid() == 0 && !drop(65534)) return "still root";
        SegmentOptions options = small;
        options.group = foreign_group();
        if (options.group.empty()) return "there is no group that this user is not in";
        const auto refused = segment::create_or_attach(path, options);
        if (refused) return "made";
        const std::string expected = "you may not give it to group " + options.group;
        return refused.error().message.contains(expected) ? "" : refused.error().message;
    });
    EXPECT_EQ(said, "");
    EXPECT_TRUE(files().empty());
}

}  // namespace
}  // namespace seki::shm::test
