// Whether what an attempt came to is worth another one.
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

// Whether to call again, and when at the earliest: `true`, `false`, or Again::after(what the server's Retry-After says).
struct Again {
    bool again = false;
    std::chrono::nanoseconds wait{0};

    constexpr Again(bool yes) noexcept : again{yes} {}
    // Longer than the backoff's own delay it wins, also beyond max_delay. `never` is no.
    static constexpr Again after(std::chrono::nanoseconds span) noexcept {
        Again made{span != std::chrono::nanoseconds::max()};
        made.wait = span;
        return made;
    }
    [[nodiscard]] constexpr explicit operator bool() const noexcept { return again; }
};

namespace detail {

// In place of a function that the caller did not give.
struct usual {};

// Whether what was refused for that reason may be let through later, with nothing changed but the time.
constexpr bool time_helps(Errc why) noexcept {
    switch (why) {
        case Errc::none:
        case Errc::superseded:
        case Errc::busy:
        case Errc::bulkhead_full:
        case Errc::timeout:
        case Errc::system:
        case Errc::rate_limited:
        case Errc::circuit_open:
        case Errc::call_failed: return true;
        default: return false;
    }
}

// What an error says of itself.
template <class E>
constexpr Again usual_again(const E& own) noexcept {
    using std::chrono::nanoseconds;
    if constexpr (requires {
                      { own.retry_after } -> std::convertible_to<nanoseconds>;
                  })
        return Again::after(own.retry_after);
    else if constexpr (requires {
                           { own.retry_after() } -> std::convertible_to<nanoseconds>;
                       })
        return Again::after(own.retry_after());
    else
        return true;
}
constexpr Again usual_again(const Refusal& why) noexcept {
    return time_helps(why.code) ? Again::after(why.retry_after) : Again{false};
}
inline Again usual_again(const Error& error) noexcept { return time_helps(error.code); }
template <class E>
constexpr Again usual_again(const CallError<E>& error) noexcept {
    if constexpr (!std::is_void_v<E>)
        if (const E* const own = error.own(); own != nullptr) return usual_again(*own);
    return usual_again(error.refusal());
}

// Of what kind an error is, for those who are told of it: the code that it carries, or call_failed.
template <class E>
constexpr Errc code_of(const E& /*own*/) noexcept {
    return Errc::call_failed;
}
constexpr Errc code_of(const Refusal& why) noexcept { return why.code; }
inline Errc code_of(const Error& error) noexcept { return error.code; }
template <class E>
constexpr Errc code_of(const CallError<E>& error) noexcept {
    if constexpr (!std::is_void_v<E>)
        if (const E* const own = error.own(); own != nullptr) return code_of(*own);
    return error.code();
}

// Asks `retry_on` if it takes what the function returned, or the error in that.
template <class RetryOn, class R>
Again ask_result(RetryOn& retry_on, const R& result) {
    if constexpr (std::is_invocable_r_v<Again, RetryOn&, const R&>) {
        return std::invoke(retry_on, result);
    } else if constexpr (like_expected<R>) {
        if (result.has_value()) return false;
        if constexpr (std::is_invocable_r_v<Again, RetryOn&, decltype(result.error())>)
            return std::invoke(retry_on, result.error());
        else
            return usual_again(result.error());
    } else {
        return false;
    }
}

template <class RetryOn>
Again ask_exception(RetryOn& retry_on, const std::exception_ptr& thrown) {
    if constexpr (std::is_invocable_r_v<Again, RetryOn&, const std::exception_ptr&>)
        return std::invoke(retry_on, thrown);
    else
        return true;
}

// What an attempt came to that is not worth another one; none: a success.
template <class R>
constexpr Errc came_to(const R& result) noexcept {
    if constexpr (like_expected<R>)
        if (!result.has_value()) return code_of(result.error());
    return Errc::none;
}
// And one that is: then a value is no success either.
template <class R>
constexpr Errc failed_by(const R& result) noexcept {
    const Errc why = came_to(result);
    return why != Errc::none ? why : Errc::call_failed;
}

}  // namespace detail
}  // namespace seki
