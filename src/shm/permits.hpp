// Permits: at most `max` of them are held by living processes, whoever dies wherever. Bulkheads hand them out; so do probes and shedders.
//
// 1. What it is. An array of words, each 0 or the name of the process that holds it. The number in use is the number of words that are not 0,
//    so no count can drift from it. Beside them one word with the terms and two hints.
//
// 2. Who writes which word, from what to what.
//      permit      0 -> owner                by a taker, in a word below max (CAS)
//      permit      owner -> 0                by the owner; by a taker that finds itself one too many; by anybody when the owner is dead (CAS)
//      terms       {v, d, m} -> {v+1, max(d, m'), m'}   set_max(m'), set_max_by(): m' may be m (CAS)
//      terms       {v, d, m} -> {v+1, capacity, m}      set_right(), where something is held at or beyond d, or d < m; or they go on changing (CAS)
//      terms       {v, d, m} -> {v, m, m}    by whoever saw all of [m, d) free since {v, d, m} was there (CAS); close() sets m = 0 and does it
//      full_as_of  any -> now                by a taker that found nothing, before it looks once more
//      full_as_of  any -> 0                  after a permit was given back, or max was raised
//      asked_at    t -> now                  by who asks whether the holders live (CAS, so that one of them asks)
//      ask_next    any -> i                  by who asked and grew tired of it before permit i
//
// 3. Invariants. (a) A word is held by one. (b) What is held lies below drain. A taker looks at the terms again after its CAS and keeps
//    nothing at or above max; so when all of [max, drain) was seen free nobody can hold one there under these terms, and the version
//    keeps the terms from recurring. (c) While drain > max a taker counts [0, drain) after its CAS and gives its own back if there are more than
//    max. Of any set of holders the one whose CAS came last counted all the others. Hence: when a permit is given, no more are held with it
//    than a max that was in force during the call allows. tests/protocol/permits.pml proves it with spin, and that each part is needed.
//    Each of these is "I wrote mine, then I looked at yours" by two at once, which takes one order of all: seq_cst throughout.
//    (d) A drain that is too high is right, and costs looks at words. One that is too low forgets holders for good: only a scribbler writes it, and a max that is
//    set then keeps it. So who changes the options, upkeep and the doctor call set_right() before that, and upkeep again and again, as the end of a window of an
//    adaptive limit does not: takers count the whole table until one of them sees all of [max, capacity) free.
//
// 4. A death after each step. After 0 -> owner, or while holding: the word names a process that is dead, and anybody gives it back. After
//    owner -> 0: full_as_of may be wrong. After full_as_of or asked_at was written: wrong likewise. After set_max's CAS: full_as_of again.
//    A wrong hint is believed for look_again_ns and no longer. Before ask_next was written: the next asks the same holders
//    again. Nobody waits for the dead.
//
// 5. A stale read. Dead is for good, and a name does not come back: who gives back a permit late finds the name gone. Wrong hints: see 4. A wrong
//    guess where a free permit may be costs a scan. Of ask_next: holders are asked about twice, or one round later.
//
// The memory of a table may later be another's only as permits, words and version as they stand: a taker who was stopped may still take
// a word, and what is out is given back there.
//
// docs/design/permits.md tells the rest.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "layout/permits.hpp"
#include "shm/found_living.hpp"
#include "shm/memory.hpp"
#include "shm/process_token.hpp"

namespace seki::shm {

// What a table asks of who wants a permit.
//   std::uint64_t now()                nanoseconds of a clock that all of them share; a coarse one will do. Asked when permits seem to be out
//   bool alive(std::uint64_t owner)    whether that process lives. Once false, for ever false. Any number may be asked for
//   bool tired()                       whether it has asked enough for this call, and leaves the others to the next. Asked before alive(); false the first time
//   void rest()                        what it has asked so far counts no more: it goes to another table, or has slept
//   void reclaimed(std::uint64_t owner)   a permit of a dead process was given back by this caller
template <class T>
concept permit_seeker = requires(T who, std::uint64_t owner) {
    { who.now() } -> std::same_as<std::uint64_t>;
    { who.alive(owner) } -> std::same_as<bool>;
    { who.tired() } -> std::same_as<bool>;
    who.rest();
    who.reclaimed(owner);
};

// A permit that is held, or none. Means something only in the process that took it: the child of a fork gives nothing back.
struct permit {
    std::uint64_t owner = 0;
    std::uint64_t token = 0;  // of the process, as opposed to the attachment that `owner` names
    std::uint32_t index = 0;
    explicit operator bool() const noexcept { return owner != 0; }
};

template <class Memory = hardware>
class permits {
public:
    using permit_type = permit;

    // How long a hint is believed, and how often the kernel is asked whether the holders live.
    static constexpr std::uint64_t look_again_ns = 5'000'000;
    // A round fails when the terms change meanwhile, or when several takers find each other one too many while permits drain.
    static constexpr int max_rounds = 16;
    // set_max() starts over when another changed the terms; so often only when somebody scribbles there.
    static constexpr int max_changes = 10'000;
    // So often set_right() looks at what lies beyond drain. After that it raises drain unseen, which is right: see 3 (d).
    static constexpr int max_looks = 2;

    static constexpr std::uint64_t bytes_for(std::uint64_t capacity) noexcept {
        constexpr std::uint64_t per_line = layout::cache_line / sizeof(word);
        return sizeof(layout::permit_control) + (capacity + per_line - 1) / per_line * layout::cache_line;
    }

    permits() = default;  // gives out nothing

    // Memory of bytes_for(capacity), aligned to a cache line. Zeros are a table with max 0; set_max() opens it.
    [[nodiscard]] static permits attach(std::span<std::byte> memory) noexcept {
        permits made;
        if (memory.size() < bytes_for(1) || reinterpret_cast<std::uintptr_t>(memory.data()) % layout::cache_line != 0)
            return made;
        made.control_ = reinterpret_cast<layout::permit_control*>(memory.data());
        const std::size_t words = (memory.size() - sizeof(layout::permit_control)) / sizeof(word);
        made.words_ = {reinterpret_cast<word*>(made.control_ + 1), std::min<std::size_t>(words, layout::max_permits)};
        return made;
    }
    [[nodiscard]] explicit operator bool() const noexcept { return control_ != nullptr; }

    // A permit, or none. `near` says where to look first: best the index that this worker had last.
    template <permit_seeker Seeker>
    [[nodiscard]] permit try_take(std::uint64_t owner, std::uint32_t near, Seeker&& by) const noexcept {
        if (seems_full([&] { return by.now(); })) return {};
        return take(owner, near, by);
    }

    // Whether there was none a moment ago, by the hint; now() is asked only if there is one.
    template <class Clock>
    [[nodiscard]] bool seems_full(Clock now) const noexcept {
        const std::uint64_t since = *this ? Memory::load_relaxed(control_->full_as_of) : 0;
        return since != 0 && now() - since < look_again_ns;  // a time to come is far in the past: not believed
    }

    // Likewise, but looks at every permit, whatever the hint says: for who has waited.
    template <permit_seeker Seeker>
    [[nodiscard]] permit take(std::uint64_t owner, std::uint32_t near, Seeker&& by) const noexcept {
        if (owner == 0 || !*this) return {};
        if (const permit taken = take_free(owner, near)) [[likely]]
            return taken;
        return take_contended(owner, near, by);
    }

    // Gives it back and empties it. False, and nothing done, for none, in a process that is not its owner, and when somebody took the owner for
    // dead and was there before.
    bool give_back(permit& held) const noexcept {
        const permit given = std::exchange(held, permit{});
        return given && given.token == process_token() && release(given.index, given.owner);
    }

    // Gives back everything that is named after processes that are dead, or what it finds until it is tired; how many. For maintenance: takers do it
    // themselves when they find nothing. Looks beyond drain, too, where a taker may have died that had not looked at the terms again.
    template <permit_seeker Seeker>
    std::uint64_t reclaim(Seeker&& by) const noexcept {
        return *this ? reclaim_below(words_.size(), by) : 0;
    }

    // Everything that is named after this owner, when it leaves. How many.
    std::uint64_t give_back_all(std::uint64_t owner) const noexcept {
        std::uint64_t given = 0;
        for (std::uint32_t i = 0; owner != 0 && i < words_.size(); ++i)
            given += Memory::load_relaxed(words_[i]) == owner && release(i, owner) ? 1U : 0U;
        return given;
    }

    // While it runs, by anybody. 0 gives out nothing more. False beyond the capacity, or when somebody scribbles on the terms. After raising,
    // wake who waits.
    bool set_max(std::uint64_t max) const noexcept {
        return change_max([max](std::uint64_t now) { return wish{max, max != now}; }).holds;
    }
    // The same, but leaves one that is higher.
    bool raise_max(std::uint64_t max) const noexcept {
        return change_max([max](std::uint64_t now) { return wish{max, max > now}; }).holds;
    }
    // The same, by what most() answers, where several may set it at once, each by what he reads elsewhere. It is asked after the terms were read, and again when
    // another has set them meanwhile. So whoever is the last to set them saw what all others went by; and whoever is stopped, or dies, before he does, sets nothing that is old.
    // Whether it was raised.
    template <class Most>
    bool set_max_by(Most most) const noexcept {
        return change_max([&](std::uint64_t) { return wish{most(), true}; }).raised;
    }

    // For who finds terms that set_max() may not have left, before he sets others: see 3 (d). Where nobody scribbled it does nothing, or, between a taker's CAS and its second look,
    // no harm.
    void set_right() const noexcept {
        if (!*this) return;
        std::uint64_t found = Memory::load_seq_cst(control_->terms);
        for (int round = 0; round < max_changes; ++round) {
            const layout::permit_terms t = bounded(found);
            if (round < max_looks && layout::unpack_permit_terms(found) == t && all_free_from(t.drain)) return;
            const layout::permit_terms next{t.version + 1, words_.size(), t.max};
            if (Memory::cas_seq_cst(control_->terms, found, layout::pack(next))) return;
        }
    }

    // Gives out nothing more until max is raised; and where nothing is held either, nobody has to look here until then: closed().
    void close() const noexcept {
        if (!set_max(0) || !*this) return;
        std::uint64_t found = Memory::load_seq_cst(control_->terms);
        const layout::permit_terms t = bounded(found);
        if (t.max == 0 && t.drain != 0 && count(t).held == 0)
            (void)Memory::cas_seq_cst(control_->terms, found, layout::pack(layout::permit_terms{t.version, 0, 0}));
    }
    [[nodiscard]] bool closed() const noexcept { return !*this || terms().drain == 0; }

    [[nodiscard]] std::uint64_t max() const noexcept { return *this ? terms().max : 0; }
    [[nodiscard]] bool draining() const noexcept { return *this && terms().drain > terms().max; }
    // Whether the terms are such as set_max() writes.
    [[nodiscard]] bool sound() const noexcept {
        if (!*this) return true;
        const std::uint64_t found = Memory::load_seq_cst(control_->terms);
        return layout::unpack_permit_terms(found) == bounded(found);
    }
    // For the doctor: the later of the times at which somebody found it full, or asked after its holders.
    [[nodiscard]] std::uint64_t latest_hint() const noexcept {
        return *this ? std::max(Memory::load_acquire(control_->full_as_of), Memory::load_acquire(control_->asked_at))
                     : 0;
    }
    // As if nobody ever had.
    void forget_hints() const noexcept {
        if (!*this) return;
        Memory::store_relaxed(control_->full_as_of, 0);
        Memory::store_relaxed(control_->asked_at, 0);
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return words_.size(); }
    [[nodiscard]] std::uint64_t in_use() const noexcept { return *this ? count(terms()).held : 0; }

    // Whether no more than so many are held. For who has just taken one: of any set of holders the last to take counts all the others. From the end,
    // where a table is empty that is not full: it looks no further than it must.
    [[nodiscard]] bool at_most(std::uint64_t most) const noexcept {
        const std::uint64_t places = *this ? terms().drain : 0;
        std::uint64_t wanted = places > most ? places - most : 0;  // so many free ones
        std::uint64_t i = places;
        for (; wanted >= 4 && i >= 4 && all_free(i - 4); i -= 4) wanted -= 4;
        for (; wanted != 0 && i != 0; --i) wanted -= Memory::load_seq_cst(words_[i - 1]) == 0 ? 1U : 0U;
        return wanted == 0;
    }

    // Calls visit(index, owner) for every permit that is out. Not a snapshot.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::uint32_t i = 0; i < words_.size(); ++i)
            if (const std::uint64_t owner = Memory::load_acquire(words_[i]); owner != 0) visit(i, owner);
    }
    [[nodiscard]] std::uint64_t held_by(std::uint64_t owner) const noexcept {
        std::uint64_t held = 0;
        for_each([&](std::uint32_t, std::uint64_t who) { held += who == owner ? 1U : 0U; });
        return held;
    }

private:
    struct tally {
        std::uint64_t held = 0;   // below drain
        std::uint64_t above = 0;  // of these, not below max
    };

    // Nobody who reads the terms may index anything by what stands there.
    [[nodiscard]] layout::permit_terms bounded(std::uint64_t found) const noexcept {
        layout::permit_terms t = layout::unpack_permit_terms(found);
        t.max = std::min<std::uint64_t>(t.max, words_.size());
        t.drain = std::clamp<std::uint64_t>(t.drain, t.max, words_.size());
        return t;
    }
    [[nodiscard]] layout::permit_terms terms() const noexcept { return bounded(Memory::load_seq_cst(control_->terms)); }

    // Four at a time: most of what at_most() looks at is.
    [[nodiscard]] bool all_free(std::uint64_t first) const noexcept {
        const auto at = [&](std::uint64_t i) { return Memory::load_seq_cst(words_[first + i]); };
        return (at(0) | at(1) | at(2) | at(3)) == 0;
    }

    [[nodiscard]] bool all_free_from(std::uint64_t first) const noexcept {
        return std::ranges::all_of(words_.subspan(first), [](const word& w) { return Memory::load_seq_cst(w) == 0; });
    }

    [[nodiscard]] tally count(layout::permit_terms t) const noexcept {
        tally seen;
        for (std::uint64_t i = 0; i < t.drain; ++i) {
            const std::uint64_t taken = Memory::load_seq_cst(words_[i]) != 0 ? 1 : 0;
            seen.held += taken;
            if (i >= t.max) seen.above += taken;
        }
        return seen;
    }

    struct wish {
        std::uint64_t max;
        bool differs;  // false: as it is will do
    };
    struct change {
        bool holds = false;  // what was wished for
        bool raised = false;
    };
    template <class Wish>
    change change_max(Wish wish_for) const noexcept {
        if (!*this) return {.holds = wish_for(0).max <= words_.size()};
        std::uint64_t found = Memory::load_seq_cst(control_->terms);
        for (int round = 0; round < max_changes; ++round) {
            const layout::permit_terms old = bounded(found);
            const auto [max, differs] = wish_for(old.max);
            if (max > words_.size()) return {};
            if (!differs) return {.holds = true};
            const layout::permit_terms next{old.version + 1, std::max(old.drain, max), max};
            if (!Memory::cas_seq_cst(control_->terms, found, layout::pack(next))) continue;
            seems_free();
            return {.holds = true, .raised = max > old.max};
        }
        return {};
    }

    void seems_free() const noexcept {
        if (Memory::load_seq_cst(control_->full_as_of) != 0) Memory::store_relaxed(control_->full_as_of, 0);
    }

    [[nodiscard]] permit take_free(std::uint64_t owner, std::uint32_t near) const noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            std::uint64_t found = Memory::load_seq_cst(control_->terms);
            const layout::permit_terms before = bounded(found);
            if (before.drain > before.max) [[unlikely]] {
                const tally seen = count(before);
                if (seen.above == 0) {
                    (void)Memory::cas_seq_cst(
                        control_->terms, found,
                        layout::pack(layout::permit_terms{before.version, before.max, before.max}));
                    continue;
                }
                if (seen.held >= before.max) return {};
            }
            const std::uint64_t index = claim_below(before.max, owner, near);
            if (index == before.max) return {};
            if (may_keep(index)) [[likely]]
                return {owner, process_token(), static_cast<std::uint32_t>(index)};
            release(index, owner);
        }
        return {};
    }

    // Puts the owner's name into a free word below max; max when there is none.
    [[nodiscard]] std::uint64_t claim_below(std::uint64_t max, std::uint64_t owner, std::uint64_t near) const noexcept {
        // Whoever begins beyond the end begins apart from the others who do.
        if (near >= max) [[unlikely]]
            near = max == 0 ? 0 : near % max;
        for (std::uint64_t i = near; i < max; ++i)
            if (claim(words_[i], owner)) return i;
        for (std::uint64_t i = 0; i < near; ++i)
            if (claim(words_[i], owner)) return i;
        return max;
    }
    [[nodiscard]] static bool claim(word& free, std::uint64_t owner) noexcept {
        std::uint64_t nobody = 0;
        return Memory::load_seq_cst(free) == 0 && Memory::cas_seq_cst(free, nobody, owner);
    }

    // After the claim: do the terms, as they are now, allow it beside all that is held?
    [[nodiscard]] bool may_keep(std::uint64_t index) const noexcept {
        const layout::permit_terms now = terms();
        if (index >= now.max) return false;
        return now.drain == now.max || count(now).held <= now.max;
    }

    template <class Seeker>
    [[nodiscard, gnu::noinline]] permit take_contended(std::uint64_t owner, std::uint32_t near,
                                                       Seeker& by) const noexcept {
        const std::uint64_t now = by.now();
        if (may_ask(now) && reclaim_below(terms().drain, by) != 0)
            if (const permit taken = take_free(owner, near)) return taken;
        // Who gives one back after this look finds the hint and takes it away.
        Memory::store_seq_cst(control_->full_as_of, std::max<std::uint64_t>(now, 1));
        const permit taken = take_free(owner, near);
        if (taken) Memory::store_relaxed(control_->full_as_of, 0);
        return taken;
    }

    // One caller in look_again_ns. If that one dies, another asks after the same time.
    [[nodiscard]] bool may_ask(std::uint64_t now) const noexcept {
        std::uint64_t last = Memory::load_relaxed(control_->asked_at);
        return now - last >= look_again_ns && Memory::cas_seq_cst(control_->asked_at, last, now);
    }

    // Asks of each holder once; of those that it leaves, the next who asks.
    template <class Seeker>
    std::uint64_t reclaim_below(std::uint64_t end, Seeker& by) const noexcept {
        found_living living;
        std::uint64_t dead = 0, given = 0;
        std::uint64_t i = Memory::load_relaxed(control_->ask_next);
        for (std::uint64_t looked = 0; looked < end; ++looked, ++i) {
            if (i >= end) i = 0;
            const std::uint64_t owner = Memory::load_seq_cst(words_[i]);
            if (owner == 0 || living.has(owner)) continue;
            if (by.tired()) {
                Memory::store_relaxed(control_->ask_next, i);
                break;
            }
            if (owner != dead && by.alive(owner)) {
                living.add(owner);
                continue;
            }
            dead = owner;
            if (!release(i, owner)) continue;
            ++given;
            by.reclaimed(owner);
        }
        return given;
    }

    // owner -> 0, and nothing when the word says something else by now.
    bool release(std::uint64_t index, std::uint64_t owner) const noexcept {
        if (index >= words_.size() || !Memory::cas_seq_cst(words_[index], owner, 0)) return false;
        seems_free();
        return true;
    }

    layout::permit_control* control_ = nullptr;
    std::span<word> words_;
};

}  // namespace seki::shm
