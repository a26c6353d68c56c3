// The key table: from a key's tag to its slot, shared by all processes, without locks and without waiting.
//
// 1. What it is. Buckets of eight 16-byte slots. A key has two candidate buckets; it goes to the first while fewer than five of that one's slots
//    are taken, else to the emptier one. A key never moves, and an ordinary decision is one compare-and-swap of the pair that the
//    reader saw, so it can never land on a slot that meanwhile became somebody else's.
//
// 2. Who writes which word, from what to what. All writes are 16-byte compare-and-swaps, by anybody:
//      slot    key {tag, s}            -> {tag, s'}             a decision (primitives/limiter.hpp)
//      slot    key, as good as new     -> empty {stamp, 0}      clear() by an insert, sweep() by who looks after the table: takes the slot
//                                                               away from a key that loses nothing
//      slot    tentative, left behind  -> empty {stamp, 0}      clear(), sweep()
//      slot    empty {stamp, 0}        -> {tag, ticket}         place()
//      slot    tentative {tag, ticket} -> key {tag, fresh}      commit()
//      stripe  {table stamp, idle n}   -> {tag, preparing n}    begin
//      stripe  {tag, preparing n}      -> {tag, committing n}   after its ticket was seen in the slot
//      stripe  {tag, preparing n}      -> {table stamp, idle n+1}   the chosen slot was taken meanwhile: start over
//      stripe  {tag, committing n}     -> {table stamp, idle n+1}   done
//    An insert is a transaction in the stripe of its tag. Everything needed to finish it stands in the stripe, so whoever finds it
//    busy finishes it and goes on. A sweeper is nobody special: its clearing is that of an insert which then goes no further, and it helps as
//    inserts help. But it writes over whatever it finds, where they write over one tag, so it asks before each write whether the memory is
//    still this table: what it found before that answer stands in no table that follows.
//
// 3. Invariants. (a) At most one slot holds a tag as a key. (b) A ticket is placed at most once: only empties become tentative, and
//    an empty's stamp is used once, so a late place() by somebody who was stopped finds its empty gone. Contents of keys do recur (counts
//    go up and down), which is why a key is never replaced by a ticket directly. (c) Who scans under idle n and
//    then begins n knows that no key of this stripe was inserted since the scan. tests/protocol/insert.pml proves (a) with spin, and that each
//    part is needed.
//
// 4. A death after each step. After begin, clear, place or the change to committing: the stripe stays busy until the next insert into it,
//    which finishes the transaction, or the next sweep. After commit: likewise, one step shorter. Nobody waits for the dead, and nothing was
//    spent.
//
// 5. Stale and torn reads. A slot is read as two words, so tag and state may be halves of different contents. Whoever writes proves with the
//    compare-and-swap that they were one. Whoever only answers (a denial, a peek) reads the tag again after the state; were the slot given
//    away and given back to the same key in between, the answer would be a denial that took nothing. A ticket names its stripe
//    and sequence in one word, so one load tells what it belongs to.
//
// 6. Deletion. The memory may become another limiter's table, of any geometry, while somebody is still on the way into this one. All that such
//    a latecomer can write is a compare-and-swap from what it read while this table stood; and tags, tickets beside tags, and stamps of this
//    table never stand in another. What it reads afterwards it must not act upon: help() asks stands() after it has read a busy stripe, so it
//    helps no transaction but of this table; and prepare() looks at the whole stripe after it has read the slot
//    (tests/shm/key_table_reuse_test.cpp). What fill() stores comes after this one was withdrawn, by releases: who has read a word of it is told that by stands().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "layout/key_table.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

// What a table asks of who inserts into it.
//   bool as_good_as_new(std::uint64_t state)   by the limiter's algorithm, now; once true of a state, it stays so
//   std::uint64_t fresh()                      the state of a key that is new now: not older than any state that was as good as new before,
//                                              so that who was stopped with an old time in hand cannot spend what was spent and
//                                              forgotten since (tests/shm/key_table_interleavings_test.cpp shows it)
//   std::uint64_t stamp()                      one that no emptying used before (shm/workers.hpp, next_stamp)
//   void evicted()                             a key as good as new lost its slot to this insert
//   bool stands()                              false once the limiter was deleted: what is read after that may be anything
template <class T>
concept inserter = requires(T who, std::uint64_t state) {
    { who.as_good_as_new(state) } -> std::same_as<bool>;
    { who.fresh() } -> std::same_as<std::uint64_t>;
    { who.stamp() } -> std::same_as<std::uint64_t>;
    who.evicted();
    { who.stands() } -> std::same_as<bool>;
};

template <class Memory = hardware>
class key_table {
public:
    // Where a key stood when it was looked for. `slot` is null when it was nowhere.
    struct sighting {
        layout::pair* slot = nullptr;
        std::uint64_t state = 0;
        explicit operator bool() const noexcept { return slot != nullptr; }
    };

    enum class insertion : std::uint8_t {
        there,  // the key has a slot; look again
        full,   // all sixteen slots are in use by other keys
        gone,   // the limiter was deleted meanwhile
        hindered,  // somebody scribbled on the stripe; or it gave up after max_rounds, as others were always faster at its last free slot
    };

    // An insert that loses its race starts over, and each time another insert went through; only a scribbler can keep this up.
    static constexpr int max_rounds = 10'000;

    key_table() = default;

    // `stamp` is what fill() writes into empties and idle stripes: a number that only this limiter has (shm/fingerprint.hpp). At least 2 buckets, 1 to max_stripes stripes.
    key_table(std::span<layout::bucket> buckets, std::span<layout::pair> stripes, std::uint64_t stamp) noexcept
        : buckets_{buckets}, stripes_{stripes}, stamp_{stamp} {}

    // Makes the memory an empty table, before it is published. Memory of a deleted primitive may be used (6.).
    void fill() noexcept {
        for (auto& bucket : buckets_)
            for (auto& slot : bucket.slots) fill(slot, 0);
        for (auto& stripe : stripes_) fill(stripe, layout::pack(layout::transaction{}));
    }

    // The two buckets where a tag may stand.
    struct neighbourhood {
        layout::bucket* first = nullptr;
        layout::bucket* second = nullptr;
    };

    [[nodiscard]] neighbourhood around(std::uint64_t tag) const noexcept {
        const auto [first, second] = candidate_buckets(tag);
        return {&buckets_[first], &buckets_[second]};
    }

    // Asks for the first cache line of each of a tag's buckets, so that the misses of find() hide behind what the caller does in between. Most keys
    // stand there, for choose() prefers low places, and to ask for the other lines too takes longer than it saves (bench/limiter).
    [[nodiscard]] neighbourhood prefetch(std::uint64_t tag) const noexcept {
        const neighbourhood around = this->around(tag);
        Memory::prefetch_for_write(&around.first->slots.front());
        Memory::prefetch_for_write(&around.second->slots.front());
        return around;
    }

    [[nodiscard]] static sighting find(neighbourhood around, std::uint64_t tag) noexcept {
        if (const sighting at = find_in(*around.first, tag)) return at;
        return find_in(*around.second, tag);
    }
    [[nodiscard]] sighting find(std::uint64_t tag) const noexcept { return find(around(tag), tag); }

    // The same slot as it is now; none when the key is not there any more.
    [[nodiscard]] static sighting again(const sighting& at, std::uint64_t tag) noexcept {
        if (!still(at, tag)) return {};
        const std::uint64_t state = Memory::load_second_acquire(*at.slot);
        return is_ticket(state) ? sighting{} : sighting{at.slot, state};
    }

    // Whether the slot still holds that tag: the second look of who answers without writing.
    [[nodiscard]] static bool still(const sighting& at, std::uint64_t tag) noexcept {
        return Memory::load_first_acquire(*at.slot) == tag;
    }

    // A decision: the whole content, or nothing.
    [[nodiscard]] static bool exchange(const sighting& at, std::uint64_t tag, std::uint64_t state) noexcept {
        return Memory::cas_pair(*at.slot, {tag, at.state}, {tag, state});
    }

    // Gives the key a slot with a fresh state, unless it has one.
    template <inserter Inserter>
    [[nodiscard]] insertion insert(std::uint64_t tag, Inserter&& by) const noexcept {
        const std::size_t stripe = stripe_of(tag);
        for (int round = 0; round < max_rounds; ++round) {
            if (!by.stands()) return insertion::gone;
            const std::uint64_t word = Memory::load_second_acquire(stripes_[stripe]);
            const layout::transaction now = layout::unpack_transaction(word);
            if (now.phase != layout::phase::idle) {
                help(stripe, word, by);
                continue;
            }
            const choice where = choose(tag, by);
            if (where.present) return insertion::there;
            if (where.full) return by.stands() ? insertion::full : insertion::gone;
            // Fails if any insert of this stripe went through since the scan.
            const auto begun =
                layout::pack(layout::transaction{now.sequence, where.candidate, layout::phase::preparing});
            if (Memory::cas_pair(stripes_[stripe], {stamp_, word}, {tag, begun}))
                help(stripe, begun, by);
            else if (is_idle_without_stamp(stripes_[stripe], word))
                return by.stands() ? insertion::hindered : insertion::gone;
        }
        return insertion::hindered;
    }

    enum class sweeping : std::uint8_t { in_use, empty, cleared };

    // Takes a slot away from a key that loses nothing by it, or from a ticket left behind, if there is one. Unlike clear() it looks at no stripe: it may
    // take a fresh key from its insert, but each time it comes by only once.
    template <inserter Sweeper>
    [[nodiscard]] sweeping sweep(std::size_t index, Sweeper&& by) const noexcept {
        layout::pair& slot = this->slot(index);
        const std::uint64_t tag = Memory::load_first_acquire(slot);
        const std::uint64_t state = Memory::load_second_acquire(slot);
        if (is_empty(tag)) return sweeping::empty;
        if (!is_free(tag, state, by) || !by.stands()) return sweeping::in_use;
        return Memory::cas_pair(slot, {tag, state}, {by.stamp(), 0}) ? sweeping::cleared : sweeping::in_use;
    }

    // Finishes the insert that a stripe is busy with: its process may be dead.
    template <inserter Sweeper>
    void finish_insert(std::size_t stripe, Sweeper&& by) const noexcept {
        constexpr int steps = 8;  // clear, place, committing, commit with idle; the rest is for next time
        for (int step = 0; step < steps; ++step) {
            const std::uint64_t busy = Memory::load_second_acquire(stripes_[stripe]);
            if (layout::unpack_transaction(busy).phase == layout::phase::idle || !by.stands()) return;
            help(stripe, busy, by);
        }
    }

    // Whether insert() would find a place for a key that has none. Only looks; asks as_good_as_new() alone.
    template <class Judge>
    [[nodiscard]] bool has_room(std::uint64_t tag, const Judge& by) const noexcept {
        return !choose(tag, by).full;
    }

    // Calls visit(tag, state, slot index) for every key. Not a snapshot: keys that come and go meanwhile may be missed.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket)
            for (std::size_t i = 0; i < layout::slots_per_bucket; ++i) {
                const layout::pair& slot = buckets_[bucket].slots[i];
                const std::uint64_t tag = Memory::load_first_acquire(slot);
                const std::uint64_t state = Memory::load_second_acquire(slot);
                if (is_key(tag, state)) visit(tag, state, bucket * layout::slots_per_bucket + i);
            }
    }

    [[nodiscard]] std::size_t index_of(const sighting& at) const noexcept {
        return static_cast<std::size_t>(at.slot - &buckets_.front().slots.front());
    }
    [[nodiscard]] std::size_t slot_count() const noexcept { return buckets_.size() * layout::slots_per_bucket; }

    // For who examines the table.
    [[nodiscard]] layout::pair& slot(std::size_t index) const noexcept {
        return buckets_[index / layout::slots_per_bucket].slots[index % layout::slots_per_bucket];
    }
    [[nodiscard]] std::size_t stripe_count() const noexcept { return stripes_.size(); }
    [[nodiscard]] layout::pair& stripe(std::size_t index) const noexcept { return stripes_[index]; }
    [[nodiscard]] std::uint64_t stamp() const noexcept { return stamp_; }
    // Idle with the stamp of this table, or busy with a key of that stripe.
    [[nodiscard]] bool sound_stripe(std::size_t index, layout::pair_value content) const noexcept {
        switch (layout::unpack_transaction(content.second).phase) {
            case layout::phase::idle: return content.first == stamp_;
            case layout::phase::preparing:
            case layout::phase::committing: return !is_empty(content.first) && stripe_of(content.first) == index;
        }
        return false;
    }

    // Whether a slot with that index is one of the sixteen where the tag may stand. For doctor.
    [[nodiscard]] bool belongs(std::uint64_t tag, std::size_t slot_index) const noexcept {
        const auto [first, second] = candidate_buckets(tag);
        const std::size_t bucket = slot_index / layout::slots_per_bucket;
        return bucket == first || bucket == second;
    }

    // Whether a slot that is being given to a tag names a transaction that its stripe came to. `state` was read before: the stripe never goes back. For doctor.
    [[nodiscard]] bool sound_ticket(std::uint64_t tag, std::uint64_t state) const noexcept {
        const std::size_t stripe = stripe_of(tag);
        const auto now = layout::unpack_transaction(Memory::load_second_acquire(stripes_[stripe]));
        return layout::ticket_stripe(state) == stripe && layout::ticket_sequence(state) <= now.sequence;
    }

private:
    struct bucket_pair {
        std::size_t first, second;
    };
    struct choice {
        bool present = false;
        bool full = false;
        std::uint64_t candidate = 0;
    };

    // A number below `range` from the high bits of a product: follows any range, not only powers of two (Lemire).
    static std::size_t below(std::uint64_t number, std::size_t range) noexcept {
        __extension__ typedef unsigned __int128 wide;
        return static_cast<std::size_t>(static_cast<wide>(number) * range >> 64);
    }

    // Different odd multipliers make the choices independent of each other: bucket, other bucket, stripe.
    [[nodiscard]] bucket_pair candidate_buckets(std::uint64_t tag) const noexcept {
        const std::size_t first = below(tag << 1, buckets_.size());
        const std::size_t other = below(tag * 0x9e3779b97f4a7c15ULL, buckets_.size() - 1);
        return {first, other + (other >= first)};
    }
    [[nodiscard]] std::size_t stripe_of(std::uint64_t tag) const noexcept {
        return below(tag * 0xd1342543de82ef95ULL, stripes_.size());
    }
    [[nodiscard]] layout::pair& candidate_slot(std::uint64_t tag, std::uint64_t candidate) const noexcept {
        const auto [first, second] = candidate_buckets(tag);
        const std::size_t bucket = candidate < layout::slots_per_bucket ? first : second;
        return buckets_[bucket].slots[candidate % layout::slots_per_bucket];
    }

    static bool is_empty(std::uint64_t tag) noexcept { return (tag & layout::tag_bit) == 0; }
    static bool is_ticket(std::uint64_t state) noexcept { return (state & layout::ticket_bit) != 0; }
    static bool is_key(std::uint64_t tag, std::uint64_t state) noexcept { return !is_empty(tag) && !is_ticket(state); }

    [[nodiscard]] static sighting find_in(layout::bucket& bucket, std::uint64_t tag) noexcept {
        for (auto& slot : bucket.slots) {
            if (Memory::load_first_acquire(slot) != tag) continue;
            const std::uint64_t state = Memory::load_second_acquire(slot);
            if (!is_ticket(state)) return {&slot, state};
        }
        return {};
    }

    // A ticket counts while its stripe is busy with that very transaction; afterwards it is rubbish, for good.
    [[nodiscard]] bool is_current(std::uint64_t ticket) const noexcept {
        const std::uint64_t stripe = layout::ticket_stripe(ticket);
        if (stripe >= stripes_.size()) return false;
        const auto now = layout::unpack_transaction(Memory::load_second_acquire(stripes_[stripe]));
        return now.phase != layout::phase::idle && now.sequence == layout::ticket_sequence(ticket);
    }

    template <class Inserter>
    [[nodiscard]] bool is_free(std::uint64_t tag, std::uint64_t state, const Inserter& by) const noexcept {
        if (is_empty(tag)) return true;
        return is_ticket(state) ? !is_current(state) : by.as_good_as_new(state);
    }

    // Looks at all sixteen slots: is the key there, and if not, where should it go? Empties are preferred to evictions.
    template <class Inserter>
    [[nodiscard]] choice choose(std::uint64_t tag, const Inserter& by) const noexcept {
        constexpr std::uint64_t none = layout::candidates;
        struct side {
            std::uint64_t taken = 0, empty = none, reusable = none;
        } sides[2];
        for (std::uint64_t candidate = 0; candidate < layout::candidates; ++candidate) {
            const layout::pair& slot = candidate_slot(tag, candidate);
            const std::uint64_t found = Memory::load_first_acquire(slot);
            const std::uint64_t state = Memory::load_second_acquire(slot);
            side& here = sides[candidate / layout::slots_per_bucket];
            if (found == tag && !is_ticket(state)) return {.present = true};
            if (is_empty(found))
                here.empty = std::min(here.empty, candidate);
            else if (is_free(found, state, by))
                here.reusable = std::min(here.reusable, candidate);
            else
                ++here.taken;
        }
        constexpr std::uint64_t crowded = 5;
        const side& chosen = sides[0].taken >= crowded && sides[1].taken < sides[0].taken ? sides[1] : sides[0];
        const std::uint64_t candidate = chosen.empty != none ? chosen.empty : chosen.reusable;
        if (candidate == none) return {.full = true};
        return {.candidate = candidate};
    }

    // Whether the stripe is idle, as `word` says, and names another number than the stamp: nobody can begin there. A later insert would have left another
    // sequence, so the two words are one content.
    [[nodiscard]] bool is_idle_without_stamp(const layout::pair& control, std::uint64_t word) const noexcept {
        return Memory::load_first_acquire(control) != stamp_ && Memory::load_second_acquire(control) == word;
    }

    // One step towards the end of the transaction that `word` describes. Anybody may call it, any number of times.
    template <class Inserter>
    void help(std::size_t stripe, std::uint64_t word, Inserter& by) const noexcept {
        layout::pair& control = stripes_[stripe];
        const std::uint64_t tag = Memory::load_first_acquire(control);
        // The words were one content only if the second, whose sequence never recurs, is still the same.
        if (Memory::load_second_acquire(control) != word) return;
        if (!by.stands()) return;
        layout::transaction now = layout::unpack_transaction(word);
        layout::pair& slot = candidate_slot(tag, now.candidate);
        if (now.phase == layout::phase::preparing)
            prepare(control, {tag, word}, now, slot, layout::ticket(stripe, now.sequence), by);
        else
            finish(control, {tag, word}, now, slot, layout::ticket(stripe, now.sequence), by);
    }

    // Whether the transaction was still on its way, and the table still this one, after everything that was read before.
    template <class Inserter>
    static bool still_busy(const layout::pair& control, layout::pair_value busy, const Inserter& by) noexcept {
        return Memory::load_second_acquire(control) == busy.second && by.stands();
    }

    template <class Inserter>
    void prepare(layout::pair& control, layout::pair_value busy, layout::transaction now, layout::pair& slot,
                 std::uint64_t ticket, Inserter& by) const noexcept {
        const std::uint64_t tag = Memory::load_first_acquire(slot);
        const std::uint64_t state = Memory::load_second_acquire(slot);
        if (state == ticket) {
            now.phase = layout::phase::committing;
            (void)Memory::cas_pair(control, busy, {busy.first, layout::pack(now)});
        } else if (is_empty(tag)) {
            // place(): the stripe is looked at after the empty was read, so this empty was there while the transaction was.
            if (still_busy(control, busy, by)) (void)Memory::cas_pair(slot, {tag, state}, {busy.first, ticket});
        } else if (is_free(tag, state, by)) {
            // clear(): looks at the stripe as well, or a late helper could take the fresh key away from its insert again and again.
            if (still_busy(control, busy, by) && Memory::cas_pair(slot, {tag, state}, {by.stamp(), 0}) &&
                !is_ticket(state))
                by.evicted();
        } else {
            (void)Memory::cas_pair(control, busy,
                                   {stamp_, layout::pack(layout::transaction{.sequence = now.sequence + 1})});
        }
    }

    // commit() needs no look before it: whether it succeeds or fails, the slot does not hold the ticket afterwards, and never will again.
    // The fresh state is asked for here, while the key stands nowhere, and not with the time at which the insert began.
    template <class Inserter>
    void finish(layout::pair& control, layout::pair_value busy, layout::transaction now, layout::pair& slot,
                std::uint64_t ticket, Inserter& by) const noexcept {
        (void)Memory::cas_pair(slot, {busy.first, ticket}, {busy.first, by.fresh() & ~layout::ticket_bit});
        (void)Memory::cas_pair(control, busy,
                               {stamp_, layout::pack(layout::transaction{.sequence = now.sequence + 1})});
    }

    void fill(layout::pair& content, std::uint64_t state) const noexcept {
        Memory::store_pair_release(content, {stamp_, state});
    }

    std::span<layout::bucket> buckets_;
    std::span<layout::pair> stripes_;
    std::uint64_t stamp_ = 0;
};

// How many buckets and stripes serve `max_keys`. 1.96 slots a key, and two buckets more, so that an insert finds both its buckets full
// less than once in 1e8 (bench/occupancy prints it), at 32 bytes a key.
constexpr std::uint64_t buckets_for(std::uint64_t max_keys) noexcept { return (max_keys * 196 / 100 + 7) / 8 + 2; }
constexpr std::uint64_t stripes_for(std::uint64_t max_keys) noexcept {
    return std::clamp<std::uint64_t>(max_keys / 256, 16, 512);
}

}  // namespace seki::shm
