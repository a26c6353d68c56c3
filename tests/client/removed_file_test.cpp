// Segments whose file is taken away by hand, while no sekid is there to notice: nobody marked them, and who starts later finds another.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "client_fixture.hpp"
#include "shm/administration.hpp"

namespace seki::test {
namespace {

namespace fs = std::filesystem;

class RemovedFile : public ClientTest {
protected:
    static bool superseded(const Segment& segment) { return segment.handle()->where().superseded(); }
    // That all of the limit is spent, whoever looks.
    static void expect_shared(const Limiter& one, const Limiter& other) {
        EXPECT_TRUE(one.check("alice", 2).allowed);
        EXPECT_TRUE(other.check("alice", 4).allowed);
        EXPECT_FALSE(one.check("alice").allowed);
        EXPECT_FALSE(other.check("alice").allowed);
    }
};

// Fails if who worked in the removed file stays there, so that each half of the processes lets the whole limit through.
TEST_F(RemovedFile, WhoComesLaterSharesTheLimitWithWhoWasThere) {
    const Segment early = opened();
    const Limiter before = must(early.limiter("login", six_a_year()));
    fs::remove(path());
    const Segment late = opened();
    const Limiter after = must(late.limiter("login", six_a_year()));
    ASSERT_NE(late.handle()->where().inode(), early.handle()->where().inode());
    ASSERT_TRUE(early.maintain());
    expect_shared(before, after);
}

// Fails if only maintain() looks: who does not call it asks for limiters, now and then.
TEST_F(RemovedFile, AskingForALimiterLooksToo) {
    const Segment early = opened();
    const Limiter before = must(early.limiter("login", six_a_year()));
    fs::remove(path());
    const Segment late = opened();
    const Limiter after = must(late.limiter("login", six_a_year()));
    const Limiter again = must(early.limiter("login"));
    expect_shared(before, after);
    EXPECT_FALSE(again.check("alice").allowed);
}

// Fails if the segment is only given up, and everybody is refused until somebody starts anew; or each makes a segment of his own.
TEST_F(RemovedFile, WhoMayCreateMakesItAnew) {
    OpenOptions declared = small();
    declared.config = folder() / "seki.toml";
    std::ofstream{declared.config} << "[segment]\nsize = \"1MiB\"\nmax_workers = 8\nmax_primitives = 8\n"
                                      "[limiter.declared]\nlimit = 6\nwindow = \"30d\"\nmax_keys = 64\n";
    const Segment one = must(open(path(), declared));
    const Segment other = must(open(path(), declared));
    const Limiter of_one = must(one.limiter("declared"));
    const Limiter of_other = must(other.limiter("declared"));
    fs::remove(path());
    fs::remove_all(path() + ".live");
    fs::remove(path() + ".lock");
    ASSERT_TRUE(one.maintain());
    ASSERT_TRUE(other.maintain());
    ASSERT_TRUE(fs::exists(path()));
    expect_shared(of_one, of_other);
}

// Fails if who may not create does, goes on in a file that nobody will find, or leaves a lock behind.
TEST_F(RemovedFile, WhoMayOnlyAttachIsToldThatItIsGone) {
    const Segment maker = opened();
    ASSERT_TRUE(maker.limiter("login", six_a_year()));
    const Segment guest = opened(Access::attach);
    const Limiter login = must(guest.limiter("login"));
    fs::remove_all(folder());
    EXPECT_EQ(guest.maintain().error().code, Errc::superseded);
    EXPECT_EQ(login.check("alice").error, Errc::superseded);
    EXPECT_FALSE(fs::exists(folder()));
    fs::create_directory(folder());
    const Segment next = opened();
    const Limiter anew = must(next.limiter("login", six_a_year()));
    ASSERT_TRUE(guest.maintain());
    while (login.peek("alice").error == Errc::superseded)
        sched_yield();  // the file system is looked at every few milliseconds
    expect_shared(login, anew);
}

// Fails if a segment is given up for ever because somebody cannot see its file for a while.
TEST_F(RemovedFile, WhatCannotBeLookedAtIsNoRemovedFile) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    const std::string aside = folder().native() + ".aside";
    fs::rename(folder(), aside);
    std::ofstream{folder()} << "no folder";
    ASSERT_TRUE(segment.maintain());
    EXPECT_FALSE(superseded(segment));
    fs::remove(folder());
    fs::create_symlink(folder().filename(), folder());  // leads to itself
    ASSERT_TRUE(segment.maintain());
    EXPECT_FALSE(superseded(segment));
    fs::remove(folder());
    fs::rename(aside, folder());
    EXPECT_TRUE(login.check("alice").allowed);
}

// Fails if who changed its root or its folder gives up the segment of all others, for what it cannot find there.
TEST_F(RemovedFile, WhoLooksFromElsewhereGivesNothingUp) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.limiter("login", six_a_year()));
    const pid_t child = ::fork();
    if (child == 0) {
        // A normal user may do that in a user namespace.
        if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) ::_exit(2);
        if (::chroot(folder().c_str()) != 0 || ::chdir("/") != 0) ::_exit(3);
        ::_exit(segment.maintain() ? 0 : 4);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << WEXITSTATUS(status);
    EXPECT_FALSE(superseded(segment));

    const fs::path here = fs::current_path();
    fs::current_path(folder());
    const Segment relative = must(open("./a.seg", small()));
    fs::current_path(folder().parent_path());  // on the same file system
    EXPECT_TRUE(relative.maintain());
    fs::current_path(here);
    EXPECT_FALSE(superseded(segment));
}

// Fails if it is marked while somebody else is at work on the files.
TEST_F(RemovedFile, NothingIsDoneWhileSomebodyAdministersIt) {
    const Segment segment = opened(Access::create_or_attach);
    const Segment guest = opened(Access::attach);
    {
        const auto busy = shm::administration::lock(path());
        ASSERT_TRUE(busy);
        fs::remove(path());
        EXPECT_TRUE(guest.maintain());
        EXPECT_FALSE(superseded(guest));
    }
    EXPECT_EQ(guest.maintain().error().code, Errc::superseded);
}

}  // namespace
}  // namespace seki::test
