// How soon after its death a killed process has its permits back in the pool: with sekid, as another process sees it that only reads, and without,
// when others ask for one.
//
//     bench/reclaim [SEKID]       SEKID: the program to start, else the one that was built with this
//
// Prints the median, the 99th percentile and the longest of 200 deaths each (of large processes 20), and the bar for the longest; exits 1 when that is missed.
// The kernel lets go of what a process has locked when it has taken its memory apart: for a large one that takes longer than anything here.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <seki/seki.hpp>

#include "briefly.hpp"
#include "client/segment_handle.hpp"
#include "shm/memory.hpp"

namespace {

using namespace seki;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

const std::size_t deaths = bench::unless_briefly<std::size_t>(200, 3);
const std::size_t large_deaths = bench::unless_briefly<std::size_t>(20, 1);
constexpr std::size_t large = 1ULL << 30;  // bytes
constexpr std::uint64_t permits = 4;
constexpr std::chrono::microseconds between_looks{100};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "reclaim: %s\n", why.c_str());
    std::exit(2);
}
template <class T>
T must(Result<T> made) {
    if (!made) give_up(made.error().message);
    return *std::move(made);
}

class scratch_folder {
public:
    scratch_folder() {
        std::string name = "/dev/shm/seki-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) give_up("cannot make a folder in /dev/shm");
        path_ = name;
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    [[nodiscard]] std::string in(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

Segment opened(const std::string& path, Access access) {
    OpenOptions how;
    how.access = access;
    return must(open(path, how));
}

// A child process, which is killed when this goes out of scope at the latest.
class process {
public:
    template <class Body>
    explicit process(Body body) : pid_{::fork()} {
        if (pid_ < 0) give_up("cannot fork");
        if (pid_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        ::_exit(1);
    }
    ~process() { kill(); }
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    // Until it is dead, and nobody's child any more.
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    [[nodiscard]] bool ended() { return pid_ <= 0 || ::waitpid(pid_, nullptr, WNOHANG) == pid_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

// Takes all permits, and so many bytes of memory, says so, and holds them for good.
class holder {
public:
    explicit holder(const std::string& path, std::size_t bytes = 0) : ends_{pipe()}, it_{[&] { hold(path, bytes); }} {
        char said = 0;
        if (::read(ends_[0], &said, 1) != 1) give_up("a holder did not get its permits");
    }
    ~holder() {
        for (const int end : ends_) ::close(end);
    }
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;
    void kill() { it_.kill(); }

private:
    static std::array<int, 2> pipe() {
        std::array<int, 2> made{};
        if (::pipe2(made.data(), O_CLOEXEC) != 0) give_up("cannot make a pipe");
        return made;
    }
    void hold(const std::string& path, std::size_t bytes) const {
        if (bytes != 0 && ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
                                 0) == MAP_FAILED)
            return;
        const Bulkhead gate = must(opened(path, Access::attach).bulkhead("it"));
        std::vector<Permit> held;
        while (held.size() < permits) held.push_back(must(gate.acquire(1min)));
        if (::write(ends_[1], "", 1) != 1) return;
        for (;;) ::pause();
    }

    std::array<int, 2> ends_;
    process it_;
};

class caretaker {
public:
    caretaker(const std::string& program, const scratch_folder& folder, const Segment& reader)
        : it_{[&] {
              const int log = ::open(folder.in("log").c_str(), O_WRONLY | O_CREAT, 0600);
              ::dup2(log, STDERR_FILENO);
              ::execlp(program.c_str(), program.c_str(), "--segment", folder.in("a.seg").c_str(), "--listen",
                       ("unix:" + folder.in("http")).c_str(), nullptr);
          }} {
        // It names itself when it looks after the segment.
        const layout::word& owner = reader.handle()->where().header().owner_pid;
        while (shm::hardware::load_acquire(owner) != static_cast<std::uint64_t>(it_.pid())) {
            if (it_.ended()) {
                std::cerr << std::ifstream{folder.in("log")}.rdbuf();
                give_up("cannot start " + program);
            }
            std::this_thread::sleep_for(10ms);
        }
    }

private:
    process it_;
};

template <class One>
std::vector<milliseconds> measured(One one, std::size_t times = deaths) {
    std::vector<milliseconds> all;
    for (std::size_t i = 0; i < times; ++i) all.push_back(one());
    std::ranges::sort(all);
    return all;
}

// Only reads, and leaves the processor to others between two looks.
milliseconds until_it_is_seen(const std::string& path, const Bulkhead& seen, std::size_t bytes = 0) {
    holder victim{path, bytes};
    const auto start = steady_clock::now();
    victim.kill();
    while (must(seen.status()).in_use != 0) std::this_thread::sleep_for(between_looks);
    return steady_clock::now() - start;
}

milliseconds until_a_waiter_has_one(const std::string& path, const Bulkhead& gate) {
    holder victim{path};
    auto waiter = std::async(std::launch::async, [&] {
        const Permit got = must(gate.acquire(1min));
        return steady_clock::now();
    });
    while (must(gate.status()).waiting == 0) std::this_thread::sleep_for(between_looks);
    const auto start = steady_clock::now();
    victim.kill();
    return waiter.get() - start;
}

milliseconds until_one_is_had_without_waiting(const std::string& path, const Bulkhead& gate) {
    holder victim{path};
    if (gate.try_acquire()) give_up("a permit was free");
    const auto start = steady_clock::now();
    victim.kill();
    while (!gate.try_acquire()) std::this_thread::sleep_for(between_looks);
    return steady_clock::now() - start;
}

// Whether the bar, if there is one, is met.
bool print(const char* what, const std::vector<milliseconds>& of, std::optional<milliseconds> bar) {
    const bool met = !bar || of.back() <= *bar;
    std::printf("%-46s %8.2f %8.2f %8.2f", what, of[of.size() / 2].count(), of[of.size() * 99 / 100].count(),
                of.back().count());
    if (bar) std::printf(" %8.0f  %s", bar->count(), met ? "met" : "MISSED");
    std::printf("\n");
    return met;
}

}  // namespace

int main(int argc, char** argv) {
    const scratch_folder folder;
    const std::string path = folder.in("a.seg");
    must(opened(path, Access::create_or_attach).bulkhead("it", {.max_concurrent = permits}));
    std::printf("%-46s %8s %8s %8s %8s\n", "from SIGKILL, in ms, until", "median", "p99", "longest", "bar");
    bool met = true;
    {
        const Segment reader = opened(path, Access::read_only);
        const caretaker sekid{argc > 1 ? argv[1] : SEKI_SEKID, folder, reader};
        const Bulkhead seen = must(reader.bulkhead("it"));
        met = print("sekid has given them back", measured([&] { return until_it_is_seen(path, seen); }), 100ms);
        print("the same, of a process with 1 GiB of memory",
              measured([&] { return until_it_is_seen(path, seen, large); }, large_deaths), std::nullopt);
    }
    const Bulkhead gate = must(opened(path, Access::attach).bulkhead("it"));
    print("no sekid: a waiter has one", measured([&] { return until_a_waiter_has_one(path, gate); }), std::nullopt);
    print("no sekid: try_acquire() answers one", measured([&] { return until_one_is_had_without_waiting(path, gate); }),
          std::nullopt);
    return met || bench::briefly() ? 0 : 1;
}
