// What a few actors do to a tiny table at once, and what must hold afterwards. For the table that ships, where every interleaving must
// hold, and for those with an error planted, where one must not.
#pragma once

#include "shm/tiny_table.hpp"

namespace seki::test {

template <class Table>
struct scenarios {
    using tiny = tiny_table<Table>;

    // Of different stripes, if there are two (TheTwoKeysAreOfDifferentStripes).
    static constexpr std::uint64_t key = key_of(1);
    static constexpr std::uint64_t other = key_of(3);

    static void two_insert_one_key(interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); }});
        world.expect_sound({key});
    }

    static void three_insert_one_key(interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); }, [&] { world.insert(key); }});
        world.expect_sound({key});
    }

    static void two_spend_one_key(interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.spend(key); }, [&] { world.spend(key); }});
        world.expect_sound({key});
    }

    // One slot for two keys, each as good as new in the next epoch.
    template <std::size_t Stripes>
    static void two_keys_want_one_slot(interleaving& play) {
        tiny world{play, Stripes, {0}};
        play.together({[&] { world.spend(key); },
                       [&] {
                           world.grow_old();
                           world.spend(other);
                       }});
        world.expect_sound({});
    }

    // While one inserts, a slot that it did not choose becomes the better choice.
    static void another_key_comes_between(interleaving& play) {
        tiny world{play, 1, {0, 1}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(other); }, [&] { world.insert(key); }});
        world.expect_sound({key});
    }

    // The key is already gone again when two who help to insert it wake up.
    static void helpers_come_late(interleaving& play) {
        tiny world{play, 1, {0, 1}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); },
                       [&] {
                           world.insert(key);
                           world.evict(key);
                       }});
        world.expect_sound({key});
    }

    // The key is spent, grows old, is evicted and comes back while another spender is stopped.
    static void a_spender_is_stopped_for_long(interleaving& play) {
        tiny world{play, 1, {0}};
        play.together({[&] { world.spend(key); },
                       [&] {
                           world.spend(key);
                           world.grow_old();
                           world.evict(key);
                           world.insert(key);
                       }});
        world.expect_sound({key});
    }

    // A sweep goes over an insert and what is spent by it.
    static void a_sweep_meets_two_spenders(interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.spend(key); }, [&] { world.spend(key); }, [&] { world.sweep(); }});
        world.expect_sound({key});
        world.expect_tidy();
    }

    // The key is spent, grows old, is swept away and comes back while a spender, or the sweeper, is stopped.
    static void a_swept_key_comes_back(interleaving& play) {
        tiny world{play, 1, {0}};
        play.together({[&] { world.spend(key); },
                       [&] {
                           world.spend(key);
                           world.grow_old();
                           world.sweep();
                           world.spend(key);
                       },
                       [&] { world.sweep(); }});
        world.expect_sound({});
        world.expect_tidy();
    }

    // The key is already swept away when those who help to insert it wake up.
    static void helpers_come_after_the_sweep(interleaving& play) {
        tiny world{play, 1, {0, 1}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); },
                       [&] {
                           world.insert(key);
                           world.sweep();
                       }});
        world.expect_sound({key});
        world.expect_tidy();
    }
};

}  // namespace seki::test
