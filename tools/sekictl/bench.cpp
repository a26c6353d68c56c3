// bench: what a check costs on this host, in this segment.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "floor.hpp"
#include "primitives/clock.hpp"
#include "shm/directory.hpp"

namespace seki::ctl {
namespace {

constexpr int calls = 200'000;
constexpr std::string_view prefix = "sekictl-bench-";

// Ctrl-C waits for the second or two that a bench takes, so that its limiter is deleted first.
class without_interruption {
public:
    without_interruption() noexcept {
        sigset_t wanted;
        ::sigemptyset(&wanted);
        for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&wanted, each);
        ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    }
    ~without_interruption() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    without_interruption(const without_interruption&) = delete;
    without_interruption& operator=(const without_interruption&) = delete;

private:
    sigset_t before_{};
};

bool runs(std::string_view pid) {
    std::error_code ignored;
    return std::filesystem::exists(fmt::format("/proc/{}", pid), ignored);
}

// Of benches that were killed.
void remove_leftovers(const Segment& segment) {
    for (const auto& each : shm::directory{segment.handle()->where()}.list(layout::kind::limiter))
        if (each.name.starts_with(prefix) && !runs(std::string_view{each.name}.substr(prefix.size())))
            (void)segment.remove_limiter(each.name);
}

// The median of nine rounds, in nanoseconds a call.
template <class Call>
double measure(Call call) {
    std::array<double, 9> rounds{};
    for (double& round : rounds) {
        const std::uint64_t start = primitives::read_clock(Clock::precise);
        for (int i = 0; i < calls; ++i) call();
        round = static_cast<double>(primitives::read_clock(Clock::precise) - start) / calls;
    }
    std::ranges::nth_element(rounds, rounds.begin() + 4);
    return rounds[4];
}

struct prices {
    double clock = 0, floor = 0, check = 0, denial = 0;  // nanoseconds a call
};

// What no check can be cheaper than, on a line of this process's own.
double measure_floor(std::uint64_t& sum) {
    alignas(layout::cache_line) std::array<layout::pair, layout::cache_line / sizeof(layout::pair)> line{};
    const layout::header header{};
    const shm::fingerprint hash{header, 1};
    const seki::bench::floor floor{line, hash, Clock::precise};
    return measure([&] { sum += floor("203.0.113.7"); });
}

Result<prices> measure_all(const Segment& segment, const Limiter& limiter, const std::string& name) {
    // What the calls answer is added up, so that the optimiser cannot leave them out.
    std::uint64_t sum = 0;
    prices found;
    found.clock = measure([&] { sum += primitives::read_clock(Clock::precise); });
    found.floor = measure_floor(sum);
    found.check = measure([&] { sum += limiter.check("203.0.113.7").remaining; });
    const LimiterOptions stingy{.limit = 1, .window = std::chrono::hours{24}, .max_keys = 16};
    if (const auto ok = segment.change(name, stingy); !ok) return std::unexpected(ok.error());
    (void)limiter.check("203.0.113.8");
    found.denial = measure([&] { sum += limiter.check("203.0.113.8").limit; });
    if (sum == 0) return std::unexpected(Error{Errc::damaged, "the clock of this host stands still"});
    return found;
}

ending bench(const context& with) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const without_interruption whole;
    remove_leftovers(*segment);
    const std::string name = fmt::format("{}{}", prefix, ::getpid());
    const auto made = segment->limiter(name, {.limit = 10'000'000, .window = std::chrono::seconds{1}, .max_keys = 16});
    if (!made) return with.fail(made.error());
    const auto figures = measure_all(*segment, *made, name);
    const auto removed = segment->remove_limiter(name);
    if (!figures) return with.fail(figures.error());
    if (!removed) return with.fail(removed.error());
    if (with.as_json) {
        with.print({{"clock_nanoseconds", figures->clock},
                    {"floor_nanoseconds", figures->floor},
                    {"check_nanoseconds", figures->check},
                    {"denial_nanoseconds", figures->denial}});
        return ending::fine;
    }
    const auto row = [&](const char* what, double nanoseconds) {
        return std::vector<std::string>{what, fmt::format("{:.1f} ns", nanoseconds),
                                        fmt::format("{:.2f} x the floor", nanoseconds / figures->floor)};
    };
    print_table({row("reading the clock", figures->clock), row("hash, clock and one compare-and-swap", figures->floor),
                 row("check that is allowed", figures->check), row("check that is denied", figures->denial)});
    return ending::fine;
}

}  // namespace

void add_bench(const app& program, const context& with, ending& end) {
    program.add_subcommand("bench", "what a check costs on this host; makes a limiter of its own and deletes it")
        .callback([&] { end = bench(with); });
}

}  // namespace seki::ctl
