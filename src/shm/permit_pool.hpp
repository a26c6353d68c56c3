// Permits, and waiting for them, in one piece of the arena: what a bulkhead stands on.
//
//   bell      64 bytes    of who waits
//   room      a table of permits (layout/permits.hpp): who may wait
//   permits   a table of permits
//
// 1. What it is: shm/permits.hpp and shm/permit_waiters.hpp side by side. 2. to 5. are theirs; here is only the order: a permit is given back, or max
// raised, and then the bell is rung.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/permit_waiters.hpp"
#include "shm/permits.hpp"

namespace seki::shm {

// How large the tables are: both for good, while max and max_waiting move below them.
struct permit_capacity {
    std::uint64_t permits = 0;  // 1 to layout::max_permits
    std::uint64_t waiting = 0;
};

struct always {
    [[nodiscard]] constexpr bool operator()() const noexcept { return true; }
};

template <class Memory = hardware, class Kernel = futex>
class permit_pool {
public:
    static constexpr std::uint64_t bytes_for(permit_capacity room_for) noexcept {
        return sizeof(layout::permit_bell) + permits<Memory>::bytes_for(room_for.waiting) +
               permits<Memory>::bytes_for(room_for.permits);
    }

    permit_pool() = default;  // gives out nothing

    // Memory of bytes_for(room_for), aligned to a cache line; anything else gives a pool that gives out nothing. Zeros are a pool with max 0:
    // set_max() opens it. What a pool of the same capacity left there is held still, and given back here.
    [[nodiscard]] static permit_pool attach(std::span<std::byte> memory, permit_capacity room_for) noexcept {
        permit_pool made;
        if (room_for.permits > layout::max_permits || room_for.waiting > layout::max_permits ||
            memory.size() < bytes_for(room_for))
            return made;
        const std::uint64_t waiting_bytes = permits<Memory>::bytes_for(room_for.waiting);
        const auto room = memory.subspan(sizeof(layout::permit_bell), waiting_bytes);
        const auto table =
            memory.subspan(sizeof(layout::permit_bell) + waiting_bytes, permits<Memory>::bytes_for(room_for.permits));
        made.table_ = permits<Memory>::attach(table);
        if (made.table_)
            made.waiters_ = {*reinterpret_cast<layout::permit_bell*>(memory.data()), permits<Memory>::attach(room)};
        return made;
    }
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(table_); }

    // A permit, or none. `near`: where to look first; best the index that this worker had last.
    template <permit_seeker Seeker>
    [[nodiscard]] permit try_take(std::uint64_t owner, std::uint32_t near, Seeker&& by) const noexcept {
        return table_.try_take(owner, near, by);
    }

    // Waits for one, if need be, until it is `deadline_ns` by Kernel::now(), or worthwhile() says no.
    template <permit_seeker Seeker, class Worthwhile = always>
    [[nodiscard]] waited take_until(std::uint64_t owner, std::uint32_t near, std::uint64_t deadline_ns, Seeker&& by,
                                    Worthwhile worthwhile = {}) const noexcept {
        if (const permit taken = table_.try_take(owner, near, by)) return {taken, waiting::taken};
        return waiters_.wait(owner, deadline_ns, by, [&] { return table_.take(owner, near, by); }, worthwhile);
    }

    bool give_back(permit& held) const noexcept {
        const bool given = table_.give_back(held);
        if (given) waiters_.wake(1);
        return given;
    }

    // See shm/permits.hpp. False beyond the capacity. Who waits is woken by a lower one, too: there may be nothing to wait for any more.
    bool set_max(std::uint64_t max) const noexcept { return wakes(table_.set_max(max)); }
    // Wakes them where it was raised: it is set after each window of an adaptive limit.
    template <class Most>
    bool set_max_by(Most most) const noexcept {
        return wakes(table_.set_max_by(most));
    }
    bool set_max_waiting(std::uint64_t max) const noexcept { return waiters_.room().set_max(max); }
    void set_right() const noexcept {
        waiters_.room().set_right();
        table_.set_right();
    }

    // What dead processes held, for maintenance. How many permits came back, places of waiters aside.
    template <permit_seeker Seeker>
    std::uint64_t reclaim(Seeker&& by) const noexcept {
        const std::uint64_t given = table_.reclaim(by);
        if (given != 0) waiters_.wake(waiters_.all);
        by.rest();  // else the places of dead waiters would not come back where many hold permits
        waiters_.room().reclaim(place_seeker{by});
        return given;
    }

    // Whether nobody holds a permit, above max or below it, and nobody waits for one.
    [[nodiscard]] bool deserted() const noexcept {
        bool anybody = false;
        const auto see = [&](std::uint32_t, std::uint64_t) { anybody = true; };
        table_.for_each(see);
        waiters_.room().for_each(see);
        return !anybody;
    }

    [[nodiscard]] std::uint64_t in_use() const noexcept { return table_.in_use(); }
    [[nodiscard]] std::uint64_t waiting_now() const noexcept { return waiters_.room().in_use(); }
    [[nodiscard]] std::uint64_t max() const noexcept { return table_.max(); }
    [[nodiscard]] std::uint64_t max_waiting() const noexcept { return waiters_.room().max(); }
    // Who holds what: table().for_each(), held_by().
    [[nodiscard]] const permits<Memory>& table() const noexcept { return table_; }
    [[nodiscard]] const permits<Memory>& room() const noexcept { return waiters_.room(); }

private:
    bool wakes(bool changed) const noexcept {
        if (changed) waiters_.wake(waiters_.all);
        return changed;
    }
    permits<Memory> table_;
    permit_waiters<Memory, Kernel> waiters_;
};

}  // namespace seki::shm
