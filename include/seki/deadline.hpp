// Deadlines: by when the calling thread must be done with what it does now, told to everything it calls, and passed on in headers.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <seki/api.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

// A deadline for the scope that this lives in, and for the thread that made it. One inside another: the earlier counts, and the outer one comes back
// with the end of the inner. It interrupts nothing: who waits (Limiter::acquire, Bulkhead::acquire, Adaptive::acquire, Retry::call, Hedge::call) waits no
// longer, and who works asks check() between two steps.
//     const seki::Deadline soon{200ms};
//     for (const Row& row : rows) {
//         if (const auto fine = seki::Deadline::check(); !fine) return std::unexpected(fine.error());
//         ...
class SEKI_API [[nodiscard]] Deadline {
public:
    // CLOCK_MONOTONIC: one clock for all processes of the host, that survives a fork and does not jump.
    using clock = std::chrono::steady_clock;
    using time_point = std::chrono::time_point<clock, std::chrono::nanoseconds>;
    static constexpr time_point none = time_point::max();

    // In so long from now; at once when that is 0 or negative, and never (but for one outside) when it is `never`, or too long to be added to the time.
    explicit Deadline(std::chrono::nanoseconds in) noexcept;

    // At that time. To hand one over to another thread: take current() here, and make a Deadline of it there.
    //     std::jthread helper{[at = seki::Deadline::current()] { const seki::Deadline same{at}; ... }};
    explicit Deadline(time_point at) noexcept;

    // The one before it comes back. In the thread that made it, the last made first.
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    // Of the calling thread. With no deadline they read no clock.
    [[nodiscard]] static time_point current() noexcept;  // `none` when there is none
    [[nodiscard]] static std::chrono::nanoseconds
    remaining() noexcept;  // 0 when it is over, the greatest (`never`) when there is none
    [[nodiscard]] static bool exceeded() noexcept;
    // deadline_exceeded when it is over. Costs a reading of the clock and a nanosecond or two.
    [[nodiscard]] static Result<void> check() noexcept;

    // Calls `function` under a deadline; refuses with deadline_exceeded when there is no time left. An answer that comes too late all the same is
    // passed on: it was paid for, and who has no use for it sees by check() that it is late.
    template <std::invocable Function>
    static CallResultOf<Function> run(std::chrono::nanoseconds in, Function&& function);

    // How long a caller in another process leaves us: the value of one of these headers. One that is negative, too long, or anything else that it
    // cannot be is an error (invalid_argument), and changes nothing.
    //     const auto deadline = seki::Deadline::from_remaining(request.header(seki::Deadline::remaining_header));
    static constexpr std::string_view remaining_header = "x-deadline-remaining";  // milliseconds: 1 to 12 digits
    static constexpr std::string_view grpc_timeout_header = "grpc-timeout";  // 1 to 8 digits and a unit: H M S m u n
    [[nodiscard]] static Result<Deadline> from_remaining(std::string_view value);
    [[nodiscard]] static Result<Deadline> from_grpc_timeout(std::string_view value);
    [[nodiscard]] static Result<std::chrono::nanoseconds> parse_remaining(std::string_view value);
    // More than can be counted (292 years) is `never`.
    [[nodiscard]] static Result<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view value);

    // The value of a header for what is called next, for as long as that may take: format_remaining(Deadline::remaining()). Rounded down, so that it does
    // not believe to have longer than it is waited for. `never` is the longest that the header can say; better send none. grpc-timeout has no 0: it is 1n.
    [[nodiscard]] static std::string format_remaining(std::chrono::nanoseconds left);
    [[nodiscard]] static std::string format_grpc_timeout(std::chrono::nanoseconds left);

private:
    std::uint64_t before_;
};

template <std::invocable Function>
CallResultOf<Function> Deadline::run(std::chrono::nanoseconds in, Function&& function) {
    const Deadline limit{in};
    if (exceeded()) return CallResultOf<Function>{std::unexpect, Refusal{Errc::deadline_exceeded}};
    return detail::call_through(std::forward<Function>(function));
}

}  // namespace seki
