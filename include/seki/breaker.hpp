// Circuit breakers that all processes of a host share: tripped by one worker, they protect all of them at once.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <seki/api.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

// What a breaker judges by: the last calls of the host, or those of the last so many seconds.
enum class WindowType : std::uint8_t { count, time };

enum class BreakerMode : std::uint8_t {
    automatic,      // closed, open and half-open, as the calls go. "auto" in configuration files
    forced_open,    // lets nobody through
    forced_closed,  // lets all through, and counts nothing
    observe         // lets all through, counts, and tells what would have opened it
};

enum class BreakerState : std::uint8_t { closed, open, half_open, forced_open, forced_closed, observe };

// What a call came to.
enum class Outcome : std::uint8_t {
    ignore,  // counts for nothing
    ok,      // `slow` all the same if it took slow_call_duration
    error,
    slow
};

// Calls, or a duration: `.window_size = 20`, `.window_size = 60s`.
class WindowSize {
public:
    // What cannot be held becomes the greatest, which no breaker accepts.
    template <std::integral Calls>
    constexpr WindowSize(Calls calls) noexcept
        : amount_{std::in_range<std::int64_t>(calls) ? static_cast<std::int64_t>(calls)
                                                     : std::numeric_limits<std::int64_t>::max()} {}
    template <class Rep, class Period>
    constexpr WindowSize(std::chrono::duration<Rep, Period> span) noexcept
        : amount_{std::chrono::duration_cast<std::chrono::nanoseconds>(span).count()}, is_duration_{true} {}

    [[nodiscard]] constexpr bool is_duration() const noexcept { return is_duration_; }
    [[nodiscard]] constexpr std::int64_t calls() const noexcept { return is_duration_ ? 0 : amount_; }
    [[nodiscard]] constexpr std::chrono::nanoseconds duration() const noexcept {
        return std::chrono::nanoseconds{is_duration_ ? amount_ : 0};
    }
    friend constexpr bool operator==(WindowSize, WindowSize) = default;

private:
    std::int64_t amount_ = 0;
    bool is_duration_ = false;
};

struct BreakerOptions {
    WindowType window_type = WindowType::count;

    // 1 to 65536 calls, up to what was made room for at its creation: 240, or at least four times as many as it began with. Or 1 s to 1 day.
    WindowSize window_size = 20;

    // Outcomes that must be in the window before it is judged. 1 to 65536, and at most window_size calls.
    std::uint64_t minimum_calls = 5;

    // It opens when this share of the calls in the window were errors. 1 to 100 %.
    std::uint64_t failure_threshold = 50;

    // It opens when this share of the calls in the window were errors or slow. 1 to 100 %.
    std::uint64_t slow_call_threshold = 80;

    // A call that took so long and was no error was slow. 1 ms to 366 days.
    std::chrono::nanoseconds slow_call_duration = std::chrono::seconds{2};

    // How long it stays open before a call may find out how things are. 1 ms to 366 days.
    std::chrono::nanoseconds wait_duration = std::chrono::seconds{30};

    // The wait is so many times as long each time the probes fail, up to wait_duration_max. 1.0 to 100.0, in hundredths.
    double wait_multiplier = 1.0;
    std::chrono::nanoseconds wait_duration_max = std::chrono::minutes{10};  // of no effect below wait_duration

    // Probes that half-open lets in, all of which must be ok. 1 to 1024, up to what was made room for at its creation: 20, or at least four times as many.
    std::uint64_t half_open_requests = 5;

    // When the probes have not decided in so long, because they hang or too few calls came, it opens again, as after a bad one. 1 ms to 366 days.
    std::chrono::nanoseconds max_half_open_duration = std::chrono::seconds{60};

    BreakerMode mode = BreakerMode::automatic;

    friend bool operator==(const BreakerOptions&, const BreakerOptions&) = default;
};

struct BreakerStatus {
    BreakerState state = BreakerState::closed;
    std::chrono::nanoseconds for_duration{0};  // how long it has been so
    std::chrono::nanoseconds retry_after{
        0};  // open: until a probe may be let in. half_open: until it is over at the latest. `never` when forced
    std::uint64_t reopened = 0;  // times that probes have failed since it was closed
    std::uint64_t calls = 0;     // in the window; of them
    std::uint64_t errors = 0;
    std::uint64_t slow = 0;
    std::uint64_t probes = 0;     // under way
    std::uint64_t probes_ok = 0;  // of half_open_requests
};

namespace primitives {
class breaker;
}
namespace client {
template <class Primitive>
class bound_handle;
using breaker_handle = bound_handle<primitives::breaker>;
}  // namespace client

namespace detail {

// A call that was let in.
struct breaker_pass {
    const primitives::breaker* from = nullptr;  // null: none
    std::uint64_t started_ns = 0;
    std::uint64_t token = 0;  // of the process
    std::uint32_t generation = 0;
    std::uint32_t place = 0;
    BreakerState state = BreakerState::closed;  // that let it in
};
SEKI_API void tell_breaker(const breaker_pass& pass, Outcome outcome) noexcept;

// Tells the breaker of a call that was let in: `told`, or that it failed when it was left by an exception.
struct breaker_call {
    breaker_pass pass{};
    Outcome told = Outcome::error;
    breaker_call() = default;
    breaker_call(const breaker_call&) = delete;
    breaker_call& operator=(const breaker_call&) = delete;
    ~breaker_call() {
        if (pass.from != nullptr) tell_breaker(pass, told);
    }
};

struct judge_by_result {
    constexpr Outcome operator()() const noexcept { return Outcome::ok; }
    template <class R>
    constexpr Outcome operator()(const R& result) const noexcept {
        if constexpr (like_expected<R>) {
            if (result.has_value()) return Outcome::ok;
            return is_refusal(result.error()) ? Outcome::ignore : Outcome::error;
        } else {
            return Outcome::ok;
        }
    }
};

}  // namespace detail

// Whether a call may be made, and if so, the place to say what it came to: for who cannot pass a function to Breaker::call(). Tell it once; untold, it
// ends with `ignore`. It may move to another thread and outlives the handles that it came from. It belongs to the process that asked: in
// the child of a fork it is a copy that tells nothing. Should the process die, its probe is given to another.
class SEKI_API Admission {
public:
    Admission() noexcept = default;  // refused
    Admission(Admission&& other) noexcept
        : keep_{std::move(other.keep_)}, pass_{std::exchange(other.pass_, {})}, why_{other.why_} {}
    Admission& operator=(Admission&& other) noexcept {
        Admission taken{std::move(other)};
        std::swap(keep_, taken.keep_);
        std::swap(pass_, taken.pass_);
        std::swap(why_, taken.why_);
        return *this;
    }
    ~Admission() { tell(Outcome::ignore); }

    // Let in, and not yet told.
    [[nodiscard]] explicit operator bool() const noexcept { return pass_.from != nullptr; }
    // Why it was not let in.
    [[nodiscard]] Refusal refusal() const noexcept { return why_; }

    void tell(Outcome outcome) noexcept {
        if (pass_.from != nullptr) detail::tell_breaker(std::exchange(pass_, {}), outcome);
    }
    void ok() noexcept { tell(Outcome::ok); }
    void error() noexcept { tell(Outcome::error); }
    void ignore() noexcept { tell(Outcome::ignore); }

private:
    friend class Breaker;
    std::shared_ptr<client::breaker_handle> keep_;
    detail::breaker_pass pass_;
    Refusal why_;
};

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after
// fork(). It outlives the Segment it came from. Should the breaker be deleted, every call is refused with Errc::deleted.
class SEKI_API Breaker {
public:
    // Calls `function` if the breaker lets it through, and tells it what that came to. Answers what the function returned, or a refusal: circuit_open and
    // the time until a probe. Of a function that returns std::expected, an error is an error; what it throws passes through, and is one too. But an
    // error that says that a guard inside it refused (another breaker, a bulkhead, a limiter: a CallError that is refused(), a Refusal, a seki::Error that is
    // bulkhead_full, rate_limited or circuit_open) says nothing of what this breaker protects, which was not asked: it is told as `ignore`.
    //     auto receipt = payments.call([&] { return charge(card); });
    //     if (!receipt && receipt.error().refused()) return try_later(receipt.error().retry_after());
    // Costs two readings of the clock and some nanoseconds; refusing, one. No lock, no system call, no allocation; but one caller of the host in 5 ms, at
    // most, asks whether the processes of probes live while all places of half_open are taken, or finishes a change of options whose maker died.
    template <std::invocable Function>
    CallResultOf<Function> call(Function&& function) const {
        return call(std::forward<Function>(function), detail::judge_by_result{});
    }

    // The same, judged by `classify(result)`, or by `classify()` where the function returns nothing: an Outcome. Should it throw, the call counts as an
    // error, and what it threw passes through.
    template <std::invocable Function, class Classify>
    CallResultOf<Function> call(Function&& function, Classify&& classify) const;

    // The same, with exceptions judged by `judge(std::exception_ptr)`. Should that throw, the call counts as an error, and the function's own
    // exception passes through.
    template <std::invocable Function, class Classify, class Judge>
    CallResultOf<Function> call(Function&& function, Classify&& classify, Judge&& judge) const;

    // For who cannot pass a function. Time counts from here until it is told.
    [[nodiscard]] Admission admit() const noexcept;

    [[nodiscard]] Result<BreakerStatus> status() const;
    [[nodiscard]] Result<BreakerState> state() const;

    // An operator's words, for all processes. What they force stays so until another of them.
    [[nodiscard]] Errc open() const noexcept;       // forced_open
    [[nodiscard]] Errc close() const noexcept;      // forced_closed
    [[nodiscard]] Errc observe() const noexcept;    // observe
    [[nodiscard]] Errc automatic() const noexcept;  // lifts these: closed, with an empty window
    [[nodiscard]] Errc reset() const noexcept;      // closed, with an empty window, whatever it was

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<BreakerOptions> options() const;

private:
    friend class Segment;
    explicit Breaker(std::shared_ptr<client::breaker_handle> handle) noexcept : handle_{std::move(handle)} {}
    Refusal enter(detail::breaker_pass& pass) const noexcept;

    std::shared_ptr<client::breaker_handle> handle_;
};

namespace detail {

// Calls the function, judges what it returned, and passes that on. `call` is told what it came to: a breaker_call, or its like.
template <class Call, class Function, class Classify>
CallResultOf<Function> carry_out(Call& call, Function&& function, Classify&& classify) {
    if constexpr (std::is_void_v<std::invoke_result_t<Function>>) {
        std::invoke(std::forward<Function>(function));
        call.told = std::invoke(std::forward<Classify>(classify));
        return {};
    } else {
        returned_by<Function> result = std::invoke(std::forward<Function>(function));
        call.told = std::invoke(std::forward<Classify>(classify), std::as_const(result));
        return wrapping_of<Function>::wrap(std::forward<returned_by<Function>>(result));
    }
}

template <class Judge>
Outcome judge_exception(Judge&& judge) noexcept {
    try {
        return std::invoke(std::forward<Judge>(judge), std::current_exception());
    } catch (...) {
        return Outcome::error;
    }
}

}  // namespace detail

template <std::invocable Function, class Classify>
CallResultOf<Function> Breaker::call(Function&& function, Classify&& classify) const {
    detail::breaker_call made;
    if (const Refusal why = enter(made.pass); why.code != Errc::none) [[unlikely]]
        return CallResultOf<Function>{std::unexpect, why};
    return detail::carry_out(made, std::forward<Function>(function), std::forward<Classify>(classify));
}

template <std::invocable Function, class Classify, class Judge>
CallResultOf<Function> Breaker::call(Function&& function, Classify&& classify, Judge&& judge) const {
    detail::breaker_call made;
    if (const Refusal why = enter(made.pass); why.code != Errc::none) [[unlikely]]
        return CallResultOf<Function>{std::unexpect, why};
    const auto judged = [&]() -> std::invoke_result_t<Function> {
        try {
            return std::invoke(std::forward<Function>(function));
        } catch (...) {
            made.told = detail::judge_exception(std::forward<Judge>(judge));
            throw;
        }
    };
    return detail::carry_out(made, judged, std::forward<Classify>(classify));
}

}  // namespace seki
