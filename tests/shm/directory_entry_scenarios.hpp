// An administrator who deletes and makes primitives in one entry, another who goes on where that one died, and who looks there by name or remembers what stood there;
// and what must hold. For the code that ships, where every interleaving must hold, and for that with an error planted, where one must not:
//   - what is found is one primitive, whole: its kind, name, shape, place, and the terms that it was made with;
//   - who finds one sees what was made for it in its piece, or something later;
//   - who remembers one does not take another for it, nor its terms;
//   - a piece that is kept is whole, and of its kind, and whoever is late in what was there before leaves nothing in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "layout/directory.hpp"
#include "shm/directory_entry.hpp"
#include "shm/key_text.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// `Words` is shm::entry_words<stepped>, or one with an error planted.
template <class Words>
class tiny_directory {
public:
    explicit tiny_directory(interleaving& play) : play_{play} {}

    // The n-th that there is.
    static shm::placement numbered(std::uint64_t n) {
        shm::placement made{.kind = kind_of(n),
                            .name = "n" + std::to_string(n),
                            .created_unix_ns = n,
                            .arena_offset = n,
                            .arena_size = n};
        made.shape.fill(n);
        return made;
    }
    static layout::kind kind_of(std::uint64_t n) { return n % 2 == 0 ? layout::kind::bulkhead : layout::kind::limiter; }

    // The administrators' steps. The kernel has the lock, and who dies drops it. Whether it was to be had.
    bool lock(std::size_t actor) {
        (void)interleaving::fetch_add(asked_, 1, {"locks", {asks_for::acq_rel, asks_for::acq_rel}});
        if (holder_ && !play_.died(*holder_)) return false;
        if (holder_) interleaving::hear_of_death(*holder_);
        holder_ = actor;
        return true;
    }
    void unlock() {
        (void)interleaving::fetch_add(asked_, 1, {"unlocks", {asks_for::acq_rel, asks_for::acq_rel}});
        holder_.reset();
    }
    void make(std::uint64_t n) {
        give_piece(numbered(n));
        publish(numbered(n));
    }
    void give_piece(const shm::placement& made) { words().give_piece(made, std::span{&piece_, 1}); }
    // In the piece that the last one had.
    void publish(shm::placement made) {
        shm::wide_terms initial{};
        initial.fill(made.created_unix_ns);
        words().publish(made, initial, next_incarnation_, [&](const shm::placement& filled) {
            stepped::store_relaxed(filled_for_, filled.incarnation);
            if (made.kind == layout::kind::limiter) stepped::store_relaxed(piece_, made.created_unix_ns);
        });
        incarnations_[made.created_unix_ns] = made.incarnation;
    }
    void remove() { words().withdraw(); }
    // As directory::create() asks it.
    [[nodiscard]] bool is_kept() {
        if (!words().stands(0) || !shm::keeps_its_piece(words().read().kind)) return false;
        expect_kept_is_whole();
        return true;
    }

    // The readers' steps.

    // By name. What it found must be one primitive; `same_piece`: all have that of the first.
    std::optional<shm::placement> find(bool same_piece = false) {
        auto found = words().read_published();
        if (!found) return found;
        const std::uint64_t n = found->created_unix_ns;
        const shm::placement of_name = numbered(n), of_piece = numbered(same_piece ? 2 : n);
        if (found->name != of_name.name || found->kind != of_piece.kind || found->shape != of_piece.shape ||
            found->arena_offset != of_piece.arena_offset || found->arena_size != of_piece.arena_size)
            play_.fail("what is found is of several primitives");
        return found;
    }
    // The piece of one that was found: what stands there may be later, but not earlier.
    void look_into(const shm::placement& found) {
        const std::uint64_t content = stepped::load_relaxed(filled_for_);
        if (content < found.incarnation) play_.fail("what was made for it is not there yet");
    }
    // The terms of one that was found, and still stands.
    void read_terms(const shm::placement& found) {
        const auto now = shm::read_wide_terms<stepped>(entry);
        if (!words().stands(found.incarnation) || now.version == shm::never_in_force) return;
        for (const std::uint64_t each : now.values)
            if (each != found.created_unix_ns) play_.fail("one that stands has the terms of another");
    }
    void read_creation_terms(const shm::placement& found) {
        const auto made_with = shm::read_creation_terms<layout::terms_in_block, stepped>(entry);
        if (!words().stands(found.incarnation)) return;
        for (const std::uint64_t each : made_with)
            if (each != found.created_unix_ns) play_.fail("one that stands was made with the terms of another");
    }
    // What must hold when all have ended or died.
    void expect_whole() {
        (void)find();
        (void)is_kept();
        for (std::uint64_t a = 1; a < incarnations_.size(); ++a)
            for (std::uint64_t b = 1; b < a; ++b)
                if (incarnations_[a] != 0 && incarnations_[a] == incarnations_[b])
                    play_.fail("two have one incarnation");
    }

    [[nodiscard]] Words words() { return Words{entry}; }

    layout::directory_entry entry{};

private:
    void expect_kept_is_whole() {
        const shm::placement found = words().read();
        const std::uint64_t n = found.arena_offset;
        if (found.kind != kind_of(n) || found.arena_size != n || found.shape != numbered(n).shape)
            play_.fail("a piece is kept that is not whole");
        if (stepped::load_relaxed(piece_) != 0) play_.fail("a piece is kept with what was another's");
    }

    interleaving& play_;
    layout::word next_incarnation_;
    layout::word filled_for_;  // an incarnation
    layout::word piece_;       // what a limiter left there is zero before it is anything else
    std::array<std::uint64_t, 6> incarnations_{};
    std::uint64_t asked_ = 0;
    std::optional<std::size_t> holder_;
};

template <class Words>
struct directory_entry_scenarios {
    using world = tiny_directory<Words>;

    // One is made where nothing was.
    static void one_is_made(interleaving& play) {
        world here{play};
        const auto look = [&] {
            const auto found = here.find();
            if (!found) return;
            here.look_into(*found);
            here.read_terms(*found);
            here.read_creation_terms(*found);
        };
        play.together({[&] { here.make(1); }, look});
        here.expect_whole();
    }
    // One is deleted, and another made in its place, while somebody looks for it.
    static void one_follows_another(interleaving& play) {
        world here{play};
        here.make(1);
        const auto look = [&] { (void)here.find(); };
        play.together({[&] {
                           here.remove();
                           here.make(2);
                       },
                       look});
        here.expect_whole();
    }
    // One is deleted, and its entry gets another piece, for one that is not made yet.
    static void one_loses_its_piece(interleaving& play) {
        world here{play};
        here.make(1);
        play.together({[&] {
                           here.remove();
                           here.give_piece(world::numbered(2));
                       },
                       [&] { (void)here.find(); }});
        here.expect_whole();
    }
    // One is deleted, and another made in the piece that is kept.
    static void one_follows_in_the_same_piece(interleaving& play) {
        world here{play};
        here.make(2);
        const auto look = [&] { (void)here.find(true); };
        play.together({[&] {
                           here.remove();
                           shm::placement next = world::numbered(2);
                           next.name = "n4";
                           next.created_unix_ns = 4;
                           here.publish(next);
                       },
                       look});
    }
    // Somebody remembers the first.
    template <class Use>
    static void one_is_remembered(interleaving& play, Use use) {
        world here{play};
        here.make(1);
        const auto found = here.find();
        if (!found) return;
        play.together({[&] {
                           here.remove();
                           here.publish(world::numbered(3));
                       },
                       [&] { use(here, *found); }});
    }
    static void its_creation_is_remembered(interleaving& play) {
        one_is_remembered(play, [](world& here, const shm::placement& found) { here.read_creation_terms(found); });
    }
    static void its_terms_are_remembered(interleaving& play) {
        one_is_remembered(play, [](world& here, const shm::placement& found) { here.read_terms(found); });
    }
    // A limiter is deleted, and its memory given to a bulkhead, while somebody is about to write the text of a key over a shorter one, whose last word is zero already.
    static void a_text_is_late(interleaving& play) {
        constexpr std::uint64_t first = 7;  // an incarnation
        layout::directory_entry entry{};
        alignas(layout::key_text) std::array<layout::word, sizeof(layout::key_text) / sizeof(layout::word)> memory{};
        auto& text = *reinterpret_cast<layout::key_text*>(memory.data());
        const shm::key_texts<stepped> texts{std::span{&text, 1}};
        const Words words{entry};
        const auto stands = [&] { return words.stands(first); };
        stepped::store_release(entry.incarnation, first);
        texts.fill();
        texts.write(0, layout::tag_bit | 1, "alice", stands);
        play.together({[&] { texts.write(0, layout::tag_bit | 2, "alice in wonderland", stands); },
                       [&] {
                           words.withdraw();
                           words.give_piece(world::numbered(2), memory);
                       }});
        if (play.died(1)) return;
        for (const layout::word& each : memory)
            if (stepped::load_relaxed(each) != 0) play.fail("half a text stands in what is no limiter's");
    }
    // An administrator deletes and makes, and may die; the next one goes on, and somebody looks.
    static void one_administrator_follows_another(interleaving& play) {
        world here{play};
        here.make(1);
        const auto administer = [&](std::size_t actor, std::uint64_t n) {
            if (!here.lock(actor)) return;
            here.remove();
            if (!here.is_kept()) here.make(n);
            here.unlock();
        };
        play.together({[&] { administer(0, 2); }, [&] { administer(1, 3); },
                       [&] {
                           if (const auto found = here.find()) here.look_into(*found);
                       }});
        here.expect_whole();
    }
};

}  // namespace seki::test
