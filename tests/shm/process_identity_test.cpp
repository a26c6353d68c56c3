// Whether a process still runs, by what /proc says of it: read in mounts of the test's own, where it says what the test wants.
#include "shm/process_identity.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>

#include "own_mounts.hpp"
#include "refused_calls.hpp"

namespace seki::shm::test {
namespace {

constexpr std::uint64_t start_time = 123'456'789;
constexpr std::uint64_t inode = 40'711;

// proc(5): from the third field on, up to the twenty-second, with something behind it.
std::string stat_line(const std::string& command, char state = 'S', int threads = 1,
                      std::uint64_t started = start_time) {
    std::string line = "77 (" + command + ") " + state;
    for (int field = 4; field < 20; ++field) line += " " + std::to_string(10'000 + field);
    return line + " " + std::to_string(threads) + " 10021 " + std::to_string(started) + " 10023 10024\n";
}
std::string map_line(std::uint64_t of, const std::string& path) {
    return "7f0000000000-7f0000001000 rw-s 00040711 00:1a " + std::to_string(of) + " " + path + "\n";
}

struct ProcessIdentity : SegmentTest {
    // What is said of a process that runs, where its /proc says that. "" where there are no mounts of one's own.
    [[nodiscard]] std::string judged(const std::function<std::string(pid_t)>& work) const {
        return with_own_mounts([&]() -> std::string {
            const pid_t other = ::fork();
            if (other == 0) {
                ::pause();
                ::_exit(0);
            }
            const std::string said = work(other);
            ::kill(other, SIGKILL);
            ::waitpid(other, nullptr, 0);
            return said;
        });
    }
    [[nodiscard]] bool says(pid_t of, const char* file, const std::string& text) const {
        const fs::path instead = folder / (std::to_string(of) + file);
        write_file(instead, text);
        return ::mount(instead.c_str(), ("/proc/" + std::to_string(of) + "/" + file).c_str(), nullptr, MS_BIND,
                       nullptr) == 0;
    }
    [[nodiscard]] std::string with_stat(const std::string& text) const {
        return judged([&](pid_t other) -> std::string {
            if (!says(other, "stat", text)) return "cannot mount";
            return still_runs({static_cast<std::uint64_t>(other), start_time, 1, 1}, 0) ? "runs" : "is gone";
        });
    }
    // By its own mappings and ours.
    [[nodiscard]] std::string with_maps(const std::string& its, const std::string& ours) const {
        return judged([&](pid_t other) -> std::string {
            if (!says(other, "stat", stat_line("other")) || !says(other, "maps", its) ||
                !says(::getpid(), "maps", ours))
                return "cannot mount";
            return still_runs({static_cast<std::uint64_t>(other), start_time, 1, 1}, inode) ? "runs" : "is gone";
        });
    }
};

// Fails if a field is taken for another, whatever the name of the command, or half a line for a whole one.
TEST_F(ProcessIdentity, ALineOfStatIsReadFromItsLastParenthesisOn) {
    if (with_stat(stat_line("other")).empty()) return;  // no namespaces here
    for (const char* command : {"other", "a b", ") S 1 2 3", "))((", ""}) {
        EXPECT_EQ(with_stat(stat_line(command)), "runs") << command;
        EXPECT_EQ(with_stat(stat_line(command, 'S', 1, start_time + 1)), "is gone") << command;
    }
    EXPECT_EQ(with_stat(stat_line("other", 'S', 0)), "runs") << "only of who ended are threads counted";
    for (const char state : {'Z', 'X'}) {
        EXPECT_EQ(with_stat(stat_line("other", state, 1)), "is gone");
        EXPECT_EQ(with_stat(stat_line("other", state, 2)), "runs") << "its other threads do";
    }
    // The kernel is asked instead, and it runs.
    const std::string whole = stat_line("other", 'S', 1, start_time + 1);
    for (const std::string& half : {std::string{}, std::string{"77 (other"}, std::string{"77 (other)"},
                                    std::string{"77 (other)S"}, whole.substr(0, whole.find(" 10021") + 6)})
        EXPECT_EQ(with_stat(half), "runs") << half;
}

// Fails if of a line that is longer than any more is read than there is room for, or less.
TEST_F(ProcessIdentity, OfALineThatIsTooLongTheBeginningIsRead) {
    constexpr std::size_t room = 2'047;
    std::string line = stat_line("other", 'S', 1, start_time + 1);
    line.resize(room, ' ');
    if (with_stat(line).empty()) return;  // no namespaces here
    EXPECT_EQ(with_stat(line + ") "), "is gone") << "what stands behind is not read";
    line.back() = ')';
    EXPECT_EQ(with_stat(line), "runs") << "the last byte is: it makes half a line of it";
}

// Fails if a mapping is found in another column, on another line, or by a part of a number; or is not found at the end of a line or of what is read.
TEST_F(ProcessIdentity, WhoHasNotMappedTheFileIsAnotherProgram) {
    const std::string mine = map_line(inode, "/dev/shm/a.seg"), no = map_line(inode + 1, "/dev/shm/40711");
    if (with_maps(mine, mine).empty()) return;  // no namespaces here
    EXPECT_EQ(with_maps(mine, mine), "runs");
    EXPECT_EQ(with_maps(no, mine), "is gone");
    EXPECT_EQ(with_maps("", mine), "is gone");
    EXPECT_EQ(with_maps(no, no), "runs") << "ours does not show either";
    EXPECT_EQ(with_maps(no + no + mine + no, mine), "runs");
    EXPECT_EQ(with_maps(map_line(10 * inode, "40711") + map_line(inode / 10, "40711 40711"), mine), "is gone");
    EXPECT_EQ(with_maps(map_line(4, "") + map_line(711, "") + map_line(0, "") + map_line(407, ""), mine), "is gone")
        << "a number begins anew on each line";
    EXPECT_EQ(with_maps("7f00-7f01 rw-s 00040711 00:1a 40711\n", mine), "runs") << "without a name";
    // A line that lies over two reads.
    std::string long_list;
    while (long_list.size() + no.size() < 4'090) long_list += no;
    EXPECT_EQ(with_maps(long_list + mine, mine), "runs");
}

// Fails if who has not said which file is looked for is judged by his mappings.
TEST_F(ProcessIdentity, WithoutAFileNoMappingIsLookedFor) {
    const std::string said = judged([&](pid_t other) -> std::string {
        if (!says(other, "stat", stat_line("other")) || !says(other, "maps", map_line(7, "x"))) return "cannot mount";
        return still_runs({static_cast<std::uint64_t>(other), start_time, 1, 1}, 0) ? "runs" : "is gone";
    });
    EXPECT_TRUE(said.empty() || said == "runs") << said;
}

// Fails if who sees a /proc in which its number is another's takes what stands there for its own.
TEST_F(ProcessIdentity, InAnotherNumberingNobodyKnowsWhenItBegan) {
    const pid_t forked = seki::test::fork_into_pid_namespace();
    if (forked == 0) ::_exit(my_identity().start_time == 0 ? 0 : 1);
    int status = 0;
    if (forked < 0 || ::waitpid(forked, &status, 0) < 0) return;  // no namespaces here
    EXPECT_EQ(status, 0);
    EXPECT_NE(my_identity().start_time, 0U);
}

// Fails if what could not be read once is believed for good: another copy of libseki in this process reads it, and the two are strangers then.
TEST_F(ProcessIdentity, WhatThereWasNoDescriptorToReadWithIsReadTheNextTime) {
    const auto begins = [](rlim_t files) {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = std::min(files, limit.rlim_max);
        ::setrlimit(RLIMIT_NOFILE, &limit);
        return my_identity().start_time;
    };
    EXPECT_EQ(in_child([&]() -> std::string {
                  if (begins(0) != 0) return "there was a descriptor";
                  return begins(64) != 0 ? "" : "it is not read again";
              }),
              "");
}

// Fails if one who is gone runs for ever where the kernel hands out no pidfd, or one who lives and does not show in /proc does not.
TEST_F(ProcessIdentity, WherePidfdsAreRefusedItIsAskedWhetherTheNumberIsInUse) {
    for (const int error : {EPERM, ENOSYS}) {
        const auto without_pidfds = [error] { return refuse_calls(SYS_pidfd_open, static_cast<std::uint32_t>(error)); };
        EXPECT_EQ(in_child([&]() -> std::string {
                      const pid_t ended = ::fork();
                      if (ended == 0) ::_exit(0);
                      ::waitpid(ended, nullptr, 0);
                      if (!without_pidfds()) return "";  // no filters here
                      return still_runs({static_cast<std::uint64_t>(ended), start_time, 1, 1}, 0) ? "it runs" : "";
                  }),
                  "");
        const std::string said = judged([&](pid_t other) -> std::string {
            if (!says(other, "stat", "")) return "cannot mount";
            if (!without_pidfds()) return "";
            return still_runs({static_cast<std::uint64_t>(other), start_time, 1, 1}, 0) ? "" : "is gone";
        });
        EXPECT_EQ(said, "");
    }
}

// Fails if who has not said when he began, or in whose numbers he has his, is looked for by them.
TEST(TraceableIdentity, HasABeginningAndANamespace) {
    EXPECT_TRUE((process_identity{7, 1, 1, 5}.traceable()));
    EXPECT_FALSE((process_identity{7, 0, 1, 5}.traceable()));
    EXPECT_FALSE((process_identity{7, 1, 0, 5}.traceable()));
    EXPECT_FALSE((process_identity{7, 0, 0, 5}.traceable()));
    constexpr process_identity one{7, 1, 2, 5};
    EXPECT_TRUE(one.same_process({7, 1, 2, 6})) << "of another program";
    for (const process_identity& other : {process_identity{8, 1, 2, 5}, {7, 2, 2, 5}, {7, 1, 3, 5}})
        EXPECT_FALSE(one.same_process(other));
}

// Fails if two copies of libseki in one process, of which one saw less of itself, are strangers; or two processes pass for one.
TEST(TraceableIdentity, IsTheSameForAllThatBothCouldSee) {
    constexpr process_identity one{7, 1, 2, 5};
    for (const process_identity& less : {one, process_identity{7, 0, 2, 5}, {7, 1, 0, 5}, {7, 0, 0, 5}}) {
        EXPECT_TRUE(one.may_be(less));
        EXPECT_TRUE(less.may_be(one));
    }
    for (const process_identity& other : {process_identity{8, 0, 0, 5},
                                          {7, 2, 2, 5},
                                          {7, 2, 0, 5},
                                          {7, 1, 3, 5},
                                          {7, 0, 3, 5},
                                          {7, 1, 2, 6},
                                          {7, 0, 0, 0}}) {
        EXPECT_FALSE(one.may_be(other));
        EXPECT_FALSE(other.may_be(one));
    }
    constexpr process_identity without_image{7, 1, 2, 0};
    EXPECT_TRUE(without_image.may_be(without_image));
    EXPECT_FALSE(without_image.may_be({7, 0, 2, 0})) << "all programs have that one";
}

// Fails if a list that is longer than is read is taken for one without the file, or one that is not for too long.
TEST_F(ProcessIdentity, AListThatIsTooLongTellsNothing) {
    const std::string mine = map_line(inode, "/dev/shm/a.seg");
    if (with_maps(mine, mine).empty()) return;  // no namespaces here
    const auto list = [](std::size_t bytes) {
        std::string all;
        while (all.size() + 100 < bytes) all += map_line(1, "x");
        return all + std::string(bytes - all.size() - 1, 'x') + "\n";
    };
    EXPECT_EQ(with_maps(list(15 * 4'096), mine), "is gone");
    EXPECT_EQ(with_maps(list(16 * 4'096), mine), "runs");
    EXPECT_EQ(with_maps(list(15 * 4'096) + mine, mine), "runs");
}

}  // namespace
}  // namespace seki::shm::test
