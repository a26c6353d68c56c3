// What a permit costs, as ratios to a reading of the clock, and a wake-up to a bare futex ping, measured in the same run.
//
//     bench/permits [--benchmark_repetitions=N] [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each ratio; exits 1 when one is missed.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "shm/permit_pool.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/process_token.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using shm::hardware;
using pool_type = shm::permit_pool<>;

constexpr shm::permit_capacity sizes{.permits = 4000, .waiting = 64};
constexpr std::uint64_t parent = 0x10001, child = 0x10002;

// Whom nobody has to ask for: all live.
struct seeker {
    static std::uint64_t now() { return shm::process_seeker::now(); }
    static bool alive(std::uint64_t) { return true; }
    static void reclaimed(std::uint64_t) {}
};

void* shared_memory(std::size_t bytes) {
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return memory;
}

pool_type make_pool(std::uint64_t max) {
    constexpr std::size_t bytes = pool_type::bytes_for(sizes);
    const auto made = pool_type::attach({static_cast<std::byte*>(shared_memory(bytes)), bytes}, sizes);
    made.set_max(max);
    made.set_max_waiting(64);
    return made;
}

void clock_read(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(shm::futex::now());
}

template <int max>
void take_and_give_back(benchmark::State& state) {
    const pool_type pool = make_pool(max);
    std::uint32_t near = 0;
    for (auto _ : state) {
        shm::permit taken = pool.try_take(parent, near, seeker{});
        near = taken.index;
        benchmark::DoNotOptimize(pool.give_back(taken));
    }
}

// All but the last are out, and this worker looks for it from the first on.
void take_the_last(benchmark::State& state) {
    const pool_type pool = make_pool(1000);
    for (int i = 0; i < 999; ++i) (void)pool.try_take(child, 0, seeker{});
    for (auto _ : state) {
        shm::permit taken = pool.try_take(parent, 0, seeker{});
        benchmark::DoNotOptimize(pool.give_back(taken));
    }
}

template <int max>
void refuse(benchmark::State& state) {
    const pool_type pool = make_pool(max);
    while (pool.try_take(child, 0, seeker{})) {
    }
    for (auto _ : state) benchmark::DoNotOptimize(pool.try_take(parent, 0, seeker{}));
}

// Runs `other` for ever in another process while this one is measured.
template <class One, class Other>
void against(benchmark::State& state, One one, Other other) {
    const pid_t process = ::fork();
    if (process == 0)
        for (;;) other();
    for (auto _ : state) one();
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
}

// There and back.
void futex_ping(benchmark::State& state) {
    struct board {
        layout::permit_bell there, back;
    };
    auto* const shared = new (shared_memory(sizeof(board))) board;
    const auto tell = [](layout::word& bell) {
        hardware::fetch_add_relaxed(bell, 1);
        shm::futex::wake(bell, 1);
    };
    const auto hear = [](layout::word& bell, std::uint64_t& heard) {
        while (hardware::load_acquire(bell) == heard)
            shm::futex::sleep(bell, static_cast<std::uint32_t>(heard), shm::futex::now() + 1'000'000'000);
        ++heard;
    };
    std::uint64_t there = 0, back = 0;
    against(
        state, [&] { tell(shared->there.state), hear(shared->back.state, back); },
        [&] { hear(shared->there.state, there), tell(shared->back.state); });
}

// Likewise with two pools of one permit: each process gives back the one it holds and waits for the other's.
void permit_ping(benchmark::State& state) {
    const pool_type first = make_pool(1), second = make_pool(1);
    const auto wait_for = [](const pool_type& pool, std::uint64_t owner) {
        return pool.take_until(owner, 0, shm::futex::now() + 60'000'000'000, seeker{}).held;
    };
    shm::claim_process_token();
    struct side {
        const pool_type* mine;
        const pool_type* theirs;
        shm::permit held;
    };
    side here{&first, &second, first.try_take(parent, 0, seeker{})};
    side there{&second, &first, {}};
    (void)second.try_take(child, 0, seeker{});
    const auto swap = [](side& who) { std::swap(who.mine, who.theirs); };
    against(
        state,
        [&] {
            here.mine->give_back(here.held);
            here.held = wait_for(*here.theirs, parent);
            swap(here);
        },
        [&] {
            if (!there.held) there.held = {child, shm::claim_process_token(), 0};  // what was taken for it above
            shm::permit next = wait_for(*there.theirs, child);
            there.mine->give_back(there.held);
            there.held = next;
            swap(there);
        });
}

const std::vector<bench::row> rows{
    {"take and give back, max 10, to a clock read", "permit, max 10", "clock read", 1.5},
    {"take and give back, max 1000, to a clock read", "permit, max 1000", "clock read", 2.3},
    {"refusal, max 10, to a clock read", "refusal, max 10", "clock read", 0.58},
    {"refusal, max 1000, to a clock read", "refusal, max 1000", "clock read", 0.58},
    {"waking a waiter, to a bare futex ping", "permit ping", "futex ping", 3},
};

}  // namespace

int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    std::string repetitions = "--benchmark_repetitions=9";
    std::string interleaved = "--benchmark_enable_random_interleaving=true";
    arguments.insert(arguments.begin() + 1, {repetitions.data(), interleaved.data()});
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    shm::claim_process_token();
    const auto add = [](const char* name, void (*run)(benchmark::State&)) {
        return benchmark::RegisterBenchmark(name, run)
            ->ReportAggregatesOnly()
            ->Unit(benchmark::kNanosecond)
            ->MinTime(0.1);
    };
    add("clock read", clock_read);
    add("permit, max 10", take_and_give_back<10>);
    add("permit, max 1000", take_and_give_back<1000>);
    add("permit, the last of 1000", take_the_last);
    add("refusal, max 10", refuse<10>);
    add("refusal, max 1000", refuse<1000>);
    add("futex ping", futex_ping)->UseRealTime();
    add("permit ping", permit_ping)->UseRealTime();
    bench::medians measured;
    benchmark::RunSpecifiedBenchmarks(&measured);
    return bench::print(measured, rows) ? 0 : 1;
}
