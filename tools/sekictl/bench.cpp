// bench: what a check costs on this host, in this segment.
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "command.hpp"
#include "primitives/clock.hpp"

namespace seki::ctl {
namespace {

constexpr int calls = 200'000;

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

ending bench(const context& with) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const std::string name = fmt::format("sekictl-bench-{}", getpid());
    const auto limiter =
        segment->limiter(name, {.limit = 10'000'000, .window = std::chrono::seconds{1}, .max_keys = 16});
    if (!limiter) return with.fail(limiter.error());
    // Kept from the optimiser by what they add up to.
    std::uint64_t sum = 0;
    const double clock = measure([&] { sum += primitives::read_clock(Clock::precise); });
    const double allow = measure([&] { sum += limiter->check("203.0.113.7").remaining; });
    auto stingy = limiter->options();
    if (stingy) {
        stingy->limit = stingy->burst = 1;
        stingy->window = std::chrono::hours{24};
        if (const auto ok = segment->change(name, *stingy); !ok) return with.fail(ok.error());
    }
    (void)limiter->check("203.0.113.8");
    const double deny = measure([&] { sum += limiter->check("203.0.113.8").limit; });
    if (const auto ok = segment->remove_limiter(name); !ok) return with.fail(ok.error());
    if (with.as_json) {
        with.print({{"clock_nanoseconds", clock}, {"check_nanoseconds", allow}, {"denial_nanoseconds", deny}});
        return sum == 0 ? ending::refused : ending::fine;
    }
    print_table(
        {{"reading the clock", fmt::format("{:.1f} ns", clock), ""},
         {"check that is allowed", fmt::format("{:.1f} ns", allow), fmt::format("{:.2f} x the clock", allow / clock)},
         {"check that is denied", fmt::format("{:.1f} ns", deny), fmt::format("{:.2f} x the clock", deny / clock)}});
    return sum == 0 ? ending::refused : ending::fine;
}

}  // namespace

void add_bench(CLI::App& program, const context& with, ending& end) {
    program.add_subcommand("bench", "what a check costs on this host; makes a limiter of its own and deletes it")
        ->callback([&] { end = bench(with); });
}

}  // namespace seki::ctl
