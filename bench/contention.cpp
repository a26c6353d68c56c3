// What becomes of a check when ever more processes ask at once: for one, two, four ... as many as there are processors.
//
//     bench/contention
//
// All figures are millions a second of all processes together, medians of slices that are taken in turn, so that a slow minute of the machine falls on all
// alike. Those of one key are what the hardware lets them be: each of these operations takes the same line from the processor that has it. So they stand
// beside the floor (floor.hpp), which does nothing else. Prints a table, exits 0: what the machine's processors are to each other decides too much for a bar.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <seki/seki.hpp>

#include "briefly.hpp"
#include "floor.hpp"
#include "own_segment.hpp"
#include "processes.hpp"
#include "rivals.hpp"

namespace {

using namespace seki;
using bench::must, bench::own_segment;
using namespace std::chrono_literals;

const std::size_t slices = bench::unless_briefly<std::size_t>(15, 2);
const std::size_t operations = bench::unless_briefly<std::size_t>(100'000, 1'000);  // of each process

std::string key_of(int process) { return fmt::format("203.0.113.7 login {}", process); }

// Millions a second of so many processes.
template <class Prepare, class Operation>
double measure(int processes, Prepare prepare, Operation operation) {
    const double seconds = bench::seconds_together(processes, prepare, [&](int, auto& prepared) {
        for (std::size_t i = 0; i < operations; ++i) operation(prepared);
    });
    return static_cast<double>(operations) * processes / seconds / 1e6;
}

class contest {
public:
    enum what : std::size_t { floor_own, check_own, floor_one, check_one, permits, calls, mutex_one, robust_one, all };
    using figures = std::array<double, all>;

    figures measure_all(int processes) {
        std::array<std::vector<double>, all> measured;
        for (std::size_t slice = 0; slice < slices; ++slice)
            for (std::size_t each = 0; each < all; ++each)
                measured[each].push_back(measure_one(static_cast<what>(each), processes));
        figures medians{};
        for (std::size_t each = 0; each < all; ++each) {
            std::ranges::sort(measured[each]);
            medians[each] = measured[each][slices / 2];
        }
        return medians;
    }

private:
    static constexpr auto own = [](int index) { return key_of(index); };
    static constexpr auto same = [](int) { return key_of(0); };
    static constexpr auto nothing = [](int) { return 0; };

    double measure_one(what which, int processes) {
        const auto once = [this](const std::string& key) { floor_(key); };
        const auto check = [this](const std::string& key) { (void)limiter_.check(key); };
        switch (which) {
            case floor_own: return measure(processes, own, once);
            case check_own: return measure(processes, own, check);
            case floor_one: return measure(processes, same, once);
            case check_one: return measure(processes, same, check);
            case permits: return measure(processes, nothing, [this](int) { (void)bulkhead_.try_acquire(); });
            case calls: return measure(processes, nothing, [this](int) { (void)breaker_.call([] { return 1; }); });
            case mutex_one: return measure(processes, same, [this](const std::string& key) { (void)mutex_(key); });
            case robust_one: return measure(processes, same, [this](const std::string& key) { (void)robust_(key); });
            default: std::abort();
        }
    }

    static std::span<layout::pair> lines() {
        constexpr std::size_t bytes = 1 << 20;
        void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        return {static_cast<layout::pair*>(memory), bytes / sizeof(layout::pair)};
    }
    static const shm::fingerprint& hash() {
        static const layout::header header{};
        static const shm::fingerprint made{header, 1};
        return made;
    }

    static constexpr algorithm::gcra::terms law{.emission = 1600, .horizon = 1600ULL * 10'000'000, .burst = 10'000'000};

    Limiter limiter_ = must(own_segment().limiter("hot", {.limit = 10'000'000, .window = 1s, .burst = 10'000'000}));
    Bulkhead bulkhead_ = must(own_segment().bulkhead("hot", {.max_concurrent = 1000}));
    Breaker breaker_ = must(own_segment().breaker("hot", {}));
    bench::floor floor_{lines(), hash(), Clock::precise};
    bench::locked_map<boost::interprocess::interprocess_mutex> mutex_{"seki-bench-contended", 1UL << 20, 16, law};
    bench::locked_map<bench::robust_mutex> robust_{"seki-bench-contended-robust", 1UL << 20, 16, law};
};

void remove_maps() {
    boost::interprocess::shared_memory_object::remove("seki-bench-contended");
    boost::interprocess::shared_memory_object::remove("seki-bench-contended-robust");
}

void print_all() {
    fmt::print(
        "| processes | own keys | of the floor's | to one process | one key | of the floor's | permits | calls of one "
        "breaker "
        "| mutex and map | one key to that | robust mutex | one key to that |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    contest of_all;
    double alone = 0;
    const auto processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    for (int processes = 1; processes <= processors; processes *= 2) {
        const auto now = of_all.measure_all(processes);
        using enum contest::what;
        if (processes == 1) alone = now[check_own];
        fmt::print(
            "| {} | {:.1f} | {:.2f} | {:.2f} | {:.1f} | {:.2f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} "
            "|\n",
            processes, now[check_own], now[check_own] / now[floor_own], now[check_own] / alone, now[check_one],
            now[check_one] / now[floor_one], now[permits], now[calls], now[mutex_one], now[check_one] / now[mutex_one],
            now[robust_one], now[check_one] / now[robust_one]);
        std::fflush(stdout);
    }
}

}  // namespace

int main() {
    fmt::print("millions a second of all processes together, on {} cores\n\n", bench::one_of_each_core().size());
    remove_maps();
    print_all();
    remove_maps();
    bench::remove_own_segment();
    return 0;
}
