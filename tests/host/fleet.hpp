// A prefork server in miniature: processes, each with a few threads, that share a segment, and that are killed, stopped and replaced.
//
// What they were admitted is noted in memory of the test's own, after each decision: who is killed in between was admitted and did not live
// to say so, at most once for each thread.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <seki/seki.hpp>

#include "client/segment_handle.hpp"
#include "primitives/limiter.hpp"
#include "primitives/registry.hpp"
#include "shm/asking_time.hpp"
#include "shm/counters.hpp"
#include "shm/memory.hpp"

namespace seki::test {

using namespace std::chrono_literals;

// How long a fleet spends in each test: SEKI_HOST_MS, else two seconds.
inline std::chrono::milliseconds span_of_a_test() {
    const char* wanted = std::getenv("SEKI_HOST_MS");
    return std::chrono::milliseconds{wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 2000};
}

template <class T>
[[nodiscard]] T must(Result<T> made) {
    if (made) return *std::move(made);
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    std::abort();
}

// Waits for what is bound to happen; the bound is for what does not.
template <class Condition>
[[nodiscard]] bool comes(Condition so) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!so()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(100us);
    }
    return true;
}

// A segment in a folder of its own, and words that all processes of the test share.
class host {
public:
    static constexpr std::size_t words = 4096;

    explicit host(std::uint32_t max_workers, std::uint32_t max_primitives = 4, std::uint64_t size = 2 << 20) {
        std::string folder = "/dev/shm/seki-host-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        void* memory =
            ::mmap(nullptr, words * sizeof(layout::word), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        shared_ = static_cast<layout::word*>(memory);
        OpenOptions options;
        options.segment.max_workers = max_workers;
        options.segment.max_primitives = max_primitives;
        options.segment.size = size;
        segment_.emplace(must(open(path(), options)));
    }
    ~host() {
        segment_.reset();
        ::munmap(shared_, words * sizeof(layout::word));
        std::filesystem::remove_all(folder_);
    }
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    [[nodiscard]] std::string path() const { return folder_ / "a.seg"; }
    [[nodiscard]] const Segment& segment() const { return *segment_; }
    [[nodiscard]] const shm::segment& where() const { return segment_->handle()->where(); }

    // In as many turns as it takes to come to everybody: each looks at some processes at least, and goes on where the last one ended.
    void maintain() const {
        for (std::size_t looked = 0; looked < where().processes().size(); looked += shm::asking_time::at_least)
            must(segment_->maintain());
    }

    // The limiter that all spend from, as the structures see it.
    [[nodiscard]] primitives::limiter inside() const {
        return {segment_->handle()->attachment(), must(primitives::limiters::find(where(), "it"))};
    }
    [[nodiscard]] shm::counter_values counted() const {
        const auto place = must(primitives::limiters::find(where(), "it"));
        return shm::sum(where(), place.index, place.incarnation);
    }

    // What it was before.
    std::uint64_t add(std::size_t word, std::uint64_t amount) const {
        return shm::hardware::fetch_add_relaxed(shared_[word], amount);
    }
    [[nodiscard]] std::uint64_t read(std::size_t word) const { return shm::hardware::load_acquire(shared_[word]); }
    void set(std::size_t word, std::uint64_t value) const { shm::hardware::store_release(shared_[word], value); }

private:
    std::filesystem::path folder_;
    layout::word* shared_ = nullptr;
    std::optional<Segment> segment_;
};

class fleet {
public:
    // One step of a thread; false when it is done. `last` once the fleet is asked to come to an end.
    using step = std::function<bool(bool last)>;
    // Makes what a thread does, in its process: the fleet's `which`-th.
    using work = std::function<step(const Segment&, std::size_t which)>;

    fleet(const host& on, std::size_t stop_word, int processes, int threads, work each)
        : host_{on}, stop_{stop_word}, threads_{threads}, each_{std::move(each)} {
        host_.set(stop_, 0);
        pids_.resize(static_cast<std::size_t>(processes));
        for (std::size_t i = 0; i < pids_.size(); ++i) pids_[i] = start(i);
    }
    ~fleet() {
        for (const pid_t pid : pids_) end(pid);
    }
    fleet(const fleet&) = delete;
    fleet& operator=(const fleet&) = delete;

    void kill_and_replace(std::size_t which) {
        end(pids_[which]);
        pids_[which] = start(which);
    }
    void signal(std::size_t which, int number) const { ::kill(pids_[which], number); }
    [[nodiscard]] std::size_t size() const { return pids_.size(); }

    // Asks all to come to an end; whether all did.
    [[nodiscard]] bool finish() {
        host_.set(stop_, 1);
        bool all = true;
        for (const pid_t pid : std::exchange(pids_, {})) {
            int status = 0;
            ::kill(pid, SIGCONT);
            ::waitpid(pid, &status, 0);
            all = all && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        return all;
    }

private:
    static void end(pid_t pid) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    [[nodiscard]] pid_t start(std::size_t which) const {
        std::fflush(nullptr);
        const pid_t pid = ::fork();
        if (pid < 0) std::abort();
        if (pid > 0) return pid;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(which);
        ::_exit(0);
    }
    void run(std::size_t which) const {
        OpenOptions existing;
        existing.access = Access::attach;
        const Segment segment = must(open(host_.path(), existing));
        std::vector<std::jthread> threads;
        for (int i = 0; i < threads_; ++i)
            threads.emplace_back([&] {
                const step next = each_(segment, which);
                while (next(host_.read(stop_) != 0)) {
                }
            });
    }

    const host& host_;
    std::size_t stop_;
    int threads_;
    work each_;
    std::vector<pid_t> pids_;
};

}  // namespace seki::test
