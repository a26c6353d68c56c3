// A circuit breaker that all processes of a host share: its word, its windows, the places of its probes.
//
// 1. What it is. A pair that says in which state the breaker is, since when and in which generation (algorithm/breaker.hpp is its law), two
//    windows of outcomes (shm/outcome_window.hpp), and a row of places for the probes of half_open. Everything names the generation that
//    it belongs to, so a transition is one compare-and-swap of the pair: it empties the windows and frees the places.
//
// 2. Who writes which word, from what to what. All by compare-and-swap, by anybody:
//      word    {g, open, since}       -> {g+1, half_open}   the first caller after wait_duration
//      word    {g, half_open}         -> {g+1, open}        who brings a bad outcome of a probe; the first caller after max_half_open_duration
//      word    {g, half_open}         -> {g+1, closed}      who sees that all probes are ok: the last of them, or any caller
//      word    {g, closed}            -> {g+1, open}        who brings the outcome that opens it
//      word    {g, any}               -> {g+1, any}         an operator
//      word    {g, s, nobody's time}  -> {g, s, now}        a caller
//      place   {older than g, any}    -> {g, taken} {owner} a caller of g, after a second look at the word
//      place   {g, free}              -> {g, taken} {owner} a caller of g
//      place   {g, taken} {owner}     -> {g, ok} {0}        that owner, with an ok outcome
//      place   {g, taken} {owner}     -> {g, free} {0}      that owner, with nothing to tell; or reclaim(), when it is dead
//      place   {g, taken} {dead}      -> {g, taken} {owner} a caller who found no place free
//      looked  then                   -> now                who is about to ask whether the owners live, or to finish a change of terms
//    and by a store, under the administration lock: settled, the version of the terms that the window agrees with (primitives/breaker_family.hpp).
//    The counts of transitions are shm/transition_counts.hpp; `told` belongs to sekid (daemon/change_ledger.hpp).
//
// 3. Invariants. (a) The pair never recurs, so each transition has one winner, and it alone is told (moved()). (b) In each generation of
//    half_open no more than half_open_requests places are taken or ok at any time, by what the terms said at some time of it, and each that is taken names its owner from the
//    same instruction on. (c) A place once ok
//    in g stays so; so who saw all of them ok, one after the other, saw that g is due to close. (d) From every content of every
//    word, also what somebody scribbled, calls at a clock that goes on and ok probes lead to closed, unless an operator forced the breaker.
//    (e) Who was stopped before a swap, and goes on when the breaker was deleted and its memory is another's (a breaker of the same shape: shm/directory.hpp,
//    keeps_its_piece), changes nothing that counts there. What he expects was never zeros, and carries a generation; in another breaker stand other
//    generations. A 0 may become the time of a late `looked`: nobody asks for look_interval. Nor does who was stopped before he read the word act in another's, or by its terms: he looks
//    whether the breaker stands after he has read both, and there are none of the next one before it is gone. (f) What follows from a word follows by terms that were in force while
//    it stood, or later ones: they are read after it; and after his own swap by who made the transition himself.
//
// 4. A death after each step. After any swap of the word: the transition is made; its event is lost with its maker, and the gap in the generations
//    of the events tells sekid so, and it is counted before the next one (shm/transition_counts.hpp). After taking a place: it is given back when somebody finds no other and asks, at most every look_interval, or by
//    reclaim(). After an ok and before closing: the next caller closes. With a bad outcome in hand: it was not told, so it is as if
//    the process had died in the call. After `looked`: the next who asks comes look_interval later.
//
// 5. Stale and torn reads. A closed breaker is told by the first word alone. Who reads both looks at the first again. Who took a place looks at the word
//    after it: if the generation has gone on, the place means nothing and he asks again. An admission is as old as that last
//    look. docs/design/breaker.md has the argument for each step, tests/protocol/half_open.pml lets spin search it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "algorithm/breaker.hpp"
#include "layout/breaker.hpp"
#include "shm/memory.hpp"
#include "shm/outcome_window.hpp"
#include "shm/transition_counts.hpp"

namespace seki::shm {

struct transition {
    breaker_law::state from = breaker_law::state::closed;
    breaker_law::state to = breaker_law::state::closed;  // a reset of a closed breaker: as from
    std::uint32_t generation = 0;                        // that begins with it
    algorithm::nanos at = 0;
};

// What a breaker asks of who calls it.
//   nanos now()                    reads the clock. Each time, for it is asked after the word was read
//   bool alive(std::uint64_t)      whether the owner of a place lives; may make system calls, and is asked rarely
//   bool tired()                   whether it has asked enough for this call. Asked before alive(); false the first time
//   bool stands()                  whether the breaker is still the one that is called, and not deleted
//   void moved(transition)         the caller made this transition, and nobody else did
//   std::uint64_t owner()          the name of the calling process (layout::pack_worker_owner), 0 if it has none
template <class T>
concept breaker_caller = requires(T who, std::uint64_t owner, transition made) {
    { who.now() } -> std::same_as<algorithm::nanos>;
    { who.alive(owner) } -> std::same_as<bool>;
    { who.tired() } -> std::same_as<bool>;
    { who.stands() } -> std::same_as<bool>;
    who.moved(made);
    { who.owner() } -> std::same_as<std::uint64_t>;
};

// How often owners of places are asked after, or somebody tries to finish a change of terms, in the whole host.
inline constexpr algorithm::nanos look_interval = 5 * breaker_law::millisecond;

template <class Memory = hardware>
class breaker {
public:
    using terms = breaker_law::terms;
    using nanos = algorithm::nanos;
    static constexpr std::uint32_t no_place = ~0U;

    // What a call was told. Who was let in reports it once, from the process that asked.
    struct admission {
        breaker_law::decision answer = breaker_law::decision::refuse;
        std::uint32_t generation = 0;
        std::uint32_t place = no_place;  // of a probe
        nanos retry_after = 0;           // of a refusal; algorithm::never when an operator forced it
        breaker_law::state state = breaker_law::state::closed;  // that answered
        explicit operator bool() const noexcept { return answer != breaker_law::decision::refuse; }
    };

    enum class report_result : std::uint8_t {
        counted,     // in the window, or as a probe
        ignored,     // it was said to count for nothing
        late,        // of a generation that is over, or the breaker counts nothing, or the place was given to another
        opened,      // it opened the breaker, or found it opened by another of its kind at the same moment
        would_open,  // observe: it would have
        hindered     // somebody scribbles on the segment
    };

    static constexpr int max_rounds = 10'000;

    breaker() = default;
    // At least 3 blocks of ring and 1 place; both checked against the size of the arena by the caller.
    breaker(layout::breaker_block& block, std::span<layout::pair> ring, std::span<layout::pair> places) noexcept
        : block_{&block}, ring_{ring}, places_{places} {}

    // Makes the memory a new breaker, before it is published. `stamp` tells it from breakers whose memory this was: whoever is still about to
    // change something there expects another generation. What stands there is of the generation before the first, and never zeros, which
    // who is late might find again in anything (invariant e). Its word first, all by releases: who is late, and reads any other of what stands there, finds a
    // generation of this one when it looks at the word again, as it does before it acts upon it.
    void fill(std::uint32_t stamp, breaker_law::state state, nanos now) noexcept {
        const std::uint32_t generation = stamp * 0x9e37'79b1U, before = generation - 1;
        const auto [first, second] =
            breaker_law::pack({.generation = generation, .reopened = 0, .state = state, .since = now});
        const layout::pair_value no_block =
            layout::pack(layout::outcome_block{before, layout::outcome_count_mask, layout::outcomes_mask});
        const layout::pair_value no_slice = layout::pack(
            layout::outcome_slice{before, 0, layout::max_slice_ok, layout::max_slice_bad, layout::max_slice_bad});
        Memory::store_pair_release(block_->state, {first, second});
        Memory::store_relaxed(block_->looked, 0);
        Memory::store_relaxed(block_->told, generation);
        Memory::store_pair_release(block_->window_end, no_block);
        for (layout::pair& slice : block_->slices) Memory::store_pair_release(slice, no_slice);
        for (layout::pair& block : ring_) Memory::store_pair_release(block, no_block);
        for (layout::pair& place : places_)
            Memory::store_pair_release(place, {layout::pack_place(before, layout::place::free), 0});
        counts().fill(before);
    }

    // Asks for the line that report() writes of a count window, so that the miss hides behind reading the clock.
    void prefetch() const noexcept { Memory::prefetch_for_write(&block_->window_end); }

    // What admit() says at most times, when no terms are needed: everybody is let through, if the breaker stands: who asks looks for that after it. A refusal
    // here means nothing.
    [[nodiscard, gnu::always_inline]] admission admit_at_once() const noexcept {
        const std::uint64_t first = Memory::load_first_acquire(block_->state);  // pairs with move()
        const breaker_law::state state = breaker_law::state_of(first);
        if (breaker_law::passes(state)) [[likely]]
            return {breaker_law::decision::pass, breaker_law::generation_of(first), no_place, 0, state};
        return {.state = state};
    }

    // May I? law() answers the terms. A breaker that does not stand refuses.
    template <class Law, breaker_caller Caller>
    [[nodiscard, gnu::always_inline]] admission admit(Law law, Caller&& by) const noexcept {
        const admission at_once = admit_at_once();
        return at_once && by.stands() ? at_once : admit_carefully(law, by);
    }

    // What report() does at most times, when no terms but one are needed: an ok outcome of a closed breaker goes into the count window, without
    // opening anything. `least` is breaker_law::least_calls(). False: nothing was done.
    [[nodiscard, gnu::always_inline]] bool count_ok_at_once(std::uint32_t generation, std::uint32_t place,
                                                            std::uint64_t least) const noexcept {
        return place == no_place && breaker_law::is_closed(Memory::load_first_acquire(block_->state), generation) &&
               of_count().push_ok(generation, least);
    }

    // What the call came to; `now` is when it ended.
    template <breaker_caller Caller>
    [[gnu::always_inline]] report_result report(const admission& let_in, breaker_law::outcome outcome, nanos now,
                                                const terms& law, Caller&& by) const noexcept {
        if (let_in.place != no_place) [[unlikely]]
            return report_probe(let_in, outcome, law, by);
        if (outcome == breaker_law::outcome::ignore) return report_result::ignored;
        const std::uint64_t first = Memory::load_first_acquire(block_->state);
        const breaker_law::state state = breaker_law::state_of(first);
        if (breaker_law::generation_of(first) != let_in.generation || !breaker_law::counts(state))
            return report_result::late;
        switch (record(let_in.generation, outcome, now, law, state == breaker_law::state::closed, by)) {
            case recorded::counted: return report_result::counted;
            case recorded::late: return report_result::late;
            case recorded::hindered: return report_result::hindered;
            case recorded::trips: break;
        }
        if (state == breaker_law::state::observe) return report_result::would_open;
        return open(let_in.generation, law, by);
    }

    // An operator's word. True if the breaker was not so already.
    template <breaker_caller Caller>
    bool operate(breaker_law::event what, const terms& law, Caller&& by) const noexcept {
        return happens(what, 0, law, by) == happening::made;
    }

    // After a change of terms: opens if the window now asks for it. A change of window_type, or of a time window's length, wants operate(renew)
    // instead, for what stands in the window was counted for another. Whoever puts in an outcome that is not seen here sees the terms that were published
    // before this.
    template <breaker_caller Caller>
    void reconsider(const terms& law, Caller&& by) const noexcept {
        reconsider(look().generation, law, by);
    }
    // The same for who put an outcome into the window of that generation.
    template <breaker_caller Caller>
    void reconsider(std::uint32_t generation, const terms& law, Caller&& by) const noexcept {
        if (law.window_type == breaker_law::window_type::count)
            of_count().order();
        else
            of_time().order();
        if (breaker_law::trips(window_of(generation, law, by.now()), law)) (void)open(generation, law, by);
    }

    // Gives back the places of the dead, or those that it finds until it is tired: for who tidies. The number given back.
    template <breaker_caller Caller>
    std::size_t reclaim(Caller&& by) const noexcept {
        std::size_t given_back = 0;
        const std::size_t from = first_asked(by.now(), places_.size());
        for (std::size_t i = 0; i < places_.size(); ++i) {
            layout::pair& place = places_[(from + i) % places_.size()];
            const layout::pair_value seen = read_halves<Memory>(place);
            if (seen.first != taken(look().generation)) continue;
            if (by.tired()) break;
            if (!is_orphan(seen.second, by)) continue;
            given_back += Memory::cas_pair(place, seen, {free_place(seen.first), 0}) ? 1U : 0U;
        }
        return given_back;
    }

    // For what takes system calls: one of all callers in each interval. A time ahead of the clock was nobody's.
    [[nodiscard]] bool may_look(nanos now) const noexcept {
        std::uint64_t last = Memory::load_acquire(block_->looked);
        const bool lately = last <= now ? now - last < look_interval : last - now <= breaker_law::clock_slack;
        return !lately && Memory::cas_acq_rel(block_->looked, last, now);
    }

    // For who looks from outside.
    [[nodiscard]] breaker_law::position look() const noexcept { return breaker_law::unpack(to_packed(read())); }
    [[nodiscard]] breaker_law::tally window(const terms& law, nanos now) const noexcept {
        return window_of(look().generation, law, now);
    }
    [[nodiscard]] transition_table transitions() const noexcept { return counts().look(); }
    struct probes {
        std::size_t taken = 0;
        std::size_t ok = 0;
    };
    // Calls visit(owner) for each place that is taken.
    template <class Visit>
    probes for_each_probe(Visit&& visit) const {
        probes seen;
        const breaker_law::position at = look();
        if (at.state != breaker_law::state::half_open) return seen;
        for (const layout::pair& place : places_) {
            const layout::pair_value found = read_halves<Memory>(place);
            if (found.first == taken(at.generation)) ++seen.taken, visit(found.second);
            seen.ok += found.first == layout::pack_place(at.generation, layout::place::ok) ? 1U : 0U;
        }
        return seen;
    }
    [[nodiscard]] std::span<layout::pair> ring() const noexcept { return ring_; }
    [[nodiscard]] std::span<layout::pair> all_places() const noexcept { return places_; }
    [[nodiscard]] layout::breaker_block& block() const noexcept { return *block_; }

private:
    enum class happening : std::uint8_t { made, nothing, hindered };
    enum class search : std::uint8_t { found, none, all_ok, moved_on };
    struct found_place {
        search result = search::none;
        std::uint32_t place = no_place;
    };

    static std::uint64_t taken(std::uint32_t generation) noexcept {
        return layout::pack_place(generation, layout::place::taken);
    }
    static std::uint64_t free_place(std::uint64_t first) noexcept {
        return layout::pack_place(layout::place_generation(first), layout::place::free);
    }
    static breaker_law::packed to_packed(layout::pair_value v) noexcept { return {v.first, v.second}; }
    template <class Caller>
    static std::uint64_t name_of(Caller& by) noexcept {
        const std::uint64_t owner = by.owner();
        return owner == 0 ? layout::nameless_owner : owner;
    }
    // The place at whose owner who asks begins: another one each time that may_look() says yes, as it may be tired before it comes to the last.
    static std::size_t first_asked(nanos now, std::size_t places) noexcept {
        return static_cast<std::size_t>(now / look_interval * 0x9e3779b97f4a7c15ULL >> 32) %
               std::max<std::size_t>(places, 1);
    }
    // A taken place that names nobody was scribbled.
    template <class Caller>
    static bool is_orphan(std::uint64_t owner, Caller& by) noexcept {
        return owner == 0 || (owner != layout::nameless_owner && !by.alive(owner));
    }

    [[nodiscard]] transition_counts<Memory> counts() const noexcept { return {block_->state, block_->transitions}; }
    [[nodiscard]] count_window<Memory> of_count() const noexcept { return {block_->window_end, ring_}; }
    [[nodiscard]] time_window<Memory> of_time() const noexcept { return time_window<Memory>{block_->slices}; }

    [[nodiscard]] breaker_law::tally window_of(std::uint32_t generation, const terms& law, nanos now) const noexcept {
        if (law.window_type == breaker_law::window_type::time) return of_time().look(generation, now, law);
        return of_count().look(generation, law);
    }

    // The two words are of one pair if the first is still the same: each transition changes it.
    [[nodiscard]] layout::pair_value read() const noexcept {
        layout::pair_value seen = read_halves<Memory>(block_->state);
        for (int round = 0; round < max_rounds && Memory::load_first_acquire(block_->state) != seen.first; ++round)
            seen = read_halves<Memory>(block_->state);
        return seen;
    }
    [[nodiscard]] bool is_current(std::uint32_t generation) const noexcept {
        return breaker_law::generation_of(Memory::load_first_acquire(block_->state)) == generation;
    }

    // One winner for each content of the word. The content as it was read, for somebody may have scribbled bits that mean nothing.
    template <class Caller>
    [[nodiscard]] bool move(layout::pair_value seen, const breaker_law::step& step, Caller& by) const noexcept {
        const auto [first, second] = breaker_law::pack(step.next);
        if (step.transition) counts().count(seen.first);  // whose maker may have died before it did
        if (!Memory::cas_pair(block_->state, seen, {first, second})) return false;
        if (!step.transition) return true;
        counts().count(first);
        by.moved(transition{breaker_law::state_of(seen.first), step.next.state, step.next.generation, step.next.since});
        return true;
    }

    // Makes the transition that follows from the event, unless there is none, or another made it.
    template <class Caller>
    happening happens(breaker_law::event what, std::uint32_t generation, const terms& law, Caller& by) const noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            const layout::pair_value seen = read();
            if (!by.stands()) return happening::nothing;
            const auto step = breaker_law::react(breaker_law::unpack(to_packed(seen)), what, generation, by.now(), law);
            if (!step.transition) return happening::nothing;
            if (move(seen, step, by)) return happening::made;
        }
        return happening::hindered;
    }

    template <class Law, class Caller>
    [[nodiscard, gnu::noinline]] admission admit_carefully(Law& law_now, Caller& by) const noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            const layout::pair_value seen = read();
            terms law = law_now();
            if (!by.stands()) return {};
            const auto from = breaker_law::unpack(to_packed(seen));
            const nanos now = breaker_law::passes(from.state) ? 0 : by.now();
            if (const nanos left = breaker_law::plainly_refused(from, now, law); left > 0)
                return {breaker_law::decision::refuse, from.generation, no_place, left, from.state};
            const auto step = breaker_law::react(from, breaker_law::event::call, from.generation, now, law);
            if (step.next != from && !move(seen, step, by)) continue;
            // Those of before may have been changed before the generation that began right now.
            if (step.transition) law = law_now();
            const std::uint32_t generation = step.next.generation;
            const breaker_law::state state = step.next.state;
            if (step.answer != breaker_law::decision::probe)
                return {step.answer, generation, no_place, step.retry_after, state};
            const found_place at = take_place(generation, now, law, by);
            switch (at.result) {
                case search::found: return {breaker_law::decision::probe, generation, at.place, 0, state};
                case search::none:
                    return {breaker_law::decision::refuse, generation, no_place, step.retry_after, state};
                case search::all_ok: (void)happens(breaker_law::event::probes_ok, generation, law, by); break;
                case search::moved_on: break;
            }
        }
        return {};
    }

    [[nodiscard]] std::span<layout::pair> places(const terms& law) const noexcept {
        return places_.first(std::clamp<std::size_t>(law.half_open_requests, 1, places_.size()));
    }

    template <class Caller>
    [[nodiscard]] found_place take_place(std::uint32_t generation, nanos now, const terms& law,
                                         Caller& by) const noexcept {
        const found_place free = take_free_place(generation, law, name_of(by));
        if (free.result != search::none) return free;
        const auto row = places(law);
        const std::size_t from = first_asked(now, row.size());
        for (std::size_t looked = 0, end = may_look(now) ? row.size() : 0; looked < end; ++looked) {
            const std::size_t i = (from + looked) % row.size();
            const layout::pair_value seen = read_halves<Memory>(row[i]);
            if (seen.first != taken(generation)) continue;
            if (by.tired()) break;
            if (!is_orphan(seen.second, by)) continue;
            if (Memory::cas_pair(row[i], seen, {taken(generation), name_of(by)}))
                return confirmed(generation, static_cast<std::uint32_t>(i));
        }
        // Who tidied up, or was let look instead of us, may have given some back since.
        return take_free_place(generation, law, name_of(by));
    }

    [[nodiscard]] found_place take_free_place(std::uint32_t generation, const terms& law,
                                              std::uint64_t owner) const noexcept {
        const auto row = places(law);
        bool all_ok = true;
        int lost = 0;
        for (std::uint32_t i = 0; i < row.size();) {
            const layout::pair_value seen = read_halves<Memory>(row[i]);
            const bool of_this = layout::place_generation(seen.first) == generation;
            const layout::place standing = layout::place_standing(seen.first);
            if (of_this && (standing == layout::place::ok || standing == layout::place::taken)) {
                all_ok = all_ok && standing == layout::place::ok;
                ++i;
                continue;
            }
            // Another generation's is free if it is older, and it is if this one's is still the breaker's.
            if (!of_this && !is_current(generation)) return {search::moved_on};
            if (Memory::cas_pair(row[i], seen, {taken(generation), owner})) return confirmed(generation, i);
            if (++lost == max_rounds) return {search::none};
        }
        return {all_ok ? search::all_ok : search::none};
    }

    // A place taken after its generation was over lets nobody in.
    [[nodiscard]] found_place confirmed(std::uint32_t generation, std::uint32_t place) const noexcept {
        return is_current(generation) ? found_place{search::found, place} : found_place{search::moved_on};
    }

    template <class Caller>
    [[nodiscard]] recorded record(std::uint32_t generation, breaker_law::outcome outcome, nanos now, const terms& law,
                                  bool opens, Caller& by) const noexcept {
        const auto current = [&] { return is_current(generation); };
        if (law.window_type == breaker_law::window_type::count) [[likely]]
            return of_count().push(generation, outcome, law, opens, current);
        return of_time().push(generation, outcome, now, law, opens, current, [&] { return by.now(); });
    }

    template <class Caller>
    [[gnu::noinline]] report_result open(std::uint32_t generation, const terms& law, Caller& by) const noexcept {
        return happens(breaker_law::event::window_trips, generation, law, by) == happening::hindered
                   ? report_result::hindered
                   : report_result::opened;
    }

    [[nodiscard]] bool all_are_ok(std::uint32_t generation, const terms& law) const noexcept {
        const std::uint64_t ok = layout::pack_place(generation, layout::place::ok);
        return std::ranges::all_of(places(law),
                                   [&](const layout::pair& place) { return Memory::load_first_acquire(place) == ok; });
    }

    template <class Caller>
    [[gnu::noinline]] report_result report_probe(const admission& let_in, breaker_law::outcome outcome,
                                                 const terms& law, Caller& by) const noexcept {
        if (let_in.place >= places_.size()) return report_result::late;
        layout::pair& place = places_[let_in.place];
        const layout::pair_value mine{taken(let_in.generation), name_of(by)};
        if (outcome == breaker_law::outcome::ignore)
            return Memory::cas_pair(place, mine, {free_place(mine.first), 0}) ? report_result::ignored
                                                                              : report_result::late;
        if (outcome == breaker_law::outcome::ok) {
            if (!Memory::cas_pair(place, mine, {layout::pack_place(let_in.generation, layout::place::ok), 0}))
                return report_result::late;
            if (all_are_ok(let_in.generation, law))
                (void)happens(breaker_law::event::probes_ok, let_in.generation, law, by);
            return report_result::counted;
        }
        if (read_halves<Memory>(place) != mine) return report_result::late;
        switch (happens(breaker_law::event::probe_failed, let_in.generation, law, by)) {
            case happening::made: return report_result::opened;
            case happening::nothing: return report_result::late;
            case happening::hindered: return report_result::hindered;
        }
        return report_result::late;
    }

    layout::breaker_block* block_ = nullptr;
    std::span<layout::pair> ring_;
    std::span<layout::pair> places_;
};

}  // namespace seki::shm
