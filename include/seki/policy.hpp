// Policies: what stands around a call, in one place and in one order.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <seki/adaptive.hpp>
#include <seki/again.hpp>
#include <seki/api.hpp>
#include <seki/breaker.hpp>
#include <seki/bulkhead.hpp>
#include <seki/call.hpp>
#include <seki/deadline.hpp>
#include <seki/error.hpp>
#include <seki/limiter.hpp>
#include <seki/retry.hpp>
#include <seki/shedder.hpp>

namespace seki {

class Segment;

// A policy of the segment: the names of its parts. Each may be empty: then there is none of it.
struct PolicyOptions {
    // For the whole of a call, its retries included. 0: none but the caller's own. Up to 366 days.
    std::chrono::nanoseconds deadline{0};

    std::string limiter{};
    std::string shedder{};
    std::string bulkhead{};  // this or an adaptive limit
    std::string adaptive{};
    std::string breaker{};
    std::string retry{};

    friend bool operator==(const PolicyOptions&, const PolicyOptions&) = default;
};

// The parts themselves, for who composes a policy by code.
struct PolicyParts {
    std::chrono::nanoseconds deadline{0};
    std::optional<Limiter> limiter{};
    std::optional<Shedder> shedder{};
    std::optional<Bulkhead> bulkhead{};  // when there is an adaptive limit too, a call has a permit of each
    std::optional<Adaptive> adaptive{};
    std::optional<Breaker> breaker{};
    std::optional<Retry> retry{};
};

// What a call says of itself to the parts that ask. What no part asks for is ignored.
struct PolicyRequest {
    std::string_view key{};  // of the limiter
    std::int64_t cost = 1;
    unsigned priority = 2;                            // of the shedder
    std::optional<Shedder::time_point> arrived_at{};  // when the shedder is to judge how long it waited
};

namespace client {
class policy_handle;
}

namespace detail {

// Parts that may be composed anew while they are used; null where that is refused.
struct policy_view {
    const PolicyParts* parts = nullptr;
    Refusal why{};
};
SEKI_API policy_view look_at_policy(client::policy_handle& named) noexcept;
// One of them may have been made anew under the same name.
SEKI_API void part_was_deleted(client::policy_handle& named, const PolicyParts& seen) noexcept;

// What an attempt came to, for who judges the call around it.
template <class Function, class Classify>
class judged_attempt {
public:
    using result = std::invoke_result_t<Function&>;
    judged_attempt(Function& function, Classify& classify) noexcept : function_{function}, classify_{classify} {}

    returned_by<Function&> operator()() {
        told_ = Outcome::error;  // should it throw
        if constexpr (std::is_void_v<result>) {
            std::invoke(function_);
            told_ = std::invoke(classify_);
        } else {
            returned_by<Function&> answer = std::invoke(function_);
            told_ = std::invoke(classify_, std::as_const(answer));
            return std::forward<returned_by<Function&>>(answer);
        }
    }
    [[nodiscard]] Outcome told() const noexcept { return told_; }

private:
    Function& function_;
    Classify& classify_;
    Outcome told_ = Outcome::ignore;  // it was not made
};

}  // namespace detail

// Calls functions under its parts, from the outermost: the deadline, the limiter, the shedder, the bulkhead or adaptive limit, the breaker, and the retry
// around the function. What one refuses costs those within it nothing. A handle: as cheap to copy as a few shared_ptr, safe to use from any number
// of threads, and valid in the child after fork().
class SEKI_API Policy {
public:
    // Of parts that the caller has; in this process alone.
    //     const seki::Policy checkout{{.deadline = 200ms, .limiter = *buyers, .breaker = *payments, .retry = *again}};
    explicit Policy(PolicyParts parts) : own_{std::move(parts)} {}

    // Answers what the function returned, or why not, in one vocabulary: deadline_exceeded, rate_limited with its retry_after, load_shed, bulkhead_full, timeout,
    // circuit_open with the time until a probe; call_failed, or why it was not called again, with the function's own error. A fallback stands behind it:
    //     auto receipt = checkout.execute({.key = ip}, [&] { return charge(card); }).or_else([] { return Receipt::later(); });
    // What the function throws passes through. Costs what its parts cost and a few nanoseconds; allocates nothing.
    template <class Function>
        requires std::invocable<Function&>
    CallResultOf<Function&> execute(const PolicyRequest& request, Function&& function) const {
        return execute(request, function, detail::judge_by_result{}, detail::usual{});
    }
    template <class Function>
        requires std::invocable<Function&>
    CallResultOf<Function&> execute(Function&& function) const {
        return execute(PolicyRequest{}, function);
    }

    // The same where `classify` says what an attempt came to, as Breaker::call() takes it, for the breaker and the adaptive limit; and `retry_on` whether it is
    // worth another one, as Retry::call() takes it.
    template <class Function, class Classify, class RetryOn = detail::usual>
        requires std::invocable<Function&>
    CallResultOf<Function&> execute(const PolicyRequest& request, Function&& function, Classify&& classify,
                                    RetryOn&& retry_on = {}) const;

    // Of a policy of the segment: empty for one that was composed by code.
    [[nodiscard]] std::string_view name() const noexcept;
    // The parts that are in force.
    [[nodiscard]] Result<PolicyParts> parts() const;
    // What a refusal of execute() means, in a sentence: that of the part that refused.
    [[nodiscard]] Error explain(Errc why) const;

private:
    friend class Segment;
    explicit Policy(std::shared_ptr<client::policy_handle> named) noexcept : named_{std::move(named)} {}

    [[nodiscard]] detail::policy_view look() const noexcept {
        return named_ == nullptr ? detail::policy_view{.parts = &own_} : detail::look_at_policy(*named_);
    }
    // The parts around the function. Has one way out: where there are several, GCC makes the answer elsewhere and moves it.
    template <class Function, class Classify, class RetryOn>
    [[nodiscard]] CallResultOf<Function&> call_within(const PolicyParts& by, Function& function, Classify& classify,
                                                      RetryOn& retry_on) const;
    // By a part that is before the function, not around it.
    template <class Result>
    [[gnu::cold]] Result refused(const PolicyParts& by, Refusal why) const {
        if (why.code == Errc::deleted && named_ != nullptr) detail::part_was_deleted(*named_, by);
        return Result{std::unexpect, why};
    }

    PolicyParts own_{};
    std::shared_ptr<client::policy_handle> named_;
};

template <class Function, class Classify, class RetryOn>
    requires std::invocable<Function&>
CallResultOf<Function&> Policy::execute(const PolicyRequest& request, Function&& function, Classify&& classify,
                                        RetryOn&& retry_on) const {
    using result = CallResultOf<Function&>;
    const detail::policy_view view = look();
    if (view.parts == nullptr) [[unlikely]]
        return result{std::unexpect, view.why};
    const PolicyParts& by = *view.parts;

    std::optional<Deadline> limit;
    if (by.deadline.count() > 0) limit.emplace(by.deadline);
    if (limit && Deadline::exceeded()) [[unlikely]]
        return refused<result>(by, {Errc::deadline_exceeded});
    if (by.limiter) {
        const Decision decision = by.limiter->check(request.key, request.cost);
        if (!decision.allowed) [[unlikely]]
            return refused<result>(
                by, {decision.error != Errc::none ? decision.error : Errc::rate_limited, decision.retry_after});
    }
    // Each is made where it stays, here and below: what is moved right after it was written is waited for.
    const Result<InFlight> place = !by.shedder          ? Result<InFlight>{std::in_place}
                                   : request.arrived_at ? by.shedder->admit(request.priority, *request.arrived_at)
                                                        : by.shedder->admit(request.priority);
    if (!place) [[unlikely]]
        return refused<result>(by, {place.error().code});
    const Result<Permit> permit = by.bulkhead ? by.bulkhead->acquire() : Result<Permit>{std::in_place};
    if (!permit) [[unlikely]]
        return refused<result>(by, {permit.error().code});

    return call_within(by, function, classify, retry_on);
}

template <class Function, class Classify, class RetryOn>
CallResultOf<Function&> Policy::call_within(const PolicyParts& by, Function& function, Classify& classify,
                                            RetryOn& retry_on) const {
    using result = CallResultOf<Function&>;
    detail::judged_attempt<Function, Classify> attempt{function, classify};
    const auto told = [&attempt](const auto&...) noexcept { return attempt.told(); };
    const auto with_retry = [&]() -> result { return by.retry->call(attempt, retry_on); };
    const auto with_breaker = [&]() -> result {
        if (by.retry) return by.breaker ? by.breaker->call(with_retry, told) : with_retry();
        return by.breaker ? by.breaker->call(attempt, told) : detail::call_through(attempt);
    };
    result answer = by.adaptive ? by.adaptive->call(with_breaker, told) : with_breaker();
    if (!answer.has_value() && named_ != nullptr && answer.error().code() == Errc::deleted) [[unlikely]]
        detail::part_was_deleted(*named_, by);
    return answer;
}

// policy.execute(), for who likes verbs first.
template <class Function>
    requires std::invocable<Function&>
CallResultOf<Function&> execute(const Policy& policy, const PolicyRequest& request, Function&& function) {
    return policy.execute(request, function);
}
template <class Function>
    requires std::invocable<Function&>
CallResultOf<Function&> execute(const Policy& policy, Function&& function) {
    return policy.execute(function);
}

}  // namespace seki
