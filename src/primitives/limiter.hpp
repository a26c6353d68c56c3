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

    [[nodiscard]] Decision check(const demand& wanted) const noexcept {
        return decide(wanted, [](Clock which) { return read_clock(which); });
    }
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
        return to_options(terms(), place_.max_keys, place_.key_texts);
    }

    [[nodiscard]] const shm::key_table<>& table() const noexcept { return table_; }
    [[nodiscard]] const shm::key_texts<>& texts() const noexcept { return texts_; }
    [[nodiscard]] const shm::fingerprint& hash() const noexcept { return hash_; }

private:
    template <class Time>
    struct by_law;  // what the key table asks of who inserts

    // Changes the state of a key that has a slot: `next(law, state, now)` says to what. A key without a slot is as good as new.
    template <class Next>
    Errc rewrite(std::string_view key, layout::counter which, Next next) const noexcept;
    [[nodiscard]] static Decision refuse(Errc why) noexcept { return {.error = why}; }
    [[nodiscard]] static Decision answer(const law& by, const algorithm::outcome& verdict) noexcept;
    void count(const shm::worker& me, const Decision& decision, std::uint64_t tag, std::uint64_t cost) const noexcept;
    [[nodiscard]] Decision overfull(const law& by, const shm::worker& me, std::uint64_t tag,
                                    std::uint64_t cost) const noexcept;

    std::shared_ptr<const shm::attachment> attachment_;
    const shm::segment* segment_;
    layout::directory_entry* entry_;
    bool writable_;
    shm::placement place_;
    shm::fingerprint hash_;
    shm::key_table<> table_;
    shm::key_texts<> texts_;
};

template <class Time>
struct limiter::by_law {
    const limiter& owner;
    const law& rule;
    const shm::worker& me;
    algorithm::nanos now;
    Time clock;
    bool as_good_as_new(std::uint64_t state) const noexcept { return rule.as_good_as_new(state, now); }
    std::uint64_t fresh() const noexcept { return rule.fresh(clock(rule.terms().clock)); }
    std::uint64_t stamp() const noexcept { return shm::next_stamp(me); }
    void evicted() const noexcept {
        shm::count(me, owner.place_.index, owner.place_.incarnation, layout::count_evicted, 1);
    }
};

inline Decision limiter::answer(const law& by, const algorithm::outcome& verdict) noexcept {
    using std::chrono::nanoseconds;
    const auto span = [](algorithm::nanos value) { return nanoseconds{static_cast<nanoseconds::rep>(value)}; };
    const bool observed = !verdict.allowed && by.terms().mode == Mode::shadow;
    return {.allowed = verdict.allowed || observed,
            .shadow = observed,
            .limit = verdict.limit,
            .remaining = verdict.remaining,
            .retry_after = span(verdict.retry_after),
            .reset_after = span(verdict.reset_after),
            .delay = span(verdict.delay)};
}

inline void limiter::count(const shm::worker& me, const Decision& decision, std::uint64_t tag,
                           std::uint64_t cost) const noexcept {
    const bool denied = !decision.allowed;
    const auto counts = decision.shadow ? layout::count_shadow : denied ? layout::count_deny : layout::count_allow;
    const auto costs = decision.shadow ? layout::cost_shadow : denied ? layout::cost_deny : layout::cost_allow;
    shm::count_decision(me, place_.index, place_.incarnation, counts, costs, cost);
    if (shm::sampled()) [[unlikely]]
        shm::record(me, place_.incarnation, tag, decision.allowed && !decision.shadow);
}

template <class Time>
Decision limiter::decide(const demand& wanted, Time clock) const noexcept {
    if (wanted.key.size() > max_key_size || wanted.cost < 0) [[unlikely]]
        return refuse(Errc::invalid_argument);
    const auto cost = static_cast<std::uint64_t>(wanted.cost);
    const std::uint64_t tag = hash_(wanted.key);
    table_.prefetch(tag);
    if (const Errc why = standing(); why != Errc::none) [[unlikely]]
        return refuse(why);
    const bool spend = wanted.spend && cost > 0;
    if (spend && !writable_) [[unlikely]]
        return refuse(Errc::read_only);
    bool inserted = false;

    for (int round = 0; round < shm::key_table<>::max_rounds; ++round) {
        const auto in_force = shm::read_terms(*entry_);
        const law rule{unpack(in_force.values)};
        if (rule.terms().mode == Mode::off)
            return {.allowed = true, .limit = rule.capacity(), .remaining = rule.capacity()};
        // Read in every round: a time from before somebody else's decision would be an old one. And looked at the terms again after it:
        // a time later than the end of a window law's terms would give a window number that the next terms never reach.
        const algorithm::nanos now = clock(rule.terms().clock);
        if (!shm::in_force(*entry_, in_force.version)) continue;
        const auto at = table_.find(tag);
        algorithm::outcome verdict = rule.check(at.state, now, cost);
        if (verdict.allowed && verdict.delay > wanted.patience) {
            verdict.allowed = false;
            verdict.retry_after = verdict.delay - wanted.patience;
        }
        if (!verdict.allowed || !spend) {
            if (at && !shm::key_table<>::still(at, tag)) continue;
            const Decision decision = answer(rule, verdict);
            if (spend) count(attachment_->me(), decision, tag, cost);
            return decision;
        }
        if (!at) {
            const shm::worker& me = attachment_->me();
            const auto result = table_.insert(tag, by_law<Time>{*this, rule, me, now, clock});
            if (result == shm::key_table<>::insertion::full) return overfull(rule, me, tag, cost);
            if (result == shm::key_table<>::insertion::hindered) return refuse(Errc::damaged);
            inserted = true;
            continue;
        }
        if (!shm::key_table<>::exchange(at, tag, verdict.state)) continue;
        const Decision decision = answer(rule, verdict);
        count(attachment_->me(), decision, tag, cost);
        if (inserted) texts_.write(table_.index_of(at), tag, wanted.key);
        return decision;
    }
    return refuse(Errc::damaged);
}

}  // namespace seki::primitives
