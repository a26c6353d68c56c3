// A limiter: a law on a key table, bound to its place in one mapped segment.
//
// The path of a check, in its order: hash the key; ask for the cache lines of its two buckets; look whether the limiter still stands; read the
// terms; read the clock (the lines arrive meanwhile); find the slot; apply the law; one compare-and-swap. A denial ends before the
// compare-and-swap and writes to nothing but the worker's own counters.
//
// A death before the compare-and-swap spent nothing; after it the cost is spent, whether or not the caller lived to use it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <seki/limiter.hpp>

#include "primitives/clock.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_table.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/fingerprint.hpp"
#include "shm/hitters.hpp"
#include "shm/key_table.hpp"
#include "shm/key_text.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

inline constexpr std::size_t max_key_size = 4096;

// What a caller wants of a key.
struct demand {
    std::string_view key;
    std::int64_t cost = 1;
    bool spend = true;                             // false: only look
    algorithm::nanos patience = algorithm::never;  // leaky_bucket: take a turn only if it comes this soon
};

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class limiter {
public:
    // `at` was found in the directory of `in`'s segment.
    limiter(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    [[nodiscard]] Decision check(const demand& wanted) const noexcept;
    // `clock` answers nanoseconds of CLOCK_MONOTONIC: what tests put in the clock's place.
    template <class Time>
    [[nodiscard]] Decision decide(const demand& wanted, Time clock) const noexcept;

    Errc reset(std::string_view key) const noexcept;
    Errc refund(std::string_view key, std::int64_t cost) const noexcept;

    // none; deleted; or superseded.
    [[nodiscard]] Errc standing() const noexcept {
        if (segment_->superseded()) [[unlikely]]
            return Errc::superseded;
        if (shm::hardware::load_acquire(entry_->incarnation) != place_.incarnation) [[unlikely]]
            return Errc::deleted;
        return Errc::none;
    }

    [[nodiscard]] const shm::attachment& attachment() const noexcept { return *attachment_; }
    [[nodiscard]] const shm::placement& place() const noexcept { return place_; }
    [[nodiscard]] limiter_terms terms() const noexcept { return unpack(shm::read_terms(*entry_).values); }
    [[nodiscard]] LimiterOptions options() const noexcept {
        return to_options(terms(), place_.shape);
    }

    [[nodiscard]] const shm::key_table<>& table() const noexcept { return table_; }
    [[nodiscard]] const shm::key_texts<>& texts() const noexcept { return texts_; }
    [[nodiscard]] const shm::fingerprint& hash() const noexcept { return hash_; }

private:
    // One check on its way through decide().
    struct call {
        std::uint64_t tag;
        shm::key_table<>::neighbourhood around;
        std::uint64_t cost;
        bool spend;
        algorithm::nanos patience;
        std::string_view key;
        Clock clock = Clock::precise;
        bool observe = false;  // mode shadow
        OnFull on_full = OnFull::allow;
    };
    // What the key table asks of who inserts.
    template <class Law, class Time>
    struct inserting;

    // One look at the key. False: somebody else changed it meanwhile, look again.
    template <class Law, class Time>
    bool attempt(const Law& law, const call& making, algorithm::nanos now, Time clock, Decision& answer) const noexcept;
    // Gives the key its slot. True: it got none, and `answer` says what that means.
    // Takes its arguments by value, like has_room(): a call whose address were known to functions that are not inlined would live
    // in memory and not in registers.
    template <class Law, class Time>
    bool insert(Law law, call making, algorithm::nanos now, Time clock, Decision& answer) const noexcept;

    // The answer to a new key that finds no room; whether that is an allowance.
    template <class Law>
    static bool turn_away(const Law& law, const call& making, Decision& answer) noexcept;
    // Whether a key without a slot would get one.
    template <class Law>
    bool has_room(Law law, std::uint64_t tag, algorithm::nanos now) const noexcept;

    // Changes the state of a key that has a slot: `next(law, state, now)` says to what. A key without a slot is as good as new.
    template <class Next>
    Errc rewrite(std::string_view key, layout::counter which, Next next) const noexcept;
    void count(const call& made, bool allowed, bool observed) const noexcept;

    std::shared_ptr<const shm::attachment> attachment_;
    const shm::segment* segment_;
    layout::directory_entry* entry_;
    bool writable_;
    shm::placement place_;
    shm::fingerprint hash_;
    shm::key_table<> table_;
    shm::key_texts<> texts_;
};

template <class Law, class Time>
struct limiter::inserting {
    const limiter& owner;
    const Law& law;
    const shm::worker& me;
    algorithm::nanos now;
    Time clock;
    Clock which;
    bool as_good_as_new(std::uint64_t state) const noexcept { return law.as_good_as_new(state, now); }
    std::uint64_t fresh() const noexcept { return law.fresh(clock(which)); }
    std::uint64_t stamp() const noexcept { return shm::next_stamp(me); }
    void evicted() const noexcept {
        shm::count(me, owner.place_.index, owner.place_.incarnation, layout::count_evicted, 1);
    }
};

[[gnu::always_inline]] inline void limiter::count(const call& made, bool allowed, bool observed) const noexcept {
    const shm::worker& me = attachment_->me();
    const auto counts = observed ? layout::count_shadow : allowed ? layout::count_allow : layout::count_deny;
    const auto costs = observed ? layout::cost_shadow : allowed ? layout::cost_allow : layout::cost_deny;
    shm::count_decision(me, place_.index, place_.incarnation, counts, costs, made.cost);
    if (shm::sampled()) [[unlikely]]
        shm::record(me, place_.incarnation, made.tag, allowed);
}

// A call that does not spend only looks: it is counted nowhere.
template <class Law, class Time>
[[gnu::always_inline]] inline bool limiter::attempt(const Law& law, const call& making, algorithm::nanos now,
                                                    Time clock, Decision& answer) const noexcept {
    const auto span = [](algorithm::nanos value) {
        return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(value)};
    };
    const auto at = shm::key_table<>::find(making.around, making.tag);
    algorithm::outcome verdict = law.check(at.state, now, making.cost);
    if (verdict.allowed && verdict.delay > making.patience) [[unlikely]] {
        const algorithm::nanos wait = verdict.delay - making.patience;
        verdict = law.check(at.state, now, 0);  // the state as it stays
        verdict.allowed = false;
        verdict.retry_after = wait;
    }
    if (verdict.allowed && making.spend) {
        if (!at) [[unlikely]]
            return insert(law, making, now, clock, answer);
        if (!shm::key_table<>::exchange(at, making.tag, verdict.state)) [[unlikely]]
            return false;
    } else if (at) {
        if (!shm::key_table<>::still(at, making.tag)) [[unlikely]]
            return false;
    } else if (verdict.allowed && making.cost > 0 && !has_room(law, making.tag, now)) [[unlikely]] {
        (void)turn_away(law, making, answer);
        return true;
    }
    const bool observed = !verdict.allowed && making.observe;
    answer.allowed = verdict.allowed || observed;
    answer.shadow = observed;
    answer.limit = verdict.limit;
    answer.remaining = verdict.remaining;
    answer.retry_after = span(verdict.retry_after);
    answer.reset_after = span(verdict.reset_after);
    answer.delay = span(verdict.delay);
    if (making.spend) count(making, verdict.allowed, observed);
    return true;
}

template <class Law, class Time>
[[gnu::noinline]] bool limiter::insert(Law law, call making, algorithm::nanos now, Time clock,
                                       Decision& answer) const noexcept {
    const shm::worker& me = attachment_->me();
    switch (table_.insert(making.tag, inserting<Law, Time>{*this, law, me, now, clock, making.clock})) {
        case shm::key_table<>::insertion::there:
            // Before it is spent, but a text is believed only beside its own key, and the sampled decisions write it again.
            if (const auto at = table_.find(making.tag)) texts_.write(table_.index_of(at), making.tag, making.key);
            return false;
        case shm::key_table<>::insertion::hindered: answer.error = Errc::damaged; return true;
        case shm::key_table<>::insertion::full: break;
    }
    shm::count(me, place_.index, place_.incarnation, layout::count_full, 1);
    const bool allowed = turn_away(law, making, answer);
    count(making, allowed, answer.shadow);
    return true;
}

template <class Law>
bool limiter::turn_away(const Law& law, const call& making, Decision& answer) noexcept {
    const bool allowed = making.on_full == OnFull::allow;
    answer.allowed = allowed || making.observe;
    answer.shadow = !allowed && making.observe;
    answer.limit = law.capacity();
    if (!allowed) answer.retry_after = std::chrono::nanoseconds{static_cast<std::int64_t>(law.pace())};
    return allowed;
}

template <class Law>
[[gnu::noinline]] bool limiter::has_room(Law law, std::uint64_t tag, algorithm::nanos now) const noexcept {
    struct judge {
        const Law& law;
        algorithm::nanos now;
        bool as_good_as_new(std::uint64_t state) const noexcept { return law.as_good_as_new(state, now); }
    };
    return table_.has_room(tag, judge{law, now});
}

template <class Time>
[[gnu::always_inline]] inline Decision limiter::decide(const demand& wanted, Time clock) const noexcept {
    Decision answer;
    if (wanted.key.size() > max_key_size || wanted.cost < 0) [[unlikely]] {
        answer.error = Errc::invalid_argument;
        return answer;
    }
    const std::uint64_t tag = hash_(wanted.key);
    call making{.tag = tag,
                .around = table_.prefetch(tag),
                .cost = static_cast<std::uint64_t>(wanted.cost),
                .spend = wanted.spend && wanted.cost > 0,
                .patience = wanted.patience,
                .key = wanted.key};
    answer.error = standing();
    if (making.spend && !writable_) [[unlikely]]
        answer.error = Errc::read_only;
    if (answer.error != Errc::none) [[unlikely]]
        return answer;

    for (int round = 0; round < shm::key_table<>::max_rounds; ++round) {
        const auto in_force = shm::read_terms(*entry_);
        const auto modes = modes_of(in_force.values);
        making.clock = modes.clock;
        making.observe = modes.mode == Mode::shadow;
        making.on_full = modes.on_full;
        // Read in every round: a time from before somebody else's decision would be an old one. And the terms are looked at again after it:
        // a time later than the end of a window law's terms would give a window number that the next terms never reach.
        const algorithm::nanos now = clock(modes.clock);
        if (!shm::in_force(*entry_, in_force.version)) [[unlikely]]
            continue;
        const bool done = with_law(in_force.values, [&](const auto& law) __attribute__((always_inline)) {
            if (modes.mode != Mode::off) [[likely]]
                return attempt(law, making, now, clock, answer);
            answer.allowed = true;
            answer.limit = answer.remaining = law.capacity();
            return true;
        });
        if (done) [[likely]]
            return answer;
    }
    answer.error = Errc::damaged;
    return answer;
}

}  // namespace seki::primitives
