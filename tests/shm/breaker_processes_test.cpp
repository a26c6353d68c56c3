// Real processes on one breaker, killed where they stand. The kernel says who lives: a child that was waited for does not.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "shm/breaker.hpp"
#include "shm/constant_terms.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;
using breaker = shm::breaker<>;
using law::outcome;
using law::state;

constexpr std::size_t max_transitions = 1 << 16;
constexpr std::size_t max_children = 1 << 12;

struct shared {
    layout::breaker_block block;
    std::array<layout::pair, 44> ring;
    std::array<layout::pair, 16> places;
    // What the processes tell. Probes let in and not given back, by generation; how often each transition was told.
    std::array<std::atomic<std::uint32_t>, max_transitions> probes, told;
    std::array<std::atomic<bool>, max_children> dead;
    std::atomic<std::uint64_t> ready, go, stop, calls, pushed, hold;
    std::atomic<std::uint64_t> time;  // what the clock says to all of them; 0: what the machine's does
};

std::uint64_t read_clock() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * law::second + static_cast<std::uint64_t>(time.tv_nsec);
}

class host {
public:
    explicit host(const law::terms& wanted) : terms{wanted}, all{static_cast<shared*>(map())} {
        subject().fill(0, state::closed, read_clock());
    }
    ~host() { munmap(all, sizeof(shared)); }
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    struct caller {
        shared* all;
        std::uint64_t name;
        [[nodiscard]] std::uint64_t now() const {
            const std::uint64_t told = all->time.load();
            return told != 0 ? told : read_clock();
        }
        [[nodiscard]] bool alive(std::uint64_t owner) const {
            return owner >= max_children || !all->dead[owner].load();
        }
        [[nodiscard]] static bool tired() { return false; }
        [[nodiscard]] static bool stands() { return true; }
        void moved(const shm::transition& made) const { all->told[made.generation % max_transitions].fetch_add(1); }
        [[nodiscard]] std::uint64_t owner() const { return name; }
    };

    [[nodiscard]] breaker subject() const { return {all->block, all->ring, all->places}; }
    [[nodiscard]] caller by(std::uint64_t name) const { return {all, name}; }

    // A process named by its number, with what it does.
    template <class Body>
    pid_t start(std::uint64_t name, const Body& body) const {
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child != 0) return child;
        all->ready.fetch_add(1);
        while (all->go.load() == 0) sched_yield();
        body(by(name));
        _exit(0);
    }
    void kill_and_wait(pid_t child, std::uint64_t name) const {
        kill(child, SIGKILL);
        EXPECT_EQ(waitpid(child, nullptr, 0), child);
        all->dead[name].store(true);
    }
    void open_and_wait() const {
        while (subject().look().state == state::closed) {
            const auto let_in = subject().admit(unchanging(terms), by(1));
            (void)subject().report(let_in, outcome::error, read_clock(), terms, by(1));
        }
        while (read_clock() - subject().look().since < terms.wait_duration) sched_yield();
    }
    // Every transition so far, once.
    void expect_each_told_once() const {
        const std::uint32_t last = subject().look().generation;
        for (std::uint32_t g = 1; g <= last; ++g) ASSERT_EQ(all->told[g].load(), 1U) << "transition " << g;
    }

    law::terms terms;
    shared* all;

private:
    static void* map() {
        return mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
};

constexpr law::terms quick{.window = 20,
                           .minimum_calls = 5,
                           .wait_duration = 2 * law::millisecond,
                           .half_open_requests = 3,
                           .max_half_open_duration = law::max_duration};

// Fails if the race into half_open lets in one too many or too few, or two processes make one transition.
TEST(BreakerProcesses, ExactlyNProbesAreLetInHoweverManyRaceForThem) {
    for (int round = 0; round < 60; ++round) {
        const host in{quick};
        in.open_and_wait();
        std::vector<pid_t> children;
        constexpr std::uint64_t racers = 8;
        for (std::uint64_t name = 1; name <= racers; ++name)
            children.push_back(in.start(name, [&](host::caller by) {
                for (int i = 0; i < 200; ++i)
                    if (const auto let_in = in.subject().admit(unchanging(in.terms), by))
                        in.all->probes[let_in.generation].fetch_add(1);
            }));
        while (in.all->ready.load() < racers) sched_yield();
        in.all->go = 1;
        for (const pid_t child : children) ASSERT_EQ(waitpid(child, nullptr, 0), child);
        const auto at = in.subject().look();
        ASSERT_EQ(at.state, state::half_open);
        ASSERT_EQ(at.generation, 2U);
        ASSERT_EQ(in.all->probes[at.generation].load(), quick.half_open_requests);
        in.expect_each_told_once();
    }
}

// Fails if a process that is killed inside its probe keeps its place, or judges by dying.
TEST(BreakerProcesses, AProbeKilledInItsCallGivesItsPlaceBackUnjudged) {
    const host in{quick};
    in.open_and_wait();
    in.all->go = 1;
    std::vector<pid_t> children;
    for (std::uint64_t name = 1; name <= quick.half_open_requests; ++name)
        children.push_back(in.start(name, [&](host::caller by) {
            if (!in.subject().admit(unchanging(in.terms), by)) _exit(1);
            in.all->hold.fetch_add(1);
            for (;;) pause();
        }));
    while (in.all->hold.load() < quick.half_open_requests) sched_yield();
    const auto me = in.by(9);
    EXPECT_FALSE(in.subject().admit(unchanging(in.terms), me));
    for (std::uint64_t name = 1; name <= quick.half_open_requests; ++name) in.kill_and_wait(children[name - 1], name);
    EXPECT_EQ(in.subject().look().state, state::half_open);
    for (std::uint64_t probes = 0; probes < quick.half_open_requests;) {
        const auto let_in = in.subject().admit(unchanging(in.terms), me);  // refused until look_interval is over
        if (!let_in) continue;
        (void)in.subject().report(let_in, outcome::ok, read_clock(), in.terms, me);
        ++probes;
    }
    EXPECT_EQ(in.subject().look().state, state::closed);
    in.expect_each_told_once();
}

// Fails if an outcome of any process is lost or counted twice, or the window is one process's.
TEST(BreakerProcesses, TheWindowIsTheHosts) {
    law::terms wide = quick;
    wide.window = 900;
    wide.minimum_calls = 900;
    wide.failure_threshold = 100;
    wide.slow_call_threshold = 100;
    const host in{wide};
    std::vector<pid_t> children;
    constexpr std::uint64_t writers = 4, each = 20'000;
    for (std::uint64_t name = 1; name <= writers; ++name)
        children.push_back(in.start(name, [&, name](host::caller by) {
            for (std::uint64_t i = 0; i < each; ++i) {
                const auto let_in = in.subject().admit(unchanging(in.terms), by);
                const auto what = i % writers == name - 1 ? outcome::error : outcome::ok;
                if (in.subject().report(let_in, what, read_clock(), in.terms, by) == breaker::report_result::counted)
                    in.all->pushed.fetch_add(1);
            }
        }));
    in.all->go = 1;
    for (const pid_t child : children) ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_EQ(in.all->pushed.load(), writers * each);
    const auto end = layout::unpack_outcome_block({shm::hardware::load_first_acquire(in.all->block.window_end),
                                                   shm::hardware::load_second_acquire(in.all->block.window_end)});
    EXPECT_EQ(end.number, writers * each);
    EXPECT_EQ(in.subject().window(in.terms, read_clock()).total, 900U);
    EXPECT_GT(in.subject().window(in.terms, read_clock()).errors, 0U);
}

// Fails if who begins a slice takes along what others counted in it, a process that was stopped between the clock and its swap counts in another slice or
// nowhere, or a slice leaves the window before its time.
TEST(BreakerProcesses, ATimeWindowIsTheHostsToo) {
    constexpr std::uint64_t writers = 4, each = 18'000, slices = 12, slice = writers * each / slices;
    law::terms wide = quick;
    wide.window_type = law::window_type::time;
    wide.window = slice * layout::outcome_slices;
    wide.minimum_calls = 1'000'000;
    const host in{wide};
    constexpr std::uint64_t begin = 1'000 * slice;
    in.all->time = begin;
    std::vector<pid_t> children;
    for (std::uint64_t name = 1; name <= writers; ++name)
        children.push_back(in.start(name, [&](host::caller by) {
            for (std::uint64_t i = 0; i < each; ++i) {
                const auto let_in = in.subject().admit(unchanging(in.terms), by);
                const auto what = i % 4 == 0 ? outcome::error : i % 4 == 1 ? outcome::slow : outcome::ok;
                const std::uint64_t now = in.all->time.fetch_add(1);
                if (in.subject().report(let_in, what, now, in.terms, by) == breaker::report_result::counted)
                    in.all->pushed.fetch_add(1);
            }
        }));
    in.all->go = 1;
    for (const pid_t child : children) ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_EQ(in.all->pushed.load(), writers * each);
    const auto seen = [&](std::uint64_t at) { return in.subject().window(in.terms, begin + at); };
    const auto all = seen(slices * slice);
    EXPECT_EQ(all.total, writers * each);
    EXPECT_EQ(all.errors, writers * each / 4);
    EXPECT_EQ(all.slow, writers * each / 4);
    // One slice after the other goes, each with what was told in its time.
    for (std::uint64_t gone = 1; gone <= slices; ++gone)
        EXPECT_EQ(seen((layout::outcome_slices + gone - 1) * slice).total, (slices - gone) * slice);
    EXPECT_EQ(in.subject().look().state, state::closed);
}

// Fails if a death anywhere wedges the breaker, lets in a probe too many, or makes two winners. A winner that is killed before it tells leaves a gap.
TEST(BreakerProcesses, KilledAnywhereTheyNeitherWedgeItNorLetInOneTooMany) {
    law::terms terms = quick;
    terms.wait_duration = law::millisecond / 10;
    terms.max_half_open_duration = 20 * law::millisecond;
    const host in{terms};
    in.all->go = 1;
    std::mt19937_64 random{seed_or(1)};
    const auto work = [&](std::uint64_t seed) {
        return [&, seed](host::caller by) {
            std::mt19937_64 mine{seed};
            while (in.all->stop.load() == 0) {
                const auto let_in = in.subject().admit(unchanging(in.terms), by);
                in.all->calls.fetch_add(1);
                if (!let_in) continue;
                const auto what = mine() % 5 == 0 ? outcome::error : outcome::ok;
                (void)in.subject().report(let_in, what, read_clock(), in.terms, by);
            }
        };
    };
    std::uint64_t name = 1;
    struct worker {
        pid_t pid;
        std::uint64_t name;
    };
    std::vector<worker> workers;
    for (; name <= 6; ++name) workers.push_back({in.start(name, work(random())), name});
    std::uint64_t killed = 0;
    for (; killed < 300; ++killed) {
        const timespec moment{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 3'000'000)};
        nanosleep(&moment, nullptr);
        worker& victim = workers[random() % workers.size()];
        in.kill_and_wait(victim.pid, victim.name);
        std::uint64_t taken = in.subject().for_each_probe([](std::uint64_t) {}).taken;
        ASSERT_LE(taken, terms.half_open_requests);
        victim = {in.start(name, work(random())), name};
        ++name;
    }
    in.all->stop = 1;
    for (const worker& each : workers) ASSERT_EQ(waitpid(each.pid, nullptr, 0), each.pid);
    std::uint64_t untold = 0;
    const std::uint32_t last = in.subject().look().generation;
    for (std::uint32_t g = 1; g <= last && g < max_transitions; ++g) {
        ASSERT_LE(in.all->told[g].load(), last < max_transitions ? 1U : ~0U) << "transition " << g;
        untold += in.all->told[g].load() == 0 ? 1U : 0U;
    }
    std::printf("%llu calls, %u transitions, %llu killed, %llu transitions untold\n",
                static_cast<unsigned long long>(in.all->calls.load()), last, static_cast<unsigned long long>(killed),
                static_cast<unsigned long long>(untold));
    EXPECT_LE(untold, killed);
    EXPECT_GT(last, 100U);
    // Nobody is left; one comes, and all goes well.
    const auto me = in.by(max_children - 1);
    while (in.subject().look().state != state::closed)
        if (const auto let_in = in.subject().admit(unchanging(terms), me))
            (void)in.subject().report(let_in, outcome::ok, read_clock(), terms, me);
}

}  // namespace
}  // namespace seki::test
