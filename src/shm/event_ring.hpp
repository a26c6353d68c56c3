// Telemetry events on their way from a worker to sekid: a bounded ring in each worker slot.
//
// 1. What it is. Records of fifteen words, each under a seal over its content and its number in the sequence, and two numbers that only rise: how many
//    were pushed, how many were taken. A full ring drops and counts; nobody waits for anybody.
//
// 2. Who writes which word, from what to what.
//      record   any -> event n     who pushes, in record n modulo capacity, while n - taken < capacity; plain stores
//      pushed   n -> n+1           the owner of the slot, by release store, after the record; in the shared slot anybody, by CAS, before it
//      dropped  d -> d+n           who finds no room, or gives up; by a plain store, in the shared slot by an add
//      taken    t -> pushed        a consumer, after it copied all records from t on (CAS); in the shared slot only up to the first that is not whole
//                                  and not doubted
//      torn     n -> n+k           that consumer, for those of its records whose seal did not fit
//      doubted  any -> pushed      a consumer of the shared slot that stopped there: what is still not whole when somebody comes again is torn
//    The slot's next owner goes on with the numbers as it finds them.
//
// 3. Invariants. (a) `taken` only rises, by CAS, and a record is delivered only as the number that its seal names: so no event is delivered
//    twice, whoever consumes. (b) A record is delivered only as a whole. While a slot has one owner, nobody writes a record that was published
//    and not yet taken. In the shared slot a consumer may come between `pushed` and the record: it leaves that one, and what follows it, to
//    whoever comes next. Who was stopped there for longer may write a record that is another's by now; so may a process that was reaped though it
//    lives (docs/design/workers.md). Then the seal does not fit, and the event counts as torn. (c) Every event that was pushed is taken, stands in the ring, or is counted as torn; what finds no room is
//    counted as dropped, but for changes of states, which sekid misses by their generations (daemon/change_ledger.hpp).
//
// 4. A death after each step. Who pushes, before `pushed` was raised: there was no event; the next owner writes over the record. In the shared slot, after
//    it and before the record is whole: a torn one. A consumer, before its CAS: the next one takes the same events. After it, before they were
//    delivered: they are gone with the process that was to tell of them, and counted as taken. Before `torn`: some torn ones are not counted.
//    Before `doubted`: the next one doubts in its place.
//
// 5. A stale read. Of `taken`: the ring seems fuller than it is, and an event is dropped. Of `pushed`: the consumer comes again. Whoever was
//    stopped while pushing and lost its slot meanwhile may set `pushed` back: then events between are lost uncounted, and numbers up to
//    `taken` are skipped. Of `doubted`: who is late sets it back, and what is torn blocks the ring until somebody came twice more. A number that
//    only a scribbler writes (more was pushed than fits): all of it is passed over; a `doubted` of his: torn at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/event.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

// What the words of an event say, behind the seal.
using event_content = std::array<std::uint64_t, layout::event_words>;

template <class Memory = hardware, class Ring = layout::event_ring>
class event_ring {
public:
    using content = std::array<std::uint64_t, Ring::content_words>;
    // In the shared slot a push is lost to another only when that one's went through.
    static constexpr int max_rounds = 4;

    explicit event_ring(Ring& where) noexcept : ring_{&where} {}

    // Whether a push would find room and leave so many places; ask before making an event, and call drop() if not. `shared`: the slot is of all that
    // found none free.
    [[nodiscard]] bool has_room(std::size_t and_places = 0) const noexcept {
        const auto number = next();
        return number.next - number.taken < Ring::capacity - and_places;
    }
    void drop(bool shared, std::uint64_t events = 1) noexcept {
        if (shared)
            Memory::fetch_add_relaxed(ring_->dropped, events);
        else
            Memory::store_relaxed(ring_->dropped, Memory::load_relaxed(ring_->dropped) + events);
    }

    // By the owner of the slot, or, if it is the shared one, by anybody. False: dropped, and counted.
    bool push(const content& event, bool shared) noexcept {
        if (try_push(event, shared)) return true;
        drop(shared);
        return false;
    }
    // The same, of an event that is missed by itself: it is not counted.
    bool try_push(const content& event, bool shared) noexcept { return shared ? push_shared(event) : push_own(event); }

    // Takes what there is and calls deliver(content) for each event, oldest first. At most `capacity` of them. Several may drain at once: each
    // event goes to one of them. Answers how many were delivered. Of the slot that is shared, a record that was claimed and is not whole, and what follows
    // it, is left for the next time.
    template <class Deliver>
    std::size_t drain(Deliver&& deliver, bool shared = false) noexcept {
        const std::uint64_t taken = Memory::load_acquire(ring_->taken);
        const std::uint64_t pushed = Memory::load_acquire(ring_->pushed);  // pairs with push_own()
        const std::uint64_t count = pushed - taken;
        if (count == 0 || is_behind(count)) return 0;
        std::array<content, Ring::capacity> batch;
        std::size_t whole = 0;
        std::uint64_t end = count <= Ring::capacity ? taken : pushed;
        const std::uint64_t doubted = shared ? Memory::load_relaxed(ring_->doubted) : pushed;
        for (; end != pushed; ++end) {
            if (read(end, batch[whole]))
                ++whole;
            else if (!is_behind(end - doubted))
                break;
        }
        if (end != pushed) Memory::store_relaxed(ring_->doubted, pushed);
        std::uint64_t expected = taken;
        // Releases the records: pairs with next().
        if (end == taken || !Memory::cas_acq_rel(ring_->taken, expected, end)) return 0;
        const std::uint64_t torn = count <= Ring::capacity ? end - taken - whole : 0;
        if (torn != 0) Memory::fetch_add_relaxed(ring_->torn, torn);
        for (std::size_t i = 0; i < whole; ++i) deliver(batch[i]);
        return whole;
    }

private:
    struct numbers {
        std::uint64_t pushed, taken, next;  // next: the number of the event to come
    };

    static bool is_behind(std::uint64_t difference) noexcept { return difference >> 63 != 0; }

    [[nodiscard]] numbers next() const noexcept {
        const std::uint64_t pushed = Memory::load_relaxed(ring_->pushed);
        const std::uint64_t taken = Memory::load_acquire(ring_->taken);  // pairs with drain()
        return {pushed, taken, is_behind(pushed - taken) ? taken : pushed};
    }

    [[nodiscard]] static std::size_t place(std::uint64_t number) noexcept { return number % Ring::capacity; }

    bool push_own(const content& event) noexcept {
        const auto number = next();
        if (number.next - number.taken >= Ring::capacity) return false;
        write(number.next, event);
        Memory::store_release(ring_->pushed, number.next + 1);  // pairs with drain()
        return true;
    }

    // Claims the number first, so that only one may put its event there. A consumer that comes in between counts it as torn.
    bool push_shared(const content& event) noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            auto number = next();
            if (number.next - number.taken >= Ring::capacity) return false;
            if (!Memory::cas_acq_rel(ring_->pushed, number.pushed, number.next + 1)) continue;
            write(number.next, event);
            return true;
        }
        return false;
    }

    void write(std::uint64_t number, const content& event) noexcept {
        auto& record = ring_->records[place(number)];
        Memory::store_relaxed(record.seal, layout::seal_of(number, event));
        for (std::size_t i = 0; i < event.size(); ++i) Memory::store_relaxed(record.content[i], event[i]);
    }

    // False: it is not whole.
    [[nodiscard]] bool read(std::uint64_t number, content& into) const noexcept {
        const auto& record = ring_->records[place(number)];
        const std::uint64_t seal = Memory::load_relaxed(record.seal);
        for (std::size_t i = 0; i < into.size(); ++i) into[i] = Memory::load_relaxed(record.content[i]);
        return seal == layout::seal_of(number, into);
    }

    Ring* ring_;
};

// What happened to the events of a ring, ever.
struct event_counts {
    std::uint64_t pushed = 0;
    std::uint64_t dropped = 0;  // for lack of room: never pushed
    std::uint64_t torn = 0;     // of those pushed
};
[[nodiscard]] inline event_counts counts_of(const layout::event_ring& ring) noexcept {
    return {hardware::load_relaxed(ring.pushed), hardware::load_relaxed(ring.dropped),
            hardware::load_relaxed(ring.torn)};
}

}  // namespace seki::shm
