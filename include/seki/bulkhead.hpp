// Bulkheads: at most so many at once, counted over all processes of the host, and no death keeps a place.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <seki/api.hpp>
#include <seki/call.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

struct BulkheadOptions {
    // Permits that may be held at once, by all processes together. 1 to 65535. While it runs it can be raised up to what was made room for at its
    // creation: 1024, or four times as many as it began with. Lowered below what is held, it gives out nothing until enough came back.
    std::uint64_t max_concurrent = 10;

    // The longest that anybody waits for a permit, up to 1 day. 0: acquire() does not wait, and acquire(timeout) waits as long as it says.
    std::chrono::nanoseconds max_wait{0};

    // How many may wait at once; who comes when so many wait is refused. 0 to 65535; raised while it runs like max_concurrent.
    std::uint64_t max_waiting = 100;

    friend bool operator==(const BulkheadOptions&, const BulkheadOptions&) = default;
};

struct BulkheadStatus {
    std::uint64_t max_concurrent = 0;
    std::uint64_t in_use = 0;  // more than max_concurrent while it drains after a lowering
    std::uint64_t waiting = 0;
    std::uint64_t acquired = 0;   // permits given out, ever
    std::uint64_t rejected = 0;   // calls that got none: full, too many waiting, or not in time
    std::uint64_t reclaimed = 0;  // permits that came back because their process had died
};

namespace primitives {
class bulkhead;
}
namespace client {
template <class Primitive>
class bound_handle;
using bulkhead_handle = bound_handle<primitives::bulkhead>;
}  // namespace client

// One place in a bulkhead, given back when this goes out of scope. It may move to another thread, and it outlives the handles that it came
// from. It belongs to the process that acquired it: in the child of a fork it is a copy that gives nothing back. Should the process
// die, whichever way, the permit comes back by itself.
class SEKI_API Permit {
public:
    Permit() noexcept = default;  // none
    Permit(Permit&& other) noexcept
        : keep_{std::move(other.keep_)},
          from_{std::exchange(other.from_, nullptr)},
          owner_{std::exchange(other.owner_, 0)},
          token_{other.token_},
          index_{other.index_} {}
    Permit& operator=(Permit&& other) noexcept {
        Permit taken{std::move(other)};
        swap(taken);
        return *this;
    }
    ~Permit() {
        if (owner_ != 0) give_back();
    }

    // Gives it back now. False, and nothing done, when it was given back before, in a process that is not its owner, when the process was
    // taken for dead meanwhile, and when the segment was replaced more than once since.
    bool release() noexcept { return owner_ != 0 && give_back(); }

    [[nodiscard]] explicit operator bool() const noexcept { return owner_ != 0; }

    void swap(Permit& other) noexcept {
        std::swap(keep_, other.keep_);
        std::swap(from_, other.from_);
        std::swap(owner_, other.owner_);
        std::swap(token_, other.token_);
        std::swap(index_, other.index_);
    }

private:
    friend class Bulkhead;
    Permit(std::shared_ptr<client::bulkhead_handle> keep, const primitives::bulkhead* from, std::uint64_t owner,
           std::uint64_t token, std::uint32_t index) noexcept
        : keep_{std::move(keep)}, from_{from}, owner_{owner}, token_{token}, index_{index} {}
    bool give_back() noexcept;

    std::shared_ptr<client::bulkhead_handle> keep_;  // so that the memory in which it is given back stays mapped
    const primitives::bulkhead* from_ = nullptr;
    std::uint64_t owner_ = 0;
    std::uint64_t token_ = 0;
    std::uint32_t index_ = 0;
};

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after
// fork(). It outlives the Segment it came from. Should the bulkhead be deleted, every call answers Errc::deleted.
class SEKI_API Bulkhead {
public:
    // A permit if one is free: no lock, no system call, no allocation. bulkhead_full otherwise; the message of that one error is short, so that
    // refusing is as cheap, and explain() has the sentence.
    [[nodiscard]] Result<Permit> try_acquire() const noexcept;

    // Waits for a permit as long as max_wait says, and no longer than until the deadline of the calling thread (seki::Deadline). timeout or
    // deadline_exceeded when that did not do, bulkhead_full when it does not wait or too many do already.
    [[nodiscard]] Result<Permit> acquire() const noexcept;

    // Waits for `timeout`, but no longer than max_wait unless that is 0, nor than until the deadline.
    [[nodiscard]] Result<Permit> acquire(std::chrono::nanoseconds timeout) const noexcept;

    // Calls `function` with a permit, acquired as acquire() does. Answers what the function returned, or a refusal: bulkhead_full, timeout or
    // deadline_exceeded. What it throws passes through, and the permit is given back.
    //     auto rows = database.call([&] { return query(sql); }).or_else([] { return Rows{}; });
    template <std::invocable Function>
    CallResultOf<Function> call(Function&& function) const;

    [[nodiscard]] Result<BulkheadStatus> status() const;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<BulkheadOptions> options() const;

private:
    friend class Segment;
    explicit Bulkhead(std::shared_ptr<client::bulkhead_handle> handle) noexcept : handle_{std::move(handle)} {}
    [[nodiscard]] Result<Permit> take(std::uint64_t timeout_ns) const noexcept;
    [[nodiscard]] Result<Permit> refusal(Errc why) const noexcept;

    std::shared_ptr<client::bulkhead_handle> handle_;
};

template <std::invocable Function>
CallResultOf<Function> Bulkhead::call(Function&& function) const {
    const Result<Permit> permit = acquire();
    if (!permit) [[unlikely]]
        return CallResultOf<Function>{std::unexpect, Refusal{permit.error().code}};
    return detail::call_through(std::forward<Function>(function));
}

}  // namespace seki
