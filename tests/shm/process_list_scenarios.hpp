// What a few processes do at once to one slot of the list of processes, with a kernel that the test plays; and what must hold. For the code that ships, where every
// interleaving must hold, and for that with an error planted, where one must not. It is what tests/protocol/join.pml says of the protocol:
//   - a process that lives is taken off the list by nobody but itself;
//   - while it is on the list its slot describes it and nobody else, and it has its lock, unless it closed the file itself;
//   - nobody drops its lock by asking the kernel about itself, and who judges another goes by what that one said of itself;
//   - what the dead leave keeps nobody out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "layout/worker.hpp"
#include "shm/played_kernel.hpp"
#include "shm/process_list.hpp"
#include "support/fingerprint.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Three who are in the schedule's hands, and one who comes afterwards.
using identities = std::array<shm::process_identity, 4>;

// Of processes that see each other.
constexpr shm::process_identity numbered(std::uint64_t pid) { return {pid, 7 * pid, 9, 11 * pid}; }
inline constexpr identities strangers{numbered(1001), numbered(1002), numbered(1003), numbered(1004)};

// The 14 bits of the first two are the same, as those of strangers may be, and all but one of the words that tell them apart.
template <std::uint64_t shm::process_identity::* word>
const identities& look_alikes() {
    static const identities found = [] {
        identities all = strangers;
        do {
            all[1] = all[0];
            all[1].*word = ++(all[3].*word);
        } while (all[1].brief() != all[0].brief());
        all[3] = strangers[3];
        return all;
    }();
    return found;
}

// `Words` is shm::process_words<stepped>, or one with an error planted.
template <class Words>
class tiny_list {
public:
    static constexpr std::size_t most_actors = 4;

    tiny_list(interleaving& play, const identities& who) : play_{play}, who_{who}, lock_{play} {
        play.remembers([this] {
            std::uint64_t all = fold(on_list_.actor, on_list_.generation);
            for (std::size_t each = 0; each < most_actors; ++each)
                all = fold(fold(all, generations_[each]), has_lock_[each] ? 1 : 0);
            return fold(all, (lost_lock_ ? 1U : 0U) | (keeps_lock_ ? 2U : 0U));
        });
    }
    tiny_list(const tiny_list&) = delete;
    tiny_list& operator=(const tiny_list&) = delete;
    // Actors 0 and 1 are two copies of libseki in one process.
    void first_two_are_one() { two_copies_ = true; }

    // The actors' steps.

    bool join(std::size_t actor) {
        has_lock_[actor] = false;
        const auto generation = words().enter(joiner{*this, actor});
        if (!generation) {
            if (has_lock_[actor] && !two_copies_ && who_[0].brief() != who_[1].brief())
                play_.fail("who did not come in keeps the lock");
            keeps_lock_ = keeps_lock_ || has_lock_[actor];
            return false;
        }
        on_list_ = {actor, *generation};
        expect_sound();
        return true;
    }
    void leave(std::size_t actor) {
        words().leave(generation_of(actor), [&] {
            if (shm::process_words{slot}.live_generation() == generation_of(actor))
                play_.fail("it drops its lock while it is on the list");
            on_list_.generation = 0;
            drop_lock(actor);
        });
    }
    // As closefrom() does, and others may see that the process lives.
    void loses_lock(std::size_t actor) {
        lock_.drop(process_of(actor));
        has_lock_[actor] = false;
        lost_lock_ = true;
    }
    // As membership::renew() does.
    void locks_again(std::size_t actor) {
        const std::uint64_t mine = generation_of(actor);
        if (words().live_generation() == mine && !has_lock_[actor]) has_lock_[actor] = lock_.take(process_of(actor));
        if (words().live_generation() != mine) play_.fail("who lives is not on the list any more");
    }
    // Whether the one that is on the list is dead; then it is off the list.
    bool look(std::size_t actor) {
        words().free_claim(who_[process_of(actor)].brief(), kernel{*this, actor, 0});
        const auto generation = words().live_generation();
        if (!generation) return false;
        const shm::verdict found =
            words().judge(*generation, who_[process_of(actor)], kernel{*this, actor, *generation});
        if (found != shm::verdict::dead) return false;
        for (std::size_t each = 0; each < most_actors; ++each)
            if (generations_[each] == *generation && sees(actor, each) && !play_.died(process_of(each)))
                play_.fail("one that is seen to live is taken for dead");
        before_it_is_taken_off(*generation);
        if (!words().take_off(*generation)) return false;
        if (shm::process_words{slot}.live_generation() != on_list_.generation) {
            if (is_on_list()) play_.fail("who lives is taken off the list");
            on_list_.generation = 0;
        }
        expect_sound();
        return true;
    }
    // As membership::join() does.
    bool come(std::size_t actor) {
        if (join(actor)) return true;
        (void)look(actor);
        return join(actor);
    }

    // What must hold when all have ended or died, and no living process is on the list. Who came beside one with its own 14 bits, and may not drop the lock since that
    // one may be another copy in its own process, keeps the slot from others for as long as it lives.
    void expect_room() {
        if (is_on_list() || keeps_lock_) return;
        constexpr std::size_t newcomer = 3;
        (void)look(newcomer);
        if (!join(newcomer)) play_.fail("nobody is on the list, and nobody gets in");
    }

    [[nodiscard]] std::uint64_t generation_of(std::size_t actor) const { return generations_[actor]; }
    // Whether they are of one pid namespace.
    [[nodiscard]] bool sees(std::size_t actor, std::size_t other) const {
        return who_[process_of(actor)].pid_namespace == who_[process_of(other)].pid_namespace;
    }
    [[nodiscard]] Words words() { return Words{slot}; }

    layout::process_slot slot;
    // What the dead held is given back first.
    std::function<void(std::uint64_t generation)> before_it_is_taken_off = [](std::uint64_t) {};

private:
    struct joiner {
        tiny_list& world;
        std::size_t actor;
        [[nodiscard]] std::uint64_t brief() const { return world.who_[world.process_of(actor)].brief(); }
        [[nodiscard]] shm::process_description description() const {
            const std::size_t process = world.process_of(actor);
            if (world.is_on_list() && world.process_of(world.on_list_.actor) != process)
                world.play_.fail("somebody describes itself where another is on the list");
            return {.who = world.who_[process], .attached_ns = actor + 1, .command = {process, process}};
        }
        bool take_lock() const {
            const bool has = world.has_lock_[actor] = world.lock_.take(world.process_of(actor));
            return has;
        }
        void drop_lock() const { world.drop_lock(actor); }
    };
    struct kernel {
        tiny_list& world;
        std::size_t actor;
        std::uint64_t generation;
        shm::lock_state lock() const {
            const shm::lock_state found = world.lock_.ask(world.process_of(actor));
            world.expect_sound();
            return found;
        }
        // No process here has two images.
        static bool has_it_open() { return false; }
        bool runs(const shm::process_identity& who) const {
            for (std::size_t each = 0; each < most_actors; ++each)
                if (world.generations_[each] == generation && who != world.who_[world.process_of(each)])
                    world.play_.fail("it judges one by what another says of itself");
            for (std::size_t each = 0; each < most_actors; ++each)
                if (who == world.who_[each]) return world.lock_.runs(world.process_of(each));
            return false;
        }
    };

    [[nodiscard]] std::size_t process_of(std::size_t actor) const { return two_copies_ && actor == 1 ? 0 : actor; }
    // By who lives.
    [[nodiscard]] bool is_on_list() const {
        return on_list_.generation != 0 && !play_.died(process_of(on_list_.actor));
    }
    void drop_lock(std::size_t actor) {
        if (!has_lock_[actor]) return;
        has_lock_[actor] = false;
        lock_.drop(process_of(actor));
        expect_sound();
    }
    void expect_sound() {
        if (!is_on_list()) return;
        const std::size_t process = process_of(on_list_.actor);
        generations_[on_list_.actor] = on_list_.generation;
        if (shm::hardware::load_relaxed(slot.image) != who_[process].image ||
            shm::hardware::load_relaxed(slot.command[1]) != process)
            play_.fail("a slot describes another than who is on the list");
        if (!lost_lock_ && !lock_.held_by(process)) play_.fail("who is on the list has no lock");
    }

    interleaving& play_;
    const identities& who_;
    played_lock lock_;
    struct {
        std::size_t actor = 0;
        std::uint64_t generation = 0;  // 0: nobody
    } on_list_{};
    std::array<std::uint64_t, most_actors> generations_{};
    std::array<bool, most_actors> has_lock_{};
    bool lost_lock_ = false;
    bool keeps_lock_ = false;  // somebody who did not come in
    bool two_copies_ = false;
};

template <class Words>
struct process_list_scenarios {
    using list = tiny_list<Words>;

    // Each comes, asks about itself, and leaves.
    static void visit(list& world, std::size_t actor) {
        if (!world.come(actor)) return;
        (void)world.look(actor);
        world.leave(actor);
    }
    static void three_come(interleaving& play) {
        list world{play, strangers};
        play.together({[&] { visit(world, 0); }, [&] { visit(world, 1); }, [&] { visit(world, 2); }});
        world.expect_room();
    }
    // One after the other, while somebody looks twice.
    static void two_follow_each_other(interleaving& play) {
        list world{play, strangers};
        const auto visit_shortly = [&](std::size_t actor) {
            if (world.join(actor)) world.leave(actor);
        };
        play.together({[&] { visit_shortly(0); }, [&] { visit_shortly(1); },
                       [&] {
                           (void)world.look(2);
                           (void)world.look(2);
                       }});
        world.expect_room();
    }
    // One closes its file, and locks it again, while another comes and a third looks.
    static void one_loses_its_lock(interleaving& play, const identities& who) {
        list world{play, who};
        play.together({[&] {
                           if (!world.join(0)) return;
                           world.loses_lock(0);
                           world.locks_again(0);
                           world.leave(0);
                       },
                       [&] { (void)world.come(1); }, [&] { (void)world.look(2); }});
        world.expect_room();
    }
    static void a_stranger_loses_its_lock(interleaving& play) { one_loses_its_lock(play, strangers); }
    static void a_look_alike_loses_its_lock(interleaving& play) {
        one_loses_its_lock(play, look_alikes<&shm::process_identity::pid>());
    }
    // One leaves, another who looks like it comes and loses its lock, and a third looks.
    template <std::uint64_t shm::process_identity::* word>
    static void a_look_alike_follows(interleaving& play) {
        list world{play, look_alikes<word>()};
        (void)world.join(0);
        play.together({[&] { world.leave(0); },
                       [&] {
                           // Who is elsewhere, and has no lock, is taken for dead.
                           if (world.join(1) && world.sees(2, 1)) world.loses_lock(1);
                       },
                       [&] { (void)world.look(2); }});
        world.expect_room();
    }
    // Two copies of libseki in one process, and somebody who looks.
    static void two_copies_come(interleaving& play) {
        list world{play, strangers};
        world.first_two_are_one();
        play.together({[&] { visit(world, 0); }, [&] { visit(world, 1); }, [&] { (void)world.look(2); }});
        world.expect_room();
    }
    // Likewise, and who looks comes, too.
    static void two_copies_come_beside_another(interleaving& play) {
        list world{play, strangers};
        world.first_two_are_one();
        play.together({[&] { (void)world.join(0); }, [&] { (void)world.join(1); },
                       [&] {
                           (void)world.look(2);
                           (void)world.join(2);
                       }});
        world.expect_room();
    }
};

}  // namespace seki::test
