// What a permit of a bulkhead costs, and of the table below it, as ratios to a reading of the clock; and how long a waiter's wake-up takes, to that of
// a bare futex; all measured in the same run.
//
//     bench/permits [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each ratio; exits 1 when one is missed.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <seki/seki.hpp>

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
    static bool tired() { return false; }
    static void rest() {}
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

// A bulkhead by its public face, in a segment of its own.
class host {
public:
    explicit host(const BulkheadOptions& options) {
        std::string folder = "/dev/shm/seki-bench-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        segment_.emplace(open(folder + "/permits.seg").value());
        database.emplace(segment_->bulkhead("database", options).value());
    }
    ~host() { std::filesystem::remove_all(folder_); }
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    std::optional<Bulkhead> database;

private:
    std::filesystem::path folder_;
    std::optional<Segment> segment_;
};

template <int max>
void acquire_and_release(benchmark::State& state) {
    const host here{{.max_concurrent = max}};
    for (auto _ : state) {
        Result<Permit> permit = here.database->try_acquire();
        benchmark::DoNotOptimize(permit->release());
    }
}

template <int max>
void full(benchmark::State& state) {
    const host here{{.max_concurrent = max}};
    std::vector<Permit> held;
    for (int i = 0; i < max; ++i) held.push_back(here.database->try_acquire().value());
    for (auto _ : state) benchmark::DoNotOptimize(here.database->try_acquire());
}

void pause_for(long nanoseconds) {
    const timespec time{.tv_sec = 0, .tv_nsec = nanoseconds};
    ::nanosleep(&time, nullptr);
}

// The median time from a release, in this process, to the return of who slept, in another. sleeper(): sleeps until it is woken, and is again as
// before; wake(): wakes it. By then it has slept for long.
template <class Sleeper, class Wake>
void wake_ups(benchmark::State& state, Sleeper sleeper, Wake wake) {
    struct board {
        layout::word rounds, woken_at;
    };
    auto* const shared = new (shared_memory(sizeof(board))) board;
    const pid_t other = ::fork();
    if (other == 0)
        for (;;) {
            sleeper();
            hardware::store_relaxed(shared->woken_at, shm::futex::now());
            hardware::fetch_add_relaxed(shared->rounds, 1);
        }
    for (auto _ : state) {
        std::vector<std::uint64_t> times;
        for (std::uint64_t round = 1; round <= 301; ++round) {
            pause_for(300'000);
            const std::uint64_t before = hardware::load_acquire(shared->rounds);
            const std::uint64_t start = shm::futex::now();
            wake();
            while (hardware::load_acquire(shared->rounds) == before) pause_for(50'000);
            times.push_back(hardware::load_acquire(shared->woken_at) - start);
        }
        std::ranges::nth_element(times, times.begin() + 150);
        state.SetIterationTime(static_cast<double>(times[150]) / 1e9);
    }
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
}

void wake_by_futex(benchmark::State& state) {
    auto* const bell = new (shared_memory(sizeof(layout::permit_bell))) layout::permit_bell;
    wake_ups(
        state,
        [bell, heard = std::uint64_t{0}]() mutable {
            while (hardware::load_acquire(bell->state) == heard)
                shm::futex::sleep(bell->state, static_cast<std::uint32_t>(heard), shm::futex::now() + 1'000'000'000);
            ++heard;
        },
        [bell] {
            hardware::fetch_add_relaxed(bell->state, 1);
            shm::futex::wake(bell->state, 1);
        });
}

// Two bulkheads of one permit in turn, so that the sleeper sleeps again.
void wake_by_release(benchmark::State& state) {
    const host first{{.max_concurrent = 1}}, second{{.max_concurrent = 1}};
    const std::array<const Bulkhead*, 2> order{&*first.database, &*second.database};
    std::array<Permit, 2> held{order[0]->try_acquire().value(), order[1]->try_acquire().value()};
    wake_ups(
        state, [&order, turn = 0U]() mutable { (void)order[turn++ % 2]->acquire(std::chrono::minutes{1}).value(); },
        [&, turn = 0U]() mutable {
            const unsigned now = turn++ % 2, last = 1 - now;
            if (!held[last]) held[last] = order[last]->try_acquire().value();
            held[now].release();
        });
}

// In nanoseconds on the reference machine, where reading the clock takes 26, the bars are 40, 60 and 15.
const std::vector<bench::row> rows{
    {"acquire and release, max 10, to 40 ns", "acquire, max 10", "", 1, true, 0, 40},
    {"acquire and release, max 1000, to 60 ns", "acquire, max 1000", "", 1, true, 0, 60},
    {"refusal, max 10, to 15 ns", "full, max 10", "", 1, true, 0, 15},
    {"refusal, max 1000, to 15 ns", "full, max 1000", "", 1, true, 0, 15},
    {"waking a waiter, to waking by a bare futex", "wake by release", "wake by futex", 3},
};

}  // namespace

int main(int argc, char** argv) {
    shm::claim_process_token();
    bench::declare("clock read", clock_read);
    bench::declare("permit, max 10", take_and_give_back<10>);
    bench::declare("permit, max 1000", take_and_give_back<1000>);
    bench::declare("permit, the last of 1000", take_the_last);
    bench::declare("refusal, max 10", refuse<10>);
    bench::declare("refusal, max 1000", refuse<1000>);
    bench::declare("acquire, max 10", acquire_and_release<10>);
    bench::declare("acquire, max 1000", acquire_and_release<1000>);
    bench::declare("full, max 10", full<10>);
    bench::declare("full, max 1000", full<1000>);
    bench::declare("wake by futex", wake_by_futex, 0)->UseManualTime();
    bench::declare("wake by release", wake_by_release, 0)->UseManualTime();
    return bench::run(argc, argv, rows);
}
