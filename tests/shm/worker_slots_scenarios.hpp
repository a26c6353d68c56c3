// Threads that take a worker slot, count in it and give it back, or die, and who gives back what the dead had; and what must hold. For the code that ships, where every
// interleaving must hold, and for that with an error planted, where one must not:
//   - nobody has the slot of another who lives;
//   - no count is lost but the last one of who dies in it;
//   - what the dead had, or who left without giving it back, can be had again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "layout/worker.hpp"
#include "shm/counters.hpp"
#include "shm/process_list_scenarios.hpp"
#include "shm/worker_slots.hpp"
#include "support/fingerprint.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// One slot. `Slots<SlotAt, stepped>` is shm::worker_slots, or one with an error planted; so is `GiveBack`.
template <template <class, class> class Slots>
class tiny_slots {
public:
    explicit tiny_slots(interleaving& play) : play_{play} {
        shm::hardware::store_relaxed(block_.incarnation, 1);
        play.remembers([this] { return fold(holder_.value_or(~std::size_t{0}), owner_); });
    }
    tiny_slots(const tiny_slots&) = delete;
    tiny_slots& operator=(const tiny_slots&) = delete;

    struct slot_at {
        tiny_slots* world;
        layout::worker_slot& operator()(std::size_t) const { return world->slot; }
    };
    [[nodiscard]] auto slots() { return Slots<slot_at, stepped>{1, {this}}; }

    bool take(std::size_t actor, std::uint64_t owner) {
        if (!slots().take_any(owner, actor + 1)) return false;
        if (holder_ && !play_.died(*holder_)) play_.fail("two have one slot");
        holder_ = actor;
        owner_ = owner;
        return true;
    }
    void count(std::size_t actor) {
        expect_mine(actor);
        shm::count<stepped>({.counters = &block_}, 0, 1, which, 1);
        ++counted_;
    }
    // As who ends does, or whoever knows that it has ended.
    void give_back_all(std::uint64_t owner) {
        slots().give_back_all(owner);
        if (owner_ == owner) holder_.reset();
    }
    void expect_mine(std::size_t actor) {
        if (shm::hardware::load_relaxed(slot.owner) != owner_ || holder_ != actor)
            play_.fail("a slot is taken from who lives");
    }
    void leaves_it_behind() { holder_.reset(); }

    // What must hold when all have ended or died.
    void expect_counts(std::uint64_t deaths) {
        const std::uint64_t found = shm::hardware::load_relaxed(block_.counts[which]);
        if (found < counted_) play_.fail("a count is lost");
        if (found > counted_ + deaths) play_.fail("something is counted twice");
    }
    void expect_free() {
        if (shm::hardware::load_relaxed(slot.owner) != 0) play_.fail("a slot is nobody's, and cannot be had");
    }

    layout::worker_slot slot{};

private:
    static constexpr auto which = static_cast<layout::counter>(0);
    interleaving& play_;
    layout::counter_block block_{};
    std::optional<std::size_t> holder_;
    std::uint64_t owner_ = 0;
    std::uint64_t counted_ = 0;
};

template <template <class, class> class Slots>
struct worker_slots_scenarios {
    using list = tiny_list<shm::process_words<stepped>>;
    static std::uint64_t count_dead(const interleaving& play) {
        std::uint64_t dead = 0;
        for (std::size_t each = 0; each < 3; ++each) dead += play.died(each) ? 1U : 0U;
        return dead;
    }
    struct host {
        explicit host(interleaving& with) : play{with}, processes{with, strangers}, workers{with} {
            processes.before_it_is_taken_off = [this](std::uint64_t generation) {
                workers.give_back_all(layout::pack_worker_owner(0, generation));
            };
        }
        [[nodiscard]] std::uint64_t name_of(std::size_t actor) const {
            return layout::pack_worker_owner(0, processes.generation_of(actor));
        }
        // The list is the kernel's word for who lives; whoever of these ends is not on it any more.
        void free_orphans() {
            workers.slots().free_orphans([this](std::uint64_t) { return processes.words().live_generation(); });
        }
        void expect_all_well() {
            workers.expect_counts(count_dead(play));
            processes.expect_room();
            free_orphans();
            workers.expect_free();
        }
        interleaving& play;
        list processes;
        tiny_slots<Slots> workers;
    };

    // Threads of two processes.
    static void three_threads(interleaving& play) {
        tiny_slots<Slots> world{play};
        const auto work = [&](std::size_t actor) {
            const std::uint64_t owner = layout::pack_worker_owner(actor / 2, 1);
            if (!world.take(actor, owner)) return;
            world.count(actor);
            world.expect_mine(actor);
            world.give_back_all(owner);
        };
        play.together({[&] { work(0); }, [&] { work(1); }, [&] { work(2); }});
        const std::uint64_t deaths = count_dead(play);
        world.expect_counts(deaths);
        if (deaths == 0) world.expect_free();  // nobody reaps here
    }

    // Two processes come one after the other, count, and leave or die, while a third looks after the dead.
    static void the_dead_are_reaped(interleaving& play) {
        host world{play};
        const auto work = [&](std::size_t actor) {
            if (!world.processes.come(actor)) return;
            if (world.workers.take(actor, world.name_of(actor))) {
                world.workers.count(actor);
                world.workers.count(actor);
                world.workers.give_back_all(world.name_of(actor));
            }
            world.processes.leave(actor);
        };
        play.together({[&] { work(0); }, [&] { work(1); }, [&] { (void)world.processes.look(2); }});
        world.expect_all_well();
    }

    // A process leaves without giving its slot back, and another comes, while somebody frees what is nobody's.
    static void orphans_are_freed(interleaving& play) {
        host world{play};
        const auto work = [&](std::size_t actor) {
            if (!world.processes.join(actor)) return;
            if (world.workers.take(actor, world.name_of(actor))) {
                world.workers.count(actor);
                world.workers.expect_mine(actor);
                world.workers.leaves_it_behind();
            }
            world.processes.leave(actor);
        };
        play.together({[&] { work(0); }, [&] { work(1); }, [&] { world.free_orphans(); }});
        world.expect_all_well();
    }
};

}  // namespace seki::test
