// What a protected call answers: what the function returned, or why there is no such thing.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include <seki/error.hpp>

namespace seki {

// Why a function was not called.
struct Refusal {
    Errc code = Errc::none;  // circuit_open, rate_limited, bulkhead_full, deleted ...
    // Until something else may be answered, where that is known; `never`: no time helps. Of a limiter: exact. Of a breaker that is open: until it lets
    // probes in, exactly. Of one that is half_open, all of whose probes are under way: until it is over at the latest, when it opens
    // again; it closes, or takes another probe in the place of a dead one, as soon as theirs have an outcome, which nobody knows in advance.
    std::chrono::nanoseconds retry_after{0};

    friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Why a call has no value: the function was refused to be called; or, of a function that answers std::expected<T, E>, its own error.
template <class E = void>
class CallError {
public:
    constexpr CallError(Refusal why) noexcept : what_{why} {}
    constexpr explicit CallError(E own) : what_{std::in_place_index<1>, failure{std::move(own)}} {}

    // Whether the function was not called.
    [[nodiscard]] constexpr bool refused() const noexcept { return what_.index() == 0; }
    // Of the refusal. When the function was called: call_failed, or why a retry did not call it again (deadline_exceeded, budget_spent).
    [[nodiscard]] constexpr Errc code() const noexcept { return refusal().code; }
    [[nodiscard]] constexpr std::chrono::nanoseconds retry_after() const noexcept { return refusal().retry_after; }
    [[nodiscard]] constexpr Refusal refusal() const noexcept {
        const Refusal* const why = std::get_if<0>(&what_);
        return why != nullptr ? *why : Refusal{std::get_if<1>(&what_)->why};
    }
    // The function's own error; null when it was not called.
    [[nodiscard]] constexpr const E* own() const noexcept { return refused() ? nullptr : &std::get_if<1>(&what_)->own; }
    [[nodiscard]] constexpr E* own() noexcept { return refused() ? nullptr : &std::get_if<1>(&what_)->own; }

    // For who calls again: the last error stays, and code() says why it is the last.
    constexpr void stopped_by(Errc why) noexcept {
        if (failure* const last = std::get_if<1>(&what_); last != nullptr)
            last->why = why;
        else if (why == Errc::deadline_exceeded || why == Errc::interrupted)
            std::get_if<0>(&what_)->code = why;
    }

private:
    struct failure {
        E own;
        Errc why = Errc::call_failed;
    };
    std::variant<Refusal, failure> what_;
};

template <>
class CallError<void> {
public:
    constexpr CallError(Refusal why) noexcept : why_{why} {}
    [[nodiscard]] constexpr bool refused() const noexcept { return true; }
    [[nodiscard]] constexpr Errc code() const noexcept { return why_.code; }
    [[nodiscard]] constexpr std::chrono::nanoseconds retry_after() const noexcept { return why_.retry_after; }
    [[nodiscard]] constexpr Refusal refusal() const noexcept { return why_; }
    constexpr void stopped_by(Errc why) noexcept {
        if (why == Errc::deadline_exceeded || why == Errc::interrupted) why_.code = why;
    }

private:
    Refusal why_;
};

// A std::expected<T, CallError<E>> with a way to say what else to do:
//     auto page = shop.call(fetch).or_else([] { return cached_page(); });
template <class T, class E = void>
class [[nodiscard]] CallResult : public std::expected<T, CallError<E>> {
    using base = std::expected<T, CallError<E>>;

public:
    using base::base;

    // What the function returned, else what `fallback` returns, which is called with the CallError or with nothing. A fallback that may fail in its
    // turn returns a std::expected, and then so does this.
    template <class Fallback>
    auto or_else(Fallback&& fallback) && {
        return settle(std::move(*this), std::forward<Fallback>(fallback));
    }
    template <class Fallback>
    auto or_else(Fallback&& fallback) const& {
        return settle(*this, std::forward<Fallback>(fallback));
    }

private:
    template <class Fallback>
    static decltype(auto) ask(Fallback&& fallback, const CallError<E>& error) {
        if constexpr (std::is_invocable_v<Fallback, const CallError<E>&>)
            return std::invoke(std::forward<Fallback>(fallback), error);
        else
            return std::invoke(std::forward<Fallback>(fallback));
    }
    template <class Self, class Fallback>
    static auto settle(Self&& self, Fallback&& fallback) {
        using answer = std::remove_cvref_t<decltype(ask(std::forward<Fallback>(fallback), self.error()))>;
        using result = std::conditional_t<requires { typename answer::unexpected_type; }, answer, T>;
        static_assert(std::is_void_v<T> || !std::is_void_v<answer>, "a fallback returns what the function would have");
        if constexpr (std::is_void_v<result>) {
            if (!self.has_value()) ask(std::forward<Fallback>(fallback), self.error());
        } else {
            if (!self.has_value()) return static_cast<result>(ask(std::forward<Fallback>(fallback), self.error()));
            if constexpr (std::is_void_v<T>)
                return result();
            else
                return result(*std::forward<Self>(self));
        }
    }
};

namespace detail {

// Whether an error says that one of Seki's guards refused, so that what is behind it was not asked; of an error of the user's own, no.
template <class E>
constexpr bool is_refusal(const E& /*own*/) noexcept {
    return false;
}
constexpr bool is_refusal(const Refusal& why) noexcept { return why.code != Errc::call_failed; }
// Whoever uses it for errors of his own means by `timeout` what he waited for himself.
inline bool is_refusal(const Error& error) noexcept {
    return error.code == Errc::bulkhead_full || error.code == Errc::rate_limited || error.code == Errc::circuit_open ||
           error.code == Errc::load_shed;
}
template <class E>
constexpr bool is_refusal(const CallError<E>& error) noexcept {
    if constexpr (!std::is_void_v<E>)
        if (const E* const own = error.own(); own != nullptr) return is_refusal(*own);
    return is_refusal(error.refusal());
}

template <class R>
concept like_expected = requires { typename std::remove_cvref_t<R>::unexpected_type; };

// An lvalue that a function returns stays one; what it answers as a std::expected, or by value, is taken along.
template <class Function, class R = std::invoke_result_t<Function>>
using returned_by = std::conditional_t<std::is_lvalue_reference_v<R> && !like_expected<R>, R, std::remove_cvref_t<R>>;

template <class Result, class From>
Result pass_on(From&& answered) {
    if (!answered.has_value()) return Result{std::unexpect, std::forward<From>(answered).error()};
    if constexpr (std::is_void_v<typename Result::value_type>)
        return Result{};
    else
        return Result{std::in_place, *std::forward<From>(answered)};
}

// What a call of a function that returns R answers.
template <class R>
struct result_of_call {
    using type = CallResult<R>;
    static type wrap(R&& value) { return type{std::in_place, std::move(value)}; }
};
template <class R>
struct result_of_call<R&> {
    using type = CallResult<std::reference_wrapper<R>>;
    static type wrap(R& value) { return type{std::in_place, value}; }
};
template <>
struct result_of_call<void> {
    using type = CallResult<void>;
};
template <class T, class E>
struct result_of_call<std::expected<T, E>> {
    using type = CallResult<T, E>;
    static type wrap(std::expected<T, E>&& answered) {
        if (!answered.has_value()) return type{std::unexpect, CallError<E>{std::move(answered).error()}};
        return pass_on<type>(std::move(answered));
    }
};
// Who makes protected calls itself passes on what it was told: refusals have one vocabulary, however deep.
template <class T>
struct result_of_call<std::expected<T, Refusal>> {
    using type = CallResult<T>;
    static type wrap(std::expected<T, Refusal>&& answered) { return pass_on<type>(std::move(answered)); }
};
template <class T, class E>
struct result_of_call<std::expected<T, CallError<E>>> {
    using type = CallResult<T, E>;
    static type wrap(std::expected<T, CallError<E>>&& answered) { return pass_on<type>(std::move(answered)); }
};
template <class T, class E>
struct result_of_call<CallResult<T, E>> {
    using type = CallResult<T, E>;
    static type wrap(CallResult<T, E>&& answered) { return std::move(answered); }
};

template <class Function>
using wrapping_of = result_of_call<returned_by<Function>>;

}  // namespace detail

template <class Function>
using CallResultOf = typename detail::wrapping_of<Function>::type;

namespace detail {

// Calls the function that nothing refuses any more.
template <class Function>
CallResultOf<Function> call_through(Function&& function) {
    if constexpr (std::is_void_v<std::invoke_result_t<Function>>) {
        std::invoke(std::forward<Function>(function));
        return {};
    } else {
        return wrapping_of<Function>::wrap(std::invoke(std::forward<Function>(function)));
    }
}

}  // namespace detail

}  // namespace seki
