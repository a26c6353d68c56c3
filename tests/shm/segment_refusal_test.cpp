// Every kind of bad file: one clear sentence, no crash, not a byte of it changed, and nothing new beside it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <random>
#include <span>

#include "layout/hash.hpp"
#include "segment_fixture.hpp"
#include "shm/administration.hpp"
#include "shm/file_trust.hpp"
#include "shm/host.hpp"
#include "shm/lifecycle.hpp"
#include "shm/recognition.hpp"

namespace {

// A file that fstat() says belongs to user 54321. Only root can give a file away, so a normal user changes what is told of it.
ino_t given_away = 0;
// The size that it says such a file has, as if it became shorter right afterwards.
ino_t shortened = 0;
off_t size_before = 0;
// Whatever does, as it seems: what lies in memory is of this boot.
bool lies_on_a_disk = false;

}  // namespace

// The library's calls find these before those of libc.
extern "C" int fstatfs(int file, struct statfs* facts) noexcept {
    const auto done = static_cast<int>(::syscall(SYS_fstatfs, file, facts));
    if (lies_on_a_disk) facts->f_type = EXT4_SUPER_MAGIC;
    return done;
}
extern "C" int fstat(int file, struct stat* facts) noexcept {
    const int done = ::fstatat(file, "", facts, AT_EMPTY_PATH);
    if (done == 0 && given_away != 0 && facts->st_ino == given_away) facts->st_uid = 54321;
    if (done == 0 && shortened != 0 && facts->st_ino == shortened) facts->st_size = size_before;
    return done;
}

namespace seki::shm::test {
namespace {

void give_away(const fs::path& path) {
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(path.c_str(), 54321, static_cast<gid_t>(-1)), 0);
        return;
    }
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    given_away = facts.st_ino;
}

using ::testing::HasSubstr;
using access = segment::access;

class BadFile : public SegmentTest {
protected:
    void SetUp() override {
        given_away = shortened = 0;
        lies_on_a_disk = false;
        SegmentTest::SetUp();
        ASSERT_TRUE(segment::create_or_attach(path, small));
        whole = read_file(path);
        ASSERT_TRUE(segment::destroy(path));
        ASSERT_TRUE(files().empty());
    }

    // What stands at `path` is refused in each way of attaching, and by who would create, and is the same afterwards.
    void expect_refused(Errc code, const std::string& because) {
        const auto names = files();
        const std::string before = fs::is_regular_file(path) ? read_file(path) : "";
        for (const auto how : {access::read_write, access::read_only, access::copy})
            expect(segment::attach(path, how), code, because);
        expect(segment::create_or_attach(path, small), code, because);
        EXPECT_EQ(files(), names);
        EXPECT_EQ(fs::is_regular_file(path) ? read_file(path) : "", before);
    }

    // Nor may replace(), take_over() and destroy() touch it, for it is no segment at all.
    void expect_left_alone() {
        const auto names = files();
        const std::string before = fs::is_regular_file(path) ? read_file(path) : "";
        EXPECT_FALSE(segment::replace(path, small));
        EXPECT_FALSE(take_over(path, small));
        EXPECT_FALSE(segment::destroy(path));
        EXPECT_EQ(files(), names);
        EXPECT_EQ(fs::is_regular_file(path) ? read_file(path) : "", before);
    }

    void expect(const auto& answer, Errc code, const std::string& because) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(to_string(answer.error().code), to_string(code)) << answer.error().message;
        EXPECT_THAT(answer.error().message, HasSubstr(because));
        EXPECT_THAT(answer.error().message, HasSubstr("a.seg"));
    }

    // A whole segment of which one word is another.
    void write_with(std::size_t offset, std::uint64_t value) {
        write_file(path, whole);
        scribble(path, offset, value);
    }

    std::string whole;
};

// Fails when the control is broken: the very bytes that the others spoil are accepted.
TEST_F(BadFile, UnspoiltCopyIsAttached) {
    write_with(offsetof(layout::header, id.superseded), 0);
    EXPECT_TRUE(segment::attach(path, access::read_write));
}

// Fails when a missing file is anything but not_found, or attaching makes one.
TEST_F(BadFile, MissingFileSaysWhoMakesIt) {
    for (const auto how : {access::read_write, access::read_only, access::copy})
        expect(segment::attach(path, how), Errc::not_found, "start sekid");
    EXPECT_TRUE(files().empty());
}

// Fails when a missing folder is made, or not named.
TEST_F(BadFile, MissingFolderIsNamed) {
    const auto refused = segment::create_or_attach(folder / "none" / "a.seg", small);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("/none\" does not exist"));
    EXPECT_TRUE(files().empty());
}

// Fails when an empty file is mapped or filled.
TEST_F(BadFile, EmptyFileIsRefused) {
    write_file(path, "");
    expect_refused(Errc::not_a_segment, "has 0 bytes");
    expect_left_alone();
}

// Fails when a file shorter than its header says is mapped: its tail would be a SIGBUS.
TEST_F(BadFile, TruncatedFileIsRefusedAtEveryPage) {
    for (std::size_t size = whole.size() - 4096; size >= 4096; size -= 4096) {
        write_file(path, whole.substr(0, size));
        expect_refused(Errc::damaged, "the file has " + std::to_string(size) + " bytes");
    }
    write_file(path, whole.substr(0, 4095));
    expect_refused(Errc::not_a_segment, "has 4095 bytes");
}

// Fails when somebody else's file is overwritten.
TEST_F(BadFile, WrongMagicIsSomeOtherFile) {
    write_with(offsetof(layout::header, id.magic), 0x464c457f);
    expect_refused(Errc::not_a_segment, "some other file");
    expect_left_alone();
}

// Fails when a file whose creator died before the magic is taken for whole.
TEST_F(BadFile, MissingMagicIsATornCreation) {
    write_with(offsetof(layout::header, id.magic), 0);
    expect_refused(Errc::not_a_segment, "interrupted");
    expect_left_alone();
}

// Fails when another version is read, or the message lacks either number.
TEST_F(BadFile, WrongVersionNamesBothVersions) {
    write_with(offsetof(layout::header, id.version), 77);
    expect_refused(Errc::wrong_version, "has layout 77");
    expect_refused(Errc::wrong_version, "reads layout " + std::to_string(layout::version));
}

// Fails when two builds of one version that disagree about the bytes share a segment.
TEST_F(BadFile, WrongLayoutHashIsRefused) {
    write_with(offsetof(layout::header, id.layout_hash), 0xabcdef);
    expect_refused(Errc::wrong_version, "0000000000abcdef");
}

// Fails when either size is believed over the other.
TEST_F(BadFile, WrongSizeIsRefused) {
    write_with(offsetof(layout::header, id.size), whole.size() * 2);
    expect_refused(Errc::damaged, "should have " + std::to_string(whole.size() * 2));
    write_file(path, whole + std::string(4096, '\0'));
    expect_refused(Errc::damaged, "should have " + std::to_string(whole.size()));
}

// Fails when a field of the geometry is used before it was checked.
TEST_F(BadFile, WrongGeometryIsRefusedFieldByField) {
    for (std::size_t field = 0; field < sizeof(layout::geometry); field += 8)
        for (const std::uint64_t value : {0ULL, 4096ULL * 4096, ~0ULL}) {
            write_with(offsetof(layout::header, parts) + field, value);
            expect_refused(Errc::damaged, "its parts do not lie where they should");
        }
}

// Fails when a segment whose clock is not ours is used: its times would be off by the difference.
TEST_F(BadFile, OtherTimeNamespaceIsRefusedWithTheDifference) {
    write_with(offsetof(layout::header, monotonic_offset_ns),
               static_cast<std::uint64_t>(5'000'000'000 + this_host()->monotonic_offset_ns));
    expect_refused(Errc::wrong_host, "time namespace");
    expect_refused(Errc::wrong_host, "5000000000 ns");
}

// Fails when an attach, which may not create, takes or changes a segment of another boot.
TEST_F(BadFile, EarlierBootIsRefusedByAttach) {
    write_with(offsetof(layout::header, boot_id), 42);
    lies_on_a_disk = true;
    const std::string before = read_file(path);
    for (const auto how : {access::read_write, access::read_only, access::copy})
        expect(segment::attach(path, how), Errc::wrong_host, "earlier boot");
    EXPECT_EQ(read_file(path), before);
}

// Fails when random bytes crash, pass or are changed. SEKI_SEED replays.
TEST_F(BadFile, RandomBytesAreRefused) {
    const char* const given = std::getenv("SEKI_SEED");
    const auto seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(seed));
    std::mt19937_64 random{seed};
    for (int round = 0; round < 64; ++round) {
        std::string bytes(4096 * (1 + random() % 16) + random() % 2, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        write_file(path, bytes);
        expect_refused(Errc::not_a_segment, "some other file");
    }
    expect_left_alone();
}

// Fails when opening one of these blocks, does something to it, or takes it for a file.
TEST_F(BadFile, FolderPipeAndSocketAreNoSegments) {
    fs::create_directory(path);
    expect_refused(Errc::not_a_segment, "is a folder");
    expect_left_alone();
    fs::remove(path);

    ASSERT_EQ(::mkfifo(path.c_str(), 0660), 0);
    expect_refused(Errc::not_a_segment, "is a pipe");
    expect_left_alone();
    fs::remove(path);

    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    expect_refused(Errc::not_a_segment, "is a socket");
    ::close(server);
}

// Fails when a symlink is followed, even to a good segment.
TEST_F(BadFile, SymlinkIsNotFollowed) {
    write_file(folder / "target", whole);
    fs::create_symlink(folder / "target", path);
    expect_refused(Errc::no_permission, "symbolic link");
    expect_left_alone();
    EXPECT_EQ(read_file(folder / "target"), whole);
}

// Fails when a second name of somebody's file is taken for a segment of this folder.
TEST_F(BadFile, HardLinkIsRefused) {
    write_file(folder / "target", whole);
    fs::create_hard_link(folder / "target", path);
    expect_refused(Errc::no_permission, "2 names");
    expect_left_alone();
}

// Fails when a file that everybody may write is trusted.
TEST_F(BadFile, WorldWritableFileIsRefused) {
    write_file(path, whole);
    ::chmod(path.c_str(), 0666);
    expect_refused(Errc::no_permission, "mode 0666");
    expect_refused(Errc::no_permission, "chmod o-w");
    expect_left_alone();
}

// Fails when anybody but root, us and the folder's owner is trusted.
TEST_F(BadFile, OnlyRootOurselvesAndTheOwnerOfTheFolderAreTrusted) {
    const auto trusts = [](uid_t file) { return is_trusted_owner({file, 5}, 7, 8, std::nullopt); };
    for (const uid_t trusted : {0U, 7U, 8U}) EXPECT_TRUE(trusts(trusted)) << trusted;
    for (const uid_t stranger : {1U, 5U, 6U, 9U}) EXPECT_FALSE(trusts(stranger)) << stranger;
    EXPECT_TRUE(is_trusted_owner({9, 5}, 7, 8, gid_t{5})) << "its group shares the folder";
    EXPECT_FALSE(is_trusted_owner({9, 5}, 7, 8, gid_t{6}));
    write_file(path, whole);
    give_away(path);
    expect_refused(Errc::no_permission, "belongs to user 54321");
    expect_left_alone();
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(folder.c_str(), 54321, static_cast<gid_t>(-1)), 0);
    EXPECT_TRUE(segment::attach(path, access::read_only)) << "the folder's owner could put another file there";
}

// Fails when a refusal for want of permission does not say whose file it is and who may open it, or sends somebody into a group that may not either.
TEST_F(BadFile, NoPermissionNamesOwnerModeAndWhoMay) {
    write_file(path, whole);
    struct stranger {
        mode_t mode;
        access how;
        const char* who;
    };
    // Who is not root owns the file, and is kept out by its mode alone.
    const mode_t owner = ::geteuid() == 0 ? 0600 : 0000;
    for (const auto& [mode, how, who] : {stranger{0000, access::read_only, "its group may not either: run as user "},
                                         stranger{0040, access::read_only, "join group "},
                                         stranger{0044, access::read_write, "its group may not either: run as user "},
                                         stranger{0060, access::read_write, "join group "}}) {
        ::chmod(path.c_str(), owner | mode);
        const std::string said = in_child([&]() -> std::string {
            if (::geteuid() == 0 && (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0))
                return "still root";
            const auto refused = segment::attach(path, how);
            if (refused) return "attached";
            if (refused.error().code != Errc::no_permission) return refused.error().message;
            for (const char* word : {"a.seg", "owner ", "mode 0", who})
                if (refused.error().message.find(word) == std::string::npos) return refused.error().message;
            return "";
        });
        EXPECT_EQ(said, "");
    }
    ::chmod(path.c_str(), 0600);
    EXPECT_EQ(read_file(path), whole);
}

// Fails when a path that names no file reaches the file system.
TEST_F(BadFile, PathThatNamesNoFileIsRefused) {
    for (const fs::path& bad : {fs::path{""}, fs::path{"/dev/shm/"}, folder / "..", folder / ".",
                                folder / std::string("a\0b", 3), folder / std::string(250, 'x')}) {
        const auto refused = segment::create_or_attach(bad, small);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument) << refused.error().message;
    }
    EXPECT_TRUE(files().empty());
}

// Fails when a name is taken whose companions' names are too long for the file system.
TEST_F(BadFile, LongestNameHasRoomForTheFilesBesideIt) {
    const fs::path longest = folder / std::string(249, 'x');
    ASSERT_TRUE(segment::create_or_attach(longest, small));
    write_file(owner_lock_path(longest), "");
    EXPECT_TRUE(segment::destroy(longest));
    EXPECT_TRUE(files().empty());
}

// Fails when options that cannot be kept leave a file, a folder or a lock behind.
TEST_F(BadFile, RefusedOptionsLeaveNothing) {
    const auto refused = [&](auto change, const std::string& because) {
        SegmentOptions options = small;
        change(options);
        const auto answer = segment::create_or_attach(path, options);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Errc::invalid_argument);
        EXPECT_THAT(answer.error().message, HasSubstr(because));
        EXPECT_TRUE(files().empty());
    };
    refused([](SegmentOptions& o) { o.group = "no-such-group"; }, "groupadd --system no-such-group");
    for (const unsigned mode : {0666U, 0664U, 0644U})
        refused([=](SegmentOptions& o) { o.mode = mode; },
                fmt::format("mode {:04o} lets others than owner and group in: 0660, 0640 or 0600", mode));
    for (const unsigned mode : {0440U, 0770U, 0620U, 04660U})
        refused([=](SegmentOptions& o) { o.mode = mode; },
                fmt::format("mode {:04o} is not a useful mode: 0660, 0640 or 0600", mode));
    refused([](SegmentOptions& o) { o.size = 1; }, "too small");
}

// Fails when a device is opened to look what it holds, which for some is a command.
TEST_F(BadFile, ADeviceIsNoSegment) {
    for (const auto how : {access::read_write, access::read_only, access::copy}) {
        const auto refused = segment::attach("/dev/null", how);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::not_a_segment);
        EXPECT_THAT(refused.error().message, HasSubstr("is a device"));
    }
}

// Fails when a file is taken for the folder that a segment lies in, or something is made of it.
TEST_F(BadFile, AFileIsNoFolder) {
    write_file(folder / "file", "precious");
    for (const auto& refused : {segment::create_or_attach(folder / "file/a.seg", small),
                                segment::attach(folder / "file/a.seg", access::read_only)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::system);
        EXPECT_THAT(refused.error().message, HasSubstr("file\": Not a directory"));
    }
    EXPECT_EQ(read_file(folder / "file"), "precious");
}

// Fails when a name alone means something else than a file of the folder that the process is in.
TEST_F(BadFile, ANameAloneIsOfTheFolderWhereWeAre) {
    const std::string said = in_child([&]() -> std::string {
        if (::chdir(folder.c_str()) != 0) return "no folder";
        const auto made = segment::create_or_attach("b.seg", small);
        if (!made) return made.error().message;
        return (*made)->path() == folder / "b.seg" ? "" : (*made)->path().native();
    });
    EXPECT_EQ(said, "");
    EXPECT_TRUE(fs::exists(folder / "b.seg"));
}

// Fails when who may not even read is told of writing, or a group that has no name is not told of.
TEST_F(BadFile, WhoMayNotReadIsToldOfReading) {
    write_file(path, whole);
    const bool root = ::geteuid() == 0;
    if (root) {
        ASSERT_EQ(::chown(path.c_str(), 0, 54325), 0);
    }
    ::chmod(path.c_str(), root ? 0640 : 0040);
    const std::string said = in_child([&]() -> std::string {
        if (root && (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0))
            return "still root";
        const auto refused = segment::attach(path, access::read_only);
        return refused ? "attached" : refused.error().message;
    });
    EXPECT_THAT(said, HasSubstr("for reading ("));
    EXPECT_THAT(said, HasSubstr(root ? "join group 54325" : "join group "));
    ::chmod(path.c_str(), 0600);
}

// Fails when memory that is no segment is taken for one, what lies beside it is believed to be a file, or a good one is refused.
TEST_F(BadFile, MemoryIsLookedAtLikeAFile) {
    alignas(4096) static std::array<std::byte, 40960> memory{};
    ASSERT_EQ(whole.size(), memory.size());
    std::memcpy(memory.data(), whole.data(), whole.size());
    const std::span<std::byte> all{memory};
    for (const auto part : {all.first(sizeof(layout::header) - 1), all.subspan(64)}) {
        const auto refused = segment::adopt_memory(part, path);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::not_a_segment);
        EXPECT_THAT(refused.error().message, HasSubstr("less than a page, or starts within one"));
    }
    EXPECT_EQ(segment::adopt_memory(all.first(all.size() - 4096), path).error().code, Errc::damaged);
    EXPECT_EQ(segment::adopt_memory(all.first(sizeof(layout::header)), path).error().code, Errc::damaged)
        << "a page is enough to tell";
    const auto adopted = segment::adopt_memory(all, path);
    ASSERT_TRUE(adopted) << adopted.error().message;
    EXPECT_EQ((*adopted)->parts().size, memory.size());
    EXPECT_FALSE((*adopted)->has_lost_its_name()) << "it never had one";
    EXPECT_EQ(static_cast<const void*>(&(*adopted)->header()), memory.data());
    EXPECT_EQ((*adopted)->generation(), (*adopted)->header().generation);
    EXPECT_FALSE((*adopted)->put_header_back());
    hardware::store_relaxed((*adopted)->header().id.version, 77);
    EXPECT_TRUE((*adopted)->put_header_back());
    EXPECT_EQ(std::memcmp(memory.data(), whole.data(), whole.size()), 0);
    EXPECT_EQ((*adopted)->lock_folder(), -1) << "there is none";
    fs::create_directory(liveness_folder(path));
    EXPECT_GE((*segment::adopt_memory(all, path))->lock_folder(), 0);
    fs::remove(liveness_folder(path));
    EXPECT_TRUE(administration::lock(**adopted)) << "by the path that it goes under";
}

// Fails when a header is taken for ours though its magic number, its version or its layout is not.
TEST_F(BadFile, ALayoutIsOursByAllThatNamesIt) {
    layout::header header{};
    std::memcpy(&header, whole.data(), sizeof header);
    EXPECT_TRUE(has_our_layout(header));
    for (layout::word layout::identity::* const each :
         {&layout::identity::magic, &layout::identity::version, &layout::identity::layout_hash}) {
        const std::uint64_t right = hardware::load_relaxed(header.id.*each);
        hardware::store_relaxed(header.id.*each, right + 1);
        EXPECT_FALSE(has_our_layout(header));
        hardware::store_relaxed(header.id.*each, right);
    }
}

// Fails when a file that becomes shorter while it is read is waited for, or read as if zeros followed.
TEST_F(BadFile, AFileThatBecomesShorterWhileItIsReadIsDamaged) {
    write_file(path, whole);
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    shortened = facts.st_ino;
    size_before = facts.st_size;
    EXPECT_TRUE(segment::attach(path, access::copy));
    for (const off_t left : {20'000, 100}) {  // in its parts, and in its first page
        ASSERT_EQ(::truncate(path.c_str(), left), 0);
        const auto refused = segment::attach(path, access::copy);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::damaged);
        EXPECT_THAT(refused.error().message, HasSubstr("it became shorter while it was read"));
    }
    shortened = 0;
}

}  // namespace
}  // namespace seki::shm::test
