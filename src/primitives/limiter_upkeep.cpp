#include "primitives/limiter_upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "primitives/clock.hpp"
#include "primitives/fresh_state.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_table.hpp"
#include "shm/administration.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/key_table.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {
namespace {

using shm::hardware;

// The terms of a limiter, and a time at which they were in force.
struct judgement {
    packed_terms values{};
    algorithm::nanos now = 0;
};

// The time is that of the coarse clock, which is behind the other: what is as good as new by it is so by both, and whoever inserts the key
// again, by whichever, is not earlier (shm/key_table.hpp, fresh). nullopt: the terms change faster than they can be read.
std::optional<judgement> judge(const layout::directory_entry& entry) noexcept {
    for (int round = 0; round < 8; ++round) {
        const std::uint64_t version = shm::terms_version(entry);
        const algorithm::nanos now = read_clock(Clock::coarse);
        const packed_terms values = shm::read_values(entry, version);
        if (shm::in_force(entry, version)) return judgement{values, now};
    }
    return std::nullopt;
}

// What the key table asks of who looks after it.
template <class Law>
struct sweeping {
    const shm::segment& where;
    const shm::placement& at;
    const shm::worker& me;
    const Law& law;
    algorithm::nanos now;
    [[nodiscard]] bool as_good_as_new(std::uint64_t state) const noexcept { return law.as_good_as_new(state, now); }
    [[nodiscard]] std::uint64_t fresh() const noexcept {
        return fresh_state(shm::directory{where}.entry(at.index), [](Clock which) { return read_clock(which); });
    }
    [[nodiscard]] std::uint64_t stamp() const noexcept { return shm::next_stamp(me); }
    // By an insert that it finishes.
    void evicted() const noexcept { shm::count_shared(where, at.index, at.incarnation, layout::count_evicted, 1); }
    [[nodiscard]] bool stands() const noexcept {
        return !where.superseded() &&
               hardware::load_acquire(shm::directory{where}.entry(at.index).incarnation) == at.incarnation;
    }
};

struct slice {
    std::size_t begin, end;
};

struct swept {
    std::uint64_t cleared = 0;
    bool lack_marks = false;  // some of the texts
};

template <class Sweeper>
swept sweep_slots(const tables& of, slice slots, const Sweeper& by) noexcept {
    using outcome = shm::key_table<>::sweeping;
    swept all;
    for (std::size_t index = slots.begin; index < slots.end; ++index) {
        // Before the slot: the text of a key that comes to an empty slot later is not this one.
        const auto text = of.texts.look(index);
        const outcome found = of.keys.sweep(index, by);
        if (found != outcome::in_use) of.texts.wipe(index, text, [&] { return by.stands(); });
        all.cleared += found == outcome::cleared;
        all.lack_marks |= of.texts.lacks_mark(text);
    }
    return all;
}

// Should somebody else hold the lock, it is left for the next round.
template <class Sweeper>
void mark_texts(const tables& of, slice slots, const Sweeper& by) {
    const auto held = shm::administration::lock(by.where, std::chrono::milliseconds{0});
    if (!held || !by.stands()) return;
    for (std::size_t index = slots.begin; index < slots.end; ++index) of.texts.mark(index);
}

// The part of the stripes that goes with a part of the slots.
slice stripes_with(slice slots, const tables& of) noexcept {
    const std::size_t all = of.keys.slot_count();
    return {slots.begin * of.keys.stripe_count() / all, slots.end * of.keys.stripe_count() / all};
}

std::uint64_t sweep_table(const shm::segment& where, const shm::placement& at, const shm::worker& me, slice slots) {
    const auto found = judge(shm::directory{where}.entry(at.index));
    if (!found) return 0;
    const tables of = tables_of(where, at);
    return with_law(found->values, [&](const auto& law) {
        const sweeping by{where, at, me, law, found->now};
        const slice stripes = stripes_with(slots, of);
        for (std::size_t stripe = stripes.begin; stripe < stripes.end; ++stripe) of.keys.finish_insert(stripe, by);
        const swept all = sweep_slots(of, slots, by);
        if (all.lack_marks) mark_texts(of, slots, by);
        return all.cleared;
    });
}

std::uint64_t slots_of(const shm::placement& at) noexcept {
    return shm::unpack_limiter_shape(at.shape).buckets * layout::slots_per_bucket;
}

}  // namespace

std::uint64_t sweep(const shm::segment& where, const shm::roster& standing, std::uint64_t first, std::uint64_t count) {
    if (where.how() != shm::segment::access::read_write || where.superseded()) return 0;
    const auto limiters = standing.of(layout::kind::limiter);
    std::uint64_t all = 0;
    for (const shm::placement& at : limiters) all += slots_of(at);
    if (all == 0) return 0;

    const shm::worker me = shm::shared_worker(where);
    // The ring laid out twice, so that a turn which goes past its end is one piece.
    const std::uint64_t begin = first % all;
    const std::uint64_t end = begin + std::min(count, all);
    std::uint64_t cleared = 0;
    std::uint64_t start = 0;
    for (int lap = 0; lap < 2; ++lap)
        for (const shm::placement& at : limiters) {
            const std::uint64_t next = start + slots_of(at);
            const std::uint64_t from = std::max(begin, start);
            const std::uint64_t until = std::min(end, next);
            if (from < until) cleared += sweep_table(where, at, me, {from - start, until - start});
            start = next;
        }
    return cleared;
}

}  // namespace seki::primitives
