// What a process has open, by its name alone.
#include "shm/open_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "namespaces.hpp"
#include "segment_fixture.hpp"
#include "shm/descriptor.hpp"

namespace seki::shm::test {
namespace {

struct OpenFile : SegmentTest {
    [[nodiscard]] descriptor open(const char* name) const {
        return descriptor{::open((folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    }
};

// Fails if a file is not found, or one is that is closed or only has a name like it.
TEST_F(OpenFile, IsFoundByItsWholeName) {
    EXPECT_FALSE(has_open("77.1"));
    {
        const descriptor file = open("77.1");
        EXPECT_TRUE(has_open("77.1"));
        for (const char* other : {"7.1", "77.", "77.11", "177.1", "77.1 (deleted)", ""})
            EXPECT_FALSE(has_open(other)) << other;
        EXPECT_FALSE(has_open(folder.filename().native()));
        fs::remove(folder / "77.1");
        EXPECT_TRUE(has_open("77.1")) << "though it has no name any more";
    }
    EXPECT_FALSE(has_open("77.1"));
}

// Fails if the first thread's end hides what the process has open.
TEST_F(OpenFile, IsFoundWhenTheFirstThreadHasEnded) {
    EXPECT_EQ(in_child([&]() -> std::string {
                  static const descriptor file = open("77.1");
                  std::thread{[] {
                      std::string stat;
                      do std::getline(std::ifstream{"/proc/self/stat"}, stat);
                      while (stat.find(") Z ") == std::string::npos);
                      ::_exit(has_open("77.1") && !has_open("77.2") ? 0 : 1);
                  }}.detach();
                  ::syscall(SYS_exit, 0);
                  return "it goes on";
              }),
              "");
}

// Fails if what cannot be looked at is taken for closed.
TEST_F(OpenFile, IsInDoubtTakenForOpen) {
    EXPECT_EQ(in_child([&]() -> std::string {
                  const rlimit none{0, 0};
                  ::setrlimit(RLIMIT_NOFILE, &none);
                  return has_open("77.1") ? "" : "without a descriptor to look with";
              }),
              "");
    EXPECT_EQ(in_child([&]() -> std::string {
                  if (!seki::test::go_to_root(folder)) return "";
                  return has_open("77.1") ? "" : "without /proc";
              }),
              "");
}

}  // namespace
}  // namespace seki::shm::test
