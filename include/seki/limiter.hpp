// Rate limiters whose state is shared by every process that opens the same segment.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <seki/api.hpp>
#include <seki/error.hpp>

namespace seki {

// The law that decides. gcra, token_bucket and leaky_bucket are one formula (the generic cell rate algorithm of ITU-T
// I.371) seen from three sides; docs/design/limiter.md tells what each does.
enum class Algorithm : std::uint8_t { gcra, token_bucket, leaky_bucket, sliding_window, fixed_window };

// What a limiter does with its verdict: `enforce` it; `shadow`, decide and count but always let through; `off`, let
// through and count nothing.
enum class Mode : std::uint8_t { enforce, shadow, off };

// What happens to a new key while the table is full of keys that are all in use.
enum class OnFull : std::uint8_t { allow, deny };

// `precise` reads CLOCK_MONOTONIC; `coarse` reads CLOCK_MONOTONIC_COARSE: cheaper, and a few milliseconds behind.
enum class Clock : std::uint8_t { precise, coarse };

struct LimiterOptions {
    Algorithm algorithm = Algorithm::gcra;

    // Cost admitted per window, for each key. 1 to 10000000, and no faster than 10000000 a second; a sliding_window keeps two counts in a word, so
    // shorter windows take smaller limits: 65535 where the window is a second. Required.
    std::uint64_t limit = 0;

    // 1 ms to 366 days. Required.
    std::chrono::nanoseconds window{0};

    // Bucket family only: how much may be spent at once after a pause. 1 to 10000000, at most 10 years' worth; 0 means `limit`, also when that is changed.
    std::uint64_t burst = 0;

    // Keys in use at the same time that are sure to find a place. 1 to 67108864. Fixed at creation.
    std::uint64_t max_keys = 65536;

    OnFull on_full = OnFull::allow;
    Mode mode = Mode::enforce;
    Clock clock = Clock::precise;

    // Keep the text of keys in the segment, for people to read. Fixed at creation.
    bool store_keys = true;

    friend bool operator==(const LimiterOptions&, const LimiterOptions&) = default;
};

// `retry_after` of a request that no waiting can help: its cost is above the capacity.
inline constexpr std::chrono::nanoseconds never = std::chrono::nanoseconds::max();

struct Decision {
    bool allowed = false;
    bool shadow = false;          // let through only because the limiter does not enforce
    Errc error = Errc::none;      // an error is no decision: `allowed` is false; explain() says what to do
    std::uint64_t limit = 0;      // the capacity: burst, or limit for the windows
    std::uint64_t remaining = 0;  // what is left after this check
    // 0 when allowed; exact to the nanosecond; `never` above the capacity. In shadow, what it would have been. By the coarse clock two ticks of
    // the kernel are added: who waits so long by the precise one need not wait again.
    std::chrono::nanoseconds retry_after{0};
    std::chrono::nanoseconds reset_after{0};  // until the key is as good as new
    std::chrono::nanoseconds delay{0};        // leaky_bucket: until this request's turn
};

namespace primitives {
class limiter;
}
namespace client {
template <class Primitive>
class bound_handle;
class together;
}  // namespace client
namespace capi {
struct receipt_words;
}

// What a check spent, by which Limiter::refund() can take it back exactly, once: it moves, and what it was moved from has nothing left. For one thread at a time.
// It belongs to the process that asked: in the child of a fork it is a copy that gives nothing back.
class Receipt {
public:
    Receipt() = default;
    Receipt(Receipt&& other) noexcept : of_{std::exchange(other.of_, {})} {}
    Receipt& operator=(Receipt&& other) noexcept {
        of_ = std::exchange(other.of_, {});
        return *this;
    }
    // Something was spent, and not yet given back.
    [[nodiscard]] explicit operator bool() const noexcept { return of_.taken; }

private:
    friend class Limiter;
    friend struct capi::receipt_words;
    struct what {
        std::uint64_t tag = 0, cost = 0, written = 0, version = 0, then = 0, incarnation = 0, process = 0;
        bool taken = false;
    };
    what of_;
};

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after
// fork(). It outlives the Segment it came from. Should the limiter be deleted, every call answers Errc::deleted.
class SEKI_API Limiter {
public:
    // Spends `cost` of `key` if that is allowed, and says so. `key` is any 0 to 4096 bytes; cost 0 is a peek, a negative
    // cost an error. About the price of reading the clock: no lock, no system call, no allocation.
    [[nodiscard]] Decision check(std::string_view key, std::int64_t cost = 1) const noexcept;

    // The same, for who may give some of it back later; a few nanoseconds more.
    [[nodiscard]] Decision check(std::string_view key, std::int64_t cost, Receipt& receipt) const noexcept;

    // What check() would answer now. Writes nothing anywhere.
    [[nodiscard]] Decision peek(std::string_view key, std::int64_t cost = 1) const noexcept;

    // Like check(), but sleeps until it is this request's turn if that comes within `timeout`; otherwise answers the denial
    // at once. leaky_bucket queues: what leaves is one request per window/limit. The others try again at retry_after. A reset, a
    // change of options or the end of the limiter is seen within 50 ms. By the coarse clock that time is seen up to a tick of the kernel late. Counts as one denial at most. Never sleeps past the deadline of the calling
    // thread (seki::Deadline): a turn within `timeout` but after that is a denial whose `error` is deadline_exceeded.
    [[nodiscard]] Decision acquire(std::string_view key, std::chrono::nanoseconds timeout,
                                   std::int64_t cost = 1) const noexcept;

    // Makes the key as good as new.
    [[nodiscard]] Errc reset(std::string_view key) const noexcept;

    // Gives back `cost` of what the check of that receipt spent: as if it had not been spent. What is too late to be given back is not: what was
    // spent in a window that has ended, or what a bucket has refilled since, so others are never let through for it beyond the limit. But for a
    // reset(), which forgave the cost already and leaves no trace: who refunds afterwards what was spent before it gives as much away of what others
    // spent since. Nothing comes back after a change of options. Uses up the receipt, unless it answers an error: invalid_argument for one of another
    // limiter or of a process that this one is the child of, and for a negative cost.
    [[nodiscard]] Errc refund(Receipt& receipt,
                              std::int64_t cost = std::numeric_limits<std::int64_t>::max()) const noexcept;

    // The same for who has no receipt, never beyond the capacity. Here it is for the caller to know that it is not too late: who gives back over the end of
    // a window, or after the bucket has filled again, lets as much through for it beyond the limit.
    [[nodiscard]] Errc refund(std::string_view key, std::int64_t cost = 1) const noexcept;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<LimiterOptions> options() const;

private:
    friend class Segment;
    friend class client::together;
    using handle = client::bound_handle<primitives::limiter>;
    explicit Limiter(std::shared_ptr<handle> of) noexcept : handle_{std::move(of)} {}
    std::shared_ptr<handle> handle_;
};

// One of several limits that a request must pass together.
struct Demand {
    const Limiter& limiter;
    std::string_view key;
    std::int64_t cost = 1;
};

// All or nothing: when one denies, none is spent, and the answer is the strictest denial (the longest retry_after). Demands on the same key must fit into it
// together. Dying in the middle may leave quota spent, never gained. More than 16 demands take memory for the time of the call; where there is none
// the error is no_space.
[[nodiscard]] SEKI_API Decision check_all(std::span<const Demand> demands) noexcept;

}  // namespace seki
