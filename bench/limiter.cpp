// What a check costs, as ratios to the floor and to rivals measured in the same run.
//
//     bench/limiter [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each ratio; exits 1 when one is missed.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <random>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <seki/seki.hpp>

#include "briefly.hpp"
#include "floor.hpp"
#include "processes.hpp"
#include "rivals.hpp"
#include "shm/fingerprint.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using namespace std::chrono_literals;

constexpr std::size_t million = 1'000'000;
constexpr LimiterOptions generous{.limit = 10'000'000, .window = 1s, .burst = 10'000'000};
constexpr LimiterOptions stingy{.limit = 1, .window = 24h};

const layout::header& any_header() {
    static const layout::header header{};
    return header;
}

const shm::fingerprint& any_hash() {
    static const shm::fingerprint hash{any_header(), 1};
    return hash;
}

const std::vector<std::array<char, 16>>& random_keys() {
    static const auto keys = [] {
        std::mt19937_64 random{42};
        std::vector<std::array<char, 16>> made(million);
        for (auto& key : made) {
            const std::array<std::uint64_t, 2> words{random(), random()};
            std::memcpy(key.data(), words.data(), sizeof(words));
        }
        return made;
    }();
    return keys;
}

// Those that are there before anything is measured.
std::span<const std::array<char, 16>> first_keys() {
    return std::span{random_keys()}.first(bench::unless_briefly<std::size_t>(million, 10'000));
}

std::string_view text(const std::array<char, 16>& key) { return {key.data(), key.size()}; }

std::string segment_path() { return fmt::format("/dev/shm/seki-bench-{}/bench.seg", getpid()); }

Limiter limiter(const char* name, LimiterOptions options) {
    static const auto segment = open(segment_path(), {.segment = {.size = 512ULL << 20}});
    if (!segment) {
        fmt::print(stderr, "{}\n", segment.error().message);
        std::exit(2);
    }
    auto made = segment->limiter(name, options);
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        std::exit(2);
    }
    return *made;
}

std::span<layout::pair> region(std::size_t bytes) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return {static_cast<layout::pair*>(memory), bytes / sizeof(layout::pair)};
}

// As large as the table of a million keys.
std::span<layout::pair> table_sized_region() {
    static const auto made = region(million * 196 / 100 * sizeof(layout::pair));
    return made;
}

constexpr std::string_view hot_key = "203.0.113.7 login";

template <Clock clock>
void floor_hot(benchmark::State& state) {
    const bench::floor once{region(4096), any_hash(), clock};
    for (auto _ : state) benchmark::DoNotOptimize(once(hot_key));
}

template <Clock clock>
void check_hot(benchmark::State& state) {
    auto options = generous;
    options.clock = clock;
    const auto api = limiter(clock == Clock::precise ? "hot" : "hot-coarse", options);
    for (auto _ : state) benchmark::DoNotOptimize(api.check(hot_key));
}

void deny_hot(benchmark::State& state) {
    const auto api = limiter("deny", stingy);
    for (auto _ : state) benchmark::DoNotOptimize(api.check(hot_key));
}

void floor_random(benchmark::State& state) {
    const bench::floor once{table_sized_region(), any_hash(), Clock::precise};
    const auto& keys = random_keys();
    for (const auto& key : first_keys()) once(text(key));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(once(text(keys[next])));
        next = next + 1 == million ? 0 : next + 1;
    }
}

LimiterOptions wide(LimiterOptions options) {
    options.max_keys = million;
    options.store_keys = false;
    return options;
}

void check_random(benchmark::State& state) {
    const auto api = limiter("random", wide({.limit = 1000, .window = 1h}));
    const auto& keys = random_keys();
    for (const auto& key : first_keys()) (void)api.check(text(key));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(api.check(text(keys[next])));
        next = next + 1 == million ? 0 : next + 1;
    }
}

// Several processes: nanoseconds of wall time for one operation of all of them together.
const std::size_t together_operations = bench::unless_briefly<std::size_t>(2'000'000, 20'000);

template <class Prepare, class Operation>
void together(benchmark::State& state, int processes, Prepare prepare, Operation operation) {
    for (auto _ : state) {
        state.SetIterationTime(bench::seconds_together(processes, prepare, [&](int index, auto& prepared) {
            for (std::size_t i = 0; i < together_operations; ++i) operation(prepared, index, i);
        }));
    }
    state.counters["items"] = static_cast<double>(together_operations) * processes;
}

std::string key_of(int process) { return fmt::format("203.0.113.7 login {}", process); }

template <int processes, bool same_line>
void floor_together(benchmark::State& state) {
    const bench::floor once{region(1 << 20), any_hash(), Clock::precise};
    together(
        state, processes, [](int index) { return key_of(same_line ? 0 : index); },
        [&](const std::string& key, int, std::size_t) { benchmark::DoNotOptimize(once(key)); });
}

template <int processes, bool same_key>
void check_together(benchmark::State& state) {
    const auto api = limiter("together", generous);
    together(
        state, processes, [](int index) { return key_of(same_key ? 0 : index); },
        [&](const std::string& key, int, std::size_t) { benchmark::DoNotOptimize(api.check(key)); });
}

template <int processes>
void check_random_together(benchmark::State& state) {
    const auto api = limiter("random", wide({.limit = 1000, .window = 1h}));
    const auto& keys = random_keys();
    for (const auto& key : first_keys()) (void)api.check(text(key));
    together(
        state, processes, [](int) { return 0; },
        [&](int, int index, std::size_t i) {
            benchmark::DoNotOptimize(
                api.check(text(keys[(i * 7 + static_cast<std::size_t>(index) * million / 2) % million])));
        });
}

constexpr algorithm::gcra::terms rival_law{.emission = 1600, .horizon = 1600ULL * 10'000'000, .burst = 10'000'000};

template <class Mutex>
const char* rival_name() {
    return std::is_same_v<Mutex, bench::robust_mutex> ? "seki-bench-rival-robust" : "seki-bench-rival";
}

template <class Mutex, int processes, bool many>
void rival(benchmark::State& state) {
    const char* const name = rival_name<Mutex>();
    boost::interprocess::shared_memory_object::remove(name);
    bench::locked_map<Mutex> map{name, many ? 256UL << 20 : 1UL << 20, many ? million : 16, rival_law};
    const auto& keys = random_keys();
    if (many)
        for (const auto& key : first_keys()) (void)map(text(key));
    const auto operation = [&](int, int index, std::size_t i) {
        const auto at = many ? (i * 7 + static_cast<std::size_t>(index) * million / 2) % million : 0;
        benchmark::DoNotOptimize(map(text(keys[at])));
    };
    if constexpr (processes == 1) {
        std::size_t i = 0;
        for (auto _ : state) operation(0, 0, i++);
    } else {
        together(state, processes, [](int) { return 0; }, operation);
    }
    boost::interprocess::shared_memory_object::remove(name);
}

using boost_mutex = boost::interprocess::interprocess_mutex;

enum class takes : std::uint8_t { slices, preparing, processes };

void add(const char* name, void (*run)(benchmark::State&), takes what = takes::slices) {
    switch (what) {
        case takes::slices: bench::declare(name, run); break;
        case takes::preparing: bench::declare(name, run, 0.2); break;
        case takes::processes: bench::declare(name, run, 0)->UseManualTime(); break;
    }
}

void register_all() {
    add("floor, precise", floor_hot<Clock::precise>);
    add("check, precise", check_hot<Clock::precise>);
    add("floor, coarse", floor_hot<Clock::coarse>);
    add("check, coarse", check_hot<Clock::coarse>);
    add("denial", deny_hot);
    add("floor, random lines", floor_random, takes::preparing);
    add("check, random keys", check_random, takes::preparing);
    add("floor, 1 process", floor_together<1, true>, takes::processes);
    add("floor, own lines, 2 processes", floor_together<2, false>, takes::processes);
    add("floor, one line, 2 processes", floor_together<2, true>, takes::processes);
    add("check, 1 process", check_together<1, true>, takes::processes);
    add("check, own keys, 2 processes", check_together<2, false>, takes::processes);
    add("check, one key, 2 processes", check_together<2, true>, takes::processes);
    add("check, random keys, 2 processes", check_random_together<2>, takes::processes);
    add("mutex, one key", rival<boost_mutex, 1, false>);
    add("robust mutex, one key", rival<bench::robust_mutex, 1, false>);
    add("mutex, one key, 2 processes", rival<boost_mutex, 2, false>, takes::processes);
    add("robust mutex, one key, 2 processes", rival<bench::robust_mutex, 2, false>, takes::processes);
    add("mutex, random keys", rival<boost_mutex, 1, true>, takes::preparing);
    add("robust mutex, random keys", rival<bench::robust_mutex, 1, true>, takes::preparing);
    add("mutex, random keys, 2 processes", rival<boost_mutex, 2, true>, takes::processes);
    add("robust mutex, random keys, 2 processes", rival<bench::robust_mutex, 2, true>, takes::processes);
}

const std::vector<bench::row> rows{
    {"check, one hot key, precise clock, to its floor", "check, precise", "floor, precise", 1.4},
    {"check, one hot key, coarse clock, to its floor", "check, coarse", "floor, coarse", 1.7},
    {"denial, to an allow", "denial", "check, precise", 1.0},
    {"check over a million random keys, to random lines", "check, random keys", "floor, random lines", 1.5},
    {"2 processes, own keys: throughput, to one process", "check, 1 process", "check, own keys, 2 processes", 1.85,
     false},
    {"the same of the floor", "floor, 1 process", "floor, own lines, 2 processes", 0, false},
    {"2 processes, one key: throughput, to the floor's", "floor, one line, 2 processes", "check, one key, 2 processes",
     0.8, false},
    {"mutex and map, one key", "mutex, one key", "check, precise", 1.3, false},
    {"robust mutex and map, one key", "robust mutex, one key", "check, precise", 1.3, false},
    {"mutex and map, one key, 2 processes", "mutex, one key, 2 processes", "check, one key, 2 processes", 1.5, false},
    {"robust mutex and map, one key, 2 processes", "robust mutex, one key, 2 processes", "check, one key, 2 processes",
     1.5, false},
    {"mutex and map, a million keys, to the floor", "mutex, random keys", "floor, random lines", 0, false},
    {"mutex and map, a million keys", "mutex, random keys", "check, random keys", 3, false},
    {"robust mutex and map, a million keys", "robust mutex, random keys", "check, random keys", 3, false},
    {"mutex and map, a million keys, 2 processes", "mutex, random keys, 2 processes", "check, random keys, 2 processes",
     8, false},
    {"robust mutex and map, a million keys, 2 processes", "robust mutex, random keys, 2 processes",
     "check, random keys, 2 processes", 8, false},
};

}  // namespace

int main(int argc, char** argv) {
    register_all();
    return bench::run(argc, argv, rows, [] {
        std::error_code ignored;
        std::filesystem::remove_all(std::filesystem::path{segment_path()}.parent_path(), ignored);
    });
}
