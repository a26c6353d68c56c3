// A segment's file that is mounted itself, without the folder that it lies in, as containers do with single files.
#include <gmock/gmock.h>

#include <string>

#include "own_mounts.hpp"

namespace seki::shm::test {
namespace {

using ::testing::HasSubstr;
using access = segment::access;

std::string attached(const fs::path& path, access how = access::read_write) {
    const auto found = segment::attach(path, how);
    return found ? "attached" : found.error().message;
}

bool mounted(const fs::path& from, const fs::path& over) {
    return ::mount(from.c_str(), over.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

struct MountedAlone : SegmentTest {};

// Fails when one that lies where it is mounted is refused, or may be replaced or removed under its mount.
TEST_F(MountedAlone, OnItselfItIsWhereItLies) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    const std::string wrong = with_own_mounts([&]() -> std::string {
        if (!mounted(path, path)) return "cannot mount";
        if (const std::string said = attached(path); said != "attached") return said;
        const auto replaced = segment::replace(path, small);
        if (replaced || replaced.error().code != Errc::wrong_host) return "it is replaced";
        const auto destroyed = segment::destroy(path);
        if (destroyed || destroyed.error().code != Errc::wrong_host) return "it is removed";
        return "";
    });
    EXPECT_EQ(wrong, "");
    EXPECT_TRUE(segment::destroy(path));
}

// Fails when one is taken for at home because some file of that name, or some file with that number, is there.
TEST_F(MountedAlone, ElsewhereItIsRefusedToWhoWouldJoin) {
    std::string said;
    const auto refused = [&said](const fs::path& over) -> std::string {
        said = attached(over);
        if (!said.contains("is mounted here without the files beside it")) return "it is attached: " + said;
        return attached(over, access::read_only) == "attached" ? "" : "nobody can look at it";
    };
    ASSERT_TRUE(segment::create_or_attach(path, small));
    write_file(folder / "b.seg", "another");
    EXPECT_EQ(with_own_mounts([&]() -> std::string {
                  return mounted(path, folder / "b.seg") ? refused(folder / "b.seg") : "cannot mount";
              }),
              "");
    // Two file systems, in which the files have the same numbers.
    EXPECT_EQ(with_own_mounts([&]() -> std::string {
                  for (const char* each : {"one", "other"}) {
                      fs::create_directory(folder / each);
                      if (::mount("tmpfs", (folder / each).c_str(), "tmpfs", 0, nullptr) != 0) return "cannot mount";
                      ::chmod((folder / each).c_str(), 0755);
                      if (const auto made = segment::create_or_attach(folder / each / "a.seg", small); !made)
                          return made.error().message;
                  }
                  if (!mounted(folder / "one" / "a.seg", folder / "other" / "a.seg")) return "cannot mount";
                  return refused(folder / "other" / "a.seg");
              }),
              "");
}

}  // namespace
}  // namespace seki::shm::test
