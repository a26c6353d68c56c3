#include <seki/limiter.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/sleep.hpp"
#include "primitives/deadline.hpp"
#include "primitives/limiter.hpp"
#include "primitives/may_sleep.hpp"
#include "shm/process_token.hpp"

namespace seki {
namespace {

using client::sleep_until;
using std::chrono::nanoseconds;
using handle = client::bound_handle<primitives::limiter>;

// All that there may be to a check. Out of the way of the one that goes straight.
[[gnu::noinline]] Decision check_through(handle& of, const primitives::demand& wanted) noexcept {
    return of.with([&wanted](const primitives::limiter& bound) { return bound.check(wanted); });
}

std::uint64_t clock_now() noexcept { return primitives::read_clock(Clock::precise); }

// How long a sleeper may not see that there is no reason to sleep any more: its limit was raised, its key reset, its limiter deleted.
constexpr std::uint64_t look_again_ns = 50'000'000;
// Between two looks at a full table, which cannot tell when there will be room.
constexpr std::uint64_t full_table_ns = 1'000'000;

std::uint64_t count_of(nanoseconds span) noexcept {
    return static_cast<std::uint64_t>(std::max(span, nanoseconds{0}).count());
}

// Who looks again was told in how long the law may say yes, and who is sent away is told as by check(): when it surely will (primitives/clock.hpp).
Decision sent_away(handle& of, Decision decision) noexcept {
    if (const auto standing = of.find_standing(); standing.why == Errc::none)
        decision.retry_after = nanoseconds{static_cast<nanoseconds::rep>(
            primitives::wait_for(count_of(decision.retry_after), standing.primitive->terms().clock))};
    return decision;
}

// Sleeps until a turn in a queue. It comes sooner when the queue gets shorter (a reset, a refund), and never when the limiter is gone.
Decision await_turn(handle& of, std::string_view key, const Decision& taken, std::uint64_t turn) noexcept {
    for (;;) {
        if (!primitives::may_sleep()) return {.error = Errc::interrupted};
        sleep_until(std::min(turn, clock_now() + look_again_ns));
        if (clock_now() >= turn) return taken;
        const Decision seen = check_through(of, {.key = key, .cost = 0, .spend = false});
        if (seen.error != Errc::none) return seen;
        turn = std::min(turn, clock_now() + count_of(seen.delay));
    }
}

}  // namespace

Decision Limiter::check(std::string_view key, std::int64_t cost) const noexcept {
    return handle_->bound().straight(
        key, cost, [](Clock which) { return primitives::read_clock(which); },
        [this, data = key.data(), size = key.size(), cost] {
            return check_through(*handle_, {.key = {data, size}, .cost = cost});
        });
}

Decision Limiter::check(std::string_view key, std::int64_t cost, Receipt& receipt) const noexcept {
    receipt = {};
    const primitives::demand wanted{.key = key, .cost = cost};
    return handle_->with([&](const primitives::limiter& bound) {
        primitives::receipt made;
        const Decision decision =
            bound.attempt(wanted, made, [](Clock which) { return primitives::read_clock(which); });
        bound.keep(wanted, made, decision);
        receipt.of_.tag = made.tag;
        receipt.of_.cost = made.cost;
        receipt.of_.written = made.written;
        receipt.of_.version = made.version;
        receipt.of_.then = made.then;
        receipt.of_.incarnation = bound.place().incarnation;
        receipt.of_.process = shm::own_process_token();
        receipt.of_.taken = made.taken;
        return decision;
    });
}

Decision Limiter::peek(std::string_view key, std::int64_t cost) const noexcept {
    return check_through(*handle_, {.key = key, .cost = cost, .spend = false});
}

// Two ways to wait. leaky_bucket takes its turn at once, if it comes in time, and sleeps until it is there. The others spend only when it is
// allowed, so they sleep until it may be, and check again; somebody else may have been faster, and then they go on. What was denied once and is
// denied again is one denial.
Decision Limiter::acquire(std::string_view key, nanoseconds timeout, std::int64_t cost) const noexcept {
    const std::uint64_t start = clock_now();
    const std::uint64_t patience = count_of(timeout);
    const std::uint64_t wanted_end = start + std::min(patience, static_cast<std::uint64_t>(never.count()) - start);
    const std::uint64_t end = std::min(wanted_end, primitives::deadline_of_thread);
    bool again = false;
    for (std::uint64_t now = start;; now = clock_now(), again = true) {
        const std::uint64_t left = end > now ? end - now : 0;
        Decision decision = check_through(*handle_, {.key = key, .cost = cost, .patience = left, .again = again});
        // What it tells counts from the moment at which it was made, so from this later one nobody leaves too early.
        const std::uint64_t told = clock_now();
        if (decision.allowed) {
            // Who only observes has not queued it, and holds nothing up.
            const bool queued = !decision.shadow && decision.delay > nanoseconds{0};
            return queued ? await_turn(*handle_, key, decision, told + count_of(decision.delay)) : decision;
        }
        // A full queue has room again soon, but the turn of who joins it does not come before its delay.
        const nanoseconds wait = std::max(decision.retry_after, decision.delay);
        if (decision.error != Errc::none || decision.retry_after == never) return decision;
        if (count_of(wait) > left) {
            const std::uint64_t wanted_left = wanted_end > now ? wanted_end - now : 0;
            if (count_of(wait) <= wanted_left) decision.error = Errc::deadline_exceeded;
            return sent_away(*handle_, decision);
        }
        if (!primitives::may_sleep()) {
            decision.error = Errc::interrupted;
            return sent_away(*handle_, decision);
        }
        // A key that has a slot is not as good as new.
        const bool full = decision.reset_after == nanoseconds{0};
        const std::uint64_t least = full ? std::min(full_table_ns, left) : 0;
        sleep_until(told + std::min(std::max(count_of(decision.retry_after), least), look_again_ns));
    }
}

Errc Limiter::reset(std::string_view key) const noexcept {
    return handle_->with([&](const primitives::limiter& bound) { return bound.reset(key); });
}

// One of a limiter whose place this one's segment took has a tag that means nothing here.
Errc Limiter::refund(Receipt& receipt, std::int64_t cost) const noexcept {
    const Receipt::what& used = receipt.of_;
    const Errc done = handle_->with([&](const primitives::limiter& bound) {
        if (used.taken && (used.incarnation != bound.place().incarnation || used.process != shm::process_token()))
            return Errc::invalid_argument;
        const primitives::receipt made{.tag = used.tag,
                                       .cost = used.cost,
                                       .taken = used.taken,
                                       .written = used.written,
                                       .version = used.version,
                                       .then = used.then};
        return bound.refund(made, cost, [](Clock which) { return primitives::read_clock(which); });
    });
    if (done == Errc::none) receipt = {};
    return done;
}

Errc Limiter::refund(std::string_view key, std::int64_t cost) const noexcept {
    return handle_->with([&](const primitives::limiter& bound) { return bound.refund(key, cost); });
}

Error Limiter::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("limiter \"{}\": {}", handle_->name(), what)};
    };
    switch (why) {
        case Errc::none: return {};
        case Errc::invalid_argument:
            return say(
                "a key has 0 to 4096 bytes, a cost is not negative, and a receipt is of this limiter and process");
        case Errc::deadline_exceeded:
            return say(
                "its turn would come after the deadline of the calling thread: begin earlier, or allow more time");
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: only peek works");
        case Errc::damaged: return say("its table was written over by somebody: run `sekictl doctor`");
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Limiter::name() const noexcept { return handle_->name(); }

Result<LimiterOptions> Limiter::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
