// Who may remove a segment, what is in the way of that, and what others have put beside it.
#include <gmock/gmock.h>
#include <grp.h>

#include <cerrno>
#include <cstddef>

#include "interposed_lock.hpp"
#include "layout/header.hpp"
#include "segment_fixture.hpp"
#include "shm/administration.hpp"
#include "shm/creation.hpp"
#include "shm/lifecycle.hpp"
#include "shm/memory.hpp"

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;
using SegmentRemoval = SegmentTest;

// Fails when who made a segment, or owns the folder that it lies in, may not remove it; or somebody else of a sticky folder may.
TEST_F(SegmentRemoval, InAStickyFolderOnlyItsOwnerOrTheFoldersRemovesIt) {
    if (::geteuid() != 0) return;  // needs files of several users
    constexpr uid_t one = 54321, another = 54322;
    constexpr gid_t group = 54324;
    const auto as = [&](uid_t user, auto work) {
        return in_child([&]() -> std::string {
            if (::setgroups(1, &group) != 0 || ::setresgid(group, group, group) != 0 ||
                ::setresuid(user, user, user) != 0)
                return "no setresuid";
            ::umask(0);
            const auto done = work();
            return done ? "" : done.error().message;
        });
    };
    const auto make = [&] { return segment::create_or_attach(path, small); };
    const auto destroy = [&] { return segment::destroy(path); };
    const auto folder_of = [&](uid_t user, mode_t mode) {
        ASSERT_EQ(::chown(folder.c_str(), user, group), 0);
        ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
    };
    folder_of(0, 03770);
    EXPECT_EQ(as(one, make), "");
    EXPECT_THAT(as(another, destroy), HasSubstr("in a sticky folder only its owner may remove it"));
    EXPECT_EQ(as(one, destroy), "");
    EXPECT_EQ(as(one, make), "");
    folder_of(another, 03770);
    EXPECT_EQ(as(another, destroy), "");
    EXPECT_EQ(as(one, make), "");
    folder_of(0, 02770);
    EXPECT_EQ(as(another, destroy), "");
    EXPECT_TRUE(files().empty());
}

// Fails when everybody is trusted where a group shares a folder that everybody may write.
TEST_F(SegmentRemoval, WhereEverybodyMayWriteTheFolderItsGroupIsNotTrusted) {
    if (::geteuid() != 0) return;  // needs a file of another user
    const gid_t group = 54324;
    ASSERT_EQ(::chown(folder.c_str(), 0, group), 0);
    ASSERT_EQ(::chmod(folder.c_str(), 02777), 0);
    ASSERT_TRUE(segment::create_or_attach(path, small));
    ASSERT_EQ(::chown(path.c_str(), 54321, group), 0);
    EXPECT_THAT(segment::attach(path, segment::access::read_only).error().message, HasSubstr("belongs to user 54321"));
    ::chmod(folder.c_str(), 02770);
    EXPECT_TRUE(segment::attach(path, segment::access::read_only));
}

// Fails when a child shares out a lock that it does not have.
TEST_F(SegmentRemoval, AChildSharesNoLockOfItsParents) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const auto held = administration::lock(path);
    ASSERT_TRUE(held);
    ::chmod(administration_lock_path(path).c_str(), 0600);
    const auto mode = [&] { return fs::status(administration_lock_path(path)).permissions(); };
    const std::string said = in_child([&]() -> std::string {
        held->share_with(0660, ::getegid());
        return "";
    });
    EXPECT_EQ(said, "");
    EXPECT_EQ(mode(), fs::perms{0600});
    held->share_with(0660, ::getegid());
    EXPECT_EQ(mode(), fs::perms{0660});
}

// Fails when a segment that lost its magic can only be removed by hand, though what lies beside it says what it was.
TEST_F(SegmentRemoval, DestroyRemovesWhatWasASegment) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    scribble(path, offsetof(layout::header, id.magic), 77);
    const auto done = segment::destroy(path);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_TRUE(files().empty());
}

// Fails when what lies in the way of destroying is removed with it, or the sentence does not say what it was.
TEST_F(SegmentRemoval, DestroySaysWhatIsInItsWay) {
    const auto refused = [&](const std::string& because) {
        const auto answer = segment::destroy(path);
        EXPECT_THAT(answer ? "destroyed" : answer.error().message, HasSubstr(because));
    };
    const fs::path owner = owner_lock_path(path), live = liveness_folder(path);
    ASSERT_TRUE(segment::create_or_attach(path, small));
    fs::create_directory(owner);
    refused("see whether a sekid looks after it");
    EXPECT_TRUE(fs::exists(path));
    fs::remove(owner);
    fs::create_directory(live / "precious");
    refused("empty the folder of its lock files");
    fs::remove_all(live);
    write_file(live, "precious");
    refused("remove its lock files");
    ::chmod(live.c_str(), 0770);
    refused("open the folder of its lock files");
    EXPECT_EQ(read_file(live), "precious");
    fs::remove(live);
    ASSERT_TRUE(segment::create_or_attach(path, small));
    ASSERT_TRUE(segment::destroy(path));
    EXPECT_TRUE(files().empty());
}

// Fails when destroying goes by an error of earlier, where all that may lie beside a segment is there and can be removed.
TEST_F(SegmentRemoval, DestroyGoesByNoErrorOfEarlier) {
    for (const int last_error : {0, EIO, ENOENT}) {
        ASSERT_TRUE(segment::create_or_attach(path, small));
        write_file(path.native() + ".new", "what a creator left that died");
        write_file(owner_lock_path(path), "");
        errno = last_error;
        const auto destroyed = segment::destroy(path);
        EXPECT_TRUE(destroyed) << destroyed.error().message;
        EXPECT_TRUE(files().empty());
    }
}

// Fails when a path that names no file is looked for, as the folder that it names.
TEST_F(SegmentRemoval, APathThatNamesNoFileIsNeitherReplacedNorDestroyed) {
    EXPECT_EQ(segment::destroy(folder / "..").error().code, Errc::invalid_argument);
    EXPECT_EQ(segment::replace(folder / "..", small).error().code, Errc::invalid_argument);
    EXPECT_EQ(take_over(folder / "..", small).error().code, Errc::invalid_argument);
}

// Fails when the lock files of a new segment are put where somebody else made a folder for them, and can take them away.
TEST_F(SegmentRemoval, AFolderOfLockFilesThatSomebodyElseMadeIsRefused) {
    if (::geteuid() != 0) return;  // needs a folder of another user
    fs::create_directory(liveness_folder(path));
    ASSERT_EQ(::chown(liveness_folder(path).c_str(), 54321, static_cast<gid_t>(-1)), 0);
    const auto refused = segment::create_or_attach(path, small);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("was made by somebody else (owner 54321"));
    EXPECT_FALSE(fs::exists(path));
}

// Fails when who held a segment that was removed by hand leaves a lock file that nobody uses any more, or takes one away that is somebody's.
TEST_F(SegmentRemoval, WhoGivesUpWhatWasRemovedTakesItsLockFileAlong) {
    for (const bool others_stand : {true, false}) {
        const auto held = segment::create_or_attach(path, small);
        ASSERT_TRUE(held);
        fs::remove(path);
        if (!others_stand) fs::remove_all(liveness_folder(path));
        (*held)->give_up_without_name();
        EXPECT_EQ(hardware::load_relaxed((*held)->header().id.superseded), 1U);
        EXPECT_EQ(fs::exists(administration_lock_path(path)), others_stand);
    }
    EXPECT_TRUE(files().empty());
}

// Fails when a segment whose memory was given back while one waited for the lock is said to have it again, and who ends late reads it.
TEST_F(SegmentRemoval, WhatWasEmptiedMeanwhileStaysSo) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    fs::remove(path);
    before_locking = [&] { hardware::store_release((*held)->header().id.superseded, layout::emptied); };
    (*held)->give_up_without_name();
    EXPECT_FALSE(before_locking);
    EXPECT_TRUE((*held)->emptied());
}

// Fails when the mark of a file that stands at its path without a successor is written over by its replacer.
TEST_F(SegmentRemoval, WhatWasEmptiedIsReplacedAsItIs) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    hardware::store_release((*held)->header().id.superseded, layout::emptied);
    const auto next = segment::create_or_attach(path, small);
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_NE((*next)->inode(), (*held)->inode());
    EXPECT_TRUE((*held)->emptied());
}

// Fails when who has a segment that stands where it stood takes its lock for nothing.
TEST_F(SegmentRemoval, WhoseSegmentStandsGivesNothingUp) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    fs::remove(administration_lock_path(path));
    (*held)->give_up_without_name();
    EXPECT_FALSE((*held)->superseded());
    EXPECT_FALSE(fs::exists(administration_lock_path(path)));
    ASSERT_TRUE(segment::destroy(path));
}

// Fails when who may only look at a segment that was removed, or knows that it was replaced, writes there or makes a lock file for it.
TEST_F(SegmentRemoval, WhoHasNothingToGiveUpLeavesAllAsItIs) {
    for (const bool is_replaced : {false, true}) {
        const auto made = segment::create_or_attach(path, small);
        ASSERT_TRUE(made);
        const auto read = segment::attach(path, segment::access::read_only),
                   copy = segment::attach(path, segment::access::copy);
        ASSERT_TRUE(read && copy);
        fs::remove(path);
        fs::remove_all(liveness_folder(path));
        fs::remove(administration_lock_path(path));
        if (is_replaced) hardware::store_relaxed((*made)->header().id.superseded, 1);
        (*read)->give_up_without_name();
        (*copy)->give_up_without_name();
        if (is_replaced) (*made)->give_up_without_name();
        EXPECT_EQ((*made)->superseded(), is_replaced);
        EXPECT_FALSE((*copy)->superseded());
        EXPECT_TRUE(files().empty());
    }
}

}  // namespace
}  // namespace seki::shm::test
