#include <seki/deadline.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "primitives/clock.hpp"
#include "primitives/deadline.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki {

using primitives::deadline_of_thread;
using primitives::no_deadline;
using std::chrono::nanoseconds;

namespace {

constexpr auto longest = static_cast<std::uint64_t>(nanoseconds::max().count());

std::uint64_t clock_now() noexcept { return primitives::read_clock(Clock::precise); }

nanoseconds span_of(std::uint64_t ns) noexcept {
    return nanoseconds{static_cast<nanoseconds::rep>(std::min(ns, longest))};
}

// The clock of include/seki/deadline.hpp is the one that everything here reads.
std::uint64_t word_of(Deadline::time_point at) noexcept {
    if (at == Deadline::none) return no_deadline;
    return static_cast<std::uint64_t>(std::max<nanoseconds::rep>(at.time_since_epoch().count(), 0));
}

std::uint64_t end_of(nanoseconds in) noexcept {
    if (in <= nanoseconds{0}) return 0;
    const std::uint64_t end = clock_now() + static_cast<std::uint64_t>(in.count());  // two halves of 2^64 at most
    return end >= longest ? no_deadline : end;
}

// Decimal digits and nothing else: no sign, no space, no point.
std::optional<std::uint64_t> digits(std::string_view text, std::size_t most) noexcept {
    if (text.empty() || text.size() > most) return std::nullopt;
    std::uint64_t number = 0;
    for (const char each : text) {
        if (each < '0' || each > '9') return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(each - '0');
    }
    return number;
}

constexpr std::size_t remaining_digits = 12, grpc_digits = 8;
constexpr std::uint64_t millisecond = 1'000'000, second = 1000 * millisecond;
constexpr std::uint64_t largest_remaining = 999'999'999'999, largest_grpc = 99'999'999;
static_assert(largest_remaining < longest / millisecond, "12 digits of milliseconds cannot run over");

struct grpc_unit {
    char letter;
    std::uint64_t ns;
};
// The finest first.
constexpr std::array<grpc_unit, 6> grpc_units{
    {{'n', 1}, {'u', 1000}, {'m', millisecond}, {'S', second}, {'M', 60 * second}, {'H', 3600 * second}}};

Result<Deadline> begin(const Result<nanoseconds>& span) {
    if (!span) return Result<Deadline>{std::unexpect, span.error()};
    return Result<Deadline>{std::in_place, *span};
}

}  // namespace

Deadline::Deadline(nanoseconds in) noexcept : before_{deadline_of_thread} {
    deadline_of_thread = std::min(before_, end_of(in));
}

Deadline::Deadline(time_point at) noexcept : before_{deadline_of_thread} {
    deadline_of_thread = std::min(before_, word_of(at));
}

Deadline::~Deadline() { deadline_of_thread = before_; }

Deadline::time_point Deadline::current() noexcept {
    return deadline_of_thread == no_deadline ? none : time_point{span_of(deadline_of_thread)};
}

nanoseconds Deadline::remaining() noexcept {
    const std::uint64_t end = deadline_of_thread;
    if (end == no_deadline) return nanoseconds::max();
    const std::uint64_t now = clock_now();
    return span_of(end > now ? end - now : 0);
}

bool Deadline::exceeded() noexcept {
    const std::uint64_t end = deadline_of_thread;
    return end != no_deadline && clock_now() >= end;
}

Result<void> Deadline::check() noexcept {
    if (!exceeded()) [[likely]]
        return {};
    return shm::contained([]() -> Result<void> {
        return shm::refuse(Errc::deadline_exceeded,
                           "the deadline of this thread is over: stop, and answer that it took too long");
    });
}

Result<nanoseconds> Deadline::parse_remaining(std::string_view value) {
    return shm::contained([&]() -> Result<nanoseconds> {
        if (const auto number = digits(value, remaining_digits)) return span_of(*number * millisecond);
        return shm::refuse(Errc::invalid_argument, "{} {} is not a time: accepted are milliseconds, 1 to {} digits",
                           remaining_header, primitives::quoted(value), remaining_digits);
    });
}

Result<nanoseconds> Deadline::parse_grpc_timeout(std::string_view value) {
    return shm::contained([&]() -> Result<nanoseconds> {
        const char letter = value.empty() ? '\0' : value.back();
        const auto* const unit = std::ranges::find(grpc_units, letter, &grpc_unit::letter);
        const auto number =
            unit == grpc_units.end() ? std::nullopt : digits(value.substr(0, value.size() - 1), grpc_digits);
        if (!number)
            return shm::refuse(Errc::invalid_argument,
                               "{} {} is not a time: accepted are 1 to {} digits and one of H, M, S, m, u, n",
                               grpc_timeout_header, primitives::quoted(value), grpc_digits);
        std::uint64_t ns = 0;
        return __builtin_mul_overflow(*number, unit->ns, &ns) ? nanoseconds::max() : span_of(ns);
    });
}

Result<Deadline> Deadline::from_remaining(std::string_view value) { return begin(parse_remaining(value)); }

Result<Deadline> Deadline::from_grpc_timeout(std::string_view value) { return begin(parse_grpc_timeout(value)); }

std::string Deadline::format_remaining(nanoseconds left) {
    const auto ns = static_cast<std::uint64_t>(std::max(left, nanoseconds{0}).count());
    return fmt::format("{}", std::min(ns / millisecond, largest_remaining));
}

// In the finest unit that has room for it.
std::string Deadline::format_grpc_timeout(nanoseconds left) {
    const auto ns = static_cast<std::uint64_t>(std::max(left, nanoseconds{1}).count());
    const auto* const unit =
        std::ranges::find_if(grpc_units, [ns](const grpc_unit& each) { return ns / each.ns <= largest_grpc; });
    return fmt::format("{}{}", ns / unit->ns, unit->letter);
}

}  // namespace seki
