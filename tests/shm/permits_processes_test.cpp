// Permits between real processes that take, hold, wait, fork, are stopped and killed. What watches them is independent of them and survives
// deaths: who holds permit i holds a record lock on byte i of a file, which the kernel drops with it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <vector>

#include "processes.hpp"
#include "shm/permit_pool.hpp"
#include "shm/permit_seeker.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using namespace std::chrono_literals;
using pool_type = shm::permit_pool<>;
using shm::permit;
using shm::waiting;

constexpr shm::permit_capacity sizes{.permits = 16, .waiting = 16};

struct alignas(64) common_memory {
    std::array<std::byte, pool_type::bytes_for(sizes)> pool;
    std::atomic<std::uint64_t> taken, refused, waited, timed_out, forked, violations, lost, strict;
};

std::uint64_t in(std::chrono::nanoseconds time) { return shm::futex::now() + static_cast<std::uint64_t>(time.count()); }

void pause_for(std::uint64_t nanoseconds) {
    const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(nanoseconds)};
    ::nanosleep(&time, nullptr);
}

class world {
public:
    world() {
        void* const memory =
            ::mmap(nullptr, sizeof(common_memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        all = static_cast<common_memory*>(memory);
        pool = pool_type::attach(all->pool, sizes);
        shm::claim_process_token();
    }
    ~world() { ::munmap(all, sizeof(common_memory)); }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    [[nodiscard]] std::string watch_file() const { return segment.path().parent_path() / "watch"; }
    [[nodiscard]] shm::process_seeker seeker() const { return shm::process_seeker{*segment}; }

    // What must hold after everybody is dead, or left.
    void expect_all_back() const {
        auto by = seeker();
        pool.reclaim(by);
        EXPECT_EQ(pool.in_use(), 0U);
        EXPECT_EQ(pool.waiting_now(), 0U);
        pool.table().for_each([](std::uint32_t, std::uint64_t) { ADD_FAILURE() << "a permit is left"; });
        EXPECT_EQ(all->violations.load(), 0U);
        EXPECT_EQ(all->lost.load(), 0U);
    }

    scratch_segment segment;
    common_memory* all;
    pool_type pool;
};

// A process of the storm. Opens the file that watches before it joins: a dying process's descriptors are closed in their order, so the watch
// is over when others may see that it is dead.
class worker {
public:
    worker(const world& in, std::uint64_t seed)
        : in_{in}, watch_{::open(in.watch_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)}, random_{seed} {}

    [[noreturn]] void run() {
        const shm::attachment attached{in_.segment.get()};
        owner_ = attached.me().owner;
        auto by = in_.seeker();
        for (;;) {
            if (permit taken = take(by)) use(taken);
            if (random_() % 64 == 0) in_.pool.reclaim(by);
        }
    }

private:
    permit take(shm::process_seeker& by) {
        const std::uint64_t strict = in_.all->strict.load();
        permit taken;
        if (random_() % 2 == 0) {
            taken = in_.pool.try_take(owner_, near_, by);
            if (!taken) in_.all->refused.fetch_add(1);
        } else {
            const auto waited =
                in_.pool.take_until(owner_, near_, in(std::chrono::microseconds{random_() % 20'000}), by);
            taken = waited.held;
            (waited.how == waiting::taken ? in_.all->waited : in_.all->timed_out).fetch_add(1);
        }
        // While max stands and everything above it is back, nothing is given out above it.
        if (taken && strict != 0 && strict == in_.all->strict.load() && taken.index >= strict >> 32)
            in_.all->violations.fetch_add(1);
        return taken;
    }

    bool watch(std::uint32_t index, short type) const {
        struct flock lock{};
        lock.l_type = type;
        lock.l_whence = SEEK_SET;
        lock.l_start = index;
        lock.l_len = 1;
        return ::fcntl(watch_, F_SETLK, &lock) == 0;
    }

    void use(permit& taken) {
        in_.all->taken.fetch_add(1);
        near_ = taken.index;
        if (!watch(taken.index, F_WRLCK)) in_.all->violations.fetch_add(1);
        if (random_() % 4 == 0) pause_for(random_() % 500'000);
        if (random_() % 256 == 0) fork_once(taken);
        watch(taken.index, F_UNLCK);
        if (!in_.pool.give_back(taken)) in_.all->lost.fetch_add(1);
    }

    // The child gives back nothing, and its end takes nothing along.
    void fork_once(const permit& taken) const {
        const pid_t child = ::fork();
        if (child == 0) {
            permit copy = taken;
            if (in_.pool.give_back(copy)) in_.all->violations.fetch_add(1);
            ::_exit(0);
        }
        if (child > 0) ::waitpid(child, nullptr, 0);
        in_.all->forked.fetch_add(1);
    }

    const world& in_;
    int watch_;
    std::mt19937_64 random_;
    std::uint64_t owner_ = 0;
    std::uint32_t near_ = 0;
};

child start(const world& in, std::uint64_t seed) {
    return child{[&in, seed](const line&) -> bool {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a worker has no end of its own
        worker{in, seed}.run();
    }};
}

// Fails if a permit can have two living holders, if one is taken from who lives, if a death keeps one, or if anything is given out above max.
TEST(PermitsProcesses, InAStormOfDeathsNoPermitHasTwoHoldersAndAllComeBack) {
    const world common;
    common.pool.set_max(3);
    common.pool.set_max_waiting(4);
    std::uint64_t seed = seed_or(11);
    std::mt19937_64 random{seed};
    std::vector<child> workers;
    for (int i = 0; i < 6; ++i) workers.push_back(start(common, ++seed));
    auto by = common.seeker();
    int strict_phases = 0;
    for (std::uint64_t round = 1; round <= 250; ++round) {
        pause_for(random() % 10'000'000);
        child& one = workers[random() % workers.size()];
        if (random() % 5 == 0) {
            ::kill(one.pid(), SIGSTOP);
            pause_for(random() % 20'000'000);
            ::kill(one.pid(), SIGCONT);
        } else {
            one = start(common, ++seed);  // the one it replaces is killed when this goes out of scope
        }
        if (round % 10 == 0) {
            common.all->strict = 0;
            const std::uint64_t max = 2 + random() % 4;
            common.pool.set_max(max);
            common.pool.reclaim(by);
            for (int look = 0; look < 40 && common.pool.table().draining(); ++look) pause_for(500'000);
            if (common.pool.table().draining()) continue;
            common.all->strict = max << 32 | round;
            ++strict_phases;
        }
    }
    workers.clear();
    const common_memory& all = *common.all;
    std::printf("%llu taken, %llu of them waited for, %llu refused, %llu gave up, %llu forked, %d settled phases\n",
                static_cast<unsigned long long>(all.taken), static_cast<unsigned long long>(all.waited),
                static_cast<unsigned long long>(all.refused), static_cast<unsigned long long>(all.timed_out),
                static_cast<unsigned long long>(all.forked), strict_phases);
    EXPECT_GT(all.taken.load(), 1000U);
    EXPECT_GT(all.forked.load(), 5U);
    EXPECT_GT(strict_phases, 5);
    common.expect_all_back();
}

// Fails if a killed holder's permits stay out although somebody waits, with nobody but the waiter to ask.
TEST(PermitsProcesses, AWaiterGetsThePermitOfAKilledHolder) {
    const world common;
    common.pool.set_max(2);
    common.pool.set_max_waiting(1);
    child holder{[&](const line& parent) {
        const shm::attachment attached{common.segment.get()};
        auto by = common.seeker();
        std::uint64_t held = 0;
        while (common.pool.try_take(attached.me().owner, 0, by)) ++held;
        parent.tell(held);
        return parent.listen().has_value();
    }};
    ASSERT_EQ(holder.talk().hear(), 2U);
    const shm::attachment attached{common.segment.get()};
    auto by = common.seeker();
    EXPECT_EQ(common.pool.take_until(attached.me().owner, 0, in(20ms), by).how, waiting::timed_out);
    holder.kill();
    auto waited = common.pool.take_until(attached.me().owner, 0, in(60s), by);
    EXPECT_EQ(waited.how, waiting::taken);
    EXPECT_EQ(by.reclaimed(), 2U);
    EXPECT_TRUE(common.pool.give_back(waited.held));
    common.expect_all_back();
}

// Fails if a waiter that was woken and dies keeps the wake-up, or its place among the waiters, to itself.
TEST(PermitsProcesses, DeadWaitersAreInNobodysWay) {
    const world common;
    common.pool.set_max(1);
    common.pool.set_max_waiting(2);
    const shm::attachment attached{common.segment.get()};
    auto by = common.seeker();
    permit held = common.pool.try_take(attached.me().owner, 0, by);
    const auto waiter = [&](const line& parent) {
        const shm::attachment its{common.segment.get()};
        auto its_by = common.seeker();
        parent.tell();
        auto waited = common.pool.take_until(its.me().owner, 0, in(60s), its_by);
        parent.tell(static_cast<std::uint64_t>(waited.how));
        return common.pool.give_back(waited.held);
    };
    std::vector<child> dying;
    for (int i = 0; i < 2; ++i) dying.emplace_back(waiter);
    for (const child& each : dying) EXPECT_EQ(each.talk().hear(), 1U);
    while (common.pool.waiting_now() < 2) pause_for(100'000);  // by their progress
    for (child& each : dying) ::kill(each.pid(), SIGSTOP);
    child last{[&](const line& parent) {
        while (common.pool.waiting_now() == 2) {  // until their places are given back
            auto its_by = common.seeker();
            common.pool.reclaim(its_by);
        }
        return waiter(parent);
    }};
    EXPECT_TRUE(common.pool.give_back(held));  // wakes one of those that cannot run
    for (child& each : dying) each.die();
    EXPECT_EQ(last.talk().hear(), 1U);
    EXPECT_EQ(last.talk().hear(), static_cast<std::uint64_t>(waiting::taken));
    EXPECT_TRUE(last.succeeded());
    common.expect_all_back();
}

void ignore(int) {}

// Fails if a signal ends the waiting.
TEST(PermitsProcesses, ASignalDoesNotEndTheWaiting) {
    const world common;
    common.pool.set_max(1);
    common.pool.set_max_waiting(1);
    const shm::attachment attached{common.segment.get()};
    auto by = common.seeker();
    permit held = common.pool.try_take(attached.me().owner, 0, by);
    child waits{[&](const line& parent) {
        struct sigaction action{};
        action.sa_handler = ignore;
        ::sigaction(SIGUSR1, &action, nullptr);
        const shm::attachment its{common.segment.get()};
        auto its_by = common.seeker();
        parent.tell();
        auto waited = common.pool.take_until(its.me().owner, 0, in(60s), its_by);
        parent.tell(static_cast<std::uint64_t>(waited.how));
        return common.pool.give_back(waited.held);
    }};
    EXPECT_EQ(waits.talk().hear(), 1U);
    while (common.pool.waiting_now() == 0) pause_for(100'000);  // by its progress
    for (int i = 0; i < 20; ++i) {
        ::kill(waits.pid(), SIGUSR1);
        pause_for(200'000);
    }
    EXPECT_EQ(common.pool.waiting_now(), 1U);
    EXPECT_TRUE(common.pool.give_back(held));
    EXPECT_EQ(waits.talk().hear(), static_cast<std::uint64_t>(waiting::taken));
    EXPECT_TRUE(waits.succeeded());
    common.expect_all_back();
}

}  // namespace
}  // namespace seki::test
