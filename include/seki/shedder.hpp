// Shedders: what a host does not get done anyway is refused at the door, the less important first.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <seki/api.hpp>
#include <seki/error.hpp>

namespace seki {

class Segment;

struct ShedderOptions {
    // Requests in flight in all processes together from which on only priority 0 is let in; 1, 2 and 3 are shed from 90, 80 and 70 % of it on. 1 to 65535.
    // It can be raised up to what was made room for at the creation: 1024, or four times as many as it began with. As many places again has priority 0
    // beyond max_in_flight, where it counts for the others as any that is in flight.
    std::uint64_t max_in_flight = 100;

    // CoDel: a request may have waited so long; when all of them waited longer for a whole interval, one is shed, and then more and more often. target 1 ms
    // to 1 min, interval 1 ms to 1 h. A pause of more than an interval ends a queue: it is to be longer than what lies between two requests of a busy host.
    std::chrono::nanoseconds target = std::chrono::milliseconds{5};
    std::chrono::nanoseconds interval = std::chrono::milliseconds{100};

    friend bool operator==(const ShedderOptions&, const ShedderOptions&) = default;
};

struct ShedderStatus {
    static constexpr std::size_t priorities = 4;
    std::uint64_t max_in_flight = 0;
    std::uint64_t in_flight = 0;  // more than max_in_flight while requests of priority 0 are beyond it
    bool dropping = false;        // CoDel sheds
    std::array<std::uint64_t, priorities> admitted{};  // ever, by priority
    std::array<std::uint64_t, priorities> shed{};      // ever, by priority; those by CoDel, too
    std::uint64_t codel_drops = 0;                     // of these
    std::uint64_t reclaimed = 0;                       // places that came back because their process had died
};

namespace primitives {
class shedder;
}
namespace client {
template <class Primitive>
class bound_handle;
using shedder_handle = bound_handle<primitives::shedder>;
}  // namespace client

// A request in flight, until it goes out of scope or is completed. It may move to another thread; in the child of a fork it is a copy that does
// nothing. Should its process die, it is in flight no more.
class SEKI_API InFlight {
public:
    InFlight() noexcept = default;
    InFlight(InFlight&& other) noexcept
        : keep_{std::move(other.keep_)},
          from_{std::exchange(other.from_, nullptr)},
          owner_{std::exchange(other.owner_, 0)},
          token_{other.token_},
          index_{other.index_} {}
    InFlight& operator=(InFlight&& other) noexcept {
        InFlight taken{std::move(other)};
        swap(taken);
        return *this;
    }
    ~InFlight() {
        if (owner_ != 0) give_back();
    }

    // False, and nothing done, when it was completed before, in a process that is not its owner, when the segment was replaced more than once since, and for one
    // of priority 0 that was let in though there was no place left, not even beyond max_in_flight, or no room for its process in the segment.
    bool complete() noexcept { return owner_ != 0 && give_back(); }

    void swap(InFlight& other) noexcept {
        std::swap(keep_, other.keep_);
        std::swap(from_, other.from_);
        std::swap(owner_, other.owner_);
        std::swap(token_, other.token_);
        std::swap(index_, other.index_);
    }

private:
    friend class Shedder;
    bool give_back() noexcept;

    std::shared_ptr<client::shedder_handle> keep_;
    const primitives::shedder* from_ = nullptr;
    std::uint64_t owner_ = 0;
    std::uint64_t token_ = 0;
    std::uint32_t index_ = 0;
};

// A handle: as cheap to copy as a shared_ptr, safe to use from any number of threads, and valid in the child after fork().
class SEKI_API Shedder {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Lets a request of that priority in, 0 (never shed) to 3 (shed first), or answers load_shed. Without an arrival its waiting is not judged.
    [[nodiscard]] Result<InFlight> admit(unsigned priority = 2) const noexcept;
    // `arrived`: when the request came, say when its connection was accepted, or its message put into the queue.
    [[nodiscard]] Result<InFlight> admit(unsigned priority, time_point arrived) const noexcept;

    [[nodiscard]] Result<ShedderStatus> status() const;

    // What an error that one of the calls above answered means, in a sentence.
    [[nodiscard]] Error explain(Errc why) const;

    [[nodiscard]] std::string_view name() const noexcept;
    [[nodiscard]] Result<ShedderOptions> options() const;

private:
    friend class Segment;
    explicit Shedder(std::shared_ptr<client::shedder_handle> handle) noexcept : handle_{std::move(handle)} {}
    [[nodiscard]] Result<InFlight> take(unsigned priority, std::uint64_t arrived_ns) const noexcept;

    std::shared_ptr<client::shedder_handle> handle_;
};

}  // namespace seki
