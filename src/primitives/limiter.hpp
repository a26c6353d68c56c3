// A limiter: a law on a key table, bound to its place in one mapped segment.
//
// The path of a check, in its order: hash the key; ask for the cache lines of its two buckets; read which terms are in force; look whether the limiter
// still stands, so that they are its own; read them; read the clock (the lines arrive meanwhile); find the slot; apply the law; one compare-and-swap. A denial ends before the
// compare-and-swap and writes to nothing but the worker's own counters. Who was overtaken by another's check looks at the slot again, with the time that it has.
//
// A death before the compare-and-swap spent nothing; after it the cost is spent, whether or not the caller lived to use it. What was spent is counted right
// afterwards, with no system call in between: who has no slot of a worker yet joins first.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <seki/limiter.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/clock.hpp"
#include "primitives/fresh_state.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_table.hpp"
#include "primitives/telemetry.hpp"
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
    bool spend = true;  // false: only look
    // Of who waits and looks again. leaky_bucket: take a turn only if it comes this soon. It is told when the law may say yes, not when it surely will.
    algorithm::nanos patience = algorithm::never;
    bool again = false;  // of who has patience: a denial is one that was counted and told of before
};

// What is told of a check whose fate hangs on others: it was let through and is not counted yet. keep() counts it, undo() takes it back.
struct receipt {
    std::uint64_t tag = 0;
    std::uint64_t cost = 0;
    bool let_through = false;   // and is to be counted: not by a limiter that is off
    bool observed = false;      // only because the limiter does not enforce
    bool taken = false;         // something was spent:
    std::uint64_t written = 0;  // the state that it left,
    std::uint64_t version = 0;  // by these terms,
    algorithm::nanos then = 0;  // no earlier than this
};

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class limiter : public bound_place {
public:
    using options_type = LimiterOptions;

    // `at` was found in the directory of `in`'s segment.
    limiter(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    // For all but the ordinary, which goes straight().
    [[nodiscard]] Decision check(demand wanted) const noexcept;
    // Straight, and else in full. `clock` answers nanoseconds of CLOCK_MONOTONIC: what tests put in the clock's place.
    template <class Time>
    [[nodiscard]] Decision decide(demand wanted, Time clock) const noexcept;

    // The check of an ordinary key with no call in the way but that of the clock; `otherwise()` is to answer when there is anything else to it.
    template <class Time, class Otherwise>
    [[nodiscard]] Decision straight(std::string_view key, std::int64_t wanted, Time clock,
                                    Otherwise otherwise) const noexcept;

    // Straight on of who was overtaken by another's check of the key: as if it had looked at the slot a little later, so the time it read will do. Nothing
    // when there is more to it than that.
    [[nodiscard]] std::optional<Decision> overtaken(std::string_view key, std::uint64_t cost, layout::pair* slot,
                                                    std::uint64_t tag, algorithm::nanos now,
                                                    std::uint64_t version) const noexcept;
    // What an allowance of straight() tells when the terms that it was made by are in force no more: others may stand in their place by now.
    [[nodiscard]] Decision told_late(std::uint64_t before, std::uint64_t price, std::uint64_t cost,
                                     std::uint64_t horizon) const noexcept;

    // A check on trial, for check_all(). A denial is counted here.
    template <class Time>
    [[nodiscard]] Decision attempt(demand wanted, receipt& made, Time clock) const noexcept;
    void keep(const demand& wanted, const receipt& made, const Decision& answer) const noexcept;
    // As if the check had never been, but for what can no longer be given back without giving others too much; nothing when the terms have
    // changed since. A death before it leaves the cost spent.
    template <class Time>
    void undo(const receipt& made, Time clock) const noexcept;
    // Of a denial that a look foretold: it is one as any other.
    void count_denial(const demand& wanted, const Decision& answer) const noexcept;

    [[nodiscard]] Errc reset(std::string_view key) const noexcept;
    [[nodiscard]] Errc refund(std::string_view key, std::int64_t cost) const noexcept;
    // Of what the check of that receipt spent, which was kept.
    template <class Time>
    [[nodiscard]] Errc refund(receipt made, std::int64_t cost, Time clock) const noexcept;

    [[nodiscard]] limiter_terms terms() const noexcept { return unpack(shm::read_terms(*entry_).values); }
    [[nodiscard]] LimiterOptions options() const noexcept { return to_options(terms(), place().shape); }

    [[nodiscard]] const shm::key_table<>& table() const noexcept { return table_; }
    [[nodiscard]] const shm::key_texts<>& texts() const noexcept { return texts_; }
    [[nodiscard]] const shm::fingerprint& hash() const noexcept { return hash_; }

private:
    // One check on its way through settle().
    struct call {
        std::uint64_t tag;
        std::uint64_t cost;
        bool spend;
        algorithm::nanos patience;
        std::string_view key;
        bool observe = false;  // mode shadow
        OnFull on_full = OnFull::allow;
        Clock clock = Clock::precise;
        bool again = false;
        receipt* into = nullptr;  // not null: leave what is let through uncounted, and tell of it here
        std::uint64_t version = 0;
    };
    enum class step : std::uint8_t {
        decided,  // and spent, if that was wanted and allowed
        again,    // somebody else changed the key meanwhile
        absent,   // a key without a slot, which needs one
    };
    // What the key table asks of who inserts.
    template <class Law, class Time>
    struct inserting;

    // What the law says to the key where it was seen, and the compare-and-swap if that is allowed.
    template <class Law>
    static step try_once(const Law& law, shm::key_table<>::sighting at, std::uint64_t tag, std::uint64_t cost,
                         bool spend, algorithm::nanos patience, algorithm::nanos now,
                         algorithm::outcome& verdict) noexcept;
    // Whatever there may be to a check. `into`: leave what is let through uncounted, and tell of it there.
    template <class Time>
    Decision in_full(const demand& wanted, Time clock, receipt* into = nullptr) const noexcept;
    // The answer to a key or a cost that no limiter takes.
    template <class Time>
    Decision refuse(demand wanted, Time clock, receipt* into) const noexcept;
    // Every case, in as many rounds as it takes.
    template <class Time>
    Decision settle(demand wanted, std::uint64_t tag, Time clock, receipt* into) const noexcept;
    // One round of it. False: look again.
    template <class Law, class Time>
    bool round(const Law& law, const call& making, algorithm::nanos now, Time clock, Decision& answer) const noexcept;
    // Gives the key its slot. True: it got none, and `answer` says what that means.
    template <class Law, class Time>
    bool insert(const Law& law, const call& making, algorithm::nanos now, Time clock, Decision& answer) const noexcept;

    // Counts what was decided, or tells of it on the receipt. `written`: the state that it left; 0: it took nothing.
    void conclude(const call& making, bool allowed, bool observed, std::uint64_t written) const noexcept;
    // The answer to a new key that finds no room; whether that is an allowance.
    template <class Law>
    static bool turn_away(const Law& law, const call& making, Decision& answer) noexcept;
    // Whether a key without a slot would get one.
    template <class Law, class Time>
    bool has_room(const Law& law, std::uint64_t tag, algorithm::nanos now, Time clock) const noexcept;

    // Changes the state of a key that has a slot: `next(law, state, now)` says to what. A key without a slot is as good as new.
    template <class Next>
    Errc rewrite(std::string_view key, layout::counter which, Next next) const noexcept;
    void count(std::uint64_t tag, std::string_view key, std::uint64_t cost, bool allowed,
               bool observed) const noexcept {
        count(attachment_->me(), tag, key, cost, allowed, observed);
    }
    void count(const shm::worker& me, std::uint64_t tag, std::string_view key, std::uint64_t cost, bool allowed,
               bool observed) const noexcept;
    // One decision in shm::sampling_rate: what people are shown of a key.
    void sample(std::uint64_t tag, std::string_view key, bool allowed) const noexcept;
    // Puts the text of a key beside its slot, if it has one.
    void note_text(std::uint64_t tag, std::string_view key) const noexcept;

    // Beside what bound_place has: where the buckets are is in the same cache line, and the part of the secret for a short key is in one more.
    shm::key_table<> table_;
    alignas(layout::cache_line) shm::fingerprint hash_;
    shm::key_texts<> texts_;
    emitter events_;
};

template <class Law, class Time>
struct limiter::inserting {
    const limiter& owner;
    const Law& law;
    const shm::worker& me;
    algorithm::nanos now;
    Time clock;
    bool as_good_as_new(std::uint64_t state) const noexcept { return is_spare(law, state, now, clock); }
    std::uint64_t fresh() const noexcept { return fresh_state(*owner.entry_, clock); }
    std::uint64_t stamp() const noexcept { return shm::next_stamp(me); }
    void evicted() const noexcept { shm::count(me, owner.index_, owner.incarnation_, layout::count_evicted, 1); }
    bool stands() const noexcept { return owner.standing() != Errc::deleted; }
};

[[gnu::always_inline]] inline void limiter::count(const shm::worker& me, std::uint64_t tag, std::string_view key,
                                                  std::uint64_t cost, bool allowed, bool observed) const noexcept {
    const auto counts = observed ? layout::count_shadow : allowed ? layout::count_allow : layout::count_deny;
    const auto costs = observed ? layout::cost_shadow : allowed ? layout::cost_allow : layout::cost_deny;
    shm::count_decision(me, index_, incarnation_, counts, costs, cost);
    if (shm::sampled()) [[unlikely]]
        sample(tag, key, allowed);
}

template <class Law>
limiter::step limiter::try_once(const Law& law, shm::key_table<>::sighting at, std::uint64_t tag, std::uint64_t cost,
                                bool spend, algorithm::nanos patience, algorithm::nanos now,
                                algorithm::outcome& verdict) noexcept {
    verdict = law.check(at.state, now, cost);
    if (verdict.allowed && verdict.delay > patience) [[unlikely]] {
        const algorithm::nanos wait = verdict.delay - patience;
        verdict = law.check(at.state, now, 0);  // the state as it stays
        verdict.allowed = false;
        verdict.retry_after = wait;
    }
    if (verdict.allowed && spend) {
        if (!at) [[unlikely]]
            return step::absent;
        return shm::key_table<>::exchange(at, tag, verdict.state) ? step::decided : step::again;
    }
    if (!at) [[unlikely]]
        return verdict.allowed && cost > 0 ? step::absent : step::decided;
    return shm::key_table<>::still(at, tag) ? step::decided : step::again;
}

inline Decision tell(const algorithm::outcome& verdict, bool observed, Clock by) noexcept {
    const auto span = [](algorithm::nanos value) {
        return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(value)};
    };
    return {.allowed = verdict.allowed || observed,
            .shadow = observed,
            .error = Errc::none,
            .limit = verdict.limit,
            .remaining = verdict.remaining,
            .retry_after = span(wait_for(verdict.retry_after, by)),
            .reset_after = span(verdict.reset_after),
            .delay = span(verdict.delay)};
}
constexpr Decision no_decision(Errc why) noexcept { return {.error = why}; }

// Straight on for nearly every check: a key that has its slot, a bucket that is enforced, nobody in between. What it finds otherwise it leaves
// to `otherwise`, which starts from the beginning; so it has no loop, one way through, and next to nothing to keep in memory: a compare-and-swap
// waits for every store before it. Its answer is made where the caller wants it: a copy of what was just written is waited for (bench/limiter).
template <class Time, class Otherwise>
[[gnu::always_inline]] inline Decision limiter::straight(std::string_view key, std::int64_t wanted, Time clock,
                                                         Otherwise otherwise) const noexcept {
    // In one comparison each: a cost of 0, which only looks, and a negative one are great ones.
    const auto cost = static_cast<std::uint64_t>(wanted);
    if (key.size() > max_key_size || cost - 1 >= max_count || !writable_) [[unlikely]]
        return otherwise();
    const std::uint64_t tag = hash_(key);
    const auto around = table_.prefetch(tag);
    // Its segment was replaced, or somebody wants to know of it, or this thread has yet to join.
    if (is_superseded() || emitter::watched(identity_->listening, emitter::limiter_decisions) ||
        !attachment_->is_joined()) [[unlikely]]
        return otherwise();
    const shm::worker& me = shm::attachment::me_as_joined();
    // The terms are those that stood before the time was read and afterwards, and this limiter's: it stood after they did. Other laws leave before the
    // clock: it is half of a check.
    const layout::directory_entry& entry = *entry_;
    const std::uint64_t version = shm::terms_version(entry);
    const auto term = [&entry, version](std::size_t value) { return shm::read_term(entry, version, value); };
    const std::uint64_t modes = term(layout::term_modes);
    if (!goes_straight(modes) || is_deleted()) [[unlikely]]
        return otherwise();
    const algorithm::nanos now = clock(modes_of(modes).clock);
    const auto at = shm::key_table<>::find(around, tag);
    if (!at) [[unlikely]]
        return otherwise();
    const algorithm::gcra::bounds bounds = bounds_of(term);
    const auto ruling = algorithm::gcra::rule(at.state, now, cost, bounds);
    if (!shm::in_force(entry, version)) [[unlikely]]
        return otherwise();
    if (!ruling.allowed) [[unlikely]] {
        const bucket_law law{term};
        const Clock by = modes_of(term(layout::term_modes)).clock;  // read again, not kept
        if (!shm::in_force(entry, version) || !shm::key_table<>::still(at, tag)) [[unlikely]]
            return otherwise();
        count(me, tag, key, cost, false, false);
        return tell(law.describe(ruling), false, by);
    }
    if (!shm::key_table<>::exchange(at, tag, algorithm::gcra::spent(ruling, now))) [[unlikely]] {
        if (const std::optional<Decision> answer = overtaken(key, cost, at.slot, tag, now, version)) return *answer;
        return otherwise();
    }
    count(me, tag, key, cost, true, false);
    // Only now is there time for the terms that say it in numbers: kept from before, they would be stores that the compare-and-swap waits for.
    const bucket_law law{term};
    if (!shm::in_force(entry, version)) [[unlikely]]
        return told_late(ruling.before, ruling.price, cost, bounds.horizon);
    return tell(law.describe(ruling), false, Clock::precise);  // there is nothing to wait for
}

template <class Time>
Decision limiter::decide(demand wanted, Time clock) const noexcept {
    if (!wanted.spend || wanted.patience != algorithm::never) return in_full(wanted, clock);
    return straight(wanted.key, wanted.cost, clock, [&] { return in_full(wanted, clock); });
}

template <class Time>
Decision limiter::in_full(const demand& wanted, Time clock, receipt* into) const noexcept {
    const bool takeable = wanted.key.size() <= max_key_size &&
                          static_cast<std::uint64_t>(wanted.cost) <= max_count;  // a negative cost is a great one
    return takeable ? settle(wanted, hash_(wanted.key), clock, into) : refuse(wanted, clock, into);
}

// A cost above every capacity is an ordinary denial, but counts as the least such cost: a sum of costs must not overflow.
template <class Time>
[[gnu::noinline, gnu::cold]] Decision limiter::refuse(demand wanted, Time clock, receipt* into) const noexcept {
    if (wanted.key.size() > max_key_size || wanted.cost < 0) return no_decision(Errc::invalid_argument);
    wanted.cost = static_cast<std::int64_t>(max_count) + 1;
    return settle(wanted, hash_(wanted.key), clock, into);
}

template <class Time>
Decision limiter::attempt(demand wanted, receipt& made, Time clock) const noexcept {
    made = {};
    return in_full(wanted, clock, &made);
}

// The clock is read after the state, so that it is not earlier than any check in it: each read its clock before it changed the state.
template <class Time>
void limiter::undo(const receipt& made, Time clock) const noexcept {
    for (int round = 0; made.taken && round < shm::key_table<>::max_rounds; ++round) {
        const packed_terms values = shm::read_values(*entry_, made.version);
        const auto at = table_.find(made.tag);
        const algorithm::nanos now = clock(modes_of(values[layout::term_modes]).clock);
        if (!at || standing() != Errc::none || !shm::in_force(*entry_, made.version)) return;
        const std::uint64_t state = with_law(
            values, [&](const auto& law) { return law.undo(at.state, now, made.cost, made.written, made.then); });
        if (state == at.state || shm::key_table<>::exchange(at, made.tag, state)) return;
    }
}

template <class Time>
Errc limiter::refund(receipt made, std::int64_t cost, Time clock) const noexcept {
    if (cost < 0) return Errc::invalid_argument;
    if (!writable_) return Errc::read_only;
    if (const Errc why = standing(); why != Errc::none) return why;
    made.cost = std::min(made.cost, static_cast<std::uint64_t>(cost));
    attachment_->join();
    undo(made, clock);
    shm::count(attachment_->me(), index_, incarnation_, layout::count_refund, 1);
    return Errc::none;
}

template <class Time>
[[gnu::noinline]] Decision limiter::settle(demand wanted, std::uint64_t tag, Time clock, receipt* into) const noexcept {
    call making{.tag = tag,
                .cost = static_cast<std::uint64_t>(wanted.cost),
                .spend = wanted.spend && wanted.cost > 0,
                .patience = wanted.patience,
                .key = wanted.key,
                .again = wanted.again,
                .into = into};
    if (making.spend && !writable_) return no_decision(Errc::read_only);
    Decision answer;
    for (int rounds = 0; rounds < shm::key_table<>::max_rounds; ++rounds) {
        // In every round: a deleted limiter's memory may be another's by now, and whatever is found there is no answer. Nor are the terms that stand
        // where its own did.
        if (is_superseded()) return no_decision(Errc::superseded);
        const std::uint64_t version = shm::terms_version(*entry_);
        if (is_deleted()) return no_decision(Errc::deleted);
        const auto modes = modes_of(shm::read_term(*entry_, version, layout::term_modes));
        making.version = version;
        making.observe = modes.mode == Mode::shadow;
        making.on_full = modes.on_full;
        making.clock = modes.clock;
        if (making.spend && modes.mode != Mode::off) attachment_->join();
        // Read in every round: a time from before somebody else's decision would be an old one. And the terms are those that stood before
        // it and after it: a time later than the end of a window law's terms would give a window number that the next terms never reach.
        const algorithm::nanos now = clock(modes.clock);
        const packed_terms values = shm::read_values(*entry_, version);
        if (!shm::in_force(*entry_, version)) continue;
        const bool done = with_law(values, [&](const auto& law) {
            if (modes.mode != Mode::off) return round(law, making, now, clock, answer);
            answer = {.allowed = true, .limit = law.capacity(), .remaining = law.capacity()};
            return true;
        });
        if (!done) continue;
        if (into != nullptr) into->then = now;
        const bool tells_later = into != nullptr && into->let_through;
        const bool told_before = wanted.again && !answer.allowed;
        if (making.spend && modes.mode != Mode::off && !tells_later && !told_before &&
            emitter::watched(identity_->listening, emitter::limiter_decisions)) [[unlikely]]
            events_.limiter_decision(answer, {tag, wanted.key}, making.cost, now);
        return answer;
    }
    return no_decision(Errc::damaged);
}

template <class Law, class Time>
bool limiter::round(const Law& law, const call& making, algorithm::nanos now, Time clock,
                    Decision& answer) const noexcept {
    algorithm::outcome verdict;
    switch (
        try_once(law, table_.find(making.tag), making.tag, making.cost, making.spend, making.patience, now, verdict)) {
        case step::again: return false;
        case step::absent:
            if (making.spend) return insert(law, making, now, clock, answer);
            if (!has_room(law, making.tag, now, clock)) {
                if (standing() != Errc::none) return false;
                (void)turn_away(law, making, answer);
                return true;
            }
            break;
        case step::decided: break;
    }
    // What was spent, was spent by these terms. A state that was only looked at may be one that later terms left: it means something else by these.
    const bool spent = making.spend && verdict.allowed;
    if (!spent && !shm::in_force(*entry_, making.version)) return false;
    const bool observed = !verdict.allowed && making.observe;
    if (making.spend) conclude(making, verdict.allowed, observed, verdict.allowed ? verdict.state : 0);
    answer = tell(verdict, observed, making.patience == algorithm::never ? making.clock : Clock::precise);
    return true;
}

template <class Law, class Time>
bool limiter::insert(const Law& law, const call& making, algorithm::nanos now, Time clock,
                     Decision& answer) const noexcept {
    const shm::worker& me = attachment_->me();
    switch (table_.insert(making.tag, inserting<Law, Time>{*this, law, me, now, clock})) {
        case shm::key_table<>::insertion::there:
            // Before it is spent, but a text is believed only beside its own key; and should who does it die here, sample() makes up for it.
            note_text(making.tag, making.key);
            return false;
        case shm::key_table<>::insertion::gone: return false;
        case shm::key_table<>::insertion::hindered:
        case shm::key_table<>::insertion::full: break;
    }
    if (!making.again) shm::count(me, index_, incarnation_, layout::count_full, 1);
    const bool allowed = turn_away(law, making, answer);
    conclude(making, allowed, answer.shadow, 0);
    return true;
}

inline void limiter::conclude(const call& making, bool allowed, bool observed, std::uint64_t written) const noexcept {
    const bool denied = !allowed && !observed;
    if (denied && making.again) return;
    if (making.into == nullptr || denied) return count(making.tag, making.key, making.cost, allowed, observed);
    *making.into = {.tag = making.tag,
                    .cost = making.cost,
                    .let_through = true,
                    .observed = observed,
                    .taken = written != 0,
                    .written = written,
                    .version = making.version};
}

template <class Law>
bool limiter::turn_away(const Law& law, const call& making, Decision& answer) noexcept {
    const bool allowed = making.on_full == OnFull::allow;
    answer = {.allowed = allowed || making.observe, .shadow = !allowed && making.observe, .limit = law.capacity()};
    if (!allowed) answer.retry_after = std::chrono::nanoseconds{static_cast<std::int64_t>(law.pace())};
    return allowed;
}

template <class Law, class Time>
bool limiter::has_room(const Law& law, std::uint64_t tag, algorithm::nanos now, Time clock) const noexcept {
    struct judge {
        const Law& law;
        algorithm::nanos now;
        Time clock;
        bool as_good_as_new(std::uint64_t state) const noexcept { return is_spare(law, state, now, clock); }
    };
    return table_.has_room(tag, judge{law, now, clock});
}

}  // namespace seki::primitives
