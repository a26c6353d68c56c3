// Waiting for a permit: sleeping in the kernel, woken by who gives one back.
//
// 1. What it is. A bell, one word on which waiters sleep (futex) and which is rung after a permit was given back; and a room, a second table of
//    permits (shm/permits.hpp), whose max says how many may wait at once.
//
// 2. Who writes which word, from what to what, all by CAS:
//      bell   {arrivals, -, rings}        -> {arrivals+1, sleeping, rings}   by a waiter, before it looks for a permit once more
//      bell   {arrivals, sleeping, rings} -> {arrivals, sleeping, rings+1}   wake(), before it asks the kernel to wake somebody
//      bell   {arrivals, sleeping, rings} -> {arrivals, awake, rings}        wake(), when the kernel woke nobody and nothing changed since
//      room   as in shm/permits.hpp
//
// 3. Invariant. Who sleeps arrived, and then found no permit. So a permit that it did not see was given back after that, and who gave it back
//    sees `sleeping` and changes `rings`, with which the kernel compares what the sleeper saw at its arrival. As long as nobody dies and max
//    is not lowered, no wake-up is lost (tests/protocol/permits.pml, tests/shm/permit_waiters_interleavings_test.cpp).
//
// 4. A death after each step. After its arrival: one futile ring. Asleep, or woken and not yet looked: the wake-up is gone with it. Between giving
//    a permit back and ringing, or ringing and waking: likewise. Therefore nobody sleeps longer than longest_sleep_ns without looking
//    again. The place of a dead waiter comes back as any permit does.
//
// 5. A stale read. `sleeping` without sleepers costs one system call. A wrong `rings` makes somebody look again. Scribbling on the bell can keep
//    waiters busy or asleep until their deadline, no longer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "layout/permits.hpp"
#include "shm/memory.hpp"
#include "shm/permits.hpp"

namespace seki::shm {

// The kernel's part.
struct futex {
    // CLOCK_MONOTONIC in nanoseconds.
    [[nodiscard]] static std::uint64_t now() noexcept;
    // Until somebody wakes it, the low half of the word is not `rings`, a signal came, or it is `until_ns` by now().
    static void sleep(word& bell, std::uint32_t rings, std::uint64_t until_ns) noexcept;
    // Wakes so many, and says how many there were.
    static unsigned wake(word& bell, unsigned how_many) noexcept;
};

enum class waiting : std::uint8_t {
    taken,      // a permit
    timed_out,  // none until the deadline
    crowded,    // so many wait already
    called_off  // there is nothing to wait for any more
};

struct waited {
    permit held;
    waiting how = waiting::timed_out;
};

// Asks whom `by` asks. Places of dead waiters are not what is counted as reclaimed: nobody had a permit there.
template <class Seeker>
struct place_seeker {
    Seeker& by;
    std::uint64_t now() { return by.now(); }
    bool alive(std::uint64_t owner) { return by.alive(owner); }
    bool tired() { return by.tired(); }
    void rest() { by.rest(); }
    void reclaimed(std::uint64_t /*owner*/) {}
};

template <class Memory = hardware, class Kernel = futex>
class permit_waiters {
public:
    static constexpr std::uint64_t longest_sleep_ns = 5'000'000;
    static constexpr unsigned all = 0x7fff'ffff;
    // Who arrives or rings starts over when another did; so often only when somebody scribbles on the bell. Then it goes on without.
    static constexpr int max_rounds = 10'000;

    permit_waiters() = default;  // nobody may wait
    permit_waiters(layout::permit_bell& bell, permits<Memory> room) noexcept : bell_{&bell}, room_{room} {}

    // Until attempt() gives a permit, it is `deadline_ns` by Kernel::now(), or worthwhile() says no, which is asked now and then.
    template <permit_seeker Seeker, class Attempt, class Worthwhile>
    [[nodiscard]] waited wait(std::uint64_t owner, std::uint64_t deadline_ns, Seeker&& by, Attempt attempt,
                              Worthwhile worthwhile) const noexcept {
        by.rest();  // from looking for a permit
        permit place = room_.try_take(owner, static_cast<std::uint32_t>(owner & 0xffff), place_seeker{by});
        if (!place) return {{}, waiting::crowded};
        const waited done = sleep_until(deadline_ns, by, attempt, worthwhile);
        room_.give_back(place);
        return done;
    }

    // After a permit was given back, or several.
    void wake(unsigned how_many) const noexcept {
        if (bell_ == nullptr) return;
        std::uint64_t found = Memory::load_seq_cst(bell_->state);
        layout::bell_state now = layout::unpack_bell(found);
        for (int round = 0; round < max_rounds; ++round) {
            now = layout::unpack_bell(found);
            if (!now.sleeping) return;
            ++now.rings;
            if (Memory::cas_seq_cst(bell_->state, found, layout::pack(now))) break;
        }
        if (Kernel::wake(bell_->state, how_many) != 0) return;
        std::uint64_t rung = layout::pack(now);
        now.sleeping = false;
        (void)Memory::cas_seq_cst(bell_->state, rung, layout::pack(now));
    }

    [[nodiscard]] const permits<Memory>& room() const noexcept { return room_; }

private:
    template <class Seeker, class Attempt, class Worthwhile>
    [[nodiscard]] waited sleep_until(std::uint64_t deadline_ns, Seeker& by, Attempt& attempt,
                                     Worthwhile& worthwhile) const noexcept {
        for (;;) {  // each round sleeps, or something happened; until the deadline
            // The room, or the round before, may have left it no time to ask.
            by.rest();
            const std::uint32_t rings = arrive();
            if (const permit taken = attempt()) return {taken, waiting::taken};
            if (!worthwhile()) return {{}, waiting::called_off};
            const std::uint64_t now = Kernel::now();
            if (now >= deadline_ns) return {};
            Kernel::sleep(bell_->state, rings, now + std::min(deadline_ns - now, longest_sleep_ns));
        }
    }

    [[nodiscard]] std::uint32_t arrive() const noexcept {
        std::uint64_t found = Memory::load_seq_cst(bell_->state);
        layout::bell_state now = layout::unpack_bell(found);
        for (int round = 0; round < max_rounds; ++round) {
            now = layout::unpack_bell(found);
            ++now.arrivals;
            now.sleeping = true;
            if (Memory::cas_seq_cst(bell_->state, found, layout::pack(now))) break;
        }
        return now.rings;
    }

    layout::permit_bell* bell_ = nullptr;
    permits<Memory> room_;
};

}  // namespace seki::shm
