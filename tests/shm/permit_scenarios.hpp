// What a few actors do to a tiny table of permits at once, and what must hold afterwards. For the table that ships, where every interleaving must
// hold, and for those with an error planted, where one must not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shm/permits.hpp"
#include "support/fingerprint.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// `Permits` is shm::permits<stepped>, or one with an error planted.
template <class Permits>
class tiny_permits {
public:
    static constexpr std::size_t capacity = 3;
    static constexpr std::size_t most_actors = 4;

    // `running` actors are in the schedule's hands; the others live.
    tiny_permits(interleaving& play, std::uint64_t max, std::size_t running = 3)
        : play_{play}, running_{running}, max_{max} {
        table = Permits::attach(memory_.bytes);
        (void)table.set_max(max);
        play.remembers([this] {
            std::uint64_t all = max_;
            for (const std::uint64_t each : allowed_) all = fold(all, each);
            return all;
        });
    }
    tiny_permits(const tiny_permits&) = delete;
    tiny_permits& operator=(const tiny_permits&) = delete;

    static constexpr std::uint64_t owner_of(std::size_t actor) { return first_owner + actor; }

    // Times are the test's; who lives is the schedule's.
    struct seeker {
        tiny_permits& world;
        int patience = most_actors;
        std::uint64_t now() const { return world.now; }
        bool alive(std::uint64_t owner) const { return world.lives(owner - first_owner); }
        bool tired() { return patience-- == 0; }
        void rest() { patience = most_actors; }
        void reclaimed(std::uint64_t) const { ++world.reclaimed; }
    };

    // The actors' steps.
    auto take(std::size_t actor, std::uint32_t near = 0) {
        allowed_[actor] = max_;
        auto taken = table.try_take(owner_of(actor), near, seeker{*this});
        if (taken) {
            holds_[actor] = taken.index;
            if (living_holders() > allowed_[actor]) play_.fail("more are held than any max allows");
            for (std::size_t other = 0; other < most_actors; ++other)
                if (other != actor && counts(other) && holds_[other] == taken.index) play_.fail("two hold one permit");
        }
        return taken;
    }
    template <class Permit>
    void give_back(std::size_t actor, Permit& held) {
        holds_[actor].reset();
        if (!table.give_back(held)) play_.fail("a permit is lost by who holds it");
    }
    void use(std::size_t actor, std::uint32_t near = 0) {
        auto taken = take(actor, near);
        if (!taken) return;
        (void)stepped::load_relaxed(work_);  // whatever permits are for; others may come meanwhile
        give_back(actor, taken);
    }
    // In one step for those who watch, because what is in force is in force from the compare-and-swap on, which comes first or later.
    void set_max(std::uint64_t max) {
        for (auto& each : allowed_) each = std::max(each, max);
        max_ = std::max(max_, max);
        (void)table.set_max(max);
        max_ = max;
        for (auto& each : allowed_) each = std::max(each, max);
    }
    // As set_max() does where nobody scribbled.
    void set_right(std::uint64_t max) {
        table.set_right();
        set_max(max);
    }
    void scribble(layout::permit_terms terms) {
        stepped::store_relaxed(reinterpret_cast<layout::permit_control*>(memory_.bytes.data())->terms,
                               layout::pack(terms));
    }
    void reclaim() { (void)table.reclaim(seeker{*this}); }
    // Asks of one holder, and leaves the others to the next.
    void reclaim_a_little() { (void)table.reclaim(seeker{*this, 1}); }

    // After the actors: who asks of one holder at a time comes to all of them, wherever the others left off.
    void expect_dead_found_in_turns() {
        for (std::size_t turn = 0; turn < capacity; ++turn) reclaim_a_little();
        table.for_each([&](std::uint32_t, std::uint64_t owner) {
            if (!lives(owner - first_owner)) play_.fail("nobody comes to a dead holder");
        });
    }

    // After the actors: everybody who lives gave back what it had.
    void expect_all_back(bool somebody_died) {
        if (!somebody_died) {
            if (table.in_use() != 0) play_.fail("a permit is out and nobody holds it");
        } else {
            now += Permits::look_again_ns;  // for so long a wrong hint is believed, and no longer
        }
        const auto actor = most_actors - 1;  // not one of those that ran
        if (!table.try_take(owner_of(actor), 0, seeker{*this})) play_.fail("a permit is free and cannot be had");
        (void)table.give_back_all(owner_of(actor));
        reclaim();
        table.for_each([&](std::uint32_t, std::uint64_t) { play_.fail("a permit does not come back"); });
    }

    Permits table;
    std::uint64_t now = 1'000'000'000;
    int reclaimed = 0;

private:
    static constexpr std::uint64_t first_owner = 0x10001;
    [[nodiscard]] bool lives(std::size_t actor) const { return actor >= running_ || !play_.died(actor); }
    [[nodiscard]] bool counts(std::size_t actor) const { return holds_[actor].has_value() && lives(actor); }
    [[nodiscard]] std::uint64_t living_holders() const {
        std::uint64_t living = 0;
        for (std::size_t actor = 0; actor < most_actors; ++actor) living += counts(actor) ? 1U : 0U;
        return living;
    }

    struct alignas(64) {
        std::array<std::byte, Permits::bytes_for(capacity)> bytes{};
    } memory_;
    layout::word work_;
    interleaving& play_;
    std::array<std::optional<std::uint32_t>, most_actors> holds_{};
    std::array<std::uint64_t, most_actors> allowed_{};
    std::size_t running_;
    std::uint64_t max_;
};

template <class Permits>
struct permit_scenarios {
    using tiny = tiny_permits<Permits>;

    static bool any_died(const interleaving& play, std::size_t actors) {
        bool died = false;
        for (std::size_t i = 0; i < actors; ++i) died = died || play.died(i);
        return died;
    }

    // Two want the one permit there is.
    static void two_for_one(interleaving& play) {
        tiny world{play, 1, 2};
        play.together({[&] { world.use(0); }, [&] { world.use(1); }});
        world.expect_all_back(any_died(play, 2));
    }

    // One after the other, while a third tidies.
    static void two_and_who_tidies(interleaving& play) {
        tiny world{play, 1};
        play.together({[&] { world.use(0); }, [&] { world.use(1); }, [&] { world.reclaim(); }});
        world.expect_all_back(any_died(play, 3));
    }

    // The dead holder's permit is reclaimed by one and taken by the next, while another is late with reclaiming it.
    static void a_late_reclaimer(interleaving& play) {
        tiny world{play, 1};
        play.together({[&] { world.use(0); },
                       [&] {
                           world.reclaim();
                           world.use(1);
                       },
                       [&] {
                           world.reclaim();
                           world.use(2);
                       }});
        world.expect_all_back(any_died(play, 3));
    }

    // Two ask of one holder at a time, while the third permit's holder may die; the two others live and hold theirs.
    static void two_ask_in_turns(interleaving& play) {
        tiny world{play, 3};
        auto first = world.take(3, 0);
        auto second = world.take(3, 1);
        play.together({[&] { world.use(0, 2); },
                       [&] {
                           world.reclaim_a_little();
                           world.reclaim_a_little();
                       },
                       [&] { world.reclaim_a_little(); }});
        world.expect_dead_found_in_turns();
        world.give_back(3, first);
        world.give_back(3, second);
    }

    // Max goes from 2 to 1 while one holds the upper permit and another comes.
    static void max_is_lowered(interleaving& play) {
        tiny world{play, 2};
        play.together({[&] { world.use(0, 1); },
                       [&] {
                           world.use(1);
                           world.use(1);
                       },
                       [&] { world.set_max(1); }});
        world.expect_all_back(any_died(play, 3));
    }

    // Max goes from 2 to 1 while one comes who takes the upper permit for good, and another uses the lower one twice.
    static void one_keeps_the_upper(interleaving& play) {
        tiny world{play, 2, 2};
        play.together({[&] { (void)world.take(0, 1); },
                       [&] {
                           world.set_max(1);
                           world.use(1);
                           world.use(1);
                       }});
    }

    // Three are out and max is 2 when two more come: each for itself would be allowed.
    static void two_come_while_permits_drain(interleaving& play) {
        tiny world{play, 3, 2};
        auto upper = world.take(2, 2);
        world.set_max(2);
        play.together({[&] { world.use(0); }, [&] { world.use(1); }});
        world.give_back(2, upper);
        world.expect_all_back(any_died(play, 2));
    }

    // Down, up and down again, while one is stopped that saw the upper permit free.
    static void max_goes_up_and_down(interleaving& play) {
        tiny world{play, 2};
        world.set_max(1);
        play.together({[&] {
                           world.use(0);
                           world.use(0);
                       },
                       [&] { world.use(1, 1); },
                       [&] {
                           world.set_max(2);
                           world.set_max(1);
                       }});
        world.expect_all_back(any_died(play, 3));
    }

    // Somebody scribbled away that the upper permit is out. One sets that right, and may die of it; then the next does, while others come.
    static void terms_are_set_right(interleaving& play) {
        tiny world{play, 3};
        auto upper = world.take(3, 2);
        world.set_max(1);
        world.scribble({});
        play.together({[&] { world.set_right(1); },
                       [&] {
                           world.use(1);
                           world.set_right(1);
                       },
                       [&] { world.use(2); }});
        world.give_back(3, upper);
        world.set_right(1);
        world.expect_all_back(any_died(play, 3));
    }
};

}  // namespace seki::test
