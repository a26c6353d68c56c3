// Processes that are no longer where they opened the segment: another root, another folder, another link, another parent, another user beside them.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "client_fixture.hpp"
#include "shm/namespaces.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

namespace fs = std::filesystem;
class Moved : public ClientTest {
protected:
    [[nodiscard]] fs::path folder_named(const char* name) const {
        fs::create_directories(folder() / name);
        return folder() / name;
    }
    static bool got_one(const Bulkhead& from, std::optional<Permit>& kept) {
        auto permit = from.try_acquire();
        if (!permit) return false;
        kept = std::move(*permit);
        return true;
    }
    static bool one_is_free(const Bulkhead& from) {
        std::optional<Permit> kept;
        return got_one(from, kept);
    }
};

// Fails if a worker that changed its root (php-fpm, haproxy) takes the holders of permits for dead; or its own death is not seen.
TEST_F(Moved, InAnotherRootAPermitThatIsHeldIsNotGivenOutAgain) {
    for (const child::forker forks : {child::forker{&::fork}, child::forker{&fork_into_pid_namespace}}) {
        const Segment segment = opened();
        const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
        std::optional<Permit> held = must(database.try_acquire());
        child jailed{[&](const line& parent) {
                         if (!go_to_root(folder_named("jail"))) return false;
                         std::optional<Permit> its;
                         parent.tell(got_one(database, its));
                         static_cast<void>(parent.hear());
                         parent.tell(got_one(database, its));
                         return parent.hear() == 0;
                     },
                     forks};
        EXPECT_EQ(jailed.talk().hear(), 0U);
        ASSERT_TRUE(held->release());
        jailed.talk().tell();
        EXPECT_EQ(jailed.talk().hear(), 1U);
        EXPECT_FALSE(one_is_free(database));
        jailed.die();
        EXPECT_TRUE(database.acquire(1min));
    }
}

// Fails if it administers by a lock that nobody else asks for, and leaves that behind in a folder of the same name.
TEST_F(Moved, NothingIsChangedFromAnotherRoot) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    const fs::path jail = folder_named("jail"), there = jail / folder().relative_path();
    fs::create_directories(there);
    child jailed{[&](const line& parent) {
        if (!go_to_root(jail)) return false;
        LimiterOptions other = six_a_year();
        other.limit = 7;
        const auto changed = segment.change("login", other);
        parent.tell(changed ? 0 : static_cast<std::uint64_t>(changed.error().code));
        return true;
    }};
    EXPECT_EQ(static_cast<Errc>(jailed.talk().hear()), Errc::not_found);
    EXPECT_TRUE(jailed.succeeded());
    EXPECT_TRUE(fs::is_empty(there));
    EXPECT_EQ(*login.options(), six_a_year());
}

// Fails if a relative path means another segment once the process has another folder: no lock of it, and no successor.
TEST_F(Moved, ARelativePathMeansWhatItMeantWhenItWasOpened) {
    const fs::path before = fs::current_path(), other = folder_named("other");
    fs::current_path(folder());
    const Segment segment = must(open("./a.seg", small()));
    const Limiter login = must(segment.limiter("login", six_a_year()));
    EXPECT_EQ(segment.path(), path());
    fs::current_path(other);
    LimiterOptions changed = six_a_year();
    changed.mode = Mode::shadow;
    EXPECT_TRUE(segment.change("login", changed));
    EXPECT_TRUE(fs::is_empty(other));

    ASSERT_TRUE(shm::segment::destroy(path()));
    const Segment next = opened();
    ASSERT_TRUE(next.limiter("login", six_a_year())->check("alice", 5).allowed);
    while (login.peek("alice").error == Errc::superseded)
        ::sched_yield();  // the file system is looked at every few milliseconds
    EXPECT_EQ(login.peek("alice", 0).remaining, 1U);
    EXPECT_TRUE(fs::is_empty(other));
    fs::current_path(before);
}

// Fails if who came by a link that is gone takes the segment for removed, and marks it for everybody.
TEST_F(Moved, ALinkThatIsGoneTakesTheSegmentFromNobody) {
    const fs::path real = folder_named("real"), link = folder() / "link";
    fs::create_directory_symlink(real, link);
    const Segment straight = must(open((real / "a.seg").string(), small()));
    const Segment around = must(open((link / "a.seg").string(), small()));
    const Limiter login = must(straight.limiter("login", six_a_year()));
    fs::remove(link);
    EXPECT_TRUE(around.maintain());
    EXPECT_FALSE(straight.handle()->where().superseded());
    EXPECT_TRUE(around.limiter("login")->check("alice", 5).allowed);
    EXPECT_EQ(login.peek("alice", 0).remaining, 1U);
}

// Fails if who opened by way of a link to a folder stays at the one that was removed, when the link leads to another by then; with permission to make a segment or not.
TEST_F(Moved, WhereALinkLeadsToAnotherFolderTheSegmentThereIsNext) {
    const fs::path before = fs::current_path(), link = folder() / "current";
    const auto lead_to = [&](const fs::path& to) {
        fs::create_directory(folder() / to);
        fs::remove(link);
        fs::create_directory_symlink(to, link);
    };
    lead_to("v1");
    fs::current_path(folder());
    const Segment maker = must(open("current/a.seg", small()));
    const Segment guest = must(open((link / "a.seg").string(), small(Access::attach)));
    fs::current_path(before);
    const Limiter login = must(maker.limiter("login", six_a_year()));
    const Limiter looking = must(guest.limiter("login"));
    for (const auto& [from, to] : {std::pair{"v1", "v2"}, std::pair{"v2", "v1"}}) {
        lead_to(to);
        EXPECT_TRUE(guest.maintain()) << "it is where it was";
        EXPECT_EQ(guest.path(), folder() / from / "a.seg");
        fs::remove_all(folder() / from);
        EXPECT_EQ(guest.maintain().error().code, Errc::superseded) << "there is none yet";
        const Segment made = must(open((link / "a.seg").string(), small()));
        const Limiter theirs = must(made.limiter("login", six_a_year()));
        for (const Segment* each : {&maker, &guest}) {
            EXPECT_TRUE(each->maintain());
            EXPECT_EQ(each->path(), folder() / to / "a.seg");
        }
        EXPECT_TRUE(login.check("alice", 5).allowed);
        while (looking.peek("alice").error == Errc::superseded)
            ::sched_yield();  // the file system is looked at every few milliseconds
        EXPECT_EQ(looking.peek("alice", 0).remaining, 1U);
        EXPECT_EQ(theirs.peek("alice", 0).remaining, 1U);
    }
    lead_to("v3");
    fs::remove_all(folder() / "v1");
    EXPECT_TRUE(maker.maintain()) << "who may makes it";
    EXPECT_TRUE(fs::exists(folder() / "v3" / "a.seg"));
    EXPECT_TRUE(login.check("alice", 6).allowed);
}

// Fails if a daemon's permits outlive the process that took them, or the copy that its child has gives one back.
TEST_F(Moved, ADaemonThatForkedTwiceStartsWithoutWhatItsForebearHeld) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    child forebear{[&](const line& parent) {
        std::optional<Permit> held = must(database.try_acquire());
        if (::fork() != 0)
            for (;;) ::pause();
        if (::fork() != 0) ::_exit(0);
        ::setsid();
        parent.tell(held->release());
        parent.tell(one_is_free(database));
        static_cast<void>(parent.hear());
        std::optional<Permit> mine;
        parent.tell(got_one(database, mine));
        return parent.hear() == 0;
    }};
    EXPECT_EQ(forebear.talk().hear(), 0U) << "the daemon's copy gave it back";
    EXPECT_EQ(forebear.talk().hear(), 0U) << "the forebear lives, and holds it";
    forebear.die();
    forebear.talk().tell();
    EXPECT_EQ(forebear.talk().hear(), 1U) << "the forebear is dead, and what it held comes back";
    EXPECT_FALSE(one_is_free(database)) << "the daemon lives";
}

// Fails if the dead of another user are not seen, or its living are dead: nothing under /proc tells one user's process of another's mappings.
TEST_F(Moved, UsersOfOneGroupGiveBackWhatEachOthersDeadHeld) {
    if (::geteuid() != 0) return;  // only root can be two other users
    constexpr gid_t group = 54300;
    ASSERT_EQ(::chown(folder().c_str(), 0, group), 0);
    ASSERT_EQ(::chmod(folder().c_str(), 02770), 0);
    const auto become = [](uid_t user) {
        return ::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0 &&
               ::setresuid(user, user, user) == 0;
    };
    for (const child::forker forks : {child::forker{&::fork}, child::forker{&fork_into_pid_namespace}}) {
        child one{[&](const line& parent) {
                      if (!become(54301)) return false;
                      const Bulkhead database = must(opened().bulkhead("database", {.max_concurrent = 1}));
                      const Permit held = must(database.try_acquire());
                      parent.tell();
                      return parent.hear() == 0;
                  },
                  forks};
        ASSERT_EQ(one.talk().hear(), 1U);
        child other{[&](const line& parent) {
                        if (!become(54302)) return false;
                        const Bulkhead database = must(opened().bulkhead("database", {.max_concurrent = 1}));
                        std::optional<Permit> its;
                        parent.tell(got_one(database, its));
                        static_cast<void>(parent.hear());
                        parent.tell(got_one(database, its));
                        return true;
                    },
                    forks};
        EXPECT_EQ(other.talk().hear(), 0U);
        one.kill();
        other.talk().tell();
        EXPECT_EQ(other.talk().hear(), 1U);
        EXPECT_TRUE(other.succeeded());
    }
}

// Whoever has none may not look into a folder that its mode closes, not even its owner.
bool lay_down_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    return ::syscall(SYS_capset, &header, none) == 0;
}

// Fails if who may not look into the shared folder silently gets a limit of its own.
TEST_F(Moved, WhoMayNotLookIntoTheSharedFolderIsToldToJoinItsGroup) {
    child outsider{[&](const line& parent) {
                       ::unsetenv("SEKI_SEGMENT");
                       if (::mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0) return false;
                       parent.tell(resolve("shop") == "/dev/shm/seki-" + std::to_string(::geteuid()) + "/shop.seg");
                       if (::mkdir("/run/seki", 0) != 0 || ::chmod("/run/seki", 0010) != 0) return false;
                       if (!lay_down_capabilities()) return false;
                       parent.tell(resolve() == "/run/seki/default.seg");
                       parent.tell(resolve("shop") == "/run/seki/shop.seg");
                       const auto refused = open("shop");
                       parent.tell(!refused && refused.error().code == Errc::no_permission &&
                                   refused.error().message.find("join group ") != std::string::npos);
                       return true;
                   },
                   &fork_with_own_mounts};
    EXPECT_EQ(outsider.talk().hear(), 1U) << "there is no such folder";
    EXPECT_EQ(outsider.talk().hear(), 1U);
    EXPECT_EQ(outsider.talk().hear(), 1U);
    EXPECT_EQ(outsider.talk().hear(), 1U) << "the sentence";
    EXPECT_TRUE(outsider.succeeded());
}

// Fails if who has but the file, and others' lock files nowhere, works in it: it would take them for dead, or change it beside them.
TEST_F(Moved, AFileThatIsMountedWithoutItsFolderIsRefused) {
    const Segment segment = opened();
    const fs::path there = folder_named("there") / "a.seg";
    child mounts{[&](const line& parent) {
                     (void)::close(::open(there.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0660));
                     if (::mount(path().c_str(), there.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
                     for (const Access how : {Access::create_or_attach, Access::attach})
                         parent.tell(static_cast<std::uint64_t>(open(there.string(), small(how)).error().code));
                     parent.tell(static_cast<std::uint64_t>(shm::segment::replace(there, {}).error().code));
                     parent.tell(static_cast<std::uint64_t>(shm::segment::destroy(there).error().code));
                     return open(there.string(), small(Access::read_only)).has_value();
                 },
                 &fork_with_own_mounts};
    for (int i = 0; i < 4; ++i) EXPECT_EQ(static_cast<Errc>(mounts.talk().hear()), Errc::wrong_host);
    EXPECT_TRUE(mounts.succeeded());
    EXPECT_FALSE(segment.handle()->where().superseded());
    EXPECT_FALSE(fs::exists(there.native() + ".live"));
}

// Fails if a file that is mounted on itself is refused, as `ReadWritePaths=` of systemd does it: what lies beside it is what lies there for all. Or if it is
// marked by who cannot remove it then.
TEST_F(Moved, AFileThatIsMountedWhereItLiesIsUsedAndNotReplaced) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    std::optional<Permit> held = must(database.try_acquire());
    child mounts{[&](const line& parent) {
                     if (::mount(path().c_str(), path().c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
                     parent.tell(static_cast<std::uint64_t>(shm::segment::replace(path(), {}).error().code));
                     parent.tell(static_cast<std::uint64_t>(shm::segment::destroy(path()).error().code));
                     const auto here = open(path(), small());
                     parent.tell(here.has_value());
                     const Bulkhead same = must(here->bulkhead("database"));
                     std::optional<Permit> its;
                     parent.tell(got_one(same, its));
                     static_cast<void>(parent.hear());
                     parent.tell(got_one(same, its));
                     return parent.hear() == 0;
                 },
                 &fork_with_own_mounts};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(static_cast<Errc>(mounts.talk().hear()), Errc::wrong_host);
    EXPECT_EQ(mounts.talk().hear(), 1U) << "opened";
    EXPECT_EQ(mounts.talk().hear(), 0U) << "it is held, by one who lives";
    ASSERT_TRUE(held->release());
    mounts.talk().tell();
    EXPECT_EQ(mounts.talk().hear(), 1U);
    EXPECT_FALSE(one_is_free(database)) << "it lives";
    mounts.die();
    EXPECT_TRUE(database.acquire(1min));
    EXPECT_FALSE(segment.handle()->where().superseded());
}

// Fails if a file of the same file system that is mounted over another of its name passes for that one.
TEST_F(Moved, AFileThatIsMountedOverAnotherSegmentIsRefused) {
    const Segment segment = opened();
    const fs::path there = folder_named("there") / "a.seg";
    const Segment other = must(open(there.string(), small()));
    child mounts{[&](const line& parent) {
                     if (::mount(path().c_str(), there.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
                     parent.tell(static_cast<std::uint64_t>(open(there.string(), small()).error().code));
                     return true;
                 },
                 &fork_with_own_mounts};
    EXPECT_EQ(static_cast<Errc>(mounts.talk().hear()), Errc::wrong_host);
    EXPECT_TRUE(mounts.succeeded());
}

}  // namespace
}  // namespace seki::test
