// A folder of its own for each test, small segments, and children that report by a sentence.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "shm/segment.hpp"

namespace seki::shm::test {

namespace fs = std::filesystem;

// The smallest that plan() accepts is a few pages, so that a test can make hundreds.
inline const SegmentOptions small{.mode = 0660, .group = "", .max_workers = 1, .max_primitives = 1, .size = 40960};

inline std::string read_file(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const fs::path& path, const std::string& bytes) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
    ::chmod(path.c_str(), 0660);
}

// Changes bytes of a file in place, as a neighbour with permission to write could.
inline void scribble(const fs::path& path, std::size_t offset, const void* bytes, std::size_t size) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(::pwrite(file, bytes, size, static_cast<off_t>(offset)), static_cast<ssize_t>(size));
    ::close(file);
}

inline void scribble(const fs::path& path, std::size_t offset, std::uint64_t value) {
    scribble(path, offset, &value, sizeof value);
}

// Runs `work` in a forked child; it returns what went wrong, or nothing.
template <class Work>
std::string in_child(Work&& work) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string said = work();
        if (::write(ends[1], said.data(), said.size()) < 0) ::_exit(1);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string said;
    char buffer[512];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) said += "the child ended with status " + std::to_string(status);
    return said;
}

class SegmentTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = "/dev/shm/segment_test.XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        ::chmod(folder.c_str(), 0755);
        path = folder / "a.seg";
    }
    void TearDown() override { fs::remove_all(folder); }

    [[nodiscard]] std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator{folder}) names.insert(entry.path().filename());
        return names;
    }

    fs::path folder;
    fs::path path;
};

}  // namespace seki::shm::test
