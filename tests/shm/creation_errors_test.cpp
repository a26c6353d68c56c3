// What the kernel may refuse to who makes a segment, or removes one: each is told by what was tried, under the right code, and nothing is left behind.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "segment_fixture.hpp"
#include "shm/administration.hpp"
#include "shm/descriptor.hpp"
#include "shm/memory.hpp"

namespace {

// What is refused: calls of that name, after so many of them, so often.
struct refusal_of_the_kernel {
    std::string_view call{};
    int why = 0;
    int after = 0;
    int times = 1;
};
refusal_of_the_kernel refused;
std::size_t most_at_once = ~std::size_t{0};  // that are written, or drawn
std::size_t furthest_read = 0;               // that was asked for
bool tells_room = true;                      // whether the file system does
bool writes_nothing_first = false;           // as a file system may that is interrupted
std::optional<timespec> played_time;         // since 1970
std::map<std::string_view, int> calls;
mode_t mode_of_folder = 0;             // that was made last
int how_new_was_opened = 0;            // the file that becomes the segment
std::function<void()> before_mapping;  // once
std::vector<int> not_closed;           // what was none when it was closed

bool plays = false;  // not before the rest of this is made

int why_not(std::string_view call) {
    if (!plays) return 0;
    ++calls[call];
    if (refused.call != call || refused.after-- > 0 || refused.times-- <= 0) return 0;
    return refused.why;
}

template <class Call, class... Arguments>
auto real(const char* name, Arguments... arguments) {
    return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name))(arguments...);
}

}  // namespace

// The library's calls find these before those of libc.
extern "C" {

int mkdir(const char* name, mode_t mode) noexcept {
    if (const int why = why_not("mkdir"); why != 0) return errno = why, -1;
    return static_cast<int>(::syscall(SYS_mkdir, name, mode));
}
int fsync(int file) {
    if (const int why = why_not("fsync"); why != 0) return errno = why, -1;
    return real<int(int)>("fsync", file);
}
int fchown(int file, uid_t user, gid_t group) noexcept {
    if (const int why = why_not("fchown"); why != 0) return errno = why, -1;
    return real<int(int, uid_t, gid_t)>("fchown", file, user, group);
}
int fchmod(int file, mode_t mode) noexcept {
    if (const int why = why_not("fchmod"); why != 0) return errno = why, -1;
    return real<int(int, mode_t)>("fchmod", file, mode);
}
int mkdirat(int folder, const char* name, mode_t mode) noexcept {
    if (const int why = why_not("mkdirat"); why != 0) return errno = why, -1;
    mode_of_folder = mode;
    return real<int(int, const char*, mode_t)>("mkdirat", folder, name, mode);
}
int renameat2(int from, const char* old_name, int to, const char* new_name, unsigned how) noexcept {
    if (const int why = why_not("renameat2"); why != 0) return errno = why, -1;
    return real<int(int, const char*, int, const char*, unsigned)>("renameat2", from, old_name, to, new_name, how);
}
int unlinkat(int folder, const char* name, int how) noexcept {
    if (const int why = why_not(how == AT_REMOVEDIR ? "unlinkat of a folder" : "unlinkat"); why != 0)
        return errno = why, -1;
    return real<int(int, const char*, int)>("unlinkat", folder, name, how);
}
int faccessat(int folder, const char* name, int wanted, int how) noexcept {
    if (const int why = why_not("faccessat"); why != 0) return errno = why, -1;
    return real<int(int, const char*, int, int)>("faccessat", folder, name, wanted, how);
}
int posix_fallocate(int file, off_t from, off_t size) {
    if (const int why = why_not("posix_fallocate"); why != 0) return why;
    return real<int(int, off_t, off_t)>("posix_fallocate", file, from, size);
}
int fstatvfs(int file, struct statvfs* facts) noexcept {
    *facts = {};
    facts->f_bavail = 7;
    facts->f_frsize = 1000;
    return file >= 0 && tells_room ? 0 : -1;
}
ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t at) {
    if (const int why = why_not("pwrite"); why != 0) return errno = why, -1;
    if (std::exchange(writes_nothing_first, false)) return errno = EIO, 0;
    return real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite", file, bytes, std::min(size, most_at_once), at);
}
void* mmap(void* at, std::size_t size, int may, int how, int file, off_t from) noexcept {
    if (plays && file >= 0 && before_mapping) std::exchange(before_mapping, nullptr)();
    if (const int why = file >= 0 ? why_not("mmap") : 0; why != 0) return errno = why, MAP_FAILED;
    return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, may, how, file, from));
}
ssize_t pread(int file, void* bytes, std::size_t size, off_t at) {
    furthest_read = std::max(furthest_read, static_cast<std::size_t>(at) + size);
    if (const int why = why_not("pread"); why != 0) return errno = why, -1;
    return ::syscall(SYS_pread64, file, bytes, std::min(size, most_at_once), at);
}
ssize_t getrandom(void* bytes, std::size_t size, unsigned how) {
    if (const int why = why_not("getrandom"); why != 0) return errno = why, -1;
    return real<ssize_t(void*, std::size_t, unsigned)>("getrandom", bytes, std::min(size, most_at_once), how);
}
DIR* fdopendir(int folder) {
    if (const int why = why_not("fdopendir"); why != 0) return errno = why, nullptr;
    return real<DIR*(int)>("fdopendir", folder);
}
int close(int file) {
    const int done = static_cast<int>(::syscall(SYS_close, file));
    if (plays && done != 0) not_closed.push_back(file);
    return done;
}
int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which == CLOCK_REALTIME && played_time) return *time = *played_time, 0;
    return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
}
int fcntl(int file, int what, ...) {
    va_list rest;
    va_start(rest, what);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    if (const int why = what == F_OFD_SETLK ? why_not("lock") : 0; why != 0) return errno = why, -1;
    return static_cast<int>(::syscall(SYS_fcntl, file, what, argument));
}
int openat(int folder, const char* name, int how, ...) {
    va_list rest;
    va_start(rest, how);
    const mode_t mode = (how & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    const std::string_view named{name};
    const std::string_view what = named == "."               ? "openat of ."
                                  : named.ends_with(".new")  ? "openat of .new"
                                  : named.ends_with(".live") ? "openat of .live"
                                                             : "openat";
    if (const int why = why_not(what); why != 0) return errno = why, -1;
    if (what == "openat of .new") how_new_was_opened = how;
    return real<int(int, const char*, int, mode_t)>("openat", folder, name, how, mode);
}
}

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;

struct CreationErrors : SegmentTest {
    void SetUp() override {
        SegmentTest::SetUp();
        plays = true;
    }
    void TearDown() override {
        plays = false;
        refused = {};
        most_at_once = ~std::size_t{0};
        tells_room = true;
        writes_nothing_first = false;
        played_time.reset();
        EXPECT_TRUE(not_closed.empty()) << "what is closed twice may be another's by then";
        not_closed.clear();
        SegmentTest::TearDown();
    }
    [[nodiscard]] Error creating(const refusal_of_the_kernel& what, const SegmentOptions& options = small) const {
        refused = what;
        const auto made = segment::create_or_attach(path, options);
        refused = {};
        return made ? Error{Errc::none, ""} : made.error();
    }
    void expect_said(const refusal_of_the_kernel& what, Errc code, const std::string& said) const {
        const Error error = creating(what);
        EXPECT_EQ(error.code, code) << what.call << " " << what.after << ": " << error.message;
        EXPECT_THAT(error.message, AllOf(HasSubstr(said), HasSubstr(path.native())));
        EXPECT_TRUE(files().empty()) << what.call << " leaves something behind";
    }
};

// Fails if another error is told than the kernel's, or the wrong kind of it.
TEST_F(CreationErrors, EachHasItsCode) {
    for (const int why : {ENOSPC, EDQUOT, ENOMEM}) expect_said({"fsync", why}, Errc::no_space, "cannot sync it: ");
    for (const int why : {EACCES, EPERM, EROFS}) expect_said({"fsync", why}, Errc::no_permission, "cannot sync it: ");
    for (const int why : {EIO, EINTR, EINVAL}) expect_said({"fsync", why}, Errc::system, "cannot sync it: ");
}

// Fails if one of the steps is taken for done though it was refused, or what was made before it stays.
TEST_F(CreationErrors, EachStepSaysWhatItWas) {
    expect_said({"unlinkat", EIO}, Errc::system, "cannot remove what an earlier creation left");
    expect_said({"openat of .new", EIO}, Errc::system, "cannot create it");
    expect_said({"fchown", EIO}, Errc::system, "cannot give it to its group");
    expect_said({"fchown", EPERM}, Errc::no_permission, "you may not give it to group");
    expect_said({"posix_fallocate", EIO}, Errc::system, "cannot allocate it");
    expect_said({"pwrite", EIO, 1}, Errc::system, "cannot write it");  // the first is of the lock's file
    expect_said({"pwrite", EIO, 2}, Errc::system, "cannot write it");
    expect_said({"fsync", EIO, 1}, Errc::system, "cannot sync it");
    expect_said({"fchmod", EIO}, Errc::system, "cannot set its mode");
    expect_said({"mkdirat", EIO}, Errc::system, "cannot make the folder of its lock files");
    expect_said({"openat of .live", EIO}, Errc::system, "cannot open the folder of its lock files");
    expect_said({"openat of .", EIO}, Errc::system, "cannot read the folder of its lock files");
    expect_said({"fdopendir", ENOMEM}, Errc::no_space, "cannot read the folder of its lock files");
    expect_said({"fchmod", EIO, 2}, Errc::system, "cannot set the mode of the folder of its lock files");
    expect_said({"renameat2", EIO}, Errc::system, "cannot rename it into place");
    refused = {"getrandom", EIO};
    const auto made = segment::create_or_attach(path, small);
    EXPECT_THAT(made ? "made" : made.error().message, HasSubstr("no random bytes"));
    EXPECT_TRUE(files().empty());
}

// Fails if what does not hinder hinders.
TEST_F(CreationErrors, WhatDoesNotMatterIsPassedOver) {
    for (const refusal_of_the_kernel& each : {refusal_of_the_kernel{"fsync", EIO, 2},
                                              {"openat of .", EACCES, 1},
                                              {"unlinkat", ENOENT},
                                              {"pwrite", EINTR, 1},
                                              {"pwrite", EIO, 0},
                                              {"getrandom", EINTR},
                                              {"fchown", EPERM, 1},
                                              {"fchmod", EPERM, 1},
                                              {"posix_fallocate", EINTR, 0, 999},
                                              {"renameat2", EINVAL}}) {
        const Error error = creating(each);
        EXPECT_EQ(error.code, Errc::none) << each.call << ": " << error.message;
        EXPECT_TRUE(segment::attach(path, segment::access::read_write)) << each.call;
        EXPECT_TRUE(segment::destroy(path));
    }
    expect_said({"posix_fallocate", EINTR, 0, 1'000}, Errc::system, "cannot allocate it");
}

// Fails if room that is lacking is not told with what there is, or a file system that cannot say has some.
TEST_F(CreationErrors, WhatThereIsNoRoomForIsToldWithTheRoom) {
    for (const int why : {ENOSPC, EDQUOT, ENOMEM})
        expect_said({"posix_fallocate", why}, Errc::no_space,
                    "its 40960 bytes do not fit, for the file system has 7000 free");
    tells_room = false;
    expect_said({"posix_fallocate", ENOSPC}, Errc::no_space, "the file system has 0 free");
}

// Fails if a file that is written in small pieces, as by who is interrupted, has one of them in another's place.
TEST_F(CreationErrors, APieceAtATimeMakesTheSameSegment) {
    most_at_once = 5;
    const auto made = segment::create_or_attach(path, small);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)->parts(), *plan(small));
    EXPECT_NE((*made)->header().seed.back() | (*made)->header().seed[7], 0);
    furthest_read = 0;
    const auto copy = segment::attach(path, segment::access::copy);
    ASSERT_TRUE(copy);
    EXPECT_EQ(furthest_read, small.size) << "no more than there is room for";
    EXPECT_EQ(std::memcmp(&(*copy)->header(), &(*made)->header(), small.size), 0);
}

// Fails if a folder that cannot be made in shared memory is not told, or another lack is taken for one of room.
TEST_F(CreationErrors, AFolderThatCannotBeMadeIsTold) {
    path = folder.native() + ".more/a.seg";
    for (const auto& [why, code] : {std::pair{ENOSPC, Errc::no_space}, {EIO, Errc::system}}) {
        const Error error = creating({"mkdir", why});
        EXPECT_EQ(error.code, code);
        EXPECT_THAT(error.message, HasSubstr("cannot make folder \"" + path.parent_path().native() + "\": "));
    }
    EXPECT_FALSE(fs::exists(path.parent_path()));
}

// Fails if who wrote nothing for once gives up.
TEST_F(CreationErrors, WhoWroteNothingWritesAgain) {
    writes_nothing_first = true;
    (void)administration::lock(path);
    writes_nothing_first = true;
    EXPECT_EQ(creating({"pwrite", EINTR, 0}).code, Errc::none);
    EXPECT_EQ(read_file(path).size(), small.size);
}

// Fails if a time is not that of the clock: what it was made at, to the nanosecond, and what its lock files are named after, to the microsecond.
TEST_F(CreationErrors, ASegmentKnowsWhenItWasMade) {
    played_time = {.tv_sec = 2'000'000'000, .tv_nsec = 999'999'123};
    const auto made = segment::create_or_attach(path, small);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->header().created_unix_ns, 2'000'000'000'999'999'123U);
    EXPECT_EQ((*made)->generation(), 2'000'000'000'999'999U);
}

// Fails if what is made may be had by others before it is whole, or by programs that this one starts; or is not on the disk with its name.
TEST_F(CreationErrors, ASegmentIsMadeAnewForItself) {
    calls.clear();
    ASSERT_EQ(creating({}).code, Errc::none);
    EXPECT_EQ(how_new_was_opened, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    EXPECT_EQ(calls["fsync"], 3) << "its content, its magic number, and its name";
    EXPECT_EQ(mode_of_folder, 0700U) << "until it has its group";
}

// Fails if the folder of lock files is changed where the folder around it has given it all that it needs: who may not set bits of groups could not make it.
TEST_F(CreationErrors, InAFolderThatAGroupSharesItNeedsNoChange) {
    ASSERT_EQ(::chmod(folder.c_str(), 02770), 0);
    const mode_t before = ::umask(0);
    EXPECT_EQ(creating({"fchmod", EPERM, 2}).code, Errc::none);
    ::umask(before);
    EXPECT_EQ(mode_of_folder, 0770U);
    struct stat facts{};
    ASSERT_EQ(::stat(liveness_folder(path).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 02770U);
}

// Fails if a folder of lock files stays another group's than the segment is.
TEST_F(CreationErrors, TheFolderOfLockFilesIsTheGroupsToo) {
    const struct group* const other = ::geteuid() == 0 ? ::getgrgid(::getegid() + 1) : nullptr;
    if (other == nullptr) return;  // needs a user who may give files to another group
    SegmentOptions options = small;
    options.group = other->gr_name;
    const Error error = creating({"fchown", EIO, 2}, options);
    EXPECT_THAT(error.message, HasSubstr("cannot give the folder of its lock files to its group"));
    ASSERT_EQ(creating({}, options).code, Errc::none);
    for (const fs::path& each : {path, administration_lock_path(path), liveness_folder(path)}) {
        struct stat facts{};
        ASSERT_EQ(::stat(each.c_str(), &facts), 0);
        EXPECT_EQ(facts.st_gid, other->gr_gid) << each;
        EXPECT_EQ(facts.st_uid, ::geteuid()) << each;
    }
}

// Fails if who goes over another segment does what only who makes the first may, where the file system cannot do better.
TEST_F(CreationErrors, WhatStandsIsReplacedInOneStepOrNotAtAll) {
    const auto old = segment::create_or_attach(path, small);
    ASSERT_TRUE(old);
    refused = {"renameat2", EINVAL};
    const auto made = segment::replace(path, small);
    refused = {};
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("cannot rename it into place"));
    EXPECT_FALSE(fs::exists(path.native() + ".new"));
    EXPECT_TRUE(fs::exists(liveness_folder(path)));
}

struct AttachErrors : CreationErrors {
    void SetUp() override {
        CreationErrors::SetUp();
        ASSERT_TRUE(segment::create_or_attach(path, small));
    }
    [[nodiscard]] Error attaching(const refusal_of_the_kernel& what) const {
        refused = what;
        const auto found = segment::attach(path, segment::access::read_write);
        refused = {};
        return found ? Error{Errc::none, ""} : found.error();
    }
};

// Fails if the code or the sentence is not that of what failed.
TEST_F(AttachErrors, EachStepSaysWhatItWas) {
    EXPECT_EQ(attaching({"pread", EINTR}).code, Errc::none);
    EXPECT_EQ(attaching({"pread", EIO}).code, Errc::system);
    EXPECT_EQ(attaching({"pread", EIO, 1}).code, Errc::system) << "once it is mapped";
    EXPECT_THAT(attaching({"pread", EIO}).message, HasSubstr("cannot read segment \"" + path.native()));
    EXPECT_EQ(attaching({"mmap", ENOMEM}).code, Errc::no_space);
    EXPECT_EQ(attaching({"mmap", EACCES}).code, Errc::system);
    EXPECT_THAT(attaching({"mmap", ENOMEM}).message, HasSubstr("cannot map the 40960 bytes of \"" + path.native()));
    for (const int why : {EACCES, EPERM}) {
        EXPECT_EQ(attaching({"openat", why}).code, Errc::no_permission);
        EXPECT_THAT(attaching({"openat", why}).message, HasSubstr("no permission to open \"" + path.native()));
    }
    EXPECT_EQ(attaching({"openat", ENOENT}).code, Errc::not_found) << "somebody removed it meanwhile";
    EXPECT_EQ(attaching({"openat", EIO}).code, Errc::system);
    EXPECT_THAT(attaching({"openat", EIO}).message, HasSubstr("for reading and writing: "));
}

// Fails if a file that a peer changes between the look at its header and the mapping is believed.
TEST_F(AttachErrors, AFileThatChangesMeanwhileIsDamaged) {
    for (const std::size_t at : {offsetof(layout::header, id.magic), offsetof(layout::header, id.version),
                                 offsetof(layout::header, id.layout_hash), offsetof(layout::header, id.size)}) {
        const std::string stood = read_file(path);
        before_mapping = [&] { scribble(path, at, 77); };
        const Error error = attaching({});
        EXPECT_FALSE(before_mapping);
        EXPECT_EQ(error.code, Errc::damaged);
        EXPECT_THAT(error.message, HasSubstr("it changed while it was opened"));
        scribble(path, 0, stood.data(), stood.size());
    }
    EXPECT_EQ(attaching({}).code, Errc::none);
}

// Fails if what was mapped is touched before it is known that its file is still there to the end: that is a SIGBUS, and sekid has no guard over it yet.
TEST_F(AttachErrors, AFileThatBecomesShorterMeanwhileIsDamaged) {
    before_mapping = [&] { EXPECT_EQ(::truncate(path.c_str(), 0), 0); };
    const Error error = attaching({});
    EXPECT_FALSE(before_mapping);
    EXPECT_EQ(error.code, Errc::damaged);
    EXPECT_THAT(error.message, HasSubstr("it became shorter while it was read"));
}

struct RemovalErrors : CreationErrors {
    [[nodiscard]] std::string destroying(const refusal_of_the_kernel& what) {
        EXPECT_TRUE(segment::create_or_attach(path, small));
        refused = what;
        const auto done = segment::destroy(path);
        refused = {};
        return done ? "" : done.error().message;
    }
};

// Fails if one of the steps is taken for done though it was refused.
TEST_F(RemovalErrors, EachStepSaysWhatItWas) {
    EXPECT_THAT(destroying({"faccessat", EACCES}), HasSubstr("no permission for its folder"));
    EXPECT_THAT(destroying({"faccessat", EACCES, 1}), HasSubstr("cannot remove its lock files"));
    EXPECT_THAT(destroying({"pwrite", EIO, 1}), HasSubstr("cannot write it"));
    for (const int after : {0, 1, 2})
        EXPECT_THAT(destroying({"unlinkat", EIO, after}), HasSubstr("cannot remove it: "));
    EXPECT_THAT(destroying({"openat of .live", EIO}), HasSubstr("cannot open the folder of its lock files"));
    EXPECT_THAT(destroying({"openat of .", EIO}), HasSubstr("cannot read the folder of its lock files"));
    EXPECT_THAT(destroying({"unlinkat of a folder", EIO}), HasSubstr("cannot remove the folder of its lock files"));
    EXPECT_THAT(destroying({"unlinkat", EIO, 3}), HasSubstr("cannot remove its lock: "));
    EXPECT_EQ(destroying({"unlinkat", ENOENT, 3}), "") << "somebody else was there before";
    EXPECT_EQ(destroying({}), "");
    EXPECT_TRUE(files().empty());
}

// Fails if holders are told by anything but a 1.
TEST_F(RemovalErrors, WhoHoldsItIsTold) {
    const auto held = segment::create_or_attach(path, small);
    ASSERT_TRUE(held);
    EXPECT_EQ(destroying({}), "");
    EXPECT_EQ(hardware::load_relaxed((*held)->header().id.superseded), 1U);
}

// Fails if a segment is taken from under who has any lock on its owner's file, or another error is taken for that.
TEST_F(RemovalErrors, WhoeverLocksTheOwnersFileKeepsIt) {
    write_file(owner_lock_path(path), "");
    const descriptor file{::open(owner_lock_path(path).c_str(), O_RDONLY | O_CLOEXEC)};
    struct flock lock{};
    lock.l_type = F_RDLCK;
    ASSERT_EQ(::fcntl(file.get(), F_OFD_SETLK, &lock), 0);
    EXPECT_THAT(destroying({}), HasSubstr("a sekid looks after it and would make it anew at once"));
    lock.l_type = F_UNLCK;
    ASSERT_EQ(::fcntl(file.get(), F_OFD_SETLK, &lock), 0);
    for (const int why : {EAGAIN, EACCES})  // the first is the lock of who administers
        EXPECT_THAT(destroying({"lock", why, 1}), HasSubstr("a sekid looks after it and would make it anew at once"));
    EXPECT_THAT(destroying({"lock", ENOLCK, 1}), HasSubstr("cannot see whether a sekid looks after it: "));
    EXPECT_EQ(destroying({}), "");
}

// Fails if root may not remove what is another's, in a folder where only owners may.
TEST_F(RemovalErrors, RootRemovesWhatIsAnothers) {
    if (::geteuid() != 0) return;  // needs root
    ASSERT_TRUE(segment::create_or_attach(path, small));
    ASSERT_EQ(::chown(folder.c_str(), 54321, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(::chmod(folder.c_str(), 01777), 0);
    ASSERT_EQ(::chown(path.c_str(), 54321, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(segment::destroy(path));
    EXPECT_TRUE(files().empty());
}

// Fails if somebody who puts a lock file there meanwhile keeps it from going, or for ever.
TEST_F(RemovalErrors, AFolderThatIsFilledAgainIsEmptiedSixteenTimes) {
    for (const int why : {ENOTEMPTY, EEXIST}) {
        EXPECT_EQ(destroying({"unlinkat of a folder", why, 0, 15}), "");
        EXPECT_TRUE(files().empty());
        EXPECT_EQ(destroying({"unlinkat of a folder", why, 0, 16}), "");
        EXPECT_THAT(files(), testing::ElementsAre("a.seg.live"));
        EXPECT_TRUE(segment::destroy(path));
    }
    EXPECT_EQ(destroying({"unlinkat of a folder", ENOENT}), "") << "somebody else was there before";
}

}  // namespace
}  // namespace seki::shm::test
