// Retries that know when to stop: the thread's deadline, and a budget that all processes of the host share, so that who calls again does not break what
// is already in trouble.
#pragma once

#include <cxxabi.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <seki/again.hpp>
#include <seki/api.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

// How delays grow: base_delay, base_delay * n, base_delay * 2^(n-1) before the n-th retry.
enum class Backoff : std::uint8_t { constant, linear, exponential };

// What chance makes of a delay d: nothing; anything from 0 to d; anything from d/2 to d; or, whatever d is, anything from base_delay to three times the
// delay before.
enum class Jitter : std::uint8_t { none, full, equal, decorrelated };

struct RetryOptions {
    // Attempts of a call, the first one included. 1 to 100.
    std::uint64_t max_attempts = 3;

    Backoff backoff = Backoff::exponential;
    Jitter jitter = Jitter::full;

    // 0 to 1 day. No delay of its own is longer than max_delay, which is at least base_delay.
    std::chrono::nanoseconds base_delay = std::chrono::milliseconds{100};
    std::chrono::nanoseconds max_delay = std::chrono::seconds{30};

    // The budget of the host: retries may be so many times the calls of the last second, and min_per_second more. 0.0 to 100.0, in thousandths; 0 to 1000000.
    // Who has only a few calls lives by min_per_second; a budget of 100.0 limits nothing.
    double ratio = 0.2;
    std::uint64_t min_per_second = 10;

    friend bool operator==(const RetryOptions&, const RetryOptions&) = default;
};

// All but the last two ever, of all processes.
struct RetryStatus {
    std::uint64_t calls = 0;        // first attempts
    std::uint64_t retries = 0;      // other attempts
    std::uint64_t recovered = 0;    // calls that a retry helped
    std::uint64_t exhausted = 0;    // calls given up: no attempts left, or no time
    std::uint64_t denied = 0;       // calls given up because the budget was spent
    std::uint64_t budget_left = 0;  // retries that the budget still allows in its window
    std::chrono::nanoseconds budget_window{
        0};  // how long ago that began; it ends when a retry comes a second later or more
};

// After an attempt that failed.
struct RetryStep {
    bool again = false;
    std::uint64_t attempt = 0;          // the one that failed; 1 is the first
    std::chrono::nanoseconds delay{0};  // until the next attempt
    Errc why = Errc::none;  // there is none: call_failed (no attempts left), deadline_exceeded, budget_spent, deleted

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return again; }
};

namespace primitives {
class retry;
}
namespace client {
template <class Primitive>
class bound_handle;
using retry_handle = bound_handle<primitives::retry>;
}  // namespace client

namespace detail {

// A call on its way through its attempts.
struct retry_run {
    const primitives::retry* from = nullptr;  // null: it was refused
    std::uint64_t attempt = 1;
    std::uint64_t delay_ns = 0;  // the backoff's own, before the attempt
    bool watched = false;        // somebody wanted events when it began
};
SEKI_API RetryStep fail_attempt(retry_run& run, std::chrono::nanoseconds at_least, Errc error) noexcept;
SEKI_API void end_run(const retry_run& run, Errc error) noexcept;  // none: it succeeded
SEKI_API bool sleep_for(std::chrono::nanoseconds span) noexcept;   // false: the thread was told to stop waiting

}  // namespace detail

// A call whose attempts the caller makes himself, from an event loop for instance: it says how long to wait, and never sleeps. It may move to another
// thread and outlives the handle that it came from. The deadline that counts is that of the thread that calls failed().
//     seki::RetryLoop loop = retry.begin();
//     ...                                        // an attempt; when it went well:
//     loop.succeeded();
//     ...                                        // when it did not:
//     if (const auto next = loop.failed()) timer.start(next.delay, [..] { /* the next attempt */ });
//     else give_up(next.why);
class SEKI_API RetryLoop {
public:
    RetryLoop() noexcept = default;  // refused
    RetryLoop(RetryLoop&& other) noexcept
        : keep_{std::move(other.keep_)}, run_{std::exchange(other.run_, {})}, why_{other.why_} {}
    RetryLoop& operator=(RetryLoop&& other) noexcept {
        RetryLoop taken{std::move(other)};
        std::swap(keep_, taken.keep_);
        std::swap(run_, taken.run_);
        std::swap(why_, taken.why_);
        return *this;
    }

    // Begun, and neither succeeded nor given up.
    [[nodiscard]] explicit operator bool() const noexcept { return run_.from != nullptr; }
    // Why it was not begun: deleted, superseded, read_only.
    [[nodiscard]] Refusal refusal() const noexcept { return why_; }
    // The one that is under way, or due; 1 is the first.
    [[nodiscard]] std::uint64_t attempt() const noexcept { return run_.attempt; }

    // An attempt failed and is worth another. A retry that it answers is taken from the budget. `error` is for those who are told of it (telemetry.hpp).
    [[nodiscard]] RetryStep failed(Again wanted = true, Errc error = Errc::call_failed) noexcept;
    void succeeded() noexcept;

private:
    friend class Retry;
    std::shared_ptr<client::retry_handle> keep_;
    detail::retry_run run_;
    Refusal why_;
};

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after
// fork(). It outlives the Segment it came from. Should the retry be deleted, every call is refused with Errc::deleted.
class SEKI_API Retry {
public:
    // Calls `function` until it succeeds, max_attempts are made, the next one would begin after the deadline of the thread (seki::Deadline), or the host's
    // budget is spent. Between attempts it sleeps, and never past the deadline.
    //     auto receipt = retry.call([&] { return charge(card); });
    // It may be called several times, so what it does must bear that. An error of a std::expected, and an exception, is worth another attempt; but a refusal
    // that no waiting helps (deleted, deadline_exceeded, a retry_after of `never` ...) is not, nor is load_shed: calling again is what a
    // shedder sheds. A retry_after of the error is what Again::after() is. The
    // answer is that of the last attempt: its value, its error (code() says why it was the last: call_failed, deadline_exceeded or budget_spent, or
    // interrupted where waiting.h says so), or its exception, thrown on. The first attempt is made whatever the deadline is: whether to begin is
    // Deadline::check()'s question.
    // Around a success it costs a few nanoseconds: no clock, no lock, no allocation.
    template <class Function>
        requires std::invocable<Function&>
    CallResultOf<Function&> call(Function&& function) const {
        return call(function, detail::usual{});
    }

    // The same where `retry_on` says what is worth another attempt: a bool or an Again. It takes any of: what the function returned; the error in that; a
    // std::exception_ptr. Of what it does not take, the above holds.
    //     retry.call(fetch, [](const HttpError& e) { return e.status == 503 ? seki::Again::after(e.retry_after) : seki::Again{false}; })
    // `on_retry(step)`, or `on_retry(step, result)`, `on_retry(step, exception)`, is called before each sleep. What these throw passes through.
    template <class Function, class RetryOn, class OnRetry>
        requires std::invocable<Function&>
    CallResultOf<Function&> call(Function&& function, RetryOn&& retry_on, OnRetry&& on_retry) const;
    template <class Function, class RetryOn>
        requires std::invocable<Function&>
    CallResultOf<Function&> call(Function&& function, RetryOn&& retry_on) const {
        return call(function, retry_on, detail::usual{});
    }

    // For who makes the attempts himself.
    [[nodiscard]] RetryLoop begin() const noexcept;

    [[nodiscard]] Result<RetryStatus> status() const;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<RetryOptions> options() const;

private:
    friend class Segment;
    explicit Retry(std::shared_ptr<client::retry_handle> handle) noexcept : handle_{std::move(handle)} {}
    Refusal enter(detail::retry_run& run) const noexcept;

    std::shared_ptr<client::retry_handle> handle_;
};

namespace detail {

template <class OnRetry, class What>
void tell_retry(OnRetry& on_retry, const RetryStep& next, const What& what) {
    if constexpr (std::invocable<OnRetry&, const RetryStep&, const What&>)
        std::invoke(on_retry, next, what);
    else if constexpr (std::invocable<OnRetry&, const RetryStep&>)
        std::invoke(on_retry, next);
}

// The answer to a call that is not made again.
template <class Result>
Result given_up(Result last, Errc why) {
    if (!last.has_value()) last.error().stopped_by(why);
    return last;
}

}  // namespace detail

template <class Function, class RetryOn, class OnRetry>
    requires std::invocable<Function&>
CallResultOf<Function&> Retry::call(Function&& function, RetryOn&& retry_on, OnRetry&& on_retry) const {
    detail::retry_run run;
    if (const Refusal why = enter(run); why.code != Errc::none) [[unlikely]]
        return CallResultOf<Function&>{std::unexpect, why};
    for (;;) {                  // max_attempts at most
        bool returned = false;  // what is thrown after that is not the function's
        try {
            if constexpr (std::is_void_v<std::invoke_result_t<Function&>>) {
                std::invoke(function);
                if (run.watched || run.attempt > 1) [[unlikely]]
                    detail::end_run(run, Errc::none);
                return {};
            } else {
                detail::returned_by<Function&> result = std::invoke(function);
                returned = true;
                const Again wanted = detail::ask_result(retry_on, std::as_const(result));
                if (!wanted) [[likely]] {
                    if (run.watched || run.attempt > 1) [[unlikely]]
                        detail::end_run(run, detail::came_to(result));
                    return detail::wrapping_of<Function&>::wrap(std::forward<detail::returned_by<Function&>>(result));
                }
                const RetryStep next = detail::fail_attempt(run, wanted.wait, detail::failed_by(std::as_const(result)));
                if (!next)
                    return detail::given_up(
                        detail::wrapping_of<Function&>::wrap(std::forward<detail::returned_by<Function&>>(result)),
                        next.why);
                detail::tell_retry(on_retry, next, std::as_const(result));
                if (!detail::sleep_for(next.delay)) [[unlikely]]
                    return detail::given_up(
                        detail::wrapping_of<Function&>::wrap(std::forward<detail::returned_by<Function&>>(result)),
                        Errc::interrupted);
            }
#ifdef __GLIBCXX__
        } catch (const abi::__forced_unwind&) {  // the thread is cancelled, or leaves: that is no error of the function
            throw;
#endif
        } catch (...) {
            if (returned) throw;
            const std::exception_ptr thrown = std::current_exception();
            const Again wanted = detail::ask_exception(retry_on, thrown);
            if (!wanted) {
                if (run.watched || run.attempt > 1) detail::end_run(run, Errc::call_failed);
                throw;
            }
            const RetryStep next = detail::fail_attempt(run, wanted.wait, Errc::call_failed);
            if (!next) throw;
            detail::tell_retry(on_retry, next, thrown);
            if (!detail::sleep_for(next.delay)) throw;
        }
    }
}

}  // namespace seki
