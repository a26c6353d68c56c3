// Adaptive limits: bulkheads whose limit moves, by the latencies and failures of all calls of the host.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <seki/api.hpp>
#include <seki/breaker.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

// The law by which the limit moves.
enum class AdaptiveLaw : std::uint8_t {
    aimd,      // up by one while nothing fails, down to backoff_ratio of itself when something does
    gradient,  // by the ratio of the usual latency to that of the last calls
    vegas      // by how many calls queue, which their latency tells
};

struct AdaptiveOptions {
    AdaptiveLaw algorithm = AdaptiveLaw::gradient;

    // The limit stays between these. 1 to 65535. max_limit can be raised up to what was made room for at the creation: 1024, or four times as much as it
    // began with.
    std::uint64_t min_limit = 1;
    std::uint64_t max_limit = 1'000;
    std::uint64_t initial_limit = 20;

    // What a window with drops leaves of the limit. 0.5 to 0.99. aimd lowers by a single drop, gradient and vegas by more than a tenth of the window.
    double backoff_ratio = 0.9;

    // gradient, vegas: how many times the usual latency is no noise any more. 1.0 to 10.0. Beyond it gradient lowers the limit the whole way at once.
    double tolerance = 1.5;

    // gradient: how much of its way a window moves the limit. 0.01 to 1.0.
    double smoothing = 0.2;

    // Calls that are judged together; as many as the limit is, where that is more. 1 to 10000. More where latencies scatter much.
    std::uint64_t window = 100;

    // A call that took as long counts as dropped, whatever it came to. 1 ms to 18 min.
    std::chrono::nanoseconds timeout = std::chrono::seconds{5};

    // gradient, vegas: how often the limit is halved for a moment, to measure the latency of calls that do not queue. 1 s to 1 day.
    std::chrono::nanoseconds probe_interval = std::chrono::seconds{60};

    // Waiting for a permit, as with a bulkhead.
    std::chrono::nanoseconds max_wait{0};
    std::uint64_t max_waiting = 100;

    friend bool operator==(const AdaptiveOptions&, const AdaptiveOptions&) = default;
};

struct AdaptiveStatus {
    std::uint64_t limit = 0;
    std::uint64_t in_use = 0;  // more than the limit while it drains after a lowering
    std::uint64_t waiting = 0;
    std::chrono::nanoseconds usual_latency{0};  // of calls that do not queue; 0: not known yet, or aimd
    bool probing = false;                       // the limit is low because that is being measured
    std::uint64_t acquired = 0;                 // permits given out, ever
    std::uint64_t rejected = 0;                 // calls that got none
    std::uint64_t reclaimed = 0;                // permits that came back because their process had died
};

namespace primitives {
class adaptive;
}
namespace client {
template <class Primitive>
class bound_handle;
using adaptive_handle = bound_handle<primitives::adaptive>;
}  // namespace client

// A permit of an adaptive limit, as a Permit is of a bulkhead. When it is given back it says how long it was held, and what the call came to: ok where
// it just goes out of scope.
class SEKI_API AdaptivePermit {
public:
    AdaptivePermit() noexcept = default;  // none
    AdaptivePermit(AdaptivePermit&& other) noexcept
        : keep_{std::move(other.keep_)},
          from_{std::exchange(other.from_, nullptr)},
          owner_{std::exchange(other.owner_, 0)},
          token_{other.token_},
          started_ns_{other.started_ns_},
          index_{other.index_} {}
    AdaptivePermit& operator=(AdaptivePermit&& other) noexcept {
        AdaptivePermit taken{std::move(other)};
        swap(taken);
        return *this;
    }
    ~AdaptivePermit() {
        if (owner_ != 0) give_back(Outcome::ok);
    }

    // Gives it back now. error: the call failed, was refused or timed out, so its latency says nothing. ignore: neither does the call. slow is ok:
    // its latency says so. False, and nothing done, as with Permit::release().
    bool release(Outcome outcome = Outcome::ok) noexcept { return owner_ != 0 && give_back(outcome); }

    [[nodiscard]] explicit operator bool() const noexcept { return owner_ != 0; }

    void swap(AdaptivePermit& other) noexcept {
        std::swap(keep_, other.keep_);
        std::swap(from_, other.from_);
        std::swap(owner_, other.owner_);
        std::swap(token_, other.token_);
        std::swap(started_ns_, other.started_ns_);
        std::swap(index_, other.index_);
    }

private:
    friend class Adaptive;
    bool give_back(Outcome outcome) noexcept;

    std::shared_ptr<client::adaptive_handle> keep_;  // so that the memory in which it is given back stays mapped
    const primitives::adaptive* from_ = nullptr;
    std::uint64_t owner_ = 0;
    std::uint64_t token_ = 0;
    std::uint64_t started_ns_ = 0;
    std::uint32_t index_ = 0;
};

namespace detail {

// A permit that tells of an error when it is left by an exception.
struct adaptive_call {
    AdaptivePermit permit;
    Outcome told = Outcome::error;
    explicit adaptive_call(AdaptivePermit held) noexcept : permit{std::move(held)} {}
    adaptive_call(const adaptive_call&) = delete;
    adaptive_call& operator=(const adaptive_call&) = delete;
    ~adaptive_call() { permit.release(told); }
};

}  // namespace detail

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after fork().
class SEKI_API Adaptive {
public:
    // As with a bulkhead; bulkhead_full: as many as the limit allows are in flight.
    [[nodiscard]] Result<AdaptivePermit> try_acquire() const noexcept;
    [[nodiscard]] Result<AdaptivePermit> acquire() const noexcept;
    [[nodiscard]] Result<AdaptivePermit> acquire(std::chrono::nanoseconds timeout) const noexcept;

    // Calls `function` with a permit, acquired as acquire() does. A std::expected that has an error, and an exception, is an error; of a refusal by
    // another guard nothing is learnt.
    template <std::invocable Function>
    CallResultOf<Function> call(Function&& function) const {
        return call(std::forward<Function>(function), detail::judge_by_result{});
    }
    // The same, judged by `classify(result)`, or by `classify()` where the function returns nothing: an Outcome.
    template <std::invocable Function, class Classify>
    CallResultOf<Function> call(Function&& function, Classify&& classify) const;

    [[nodiscard]] Result<AdaptiveStatus> status() const;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<AdaptiveOptions> options() const;

private:
    friend class Segment;
    explicit Adaptive(std::shared_ptr<client::adaptive_handle> handle) noexcept : handle_{std::move(handle)} {}
    [[nodiscard]] Result<AdaptivePermit> take(std::uint64_t timeout_ns) const noexcept;

    std::shared_ptr<client::adaptive_handle> handle_;
};

template <std::invocable Function, class Classify>
CallResultOf<Function> Adaptive::call(Function&& function, Classify&& classify) const {
    Result<AdaptivePermit> permit = acquire();
    if (!permit) [[unlikely]]
        return CallResultOf<Function>{std::unexpect, Refusal{permit.error().code}};
    detail::adaptive_call made{std::move(*permit)};
    return detail::carry_out(made, std::forward<Function>(function), std::forward<Classify>(classify));
}

}  // namespace seki
