// What a process sees of its host: which boot this is, and how far its clock is set apart. Read in mounts of its own, where the files say what the test wants.
#include "shm/host.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "namespaces.hpp"
#include "segment_fixture.hpp"

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* boot_id = "/proc/sys/kernel/random/boot_id";
constexpr const char* offsets = "/proc/self/timens_offsets";

struct Host : SegmentTest {
    // What went wrong in a process of its own mounts; nothing where there can be none.
    template <class Work>
    static std::string elsewhere(Work&& work) {
        const pid_t tried = seki::test::fork_with_own_mounts();
        if (tried == 0) ::_exit(0);
        int status = 0;
        if (tried < 0 || ::waitpid(tried, &status, 0) < 0 || status != 0) return "";
        return in_child([&]() -> std::string {
            if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
                return "no mounts of its own";
            return work();
        });
    }
    // As if this file said that.
    [[nodiscard]] std::string says(const char* file, const std::string& text) const {
        const fs::path instead = folder / "instead";
        write_file(instead, text);
        return ::mount(instead.c_str(), file, nullptr, MS_BIND, nullptr) == 0 ? "" : "cannot mount over a file";
    }
    [[nodiscard]] std::string seen_with(const char* file, const std::string& text) const {
        return elsewhere([&]() -> std::string {
            if (std::string wrong = says(file, text); !wrong.empty()) return wrong;
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

// Fails if the offset of the clock is not whole seconds and nanoseconds, or what is none is taken for one.
TEST_F(Host, TheClockIsSetApartBySecondsAndNanoseconds) {
    const std::string seen = seen_with(offsets, "monotonic   86400   7\nboottime 1 1\n");
    if (seen.empty()) return;  // no namespaces here
    EXPECT_THAT(seen, testing::EndsWith(" 86400000000007"));
    EXPECT_THAT(seen_with(offsets, "monotonic   -3   999999999\n"), testing::EndsWith(" -2000000001"));
    EXPECT_THAT(seen_with(offsets, "monotonic 3\n"), HasSubstr("does not start with the offset"));
    EXPECT_THAT(seen_with(offsets, "boottime 1 1\n"), HasSubstr("does not start with the offset"));
}

// Fails if a kernel without time namespaces is refused, or another error is taken for one.
TEST_F(Host, WhereThereIsNoTimeNamespaceTheClockIsNotSetApart) {
    const auto offset_with = [](const std::function<bool()>& prepare) {
        return elsewhere([&]() -> std::string {
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
        return elsewhere([&]() -> std::string {
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

}  // namespace
}  // namespace seki::shm::test
