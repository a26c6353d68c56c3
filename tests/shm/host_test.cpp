// What a process sees of its host: which boot this is, and how far its clock is set apart. Read in mounts of its own, where the files say what the test wants.
#include "shm/host.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "own_mounts.hpp"
#include "shm/folder_size.hpp"

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* boot_id = "/proc/sys/kernel/random/boot_id";
constexpr const char* offsets = "/proc/self/timens_offsets";

struct Host : SegmentTest {
    // As if this file said that.
    [[nodiscard]] std::string says(const char* file, const std::string& text) const {
        const fs::path instead = folder / "instead";
        write_file(instead, text);
        return ::mount(instead.c_str(), file, nullptr, MS_BIND, nullptr) == 0 ? "" : "cannot mount over a file";
    }
    [[nodiscard]] std::string seen_with(const char* file, const std::string& text) const {
        return with_own_mounts([&]() -> std::string {
            if (std::string wrong = says(file, text); !wrong.empty()) return wrong;
            errno = EINTR;  // of something earlier, which nobody asks about
            const auto found = this_host();
            if (!found) return found.error().message;
            std::string hex;
            for (const unsigned byte : found->boot_id) hex += fmt::format("{:02x}", byte);
            return hex + " " + std::to_string(found->monotonic_offset_ns);
        });
    }
    std::string offset_here = std::to_string(this_host()->monotonic_offset_ns);
};

// Fails if a digit is read wrongly, or one more or less is taken for a boot id.
TEST_F(Host, ABootIdHasThirtyTwoDigits) {
    const std::string wanted = "0123456789abcdef9a0f00112233ffee";
    const std::string seen = seen_with(boot_id, "01234567-89ab-cdef-9A0F-00112233ffee\n");
    if (seen.empty()) return;  // no namespaces here
    EXPECT_EQ(seen, wanted + " " + offset_here);
    EXPECT_EQ(seen_with(boot_id, wanted + "0"), wanted + " " + offset_here) << "more says nothing";
    EXPECT_THAT(seen_with(boot_id, wanted.substr(1)), HasSubstr("holds no boot id"));
    EXPECT_THAT(seen_with(boot_id, ""), HasSubstr("holds no boot id"));
}

// Fails if a container that is shown a boot id of its own and its host replace each other's segment: each would let the whole limit through, and then the next.
TEST_F(Host, AContainerWithABootIdOfItsOwnSharesWhatLiesInMemory) {
    const auto ours = segment::create_or_attach(path, small);
    ASSERT_TRUE(ours) << ours.error().message;
    const fs::path theirs = folder / "theirs.seg";
    const std::string said = with_own_mounts([&]() -> std::string {
        if (std::string wrong = says(boot_id, "01234567-89ab-cdef-0123-456789abcdef\n"); !wrong.empty()) return wrong;
        const auto shared = segment::create_or_attach(path, small);
        if (!shared) return shared.error().message;
        if ((*shared)->inode() != (*ours)->inode()) return "another segment";
        const auto made = segment::create_or_attach(theirs, small);
        if (!made) return made.error().message;
        return (*made)->header().boot_id == (*ours)->header().boot_id ? "no boot id of its own" : "";
    });
    EXPECT_EQ(said, "");
    EXPECT_FALSE((*ours)->superseded());
    if (!fs::exists(theirs)) return;  // no namespaces here
    const auto before = segment::attach(theirs, segment::access::read_write);
    ASSERT_TRUE(before) << before.error().message;
    const auto shared = segment::create_or_attach(theirs, small);
    ASSERT_TRUE(shared) << shared.error().message;
    EXPECT_EQ((*shared)->inode(), (*before)->inode());
}

// Fails if the offset of the clock is not whole seconds and nanoseconds, or what is none is taken for one.
TEST_F(Host, TheClockIsSetApartBySecondsAndNanoseconds) {
    const std::string seen = seen_with(offsets, "monotonic   86400   7\nboottime 1 1\n");
    if (seen.empty()) return;  // no namespaces here
    EXPECT_THAT(seen, testing::EndsWith(" 86400000000007"));
    EXPECT_THAT(seen_with(offsets, "monotonic   -3   999999999\n"), testing::EndsWith(" -2000000001"));
    EXPECT_THAT(seen_with(offsets, "monotonic 3\n"), HasSubstr("does not start with the offset"));
    EXPECT_THAT(seen_with(offsets, "boottime 1 1\n"), HasSubstr("does not start with the offset"));
}

// Fails if a segment does not tell by which clock it was made: who has another would read its times wrongly.
TEST_F(Host, ASegmentKnowsByWhichClockItWasMade) {
    const std::string wrong = with_own_mounts([&]() -> std::string {
        if (std::string said = says(offsets, "monotonic 5 7\n"); !said.empty()) return said;
        const auto made = segment::create_or_attach(path, small);
        if (!made) return made.error().message;
        return (*made)->header().monotonic_offset_ns == 5'000'000'007 ? "" : "it says another offset";
    });
    EXPECT_EQ(wrong, "");
}

// Fails if the clocks of two time namespaces are told as far apart as they are not.
TEST_F(Host, ASegmentOfAnotherClockIsRefusedWithTheDifference) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const std::string said = with_own_mounts([&]() -> std::string {
        if (std::string wrong = says(offsets, "monotonic 5 7\n"); !wrong.empty()) return wrong;
        const auto found = segment::attach(path, segment::access::read_write);
        return found ? "attached" : found.error().message;
    });
    if (said.empty()) return;  // no namespaces here
    const std::int64_t apart = this_host()->monotonic_offset_ns - 5'000'000'007;
    EXPECT_THAT(said, HasSubstr("its monotonic clock is " + std::to_string(apart) + " ns away from ours"));
}

// Fails if a clock that cannot be looked at is taken for another, or another for ours.
TEST_F(Host, AnotherClockIsOneThatIsKnownToBeSetOffOtherwise) {
    const std::int64_t here = this_host()->monotonic_offset_ns;
    EXPECT_FALSE(has_other_clock(here));
    EXPECT_TRUE(has_other_clock(here + 1));
    const std::string said = with_own_mounts([&]() -> std::string {
        if (std::string wrong = says(offsets, "monotonic 5 7\n"); !wrong.empty()) return wrong;
        if (has_other_clock(5'000'000'007) || !has_other_clock(here)) return "it does not go by the file";
        if (std::string wrong = says(offsets, ""); !wrong.empty()) return wrong;
        if (has_other_clock(here)) return "by an empty file";
        if (::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) != 0) return "cannot mount over /proc";
        return has_other_clock(here + 1) ? "without /proc" : "";
    });
    EXPECT_EQ(said, "");
}

// Fails if a kernel without time namespaces is refused, or another error is taken for one.
TEST_F(Host, WhereThereIsNoTimeNamespaceTheClockIsNotSetApart) {
    const auto offset_with = [](const std::function<bool()>& prepare) {
        return with_own_mounts([&]() -> std::string {
            const std::string mine = "/proc/" + std::to_string(::getpid());
            if (::mount("tmpfs", mine.c_str(), "tmpfs", 0, nullptr) != 0) return "cannot mount over /proc/self";
            if (!prepare()) return "cannot prepare it";
            const auto found = this_host();
            return found ? std::to_string(found->monotonic_offset_ns) : found.error().message;
        });
    };
    const std::string seen = offset_with([] { return true; });
    if (seen.empty()) return;  // no namespaces here
    EXPECT_EQ(seen, "0");
    EXPECT_THAT(offset_with([] { return fs::create_directory(offsets); }),
                HasSubstr(std::string{"cannot read "} + offsets));
    EXPECT_THAT(offset_with([] {
                    fs::create_symlink(offsets, offsets);
                    return true;
                }),
                HasSubstr(std::string{"cannot read "} + offsets));
}

// Fails if the sentence does not say what to do, or another error says the same.
TEST_F(Host, WithoutProcItSaysWhatToMount) {
    const auto refused_with = [](const std::function<void()>& prepare) {
        return with_own_mounts([&]() -> std::string {
            if (::mount("tmpfs", "/proc", "tmpfs", 0, nullptr) != 0) return "cannot mount over /proc";
            prepare();
            const auto found = this_host();
            return found ? "found" : found.error().message;
        });
    };
    const std::string seen = refused_with([] {});
    if (seen.empty()) return;  // no namespaces here
    EXPECT_THAT(seen, HasSubstr("for there is no " + std::string{boot_id} + ": mount /proc"));
    EXPECT_THAT(refused_with([] { fs::create_directories(boot_id); }),
                HasSubstr("cannot tell which boot this is: cannot read " + std::string{boot_id}));
    EXPECT_THAT(refused_with([] {
                    fs::create_directories(fs::path{boot_id}.parent_path());
                    fs::create_symlink(boot_id, boot_id);
                }),
                HasSubstr("cannot tell which boot this is: cannot read " + std::string{boot_id}));
}

// Fails if a byte is left as it was, one time after the other.
TEST_F(Host, RandomBytesAreAllDrawn) {
    std::array<std::uint8_t, 600> bytes{}, ever{};
    for (int time = 0; time < 8; ++time) {
        ASSERT_TRUE(fill_random(bytes));
        for (std::size_t i = 0; i < bytes.size(); ++i) ever[i] |= bytes[i];
    }
    EXPECT_EQ(std::ranges::count(ever, 0), 0);
}

// Fails if an error of earlier is taken for one of the folder, or what every folder has is counted.
TEST_F(Host, AFolderHasAsManyEntriesAsItHas) {
    for (const std::uint64_t entries : {0U, 1U, 2U}) {
        errno = EIO;
        EXPECT_EQ(count_entries(folder.c_str()), entries);
        write_file(folder / std::to_string(entries), "");
    }
    EXPECT_EQ(count_entries((folder / "none").c_str()).error(), ENOENT);
}

}  // namespace
}  // namespace seki::shm::test
