// Hedged calls: when an answer does not come, one more attempt is made beside the first, and the first success wins. Against the slow tail of what is
// quick as a rule; a budget that all processes of the host share keeps it from doubling the load of what is slow for everybody.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <seki/again.hpp>
#include <seki/api.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

struct HedgeOptions {
    // Attempts of a call beside the first one. 0 to 10.
    std::uint64_t max_extra = 1;

    // How long is waited for an answer before the next attempt is made, after each. 0 to 1 hour.
    std::chrono::nanoseconds delay = std::chrono::milliseconds{100};

    // 0: `delay` is fixed. Otherwise it is what so many percent of the calls of all processes took in the last 15 seconds, found out ten times a second
    // and at most an eighth too long; as long as there were fewer than 20, `delay` stands. 0.0 to 99.9, in tenths; 95 is usual: then one call in twenty
    // gets a second attempt. Never less than min_delay (0 to 1 hour).
    double percentile = 0;
    std::chrono::nanoseconds min_delay = std::chrono::milliseconds{1};

    // The budget of the host: extra attempts may be so many times the calls of the last second, and min_per_second more. 0.0 to 100.0, in
    // thousandths; 0 to 1000000.
    double ratio = 0.2;
    std::uint64_t min_per_second = 10;

    friend bool operator==(const HedgeOptions&, const HedgeOptions&) = default;
};

// The counts ever, of all processes.
struct HedgeStatus {
    std::uint64_t calls = 0;
    std::uint64_t requests = 0;     // attempts beside the first ones
    std::uint64_t wins = 0;         // calls that one of these answered
    std::uint64_t failed = 0;       // calls without a success
    std::uint64_t denied = 0;       // attempts that were not made because the budget was spent
    std::uint64_t budget_left = 0;  // attempts that the budget still allows in its window
    std::chrono::nanoseconds budget_window{
        0};                             // how long ago that began; it ends when an attempt comes a second later or more
    std::chrono::nanoseconds delay{0};  // before the next attempt, of a call that begins now
    std::uint64_t measured = 0;         // calls of the last 15 seconds whose time is known
};

// One attempt, for an executor to call in another thread, soon. The second call of it, and one that comes when the hedged call is over, does nothing. One
// that is thrown away without having been called is an attempt that failed.
class SEKI_API HedgeTask {
public:
    struct entry;
    explicit HedgeTask(std::shared_ptr<entry> of) noexcept : of_{std::move(of)} {}
    void operator()() const noexcept;

private:
    std::shared_ptr<entry> of_;
};

// What an attempt came to that was no success.
template <class E = void>
struct HedgeFailure {
    std::uint64_t attempt = 0;    // 0 is the first
    CallError<E> error;           // its own, or the refusal of a guard inside; Errc::system: the executor threw it away
    std::exception_ptr thrown{};  // when there is one, `error` says no more than call_failed
};

// Those of all attempts of a call that had begun, the first attempt first.
template <class E = void>
class HedgeErrors {
public:
    explicit HedgeErrors(std::vector<HedgeFailure<E>> all) noexcept : all_{std::move(all)} {}
    [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
    [[nodiscard]] auto end() const noexcept { return all_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
    [[nodiscard]] const HedgeFailure<E>& operator[](std::size_t index) const noexcept { return all_[index]; }

    // When another call is worth it, for a retry around it: the shortest that one of them says, and `never` when no time helps any.
    [[nodiscard]] std::chrono::nanoseconds retry_after() const noexcept {
        std::optional<std::chrono::nanoseconds> shortest;
        for (const HedgeFailure<E>& each : all_) {
            const Again wanted = each.thrown ? Again{true} : detail::usual_again(each.error);
            if (wanted && (!shortest || wanted.wait < *shortest)) shortest = wanted.wait;
        }
        const auto none = all_.empty() ? std::chrono::nanoseconds{0} : std::chrono::nanoseconds::max();
        return shortest.value_or(none);
    }

    // For a guard around it: whether guards inside refused all of them, so that what is behind those was not asked.
    friend constexpr bool is_refusal(const HedgeErrors& all) noexcept {
        for (const HedgeFailure<E>& each : all.all_)
            if (each.thrown || !detail::is_refusal(each.error)) return false;
        return !all.all_.empty();
    }

private:
    std::vector<HedgeFailure<E>> all_;
};

namespace primitives {
class hedge;
}
namespace client {
template <class Primitive>
class bound_handle;
using hedge_handle = bound_handle<primitives::hedge>;
}  // namespace client

namespace detail {

// A call that was begun.
struct hedge_run {
    const primitives::hedge* from = nullptr;
    std::uint64_t max_extra = 0;
    std::uint64_t delay_ns = 0;
    std::uint64_t start_ns = 0;
};

// What its attempts are, whatever they return: `make` says whether it succeeded, `lose` notes why one was not made (null: thrown away).
struct hedge_work {
    void* of;
    bool (*make)(void* of, std::size_t which, const std::stop_token& stop) noexcept;
    void (*lose)(void* of, std::size_t which, std::exception_ptr why) noexcept;
};
struct hedge_executor {
    void* of;
    void (*start)(void* of, HedgeTask task);  // may throw
};
struct hedge_end {
    std::size_t attempts = 0;
    std::optional<std::size_t> winner{};
    Errc why = Errc::call_failed;
};
// Answers when none of the attempts is under way any more.
SEKI_API hedge_end hold_race(const hedge_run& run, const hedge_work& work, const hedge_executor& executor);

// The usual executor: a thread for each attempt, joined before the call answers.
class hedge_threads {
public:
    void operator()(HedgeTask task) { all_.emplace_back(std::move(task)); }

private:
    std::vector<std::jthread> all_;
};

// The function with what it takes: the token that tells it to stop, and which attempt it is; or the token; or nothing.
template <class Function>
struct hedge_attempt {
    Function& function;
    const std::stop_token& stop;
    std::uint64_t which;
    decltype(auto) operator()() const {
        if constexpr (std::invocable<Function&, std::stop_token, std::uint64_t>)
            return std::invoke(function, stop, which);
        else if constexpr (std::invocable<Function&, std::stop_token>)
            return std::invoke(function, stop);
        else
            return std::invoke(function);
    }
};
template <class Function>
concept hedgeable = std::invocable<Function&, std::stop_token, std::uint64_t> ||
                    std::invocable<Function&, std::stop_token> || std::invocable<Function&>;

template <class Result>
struct hedged;
template <class T, class E>
struct hedged<CallResult<T, E>> {
    using error = E;
    using type = CallResult<T, HedgeErrors<E>>;
};

// Where the attempts of a call leave what they came to, each in its own place.
template <class Function>
class hedge_answers {
public:
    using attempt = hedge_attempt<std::remove_reference_t<Function>>;
    using answer = CallResultOf<const attempt&>;
    using error = typename hedged<answer>::error;
    using result = typename hedged<answer>::type;

    hedge_answers(std::remove_reference_t<Function>& function, std::size_t most) : function_{function}, all_(most) {}
    [[nodiscard]] hedge_work work() noexcept { return {this, &make, &lose}; }
    [[nodiscard]] result take(const hedge_end& end) {
        if (end.winner) {
            if constexpr (std::is_void_v<typename result::value_type>)
                return result{};
            else
                return result{std::in_place, *std::move(*all_[*end.winner].answered)};
        }
        std::vector<HedgeFailure<error>> failures;
        for (std::size_t i = 0; i < end.attempts; ++i) {
            place& each = all_[i];
            if (each.thrown)
                failures.push_back({i, CallError<error>{Refusal{Errc::call_failed}}, std::move(each.thrown)});
            else if (each.answered)
                failures.push_back({i, std::move(*each.answered).error()});
            else if (each.lost)
                failures.push_back({i, CallError<error>{Refusal{Errc::system}}});
        }
        CallError<HedgeErrors<error>> all{HedgeErrors<error>{std::move(failures)}};
        all.stopped_by(end.why);
        return result{std::unexpect, std::move(all)};
    }

private:
    struct place {
        std::optional<answer> answered{};
        std::exception_ptr thrown{};
        bool lost = false;
    };
    static bool make(void* of, std::size_t which, const std::stop_token& stop) noexcept {
        auto& self = *static_cast<hedge_answers*>(of);
        place& into = self.all_[which];
        try {
            into.answered.emplace(call_through(attempt{self.function_, stop, which}));
            return into.answered->has_value();
        } catch (...) {
            into.answered.reset();
            into.thrown = std::current_exception();
            return false;
        }
    }
    static void lose(void* of, std::size_t which, std::exception_ptr why) noexcept {
        place& into = static_cast<hedge_answers*>(of)->all_[which];
        into.lost = true;
        into.thrown = std::move(why);
    }

    std::remove_reference_t<Function>& function_;
    std::vector<place> all_;
};

}  // namespace detail

// What a hedged call of a function answers: what it would, but for the errors of all attempts in place of one.
template <class Function>
using HedgeResultOf = typename detail::hedge_answers<Function>::result;

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after
// fork(). It outlives the Segment it came from. Should the hedge be deleted, every call is refused with Errc::deleted.
class SEKI_API Hedge {
public:
    // Calls `function` in another thread; while it has not succeeded within the delay, in one more beside it, and so on up to max_extra, as far as the
    // host's budget goes. The first success is the answer; the others are told to stop, and waited for. So nothing that the function refers to is used any
    // more when the call answers, and no thread is left behind. It also means that who does not heed its token is waited for to its end:
    //     auto page = hedge.call([&](std::stop_token stop) { return fetch(url, stop); });
    // It takes the token and the number of the attempt (0 is the first; for another replica), or the token, or nothing. It runs in several threads at once,
    // so what it does must bear that. The thread's deadline and trace context hold in its attempts too.
    //
    // An error of a std::expected, and an exception, is no success: it ends an attempt, not the call, and it brings no other attempt sooner; that is
    // what a Retry is for. When all that were begun have failed, the answer is the errors of all of them. Nothing is thrown but for want of memory.
    //     if (!page) for (const auto& each : *page.error().own()) log(each.attempt, each.error.code());
    // When the thread's deadline is over, all are told to stop, and the answer is deadline_exceeded with what they came to; one that succeeds all
    // the same is passed on. When it is over before the beginning, nothing is called.
    template <detail::hedgeable Function>
    HedgeResultOf<Function> call(Function&& function) const {
        detail::hedge_threads threads;
        return call(function, threads);
    }

    // The same in threads of your own: `executor(task)` has another thread call `task()` soon, and does not wait for it. It may copy it. One that throws, or
    // throws the task away, makes a failed attempt. A task that waits in a queue when the call is over is not waited for.
    //     hedge.call(fetch, [&](seki::HedgeTask task) { pool.post(task); });
    // Who hedges in the threads of the very pool that is to make the attempts should have a deadline: all may be waiting for one that is free.
    template <detail::hedgeable Function, std::invocable<HedgeTask> Executor>
    HedgeResultOf<Function> call(Function&& function, Executor&& executor) const;

    [[nodiscard]] Result<HedgeStatus> status() const;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<HedgeOptions> options() const;

private:
    friend class Segment;
    explicit Hedge(std::shared_ptr<client::hedge_handle> handle) noexcept : handle_{std::move(handle)} {}
    Refusal enter(detail::hedge_run& run) const noexcept;

    std::shared_ptr<client::hedge_handle> handle_;
};

template <detail::hedgeable Function, std::invocable<HedgeTask> Executor>
HedgeResultOf<Function> Hedge::call(Function&& function, Executor&& executor) const {
    detail::hedge_run run;
    if (const Refusal why = enter(run); why.code != Errc::none) [[unlikely]]
        return HedgeResultOf<Function>{std::unexpect, why};
    detail::hedge_answers<Function> answers{function, static_cast<std::size_t>(run.max_extra) + 1};
    using executor_type = std::remove_reference_t<Executor>;
    const detail::hedge_executor with{
        const_cast<void*>(static_cast<const void*>(std::addressof(executor))),
        [](void* of, HedgeTask task) { std::invoke(*static_cast<executor_type*>(of), std::move(task)); }};
    return answers.take(detail::hold_race(run, answers.work(), with));
}

}  // namespace seki
