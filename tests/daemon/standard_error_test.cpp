// What sekid says on standard error, and who reads it there or does not.
#include "daemon/standard_error.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include "shm/descriptor.hpp"

namespace seki::test {
namespace {

using shm::descriptor;

struct two_ends {
    descriptor in, out;
};

two_ends pipe_of_its_own() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

two_ends pair_of_sockets() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

std::string all_there_is(const descriptor& in) {
    ::fcntl(in.get(), F_SETFL, O_NONBLOCK);
    std::string all;
    char some[4096];
    for (ssize_t got; (got = ::read(in.get(), some, sizeof some)) > 0;) all.append(some, static_cast<std::size_t>(got));
    return all;
}

spdlog::logger logger_to(const descriptor& out) {
    spdlog::logger log{"sekid", daemon::standard_error_sink(out.get())};
    log.set_pattern("%v");
    return log;
}

// The lines 0, 1, 2, ... of `width` characters, as far as they go, taken from `text`.
int take_numbered_lines(std::string_view& text, int width) {
    int count = 0;
    for (std::string line; line = fmt::format("{:{}}\n", count, width), text.starts_with(line); ++count)
        text.remove_prefix(line.size());
    return count;
}

class StandardError : public testing::TestWithParam<int> {
protected:
    // Fails, by never coming to its end, if a writer waits for a reader; or if a line is torn, lost in silence, or comes before another one's rest.
    static void nobody_reads(const two_ends& ends) {
        spdlog::logger log = logger_to(ends.out);
        const int said = 1'000'000 / GetParam();
        for (int i = 0; i < said; ++i) log.info("{:{}}", i, GetParam());
        std::string text = all_there_is(ends.in);
        log.info("somebody reads");
        text += all_there_is(ends.in);
        std::string_view left = text;
        const int read = take_numbered_lines(left, GetParam());
        EXPECT_GT(read, 0);
        EXPECT_LT(read, said);
        EXPECT_EQ(left, fmt::format("[{} messages before this one are missing: nobody read them] somebody reads\n",
                                    said - read));
    }
};

TEST_P(StandardError, APipeThatNobodyReadsKeepsNobodyWaiting) { nobody_reads(pipe_of_its_own()); }
TEST_P(StandardError, ASocketThatNobodyReadsKeepsNobodyWaiting) { nobody_reads(pair_of_sockets()); }

// Where /proc cannot be opened, say: by another user.
TEST_P(StandardError, APipeThatMayNotBeOpenedAnewKeepsNobodyWaiting) {
    if (::geteuid() != 0) return;  // who is not root cannot become somebody who may not
    const two_ends ends = pipe_of_its_own();
    ASSERT_EQ(::fchmod(ends.out.get(), 0), 0);
    ASSERT_EQ(::seteuid(65534), 0);
    nobody_reads(ends);
    ASSERT_EQ(::seteuid(0), 0);
}

INSTANTIATE_TEST_SUITE_P(Lines, StandardError, testing::Values(80, 3000, 10'000));

// Fails if standard error no longer waits for those who share it and want to.
TEST(StandardErrorOfOthers, IsLeftAsItWas) {
    const two_ends ends = pipe_of_its_own();
    logger_to(ends.out).info("here");
    EXPECT_EQ(::fcntl(ends.out.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(all_there_is(ends.in), "here\n");
}

// Fails if what stands in a file is written over.
TEST(StandardErrorOfOthers, AFileGoesOnWhereItIs) {
    const descriptor file{::open(testing::TempDir().c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)};
    ASSERT_TRUE(file) << std::strerror(errno);
    ASSERT_EQ(::write(file.get(), "before\n", 7), 7);
    logger_to(file).info("sekid");
    ASSERT_EQ(::write(file.get(), "after\n", 6), 6);
    ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
    EXPECT_EQ(all_there_is(file), "before\nsekid\nafter\n");
}

// Fails if what can never be read holds anybody up, or counts as missing.
TEST(StandardErrorOfOthers, MayBeGone) {
    ::signal(SIGPIPE, SIG_IGN);
    two_ends ends = pipe_of_its_own();
    spdlog::logger log = logger_to(ends.out);
    ends.in = {};
    for (int i = 0; i < 1000; ++i) log.info("nobody is there to read this");
    spdlog::logger closed = logger_to(descriptor{});
    closed.info("nor this");
}

}  // namespace
}  // namespace seki::test
