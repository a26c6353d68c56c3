#include "report/examine_processes.hpp"

#include <fmt/format.h>

#include "layout/key_table.hpp"
#include "primitives/clock.hpp"
#include "report/names.hpp"
#include "shm/liveness.hpp"
#include "shm/process_identity.hpp"
#include "shm/workers.hpp"

namespace seki::report {
namespace {

using layout::stage;
using shm::hardware;

constexpr std::uint64_t slack = 1'000'000'000;         // by which no two clocks of a host differ
constexpr std::uint64_t greatest_thread = 1ULL << 22;  // PID_MAX_LIMIT

// What names the owner of a slot stands before it is live, and as long as it is (shm/liveness.hpp, 3).
bool describes(const layout::process_slot& slot, std::uint64_t who) noexcept {
    const shm::process_identity described{hardware::load_acquire(slot.pid), hardware::load_acquire(slot.start_time),
                                          hardware::load_acquire(slot.pid_namespace),
                                          hardware::load_acquire(slot.image)};
    return described.brief() == who;
}

void examine_description(examination& into, std::size_t index, layout::process_slot& slot,
                         layout::process_state state) {
    const auto place = [index] { return fmt::format("process slot {}", index); };
    const bool described = describes(slot, state.who) || hardware::load_acquire(slot.doubted) == layout::pack(state);
    const std::uint64_t attached = hardware::load_acquire(slot.attached_ns);
    if (shm::state_of(slot) != state) return;  // it may be another's
    if (!described)
        into.add(
            invariant::process_described, place(),
            "what describes its process is of another, or its name is; nobody knows which, and whether it lives is "
            "told by its lock alone; repair notes that",
            [&slot, state] { hardware::store_release(slot.doubted, layout::pack(state)); });
    if (attached > primitives::read_clock(Clock::precise) + slack)
        into.add(invariant::process_attached, place(),
                 fmt::format("it attached at {} ns, which is in the future; repair forgets when it did", attached),
                 examination::exchange(slot.attached_ns, attached, 0));
}

void examine_process(examination& into, std::size_t index) {
    layout::process_slot& slot = into.where().processes()[index];
    const layout::process_state state = shm::state_of(slot);
    const auto place = [index] { return fmt::format("process slot {}", index); };
    const auto free = [&slot, state] { shm::advance(slot, state, {state.generation, 0, stage::free}); };
    switch (state.stage) {
        case stage::live: return examine_description(into, index, slot, state);
        case stage::claimed: return;
        case stage::free:
            if (state.who != 0)
                into.add(invariant::process_unnamed, place(), "it is free, and names a process; repair forgets that",
                         free);
            return;
    }
    into.add(invariant::process_staged, place(), "it is neither free nor taken; repair frees it", free);
}

void examine_owner(examination& into, std::size_t index, layout::worker_slot& slot) {
    const std::uint64_t owner = hardware::load_acquire(slot.owner);
    if (owner == 0) return;
    const name_standing found = look_at_name(into.where(), owner);
    if (found == name_standing::issued) return;
    const bool nowhere = found == name_standing::of_no_slot;
    into.add(nowhere ? invariant::worker_owned : invariant::worker_issued, fmt::format("worker slot {}", index),
             nowhere ? "it belongs to a process slot that there is not; repair frees it"
                     : "it belongs to a process that its slot has not come to yet; repair frees it",
             examination::exchange(slot.owner, owner, 0));
}

// Whoever takes a slot leaves the number of its thread there for good, before it counts: what stands in a slot without one is missing from all sums.
void examine_thread(examination& into, std::size_t index, layout::worker_slot& slot) {
    bool counted = false;
    for (const layout::counter_block& block : into.where().counters(index))
        counted = counted || hardware::load_acquire(block.incarnation) != 0;
    const std::uint64_t thread = hardware::load_acquire(slot.thread);
    if (thread <= greatest_thread && (thread != 0 || !counted)) return;
    into.add(invariant::worker_used, fmt::format("worker slot {}", index),
             thread == 0
                 ? "somebody counted there, and no thread ever took it, so no sum has that; repair names thread 1"
                 : fmt::format("it is thread {}'s, and no thread has that number; repair names thread 1", thread),
             examination::exchange(slot.thread, thread, 1));
}

void examine_hitters(examination& into, std::size_t index, layout::worker_slot& slot) {
    for (std::size_t i = 0; i < slot.hitters.size(); ++i) {
        layout::hitter& entry = slot.hitters[i];
        const std::uint64_t incarnation = hardware::load_acquire(entry.incarnation);
        if (incarnation == 0) continue;
        const std::uint64_t tag = hardware::load_acquire(entry.tag);
        if ((tag & layout::tag_bit) != 0 &&
            incarnation <= hardware::load_acquire(into.where().header().next_incarnation))
            continue;
        if (hardware::load_acquire(entry.incarnation) != incarnation) continue;
        into.add(invariant::hitter_possible, fmt::format("worker slot {}, busy key {}", index, i),
                 fmt::format("it is of key #{:016x} of incarnation {}, and there is none; repair forgets it", tag,
                             incarnation),
                 examination::exchange(entry.incarnation, incarnation, 0));
    }
}

}  // namespace

void examine_processes(examination& into) {
    for (std::size_t index = 0; index < into.where().processes().size(); ++index) examine_process(into, index);
}

void examine_workers(examination& into) {
    for (std::size_t index = 0; index < into.where().parts().max_workers; ++index) {
        layout::worker_slot& slot = into.where().worker(index);
        examine_owner(into, index, slot);
        examine_thread(into, index, slot);
        examine_hitters(into, index, slot);
    }
}

}  // namespace seki::report
