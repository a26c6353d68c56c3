// A descriptor that is kept in a program which may close it, and open another file under its number.
#include "shm/kept_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "segment_fixture.hpp"

namespace seki::shm::test {
namespace {

struct KeptDescriptor : SegmentTest {
    [[nodiscard]] kept_descriptor keep(const char* name) const {
        descriptor file{::open((folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
        struct stat facts{};
        EXPECT_EQ(::fstat(file.get(), &facts), 0);
        return {std::move(file), facts};
    }
    [[nodiscard]] static bool is_open(int file) { return ::fcntl(file, F_GETFD) >= 0; }
};

// Fails when it is left open, or still answers once it is closed.
TEST_F(KeptDescriptor, IsClosedWithWhatItWasOpenedOn) {
    kept_descriptor kept = keep("one");
    const int number = kept.number();
    ASSERT_TRUE(is_open(number));
    EXPECT_TRUE(kept.facts());
    kept.close();
    EXPECT_FALSE(is_open(number));
    EXPECT_FALSE(kept.facts());
    EXPECT_LT(kept.number(), 0);
}

// Fails when a file of the program's, opened under the number of ours, is taken for ours or closed.
TEST_F(KeptDescriptor, LeavesAloneWhatTheProgramOpenedInItsPlace) {
    kept_descriptor kept = keep("one");
    const kept_descriptor another = keep("another");
    const int number = kept.number();
    ASSERT_EQ(::dup2(another.number(), number), number);
    EXPECT_FALSE(kept.facts());
    EXPECT_FALSE(kept.has_a_name());
    kept.close();
    EXPECT_TRUE(is_open(number));
    ::close(number);
    ::close(another.number());
}

// Fails when it is overlooked that its file was removed, or two of one file are told apart, or two of two are not.
TEST_F(KeptDescriptor, KnowsItsFile) {
    kept_descriptor kept = keep("one"), same = keep("one"), another = keep("another");
    EXPECT_TRUE(kept.has_a_name());
    EXPECT_TRUE(kept.is_open_like(same));
    EXPECT_FALSE(kept.is_open_like(another));
    fs::remove(folder / "one");
    EXPECT_FALSE(kept.has_a_name());
    EXPECT_TRUE(kept.facts());
    const kept_descriptor copy = same;
    same.close();
    EXPECT_FALSE(kept.is_open_like(copy));
    kept.close();
    another.close();
}

// Fails when what was let go is still told, or a number that nobody mistakes for a standard stream is changed, or one that is one of these is not.
TEST_F(KeptDescriptor, StandardStreamsAreLeftToTheProgram) {
    descriptor file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    ASSERT_GT(file.get(), 2);
    const int number = file.get();
    descriptor same = away_from_standard_streams(std::move(file));
    EXPECT_EQ(same.get(), number);
    EXPECT_EQ(file.get(), -1);
    EXPECT_EQ(same.release(), number);
    EXPECT_EQ(same.get(), -1);
    ::close(number);
    EXPECT_FALSE(away_from_standard_streams(descriptor{}));
    EXPECT_EQ(in_child([]() -> std::string {
                  for (const int stream : {0, 1, 2}) {
                      ::close(stream);
                      const descriptor away =
                          away_from_standard_streams(descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)});
                      if (away.get() <= 2) return "it is a standard stream";
                      if (is_open(stream)) return "it is one as well";
                      if ((::fcntl(away.get(), F_GETFD) & FD_CLOEXEC) == 0) return "programs that are started get it";
                      if (::open("/dev/null", O_RDONLY | O_CLOEXEC) != stream) return "it is not free";
                  }
                  return "";
              }),
              "");
}

}  // namespace
}  // namespace seki::shm::test
