// The insert and the decision of the key table, through every way in which two or three actors may run through each other.
#include <gtest/gtest.h>

#include "shm/key_table.hpp"
#include "shm/tiny_table.hpp"

namespace seki::test {
namespace {

using tiny = tiny_table<shm::key_table<stepped>>;

constexpr std::uint64_t key = key_of(1);

void expect_none_fails(const exploration& done) {
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Fails if two slots of a key can come to be, or an insert depends on somebody who is stopped or dead.
TEST(KeyTableInterleavings, TwoWhoInsertOneKeyMakeOneSlotOfIt) {
    expect_none_fails(explore({.preemptions = 3, .deaths = 1}, [](interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); }});
        world.expect_sound({key});
    }));
}

TEST(KeyTableInterleavings, ThreeWhoInsertOneKeyMakeOneSlotOfIt) {
    expect_none_fails(explore({.preemptions = 2, .deaths = 1}, [](interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.insert(key); }, [&] { world.insert(key); }, [&] { world.insert(key); }});
        world.expect_sound({key});
    }));
}

TEST(KeyTableInterleavings, TwoSpendersAdmitOne) {
    expect_none_fails(explore({.preemptions = 3, .deaths = 1}, [](interleaving& play) {
        tiny world{play, 1, {0, 8}};
        play.together({[&] { world.spend(key); }, [&] { world.spend(key); }});
        world.expect_sound({key});
    }));
}

// Fails if a fresh state does not tell its time: who found the key in the first epoch and was stopped would spend for that epoch in a slot that was
// spent, grew old, was evicted and is fresh again.
TEST(KeyTableInterleavings, WhoWasStoppedWithAnOldTimeInHandSpendsNothingTwice) {
    expect_none_fails(explore({.preemptions = 3, .deaths = 1}, [](interleaving& play) {
        tiny world{play, 1, {0}};
        play.together({[&] { world.spend(key); },
                       [&] {
                           world.spend(key);
                           world.grow_old();
                           world.evict(key);
                           world.insert(key);
                       }});
        world.expect_sound({key});
    }));
}

}  // namespace
}  // namespace seki::test
