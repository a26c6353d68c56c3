// The token of a process, where the kernel has no random bytes for it, or no page that a child finds empty. Each in a process that has none yet.
#include "shm/process_token.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "segment_fixture.hpp"

namespace {

std::optional<std::uint64_t> drawn;  // nothing: there are no random bytes
bool plays = false, has_page = true, wipes = true;

}  // namespace

// The library's calls find these before those of libc.
extern "C" {

ssize_t getrandom(void* bytes, std::size_t size, unsigned how) {
    if (!plays) return ::syscall(SYS_getrandom, bytes, size, how);
    if (!drawn) return errno = EAGAIN, -1;
    std::memcpy(bytes, &*drawn, std::min(size, sizeof *drawn));
    return static_cast<ssize_t>(size);
}
int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (plays && which == CLOCK_MONOTONIC) return *time = {.tv_sec = 5, .tv_nsec = 7}, 0;
    return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
}
void* mmap(void* at, std::size_t size, int may, int how, int file, off_t from) noexcept {
    if (!has_page && size == 4'096) return errno = ENOMEM, MAP_FAILED;
    return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, may, how, file, from));
}
int madvise(void* at, std::size_t size, int what) noexcept {
    if (!wipes && what == MADV_WIPEONFORK) return errno = EINVAL, -1;
    return static_cast<int>(::syscall(SYS_madvise, at, size, what));
}
}

namespace seki::shm::test {
namespace {

// The token of a new process to which the kernel says that.
std::uint64_t token_with(std::optional<std::uint64_t> random_bytes, std::uint64_t& expected) {
    const std::string said = in_child([&]() -> std::string {
        plays = true;
        drawn = random_bytes;
        const std::uint64_t by_time = static_cast<std::uint64_t>(::getpid()) << 40 ^ std::uint64_t{5} << 30 ^ 7;
        const std::uint64_t token = claim_process_token();
        if (claim_process_token() != token || process_token() != token) return "it changes";
        return std::to_string(token) + " " + std::to_string(by_time & ~std::uint64_t{3});
    });
    expected = std::stoull(said.substr(said.find(' ')));
    return std::stoull(said);
}

// Fails if random bytes are not the token, or none are: the lowest two bits are for who keeps it, and 0 is nobody's.
TEST(ProcessToken, IsDrawn) {
    std::uint64_t by_time = 0;
    EXPECT_EQ(token_with(0x1234'5678'9abc'deffULL, by_time), 0x1234'5678'9abc'defcULL);
    EXPECT_EQ(token_with(4, by_time), 4U);
    EXPECT_EQ(token_with(3, by_time), 4U) << "0 is none";
}

// Fails if two processes of a host that has no random bytes could have one token: those of one moment, or one number at two.
TEST(ProcessToken, IsMadeOfNumberAndTimeWhereNothingIsDrawn) {
    std::uint64_t by_time = 0;
    const std::uint64_t token = token_with(std::nullopt, by_time);
    EXPECT_EQ(token, by_time);
    EXPECT_NE(token, token_with(std::nullopt, by_time));
}

// Fails if a child takes the token of its parent for its own, or all children get one, with or without a page of its own, and one that is empty in a child.
TEST(ProcessToken, EachChildHasItsOwn) {
    for (const bool page : {true, false})
        for (const bool wiped : {true, false}) {
            const std::string wrong = in_child([&]() -> std::string {
                has_page = page;
                wipes = wiped;
                const std::uint64_t mine = claim_process_token();
                has_page = true;
                std::set<std::string> all{std::to_string(mine)};
                for (int i = 0; i < 3; ++i) all.insert(in_child([] { return std::to_string(claim_process_token()); }));
                if (all.size() != 4) return "some have one token";
                return claim_process_token() == mine ? "" : "it changes";
            });
            EXPECT_EQ(wrong, "") << page << wiped;
        }
}

}  // namespace
}  // namespace seki::shm::test
