// How a segment comes, is replaced and goes, as one process sees it.
#include <gmock/gmock.h>
#include <grp.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "layout/hash.hpp"
#include "segment_fixture.hpp"
#include "shm/administration.hpp"
#include "shm/descriptor.hpp"
#include "shm/file_trust.hpp"
#include "shm/host.hpp"
#include "shm/lifecycle.hpp"

namespace {

bool lies_on_a_disk = false;  // whatever does, as it seems

}  // namespace

// The library's calls find this one before that of libc.
extern "C" int fstatfs(int file, struct statfs* facts) noexcept {
    const auto done = static_cast<int>(::syscall(SYS_fstatfs, file, facts));
    if (lies_on_a_disk) facts->f_type = EXT4_SUPER_MAGIC;
    return done;
}

namespace seki::shm::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using access = segment::access;
using std::chrono::milliseconds;

class SegmentLifecycle : public SegmentTest {};

mode_t mode_of(const fs::path& path) {
    struct stat facts{};
    ::stat(path.c_str(), &facts);
    return facts.st_mode & 07777;
}

// Fails when creation leaves its temporary file, or gives a file another mode than was asked for, whatever the umask.
TEST_F(SegmentLifecycle, CreationLeavesTheSegmentItsLockAndItsFolderWithTheModeAskedFor) {
    const mode_t before = ::umask(0077);
    const auto made = segment::create_or_attach(path, small);
    ::umask(before);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_THAT(files(), ElementsAre("a.seg", "a.seg.live", "a.seg.lock"));
    EXPECT_EQ(mode_of(path), 0660U);
    EXPECT_EQ(mode_of(administration_lock_path(path)), 0660U);
    EXPECT_EQ(mode_of(liveness_folder(path)), 02770U);
}

// Fails when the file has holes: the first touch of a page could then be a SIGBUS.
TEST_F(SegmentLifecycle, EveryPageOfANewSegmentIsAllocated) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_GE(facts.st_blocks * 512, facts.st_size);
}

// Fails when a part of a new segment is anything but zeros, or the header anything but what was planned.
TEST_F(SegmentLifecycle, NewSegmentIsItsPlanAndZeros) {
    const auto made = segment::create_or_attach(path, small);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->parts(), *plan(small));
    EXPECT_GT((*made)->generation(), 0U);
    EXPECT_EQ((*made)->header().boot_id, this_host()->boot_id);
    EXPECT_NE((*made)->header().seed, decltype(layout::header::seed){});
    EXPECT_EQ(read_file(path).substr(4096), std::string(small.size - 4096, '\0'));
}

// Fails when two segments have one seed: who knows the one could then choose colliding keys in the other.
TEST_F(SegmentLifecycle, EachSegmentHasItsOwnSeed) {
    const auto one = segment::create_or_attach(path, small);
    const auto other = segment::create_or_attach(folder / "b.seg", small);
    ASSERT_TRUE(one && other);
    EXPECT_NE((*one)->header().seed, (*other)->header().seed);
}

// Fails when the second opener makes another file, or applies its own options to the first one's.
TEST_F(SegmentLifecycle, ExistingSegmentIsTakenAsItIs) {
    const auto first = segment::create_or_attach(path, small);
    const auto second = segment::create_or_attach(path, SegmentOptions{});
    ASSERT_TRUE(first && second);
    EXPECT_EQ((*first)->inode(), (*second)->inode());
    EXPECT_EQ((*second)->parts(), (*first)->parts());
}

// Fails when the two mappings are not of the same memory.
TEST_F(SegmentLifecycle, WhatOneWritesTheOtherReads) {
    const auto writer = segment::create_or_attach(path, small);
    const auto reader = segment::attach(path, access::read_only);
    ASSERT_TRUE(writer && reader);
    hardware::store_release((*writer)->worker(0).nonce, 42);
    EXPECT_EQ(hardware::load_acquire((*reader)->worker(0).nonce), 42U);
}

// Fails when a copy is of the file and not of its content: it must survive a peer that truncates.
TEST_F(SegmentLifecycle, CopySurvivesTruncationOfTheFile) {
    const auto writer = segment::create_or_attach(path, small);
    ASSERT_TRUE(writer);
    hardware::store_release((*writer)->worker(0).nonce, 42);
    const auto copy = segment::attach(path, access::copy);
    ASSERT_TRUE(copy) << copy.error().message;
    ASSERT_EQ(::truncate(path.c_str(), 0), 0);
    EXPECT_EQ(hardware::load_acquire((*copy)->worker(0).nonce), 42U);
    EXPECT_EQ((*copy)->how(), access::copy);
}

// Fails when who looks needs as much memory as the segment may ever take.
TEST_F(SegmentLifecycle, ACopyTakesNoMoreMemoryThanWasUsed) {
    const auto writer = segment::create_or_attach(path, small);
    ASSERT_TRUE(writer);
    hardware::store_release((*writer)->worker(0).nonce, 42);
    const auto copy = segment::attach(path, access::copy);
    ASSERT_TRUE(copy) << copy.error().message;
    const std::size_t size = std::filesystem::file_size(path);
    std::vector<unsigned char> pages(size / layout::page);
    ASSERT_EQ(::mincore(&(*copy)->header(), size, pages.data()), 0);
    EXPECT_LT(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }), 16) << pages.size();
}

// Fails when an index from the segment leads outside of it.
TEST_F(SegmentLifecycle, NoIndexLeadsOutOfTheSegment) {
    const auto made = segment::create_or_attach(path, small);
    ASSERT_TRUE(made);
    const segment& it = **made;
    EXPECT_EQ(&it.worker(1), &it.worker(99));
    EXPECT_EQ(&it.worker(1), &it.worker(~std::size_t{0}));
    EXPECT_EQ(it.arena(it.parts().arena_offset, 4096).size(), 4096U);
    EXPECT_TRUE(it.arena(it.parts().arena_offset - 1, 8).empty());
    EXPECT_TRUE(it.arena(it.parts().size - 8, 9).empty());
    EXPECT_TRUE(it.arena(it.parts().size + 1, 0).empty());
    EXPECT_TRUE(it.arena(it.parts().arena_offset, ~0ULL).empty());
    EXPECT_TRUE(it.arena(~0ULL, 2).empty());
}

// Fails when the segment of an earlier boot is kept, refused, or replaced without counting on.
TEST_F(SegmentLifecycle, SegmentOfAnEarlierBootIsReplacedByWhoMayCreate) {
    const auto before = segment::create_or_attach(path, small);
    ASSERT_TRUE(before);
    scribble(path, offsetof(layout::header, boot_id), 42);
    lies_on_a_disk = true;
    const auto after = segment::create_or_attach(path, small);
    lies_on_a_disk = false;
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_NE((*after)->inode(), (*before)->inode());
    EXPECT_EQ((*after)->generation(), (*before)->generation() + 1);
    EXPECT_TRUE((*before)->superseded());
    EXPECT_TRUE(segment::attach(path, access::read_write));
    EXPECT_THAT(files(), ElementsAre("a.seg", "a.seg.live", "a.seg.lock"));
}

// Fails when a living segment is replaced, or refused, because its maker was shown another boot id than we are: memory does not outlast a boot.
TEST_F(SegmentLifecycle, SegmentInMemoryIsOfThisBootWhateverIdItSays) {
    const auto before = segment::create_or_attach(path, small);
    ASSERT_TRUE(before);
    scribble(path, offsetof(layout::header, boot_id), 42);
    for (const auto how : {access::read_write, access::read_only, access::copy}) {
        const auto found = segment::attach(path, how);
        EXPECT_TRUE(found) << found.error().message;
    }
    const auto after = segment::create_or_attach(path, small);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ((*after)->inode(), (*before)->inode());
    EXPECT_FALSE((*before)->superseded());
}

// Fails when holders of the old one never learn of it, or the new one is not another file.
TEST_F(SegmentLifecycle, HolderOfAReplacedSegmentSeesIt) {
    const auto before = segment::create_or_attach(path, small);
    ASSERT_TRUE(before);
    EXPECT_FALSE((*before)->superseded());
    const auto after = segment::replace(path, small);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_TRUE((*before)->superseded());
    EXPECT_FALSE((*after)->superseded());
    EXPECT_EQ((*after)->generation(), (*before)->generation() + 1);
    EXPECT_EQ((*segment::attach(path, access::read_only))->inode(), (*after)->inode());
}

// Fails when what stands as it stood is said to have been put back, or what does not is left.
TEST_F(SegmentLifecycle, AHeaderIsPutBackAsItStood) {
    const auto made = segment::create_or_attach(path, small);
    ASSERT_TRUE(made);
    EXPECT_FALSE((*made)->put_header_back()) << "nothing to do";
    const std::string stood = read_file(path);
    for (const std::size_t at : {offsetof(layout::header, id.version), offsetof(layout::header, id.layout_hash),
                                 offsetof(layout::header, id.size), offsetof(layout::header, parts),
                                 offsetof(layout::header, next_incarnation) - 8}) {
        scribble(path, at, ~std::uint64_t{0});
        EXPECT_TRUE((*made)->put_header_back()) << at;
        EXPECT_FALSE((*made)->put_header_back()) << at;
        EXPECT_EQ(read_file(path), stood) << at;
    }
}

// Fails when memory of a segment that is in force is given back, or that of one which is not is not.
TEST_F(SegmentLifecycle, MemoryIsGivenBackOnceTheSegmentIsReplaced) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    const auto read = segment::attach(path, access::read_only), copy = segment::attach(path, access::copy);
    ASSERT_TRUE(read && copy);
    const auto arena = (*held)->arena((*held)->parts().arena_offset, layout::page);
    std::ranges::fill(arena, std::byte{5});
    (*held)->give_back_memory();
    EXPECT_EQ(std::ranges::count(arena, std::byte{5}), static_cast<std::ptrdiff_t>(layout::page));
    hardware::store_relaxed((*held)->header().id.superseded, 1);
    (*read)->give_back_memory();
    (*copy)->give_back_memory();
    EXPECT_EQ(std::ranges::count(arena, std::byte{5}), static_cast<std::ptrdiff_t>(layout::page));
    (*held)->give_back_memory();
    EXPECT_EQ(std::ranges::count(arena, std::byte{0}), static_cast<std::ptrdiff_t>(layout::page));
    EXPECT_EQ(hardware::load_relaxed((*held)->header().id.magic), layout::magic);
}

// Fails when a segment that is larger than is copied at once is not copied whole.
TEST_F(SegmentLifecycle, ALargeSegmentIsCopiedWhole) {
    SegmentOptions larger = small;
    larger.size = 24 * layout::page;
    const auto made = segment::create_or_attach(path, larger);
    ASSERT_TRUE(made);
    const auto arena =
        (*made)->arena((*made)->parts().arena_offset, (*made)->parts().size - (*made)->parts().arena_offset);
    for (std::size_t i = 0; i < arena.size(); i += 100) arena[i] = static_cast<std::byte>(i / 100 + 1);
    const auto copy = segment::attach(path, access::copy);
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(std::memcmp(&(*copy)->header(), &(*made)->header(), larger.size), 0);
}

// Fails when a descriptor stays open of a segment that nobody has any more.
TEST_F(SegmentLifecycle, NothingStaysOpenOfASegmentThatIsLetGo) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const auto open_files = [] {
        return std::distance(fs::directory_iterator{"/proc/self/fd"}, fs::directory_iterator{});
    };
    const auto before = open_files();
    for (const auto how : {access::read_write, access::read_only, access::copy}) {
        const auto held = segment::attach(path, how);
        ASSERT_TRUE(held);
        EXPECT_EQ(open_files(), before + 1);
    }
    EXPECT_EQ(open_files(), before);
}

// Fails when who goes on to the next segment keeps a descriptor of the folder of lock files for each, or takes one for another's.
TEST_F(SegmentLifecycle, SegmentsWithOneFolderOfLockFilesKeepOneDescriptorOfIt) {
    const auto made = segment::create_or_attach(path, small),
               beside = segment::create_or_attach(folder / "b.seg", small);
    ASSERT_TRUE(made && beside);
    const auto again = segment::attach(path, access::read_write);
    ASSERT_TRUE(again);
    EXPECT_NE((*again)->lock_folder(), (*made)->lock_folder());
    (*again)->keep_lock_folder_of(**made);
    EXPECT_EQ((*again)->lock_folder(), (*made)->lock_folder());
    const int own = (*beside)->lock_folder();
    (*beside)->keep_lock_folder_of(**made);
    EXPECT_EQ((*beside)->lock_folder(), own);
    fs::rename(liveness_folder(path), folder / "elsewhere");
    fs::create_directory_symlink("elsewhere", liveness_folder(path));
    EXPECT_EQ((*segment::attach(path, access::read_write))->lock_folder(), -1) << "a link is not followed";
    fs::remove(liveness_folder(path));
    write_file(liveness_folder(path), "");
    EXPECT_EQ((*segment::attach(path, access::read_write))->lock_folder(), -1) << "a file is no folder";
}

// Fails when lock files of the old segment are used for the new one, where closing the old would drop the new lock.
TEST_F(SegmentLifecycle, ReplacementStartsWithoutLockFiles) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    write_file(liveness_folder(path) / "0", "");
    ASSERT_TRUE(segment::replace(path, small));
    EXPECT_TRUE(fs::is_empty(liveness_folder(path)));
}

// Fails when sekid cannot get past a segment of another version, or of a damaged one, or does not tell its holders.
TEST_F(SegmentLifecycle, ReplaceTakesAnyLayoutAndAnyDamage) {
    const auto old = segment::create_or_attach(path, small);
    ASSERT_TRUE(old);
    scribble(path, offsetof(layout::header, id.version), 77);
    ASSERT_TRUE(take_over(path, small));
    EXPECT_TRUE((*old)->superseded());
    scribble(path, offsetof(layout::header, parts), ~0ULL);
    ASSERT_TRUE(take_over(path, small));
    scribble(path, offsetof(layout::header, id.magic), 1);
    ASSERT_TRUE(take_over(path, small));
    ASSERT_EQ(::truncate(path.c_str(), 0), 0);
    const auto last = take_over(path, small);
    ASSERT_TRUE(last) << last.error().message;
    EXPECT_TRUE(segment::attach(path, access::read_write));
}

// Fails when a replacement that cannot be made costs anybody the old segment.
TEST_F(SegmentLifecycle, ReplacementThatFailsLeavesTheOldOneInForce) {
    const auto old = segment::create_or_attach(path, small);
    ASSERT_TRUE(old);
    SegmentOptions options = small;
    options.group = "no-such-group";
    EXPECT_FALSE(segment::replace(path, options));
    EXPECT_FALSE((*old)->superseded());
    EXPECT_EQ((*segment::create_or_attach(path, small))->inode(), (*old)->inode());
}

// Fails when a segment that its replacer marked, and then died, stays in everybody's way.
TEST_F(SegmentLifecycle, SupersededSegmentWithoutSuccessorIsRefusedByAttachAndReplacedByWhoMayCreate) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    scribble(path, offsetof(layout::header, id.superseded), 1);
    EXPECT_EQ(segment::attach(path, access::read_write).error().code, Errc::superseded);
    const auto after = segment::create_or_attach(path, small);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_FALSE((*after)->superseded());
}

// Fails when a file stays behind, or holders never learn of it.
TEST_F(SegmentLifecycle, DestroyRemovesEveryFileAndTellsTheHolders) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    write_file(liveness_folder(path) / "0", "");
    ASSERT_TRUE(segment::destroy(path));
    EXPECT_TRUE((*held)->superseded());
    EXPECT_TRUE(files().empty());
    EXPECT_EQ(segment::destroy(path).error().code, Errc::not_found);
    EXPECT_TRUE(files().empty());
}

// Fails when who may not remove the files takes the segment from everybody all the same.
TEST_F(SegmentLifecycle, DestroyWithoutPermissionChangesNothing) {
    constexpr gid_t group = 54322;
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    const bool root = ::geteuid() == 0;
    for (const auto& file : {path, administration_lock_path(path), liveness_folder(path)}) {
        if (root) {
            ASSERT_EQ(::chown(file.c_str(), 0, group), 0);
        }
    }
    ::chmod(folder.c_str(), root ? 0755 : 0555);
    const std::string said = in_child([&]() -> std::string {
        if (root && (::setresgid(group, group, group) != 0 || ::setresuid(54322, 54322, 54322) != 0))
            return "no setresuid";
        const auto refused = segment::destroy(path);
        if (refused) return "it was destroyed";
        return refused.error().code == Errc::no_permission ? "" : refused.error().message;
    });
    ::chmod(folder.c_str(), 0755);
    EXPECT_EQ(said, "");
    EXPECT_FALSE((*held)->superseded());
    EXPECT_THAT(files(), ElementsAre("a.seg", "a.seg.live", "a.seg.lock"));
}

// Fails when whoever of a group comes first locks the others out, sekid among them.
TEST_F(SegmentLifecycle, InAFolderThatAGroupSharesItDoesNotMatterWhoComesFirst) {
    const bool root = ::geteuid() == 0;
    const gid_t sharers = root ? 54322 : ::getegid();
    if (root) {
        ASSERT_EQ(::chown(folder.c_str(), 54320, sharers), 0);
    }
    ASSERT_EQ(::chmod(folder.c_str(), 02770), 0);
    const auto comes = [&](uid_t user) {
        return in_child([&]() -> std::string {
            if (root && (::setgroups(1, &sharers) != 0 || ::setresgid(user, user, user) != 0 ||
                         ::setresuid(user, user, user) != 0))
                return "no setresuid";
            ::umask(022);
            const auto there = segment::create_or_attach(path, small);
            if (!there) return there.error().message;
            return shm::administration::lock(path) ? "" : "no lock";
        });
    };
    EXPECT_EQ(comes(54321), "");
    EXPECT_EQ(comes(54323), "");
    EXPECT_EQ(comes(54320), "");
    // Without the group's bit, who made it matters again.
    ::chmod(folder.c_str(), 0770);
    EXPECT_THAT(comes(54323), root ? HasSubstr("belongs to user") : HasSubstr(""));
}

// Fails when a segment is destroyed under a running sekid, which would make it anew, or the file of its lock stays behind.
TEST_F(SegmentLifecycle, DestroyIsRefusedWhileASekidRunsAndRemovesItsLockAfterwards) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    write_file(owner_lock_path(path), "1\n");
    const descriptor sekid{::open(owner_lock_path(path).c_str(), O_RDWR | O_CLOEXEC)};
    struct flock lock{};
    lock.l_type = F_WRLCK;
    ASSERT_EQ(::fcntl(sekid.get(), F_OFD_SETLK, &lock), 0);
    const auto refused = segment::destroy(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::busy);
    EXPECT_THAT(refused.error().message, HasSubstr("stop that first"));
    EXPECT_FALSE((*held)->superseded());
    EXPECT_THAT(files(), ElementsAre("a.seg", "a.seg.live", "a.seg.lock", "a.seg.owner"));

    lock.l_type = F_UNLCK;
    ASSERT_EQ(::fcntl(sekid.get(), F_OFD_SETLK, &lock), 0);
    ASSERT_TRUE(segment::destroy(path));
    EXPECT_TRUE(files().empty());
}

// Fails when a damaged segment is followed by one of a generation that was there before: their lock files would have the same names.
TEST_F(SegmentLifecycle, NoGenerationComesAgainAfterDamage) {
    std::uint64_t latest = (*segment::create_or_attach(path, small))->generation();
    for (const auto damage : {offsetof(layout::header, id.version), offsetof(layout::header, id.layout_hash),
                              offsetof(layout::header, id.magic)}) {
        scribble(path, damage, 77);
        const auto next = take_over(path, small);
        ASSERT_TRUE(next) << next.error().message;
        EXPECT_GT((*next)->generation(), latest);
        latest = (*next)->generation();
        const auto after = segment::replace(path, small);
        ASSERT_TRUE(after);
        EXPECT_EQ((*after)->generation(), latest + 1);
        latest = (*after)->generation();
    }
}

// Fails when a segment that is removed or destroyed while a process holds it is followed by one of its generation: the holder would take the lock
// files of the new one for those of its own, and the living for dead or the dead for living.
TEST_F(SegmentLifecycle, NoGenerationComesAgainAfterTheFileIsGone) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    std::filesystem::remove(path);
    const auto next = segment::create_or_attach(path, small);
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_GT((*next)->generation(), (*held)->generation());
    ASSERT_TRUE(segment::destroy(path));
    const auto after = segment::create_or_attach(path, small);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_GT((*after)->generation(), (*next)->generation());
}

// Fails when what an interrupted creation or destruction left cannot be cleared away.
TEST_F(SegmentLifecycle, LeftoversOfTheDeadAreCleared) {
    write_file(path.native() + ".new", "half a segment");
    fs::create_directory(liveness_folder(path));
    ASSERT_TRUE(segment::create_or_attach(path, small));
    EXPECT_THAT(files(), ElementsAre("a.seg", "a.seg.live", "a.seg.lock"));
    fs::remove(path);
    ASSERT_TRUE(segment::destroy(path));
    EXPECT_TRUE(files().empty());
}

// Fails when two threads of a process, or two descriptors, both get the lock; or who waits has to wait for ever.
TEST_F(SegmentLifecycle, AdministrationExcludesASecondHolderUntilItIsGivenBack) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    {
        const auto held = administration::lock(path);
        ASSERT_TRUE(held) << held.error().message;
        const auto refused = administration::lock(path, milliseconds{5});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::busy);
        EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(::getpid())));
    }
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
}

// Fails when a lock on a file that lost its name is taken for the lock of the segment.
TEST_F(SegmentLifecycle, LockOfARemovedNameExcludesNobody) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const auto old = administration::lock(path);
    ASSERT_TRUE(old);
    fs::remove(administration_lock_path(path));
    EXPECT_TRUE(administration::lock(path, milliseconds{0}));
}

// Fails when a lock file that is a symlink is opened: its target would get our pid written into it.
TEST_F(SegmentLifecycle, LockFileThatIsASymlinkIsRefused) {
    write_file(folder / "target", "precious");
    fs::create_symlink(folder / "target", administration_lock_path(path));
    EXPECT_FALSE(segment::create_or_attach(path, small));
    EXPECT_EQ(read_file(folder / "target"), "precious");
    EXPECT_FALSE(fs::exists(path));
}

class PrivateFolder : public ::testing::Test {
protected:
    // A uid that nobody has, so that no real folder is in the way.
    static std::string name(uid_t user) { return "/dev/shm/seki-" + std::to_string(user); }
    void TearDown() override {
        if (!made.empty()) fs::remove_all(made);
    }
    fs::path made;
};

// Fails when a folder of another name, or of that name elsewhere, is taken for a user's private one.
TEST_F(PrivateFolder, OnlyThoseOfThatNameInSharedMemoryArePrivate) {
    made = "/dev/shm/sekx-54321";
    const auto segment_there = segment::create_or_attach(made / "a.seg", small);
    EXPECT_TRUE(segment_there) << segment_there.error().message;
    fs::create_directories(made / "seki-54321");
    const auto below = segment::create_or_attach(made / "seki-54321" / "a.seg", small);
    EXPECT_TRUE(below) << below.error().message;
}

// Fails when we make, or use, a folder that is another user's by its name.
TEST_F(PrivateFolder, FolderOfAnotherUserIsNotMade) {
    const fs::path theirs = name(54321);
    const auto refused = segment::create_or_attach(theirs / "a.seg", small);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_permission);
    EXPECT_THAT(refused.error().message, HasSubstr("run as that user"));
    EXPECT_FALSE(fs::exists(theirs));
}

// Fails when a folder that somebody else put in the place of a user's private one is trusted.
TEST_F(PrivateFolder, FolderMadeBySomebodyElseIsRefused) {
    made = name(54321);
    ASSERT_TRUE(fs::create_directory(made));  // belongs to us, and not to 54321
    const auto refused = segment::attach(made / "a.seg", access::read_write);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_permission);
    EXPECT_THAT(refused.error().message, HasSubstr("should belong to user 54321"));
    fs::remove(made);
    fs::create_directory_symlink("/tmp", made);
    EXPECT_THAT(segment::attach(made / "a.seg", access::read_write).error().message, HasSubstr("is not a folder"));
}

// Fails when others may plant files beside ours.
TEST_F(PrivateFolder, FolderThatOthersMayWriteIsRefused) {
    const std::string said = in_child([]() -> std::string {
        // As root under a uid of its own, so that a real folder of this user is not touched.
        const uid_t user = ::geteuid() == 0 ? 54322 : ::geteuid();
        if (::geteuid() == 0 && ::setresuid(user, user, user) != 0) return "no setresuid";
        const fs::path mine = name(user);
        const bool is_new = ::mkdir(mine.c_str(), 0700) == 0;
        const mode_t before = mode_of(mine);
        ::chmod(mine.c_str(), 0777);
        const auto refused = segment::create_or_attach(mine / "segment_test.seg", small);
        ::chmod(mine.c_str(), before);
        if (is_new) ::rmdir(mine.c_str());
        if (refused) return "it was used";
        return refused.error().message.find("chmod 0700") == std::string::npos ? refused.error().message : "";
    });
    EXPECT_EQ(said, "");
}

// Fails when a folder that only begins like that of a user is taken for it.
TEST_F(PrivateFolder, AFolderWhoseNameGoesOnIsNobodysInParticular) {
    made = name(54321) + "x";
    EXPECT_TRUE(segment::create_or_attach(made / "a.seg", small));
}

}  // namespace
}  // namespace seki::shm::test
