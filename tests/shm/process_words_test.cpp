// What is concluded of the owner of a process slot from its words and from the kernel; and who joins when another was quicker.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "layout/worker.hpp"
#include "shm/process_list.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

using machine = shm::hardware;
using shm::lock_state;
using shm::process_identity;
using shm::verdict;

constexpr std::uint64_t generation = 3;
constexpr process_identity me{100, 7, 9, 11}, other{200, 8, 9, 12};

// Answers what the test wants, and counts how often it was asked.
struct kernel {
    lock_state locked = lock_state::nobody;
    bool running = true, open = false;
    int locks_asked = 0, runs_asked = 0, opens_asked = 0;
    bool has_it_open() { return ++opens_asked, open; }
    lock_state lock() { return ++locks_asked, locked; }
    bool runs(const process_identity& /*who*/) { return ++runs_asked, running; }
};

struct ProcessWords : ::testing::Test {
    // A live slot named after that one, and what it says of itself.
    void describe(const process_identity& named, const process_identity& described) {
        machine::store_relaxed(slot.owner,
                               layout::pack(layout::process_state{generation, named.brief(), layout::stage::live}));
        machine::store_relaxed(slot.pid, described.pid);
        machine::store_relaxed(slot.start_time, described.start_time);
        machine::store_relaxed(slot.pid_namespace, described.pid_namespace);
        machine::store_relaxed(slot.image, described.image);
    }
    verdict judged(kernel& by, const process_identity& as = me) {
        return shm::process_words<>{slot}.judge(generation, as, by);
    }
    layout::process_slot slot{};
};

// Fails if the kernel is asked of a lock that may be our own, which asking would drop.
TEST_F(ProcessWords, WhoMayBeOurselvesIsNotAskedAbout) {
    kernel asked;
    describe(me, me);
    EXPECT_EQ(judged(asked), verdict::live);
    describe(me, other);  // somebody scribbled there
    EXPECT_EQ(judged(asked), verdict::live);
    EXPECT_EQ(asked.locks_asked, 0);
    describe(other, other);
    EXPECT_EQ(judged(asked), verdict::lost_lock);
    describe(other, me);  // scribbled, and not ours
    EXPECT_EQ(judged(asked), verdict::live) << "by its words it is we";
    describe(other, {300, 8, 9, 12});
    EXPECT_EQ(judged(asked), verdict::dead) << "nobody has its lock, and nobody knows who it was";
    EXPECT_EQ(asked.locks_asked, 2);
}

// Fails if the kernel is asked about another copy of libseki in this process, which sees more or less of itself than we do: that drops its lock.
TEST_F(ProcessWords, ACopyThatSeesLessOfItselfIsNotAskedAbout) {
    kernel asked{.running = false};
    for (const process_identity& less : {process_identity{100, 0, 9, 11}, {100, 7, 0, 11}, {100, 0, 0, 11}}) {
        describe(me, me);
        EXPECT_EQ(judged(asked, less), verdict::live);
        describe(less, less);
        EXPECT_EQ(judged(asked), verdict::live);
    }
    EXPECT_EQ(asked.locks_asked, 0);
    describe({100, 6, 9, 11}, {100, 6, 9, 11});  // had our number before us
    EXPECT_EQ(judged(asked), verdict::dead);
    EXPECT_EQ(asked.locks_asked, 1);
}

// Fails if a copy of libseki in this process that sees another image is taken for a former program, and asked about, which drops its lock; or a former program for a copy.
TEST_F(ProcessWords, ACopyThatSeesAnotherImageHasItsLockFileOpen) {
    for (const process_identity& copy :
         {process_identity{100, 7, 9, 99}, {100, 0, 9, 99}, {100, 7, 0, 99}, {100, 0, 0, 99}}) {
        describe(copy, copy);
        kernel open{.running = false, .open = true}, closed{.running = false};
        EXPECT_EQ(judged(open), verdict::live);
        EXPECT_EQ(open.locks_asked, 0);
        EXPECT_EQ(judged(closed), verdict::dead);
        EXPECT_EQ(closed.locks_asked, 1);
    }
    kernel open{.running = false, .open = true};
    for (const process_identity& stranger : {process_identity{101, 7, 9, 99}, {100, 8, 9, 99}, {100, 7, 8, 99}}) {
        describe(stranger, stranger);
        EXPECT_EQ(judged(open), verdict::dead);
    }
    EXPECT_EQ(open.opens_asked, 0) << "all descriptors of a process are many";
}

// Fails if this process takes what is not its former self for that, or does not know it.
TEST_F(ProcessWords, OurFormerSelfHasAnotherImage) {
    const auto former = [&](const process_identity& named, const process_identity& as = me) {
        describe(named, named);
        return shm::process_words<>{slot}.may_be_former(as);
    };
    constexpr process_identity before{100, 7, 9, 99};
    EXPECT_TRUE(former(before));
    EXPECT_FALSE(former(me));
    for (const process_identity& stranger : {process_identity{101, 7, 9, 99}, {100, 8, 9, 99}, {100, 7, 8, 99}})
        EXPECT_FALSE(former(stranger));
    EXPECT_FALSE(former({100, 0, 9, 99}, {100, 0, 9, 11})) << "nobody knows when they began";
    describe(before, before);
    machine::store_relaxed(slot.owner, layout::pack(layout::process_state{generation, 0, layout::stage::free}));
    EXPECT_FALSE(shm::process_words<>{slot}.may_be_former(me)) << "who is not on the list was buried";
}

// Fails if who cannot be seen from here is looked for by its number, or who can is not.
TEST_F(ProcessWords, ANumberTellsOnlyWhereItMeansTheSame) {
    struct {
        process_identity owner, asker;
        bool visible;
    } const cases[]{{other, me, true},
                    {{200, 0, 9, 12}, me, false},
                    {{200, 8, 0, 12}, {100, 7, 0, 11}, false},
                    {other, {100, 0, 9, 11}, false},
                    {{200, 8, 10, 12}, me, false}};
    for (const auto& each : cases) {
        describe(each.owner, each.owner);
        kernel runs, ended{.running = false}, nothing_known{.locked = lock_state::unknown};
        EXPECT_EQ(judged(runs, each.asker), each.visible ? verdict::lost_lock : verdict::dead);
        EXPECT_EQ(runs.runs_asked, each.visible ? 1 : 0);
        EXPECT_EQ(judged(ended, each.asker), verdict::dead);
        EXPECT_EQ(judged(nothing_known, each.asker), verdict::live);
    }
    kernel no_file{.locked = lock_state::no_file}, held{.locked = lock_state::held};
    describe(other, other);
    EXPECT_EQ(judged(no_file), verdict::lost_lock);
    EXPECT_EQ(judged(held), verdict::live);
    EXPECT_EQ(held.runs_asked, 0);
    describe({200, 8, 10, 12}, {200, 8, 10, 12});
    EXPECT_EQ(judged(no_file), verdict::lost_lock) << "not visible, but without a file there is no proof";
    kernel former;
    describe({100, 7, 9, 99}, {100, 7, 9, 99});
    EXPECT_EQ(judged(former), verdict::dead) << "this process before an exec";
    EXPECT_EQ(former.runs_asked, 0);
}

// Fails if another generation's owner is judged, or one who has left.
TEST_F(ProcessWords, WhoIsNotOnTheListIsGone) {
    kernel by;
    describe(other, other);
    EXPECT_EQ(shm::process_words<>{slot}.judge(generation + 1, me, by), verdict::gone);
    for (const auto stage : {layout::stage::free, layout::stage::claimed}) {
        machine::store_relaxed(slot.owner, layout::pack(layout::process_state{generation, other.brief(), stage}));
        EXPECT_EQ(judged(by), verdict::gone);
    }
    EXPECT_EQ(by.locks_asked, 0);
    // It becomes another's after its words were read.
    describe(other, other);
    int looks = 0;
    const changes successor{&slot.owner, 100, [&] {
                                if (++looks == 2)
                                    machine::store_relaxed(
                                        slot.owner, layout::pack(layout::process_state{generation + 2, other.brief(),
                                                                                       layout::stage::live}));
                            }};
    EXPECT_EQ(shm::process_words<unlucky>{slot}.judge(generation, me, by), verdict::gone);
}

// Fails if the claim of one who may be on his way is freed, or one of the dead stays; or our own is.
TEST_F(ProcessWords, AClaimIsFreedWhereNobodyHasTheLock) {
    struct {
        lock_state lock;
        bool freed;
    } const cases[]{{lock_state::nobody, true},
                    {lock_state::no_file, true},
                    {lock_state::held, false},
                    {lock_state::unknown, false}};
    for (const auto& each : cases)
        for (const bool ours : {false, true}) {
            const layout::process_state claimed{generation, ours ? me.brief() : other.brief(), layout::stage::claimed};
            machine::store_relaxed(slot.owner, layout::pack(claimed));
            kernel by{.locked = each.lock};
            shm::process_words<>{slot}.free_claim(me.brief(), by);
            const auto left = each.freed && !ours ? layout::process_state{generation, 0, layout::stage::free} : claimed;
            EXPECT_EQ(shm::state_of(slot), left);
            EXPECT_EQ(by.locks_asked, ours ? 0 : 1);
        }
}

struct joiner {
    std::uint64_t who = me.brief();
    layout::process_slot* freed_while_it_locks = nullptr;
    int locks = 0, drops = 0;
    [[nodiscard]] std::uint64_t brief() const { return who; }
    [[nodiscard]] static shm::process_description description() { return {.who = me}; }
    bool take_lock() {
        if (++locks == 1 && freed_while_it_locks != nullptr) machine::store_relaxed(freed_while_it_locks->owner, 0);
        return true;
    }
    void drop_lock() { ++drops; }
};

// Fails if who was not the first to claim a slot tries again without its lock, or gives up with it.
TEST_F(ProcessWords, WhoLosesAClaimGoesOnIfItHasTheLock) {
    {
        const lost_swaps others{&slot.owner, 1};
        joiner mine;
        EXPECT_FALSE(shm::process_words<unlucky>{slot}.enter(mine));
        EXPECT_EQ(mine.locks, 0);
        EXPECT_EQ(others.tries(), 1);
    }
    unlucky::loses = [this, tries = 0](const void* swapped) mutable { return swapped == &slot.owner && ++tries == 2; };
    joiner mine{.freed_while_it_locks = &slot};
    EXPECT_TRUE(shm::process_words<unlucky>{slot}.enter(mine));
    unlucky::loses = [](const void* /*where*/) { return false; };
    EXPECT_EQ(mine.locks, 2);
    EXPECT_EQ(mine.drops, 0);
}

// Fails if a lock is dropped that another copy of libseki in this process may have, or kept where it is nobody's of ours.
TEST_F(ProcessWords, WhoDoesNotComeInDropsTheLockUnlessItIsItsTwins) {
    for (const bool twin : {false, true}) {
        describe(twin ? me : other, other);
        joiner mine;
        EXPECT_FALSE(shm::process_words<>{slot}.enter(mine));
        EXPECT_EQ(mine.drops, twin ? 0 : 1);
    }
}

// Fails if who leaves takes another's slot along, or keeps its lock because another has the slot.
TEST_F(ProcessWords, WhoLeavesDropsItsLockWhateverStandsThere) {
    int drops = 0;
    const auto leave = [&](std::uint64_t of) { shm::process_words<>{slot}.leave(of, [&drops] { ++drops; }); };
    describe(other, other);
    const auto stood = shm::state_of(slot);
    leave(generation + 1);
    EXPECT_EQ(drops, 1);
    EXPECT_EQ(shm::state_of(slot), stood);
    leave(generation);
    EXPECT_EQ(drops, 2);
    EXPECT_EQ(shm::state_of(slot), (layout::process_state{generation, 0, layout::stage::free}));
    leave(generation);
    EXPECT_EQ(drops, 3);
}

}  // namespace
}  // namespace seki::test
