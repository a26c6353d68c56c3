// One hedged call: its attempts, and the thread that waits for them.
//
// 1. What it is: where each attempt stands, under one lock; a source of stop tokens. Attempts share it, so one that an executor calls long after the
//    call finds it, and that it is over.
// 2. Who writes what: `waiting` by the caller's thread, who hands the attempt to the executor; to `running` and from there to `succeeded` or `failed` by the
//    thread that makes it; from `waiting` to `failed` by who throws it away, or finds that it cannot be started; and to `withdrawn` by the caller's thread
//    at the end.
// 3. Invariants: what the attempts refer to (`work`) is used only by one that is running, and the caller's thread does not go on while one is. The first
//    that succeeded is the winner, and stays it.
// 4. A fork in another thread: the child has no threads that make attempts, and none that waits for them.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include <seki/deadline.hpp>
#include <seki/hedge.hpp>
#include <seki/telemetry.hpp>

#include "primitives/hedge_terms.hpp"

namespace seki::client {

class hedge_race : public std::enable_shared_from_this<hedge_race> {
public:
    explicit hedge_race(const detail::hedge_work& work) noexcept : work_{work} {}

    // By the caller's thread. Hands the next attempt over; one that cannot be started has failed.
    void start(const detail::hedge_executor& with) noexcept;
    // Until that moment of CLOCK_MONOTONIC at the latest; true when it is decided: one has succeeded, or none is under way.
    [[nodiscard]] bool wait_until(Deadline::time_point moment);
    // Tells all to stop, withdraws those that wait for their thread, and waits for the others.
    void finish();

    [[nodiscard]] std::size_t attempts() const noexcept { return started_; }
    // After finish().
    [[nodiscard]] std::optional<std::size_t> winner() const noexcept { return winner_; }
    // When the first attempt answered; nothing when it was stopped, or withdrawn.
    struct first_attempt {
        bool succeeded = false;
        std::optional<std::uint64_t> ended_ns{};
    };
    [[nodiscard]] const first_attempt& first() const noexcept { return first_; }

    // By whoever has the task of an attempt.
    void run(std::size_t which) noexcept;
    void throw_away(std::size_t which) noexcept { lose(which, nullptr); }

private:
    enum class standing : std::uint8_t { none, waiting, running, succeeded, failed, withdrawn };
    void lose(std::size_t which, std::exception_ptr why) noexcept;
    [[nodiscard]] bool any(standing what) const noexcept;

    const detail::hedge_work work_;
    const Deadline::time_point deadline_ = Deadline::current();
    const std::optional<telemetry::TraceContext> trace_ = telemetry::trace_context();
    std::stop_source stop_;
    std::size_t started_ = 0;  // of the caller's thread

    std::mutex lock_;
    std::condition_variable changed_;
    std::array<standing, primitives::most_extra + 1> attempts_{};
    std::optional<std::size_t> winner_;
    first_attempt first_;
};

}  // namespace seki::client
