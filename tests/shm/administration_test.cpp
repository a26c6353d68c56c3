// The lock under which a segment is administered, by one process: who is told what, and what is left behind.
#include "shm/administration.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "interposed_lock.hpp"
#include "segment_fixture.hpp"

namespace seki::shm::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// What this process has open.
std::set<std::string> open_files() {
    std::set<std::string> all;
    for (const auto& each : fs::directory_iterator{"/proc/self/fd"}) {
        std::error_code closed;  // that of the iterator itself
        const fs::path file = fs::read_symlink(each.path(), closed);
        if (!closed) all.insert(each.path().filename().native() + " " + file.native());
    }
    return all;
}

struct Administration : SegmentTest {
    // As a user who is nobody here.
    [[nodiscard]] std::string refused_to_a_stranger() const {
        return in_child([this]() -> std::string {
            if (::setegid(54321) != 0 || ::seteuid(54321) != 0) return "cannot become another user";
            const auto held = administration::lock(path, milliseconds{0});
            return held ? "has it" : held.error().message;
        });
    }
    void SetUp() override {
        SegmentTest::SetUp();
        lock_file = administration_lock_path(path);
    }
    fs::path lock_file;
};

// Fails if the number of who has the lock is not told whole, or not as a number.
TEST_F(Administration, WhoComesTooLateIsToldWhoHasIt) {
    const auto held = administration::lock(path);
    ASSERT_TRUE(held) << held.error().message;
    const auto refused = administration::lock(path, milliseconds{0});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::busy);
    EXPECT_THAT(refused.error().message, HasSubstr("(process " + std::to_string(::getpid()) + ", as it sees itself)"));
    write_file(lock_file, "");
    EXPECT_THAT(administration::lock(path, milliseconds{0}).error().message,
                HasSubstr("(process 0, as it sees itself)"));
    write_file(lock_file, "777777777777777888888888");
    EXPECT_THAT(administration::lock(path, milliseconds{0}).error().message,
                HasSubstr("(process 777777777777777, as it sees itself)"));
}

// Fails if a file stays open, whatever the last error was before.
TEST_F(Administration, NothingStaysOpenWhenItIsGivenBack) {
    ASSERT_TRUE(administration::lock(path));  // makes the file
    const auto before = open_files();
    for (const int last_error : {0, ENOENT, EACCES}) {
        errno = last_error;
        {
            auto held = administration::lock(path, milliseconds{0});
            ASSERT_TRUE(held);
            EXPECT_EQ(open_files().size(), before.size() + 1);
            const administration moved = std::move(*held);
            EXPECT_FALSE(administration::lock(path, milliseconds{0})) << "it has it still";
        }
        EXPECT_EQ(open_files(), before);
    }
}

// Fails if who has a copy of the descriptor, as the child of a raw clone(), keeps the lock for good.
TEST_F(Administration, ACopyOfItsDescriptorKeepsNothing) {
    int copy = -1;
    {
        const auto held = administration::lock(path);
        ASSERT_TRUE(held);
        for (const std::string& each : open_files())
            if (each.ends_with(lock_file.native())) copy = ::dup(std::stoi(each));
        ASSERT_GE(copy, 0);
    }
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
    ::close(copy);
}

// Fails if the sentence says not who may, or another error is taken for a lack of permission.
TEST_F(Administration, WhoMayNotIsToldWhoMay) {
    if (::geteuid() != 0) return;  // needs another user
    EXPECT_THAT(refused_to_a_stranger(), HasSubstr("no permission to make \"" + lock_file.native() + "\""));
    ASSERT_TRUE(administration::lock(path));
    struct {
        mode_t mode;
        std::string advice;
    } const cases[]{{0660, ": join group root, or run as user root"},
                    {0640, ": its group may not either: run as user root"},
                    {0620, ": its group may not either: run as user root"},
                    {0600, ": its group may not either: run as user root"}};
    for (const auto& each : cases) {
        ::chmod(lock_file.c_str(), each.mode);
        EXPECT_THAT(refused_to_a_stranger(),
                    AllOf(HasSubstr("no permission to administer: \"" + lock_file.native() + "\" has owner root"),
                          HasSubstr(each.advice)));
    }
    fs::remove(lock_file);
    fs::create_symlink("elsewhere", lock_file);
    EXPECT_THAT(refused_to_a_stranger(), HasSubstr("cannot open \"" + lock_file.native() + "\": "));
    EXPECT_EQ(administration::lock(path).error().code, Errc::system);
}

// Fails if who locked a file that has lost its name meanwhile thinks that he keeps others out.
TEST_F(Administration, AFileThatLostItsNameIsNoLock) {
    ASSERT_TRUE(administration::lock(path));
    for (const bool another_comes : {false, true}) {
        before_locking = [&] {
            const fs::path kept = folder / "kept";  // so that its number is not the next one's
            fs::rename(lock_file, kept);
            if (another_comes) write_file(lock_file, "another");
        };
        const auto held = administration::lock(path, milliseconds{1'000});
        ASSERT_TRUE(held) << held.error().message;
        EXPECT_FALSE(before_locking);
        const auto second = administration::lock(path, milliseconds{0});
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Errc::busy);
        EXPECT_EQ(read_file(lock_file), std::to_string(::getpid()) + "\n") << "whatever stood there";
    }
    before_locking = [&] {
        fs::remove(lock_file);
        fs::create_symlink("elsewhere", lock_file);
    };
    const auto refused = administration::lock(path, milliseconds{1'000});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_permission) << refused.error().message;
}

// Fails if something is administered in a segment that was destroyed or replaced while one waited for the lock, or a lock file stays that is nobody's.
TEST_F(Administration, WhatWentWhileOneWaitedIsNotAdministered) {
    const auto destroy = [this] { EXPECT_TRUE(segment::destroy(path)); };
    const auto replace = [this] { EXPECT_TRUE(segment::replace(path, small)); };
    const auto remove = [this] { fs::remove(path); };
    const auto remove_all = [this] { fs::remove(path), fs::remove_all(liveness_folder(path)); };
    struct {
        std::function<void()> what_happens;
        Errc code;
        bool lock_stays;
    } const cases[]{{destroy, Errc::superseded, false},
                    {replace, Errc::superseded, true},
                    {remove, Errc::not_found, true},
                    {remove_all, Errc::not_found, false}};
    for (const auto& each : cases) {
        const auto held = segment::create_or_attach(path, small);
        ASSERT_TRUE(held);
        before_locking = each.what_happens;
        const auto refused = administration::lock(**held, milliseconds{1'000});
        EXPECT_FALSE(before_locking);
        ASSERT_FALSE(refused);
        EXPECT_EQ(to_string(refused.error().code), to_string(each.code)) << refused.error().message;
        EXPECT_EQ(fs::exists(lock_file), each.lock_stays);
        EXPECT_TRUE(administration::lock(path, milliseconds{0})) << "it was not given back";
        EXPECT_EQ(administration::lock(**held).error().code, each.code) << "and later";
    }
}

// Fails if a lock file is made for a segment that is known to be gone.
TEST_F(Administration, WhatIsGoneGetsNoLockFile) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    ASSERT_TRUE(segment::destroy(path));
    EXPECT_EQ(administration::lock(**held).error().code, Errc::superseded);
    EXPECT_TRUE(files().empty());
}

// Fails if a lock that cannot be had at all is waited for, or one that somebody has is not.
TEST_F(Administration, WhatTheKernelSaysIsTold) {
    for (const int somebody_has_it : {EAGAIN, EACCES}) {
        why_not = somebody_has_it;
        EXPECT_EQ(administration::lock(path, milliseconds{0}).error().code, Errc::busy);
    }
    why_not = ENOLCK;
    const auto refused = administration::lock(path, milliseconds{60'000});
    why_not = 0;
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::system);
    EXPECT_THAT(refused.error().message, HasSubstr("cannot lock \"" + lock_file.native() + "\": "));
}

// Fails if the lock is not the group's with which the segment is shared, or goes with what it was moved from.
TEST_F(Administration, IsSharedAsTheSegmentIs) {
    auto held = administration::lock(path);
    ASSERT_TRUE(held);
    const gid_t group = ::geteuid() == 0 ? 54321 : ::getegid();
    held->share_with(0640, group);
    struct stat facts{};
    ASSERT_EQ(::stat(lock_file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_gid, group);
    EXPECT_EQ(facts.st_mode & 07777, 0640U);
    EXPECT_EQ(facts.st_uid, ::geteuid());
    {
        const administration taken = std::move(*held);
        EXPECT_FALSE(administration::lock(path, milliseconds{0}));
    }
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
    auto one = administration::lock(path);
    ASSERT_TRUE(one);
    {
        auto other = administration::lock(folder / "b.seg");
        ASSERT_TRUE(other);
        *other = std::move(*one);
        EXPECT_FALSE(administration::lock(path, milliseconds{0}));
    }
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
    EXPECT_FALSE(administration::lock(folder / "b.seg", milliseconds{0})) << "they were exchanged";
}

}  // namespace
}  // namespace seki::shm::test
