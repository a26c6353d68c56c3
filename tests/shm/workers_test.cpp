// Threads of one process and their slots.
#include "shm/workers.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "processes.hpp"
#include "shm/asking_time.hpp"
#include "shm/counters.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/uncancelled.hpp"

namespace seki::test {
namespace {

using layout::cost_allow;
using layout::count_allow;
using shm::attachment;

constexpr std::uint32_t entry = 1;
constexpr std::uint64_t incarnation = 7;

void count_many(const attachment& attached, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i)
        shm::count_decision(attached.me(), entry, incarnation, count_allow, cost_allow, 2);
}

std::uint64_t allowed(const shm::segment& where) { return shm::sum(where, entry, incarnation)[count_allow]; }

// Fails if a thread's end does not give its slot back, or the search does not start at the first.
TEST(Workers, AThreadLeavesItsSlotToTheNext) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    std::set<const layout::worker_slot*> used;
    for (int i = 0; i < 100; ++i) std::thread{[&] { used.insert(attached.me().slot); }}.join();
    EXPECT_EQ(used.size(), 1U);
    EXPECT_EQ(slots_taken(*segment), 0U);
}

// Fails if the slot of all is one thread's alone, or given back as if it had been.
TEST(Workers, TheSharedSlotIsNotAmongThoseThatAreTaken) {
    std::array<layout::worker_slot, 3> memory{};
    const auto slot_at = [&memory](std::size_t i) -> layout::worker_slot& { return memory[i]; };
    const shm::worker_slots<decltype(slot_at)> slots{memory.size() - 1, slot_at};
    EXPECT_EQ(slots.take_any(5, 50), 0U);
    EXPECT_EQ(slots.take_any(5, 51), 1U);
    EXPECT_EQ(slots.take_any(5, 52), std::nullopt);
    EXPECT_EQ(shm::hardware::load_relaxed(memory.back().owner), 0U);
    for (const bool all : {true, false}) {
        for (layout::worker_slot& each : memory) shm::hardware::store_relaxed(each.owner, 5);
        if (all)
            slots.give_back_all(5);
        else
            slots.free_orphans([](std::uint64_t) { return std::nullopt; });
        EXPECT_EQ(shm::hardware::load_relaxed(memory.front().owner), 0U);
        EXPECT_EQ(shm::hardware::load_relaxed(memory.back().owner), 5U);
    }
}

// Fails if who gives a slot back is not told whether it was his still.
TEST(Workers, ASlotIsGivenBackByItsOwnerOnce) {
    layout::worker_slot slot{};
    EXPECT_TRUE(shm::take(slot, 5));
    EXPECT_FALSE(shm::take(slot, 6));
    EXPECT_FALSE(shm::give_back(slot, 6));
    EXPECT_TRUE(shm::give_back(slot, 5));
    EXPECT_FALSE(shm::give_back(slot, 5));
    EXPECT_EQ(shm::hardware::load_relaxed(slot.owner), 0U);
}

// Fails if who joins can be cancelled in the middle of it, or cannot be afterwards; or can be afterwards who could not before.
TEST(Workers, WhoJoinsIsNotCancelledMeanwhile) {
    const auto state = [] {
        int found = 0;
        ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &found);
        ::pthread_setcancelstate(found, nullptr);
        return found;
    };
    std::thread{[&] {
        for (const int before : {PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE}) {
            ::pthread_setcancelstate(before, nullptr);
            {
                const shm::uncancelled meanwhile;
                EXPECT_EQ(state(), PTHREAD_CANCEL_DISABLE);
            }
            EXPECT_EQ(state(), before);
        }
    }}.join();
}

// Fails if who looks again gives up a slot of its own without giving it back: in that segment, or in another for which it shares one.
TEST(Workers, WhoHasASlotKeepsItWhenItLooksAgain) {
    const scratch_segment segment, full{1};
    const attachment attached{segment.get()}, beside{full.get()};
    const layout::worker_slot* const mine = attached.me().slot;
    attached.look_again();
    EXPECT_EQ(attached.me().slot, mine);
    EXPECT_EQ(slots_taken(*segment), 1U);
    std::thread{[&] {
        std::thread{[&] {
            const layout::worker_slot* const own = attached.me().slot;
            (void)beside.me();
            std::thread{[&] {
                const layout::worker_slot* const others = attached.me().slot;
                EXPECT_TRUE(beside.me().shared);
                attached.look_again();
                EXPECT_EQ(attached.me().slot, others);
                EXPECT_EQ(slots_taken(*segment), 3U);
            }}.join();
            EXPECT_EQ(attached.me().slot, own);
        }}.join();
    }}.join();
    EXPECT_EQ(slots_taken(*segment), 1U);
}

// Fails if a thread begins its sequence of samples anew each time that it turns to another segment.
TEST(Workers, SamplesGoOnFromOneSegmentToTheNext) {
    const scratch_segment one, other;
    const attachment to_one{one.get()}, to_other{other.get()};
    (void)to_one.me();
    attachment::until_sample() = 17;
    (void)to_other.me();
    EXPECT_EQ(attachment::until_sample(), 17U);
    (void)to_one.me();
    EXPECT_EQ(attachment::until_sample(), 17U);
}

// Counts when its thread's slots are gone.
struct last_of_all {
    const attachment* counts_in = nullptr;
    bool* shared = nullptr;
    ~last_of_all() {
        if (counts_in != nullptr) *shared = counts_in->me().shared;
    }
};

// Fails if what ends after its thread's slots were given back counts in one that is another's by then.
TEST(Workers, WhatEndsLastCountsInTheSharedSlot) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    bool shared = false;
    std::thread{[&] {
        static thread_local last_of_all last;  // before the slots are
        last.counts_in = &attached;
        last.shared = &shared;
        EXPECT_FALSE(attached.me().shared);
    }}.join();
    EXPECT_TRUE(shared);
    EXPECT_EQ(slots_taken(*segment), 0U);
}

// Fails if the next turn does not begin where this one did when it came round, or a number that there is not is believed.
TEST(Workers, WhoCameRoundBeginsWhereHeBegan) {
    const scratch_segment segment{3};
    EXPECT_EQ(shm::reap(*segment).next, 0U);
    for (std::uint32_t from = 0; from < 6; ++from) {
        const auto report = shm::reap(*segment, from, shm::asking_all_ns);
        EXPECT_TRUE(report.whole);
        EXPECT_EQ(report.next, from < 3 ? from : 0);
    }
}

// Fails if a slot that nobody ever had counts as used, or the one of all does not.
TEST(Workers, ASlotIsUsedOnceAThreadHadIt) {
    const scratch_segment segment{2};
    EXPECT_FALSE(shm::was_used(*segment, 0));
    EXPECT_FALSE(shm::was_used(*segment, 1));
    EXPECT_TRUE(shm::was_used(*segment, 2)) << "the shared one";
    const attachment attached{segment.get()};
    std::thread{[&] { (void)attached.me(); }}.join();
    EXPECT_TRUE(shm::was_used(*segment, 0)) << "it had an owner";
    EXPECT_FALSE(shm::was_used(*segment, 1));
}

// Fails if a stamp is not the slot's, is one that it had before, or another number is wasted than one.
TEST(Workers, AStampIsTheNextOfItsSlot) {
    layout::worker_slot slot{};
    const std::uint64_t base = 3ULL << 47;
    std::uint64_t last = 0;
    for (const bool shared : {false, true, false, true}) {
        const shm::worker me{.slot = &slot, .stamp_base = base, .shared = shared};
        EXPECT_EQ(shm::next_stamp(me), base | ++last);
        EXPECT_EQ(shm::hardware::load_relaxed(slot.nonce), last);
    }
    shm::hardware::store_relaxed(slot.nonce, ~0ULL - 1);
    for (const bool shared : {false, true}) {
        const shm::worker me{.slot = &slot, .stamp_base = base, .shared = shared};
        EXPECT_EQ(shm::next_stamp(me) & ~((1ULL << 47) - 1), base) << "a nonce never leads into another slot's";
    }
}

// Memory that says how often something was added, so that sharers have no stamp in common.
struct adding : shm::hardware {
    static inline int times = 0;
    static std::uint64_t fetch_add_relaxed(layout::word& w, std::uint64_t value) noexcept {
        return ++times, shm::hardware::fetch_add_relaxed(w, value);
    }
};

// Fails if sharers draw stamps by load and store, or owners by an instruction that is dearer.
TEST(Workers, SharersAddAndOwnersStore) {
    layout::worker_slot slot{};
    adding::times = 0;
    (void)shm::next_stamp<adding>({.slot = &slot, .shared = false});
    EXPECT_EQ(adding::times, 0);
    (void)shm::next_stamp<adding>({.slot = &slot, .shared = true});
    EXPECT_EQ(adding::times, 1);
}

// Fails if who has no name is given one.
TEST(Workers, WhoHasNotJoinedIsNobodyInTheSharedSlot) {
    const scratch_segment segment;
    EXPECT_EQ(shm::shared_worker(*segment).owner, 0U);
    EXPECT_TRUE(shm::shared_worker(*segment).shared);
    EXPECT_EQ(shm::shared_worker(*segment, 9).owner, 9U);
}

// Fails if a new owner starts a slot's counts afresh, or somebody folds them and counts twice.
TEST(Workers, CountsGoOnWhenASlotChangesHands) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    for (std::uint64_t i = 1; i <= 50; ++i) {
        std::thread{[&] { count_many(attached, 10); }}.join();
        EXPECT_EQ(allowed(*segment), 10 * i);
    }
    EXPECT_EQ(shm::sum(*segment, entry, incarnation)[cost_allow], 1000U);
}

// Fails if the shared slot is written by plain stores, or two threads get one slot.
TEST(Workers, MoreThreadsThanSlotsCountExactlyTogether) {
    const scratch_segment segment{3};
    const attachment attached{segment.get()};
    shm::open_shared_block(*segment, entry, incarnation);
    constexpr int threads = 12;
    std::barrier all_joined{threads};
    std::atomic<int> sharing = 0;
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&] {
            sharing += attached.me().shared ? 1 : 0;
            all_joined.arrive_and_wait();
            count_many(attached, 20'000);
        });
    running.clear();
    EXPECT_EQ(sharing, threads - 3);
    EXPECT_EQ(allowed(*segment), 20'000U * threads);
}

// Fails if the thread's list of slots is not looked at before joining.
TEST(Workers, AThreadFindsItsSlotInEachOfSeveralSegmentsAgain) {
    const scratch_segment one, two;
    const attachment first{one.get()}, second{two.get()};
    const auto* in_first = first.me().slot;
    const auto* in_second = second.me().slot;
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(first.me().slot, in_first);
        EXPECT_EQ(second.me().slot, in_second);
    }
    EXPECT_EQ(slots_taken(*one) + slots_taken(*two), 2U);
}

// Fails if two threads of a process that join at once join twice, or one takes the other's half-made membership.
TEST(Workers, ThreadsThatComeAtOnceJoinTheProcessOnce) {
    for (int round = 0; round < 50; ++round) {
        const scratch_segment segment;
        const attachment attached{segment.get()};
        std::barrier start{8};
        std::atomic<std::uint64_t> owner = 0;
        std::atomic<int> differing = 0;
        std::vector<std::jthread> running;
        for (int i = 0; i < 8; ++i)
            running.emplace_back([&] {
                start.arrive_and_wait();
                const std::uint64_t mine = attached.me().owner;
                std::uint64_t expected = 0;
                if (!owner.compare_exchange_strong(expected, mine) && expected != mine) ++differing;
            });
        running.clear();
        ASSERT_EQ(differing, 0);
        ASSERT_NE(owner, 0U);
        ASSERT_EQ(processes_live(*segment), 1U);
    }
}

// Fails if the thread's end touches a segment that is gone (address sanitizer), or a new attachment is taken for the old one.
TEST(Workers, AnAttachmentMayEndBeforeItsThreads) {
    std::barrier turn{2};
    auto segment = std::make_unique<scratch_segment>();
    auto attached = std::make_unique<attachment>(segment->get());
    std::jthread thread{[&] {
        count_many(*attached, 1);
        turn.arrive_and_wait();  // it has joined
        turn.arrive_and_wait();  // there is another segment
        count_many(*attached, 5);
        EXPECT_EQ(allowed(attached->where()), 5U);
        turn.arrive_and_wait();
        turn.arrive_and_wait();  // that is gone, too
    }};
    turn.arrive_and_wait();
    attached.reset();
    segment = std::make_unique<scratch_segment>();
    attached = std::make_unique<attachment>(segment->get());
    turn.arrive_and_wait();
    turn.arrive_and_wait();
    attached.reset();
    segment.reset();
    turn.arrive_and_wait();
}

struct counts_at_the_end {
    const attachment* attached = nullptr;
    ~counts_at_the_end() {
        if (attached != nullptr) count_many(*attached, 3);
    }
};
thread_local counts_at_the_end late;

// Fails if a destructor of the thread, running after ours, gets the slot that was given back, or revives our destroyed list.
TEST(Workers, AThreadThatCountsWhileItEndsCountsInTheSharedSlot) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    shm::open_shared_block(*segment, entry, incarnation);
    std::thread{[&] {
        late.attached = &attached;  // made first, so destroyed last
        count_many(attached, 1);
    }}.join();
    EXPECT_EQ(allowed(*segment), 4U);
    EXPECT_EQ(slots_taken(*segment), 0U);
}

// Fails if a thread that once found no slot never looks for one again.
TEST(Workers, AThreadThatSharesGetsASlotOnceThereIsOne) {
    const scratch_segment segment{1};
    const attachment attached{segment.get()};
    std::barrier turn{2};
    std::jthread holder{[&] {
        EXPECT_FALSE(attached.me().shared);
        turn.arrive_and_wait();
        turn.arrive_and_wait();
    }};
    turn.arrive_and_wait();
    EXPECT_TRUE(attached.me().shared);
    EXPECT_NE(attached.me().owner, 0U);
    turn.arrive_and_wait();
    holder.join();
    EXPECT_TRUE(attached.me().shared);
    attached.look_again();
    EXPECT_FALSE(attached.me().shared);
}

// Fails under the thread sanitizer if a thread that asks for its slot reads a name while another one gives it up, or joins anew.
TEST(Workers, TheNameOfAProcessThatIsTakenForDeadIsReadWhole) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    std::atomic<int> asked = 0;
    std::jthread asking{[&] {
        for (; asked < 500; ++asked)
            std::thread{[&] { EXPECT_TRUE(attached.me().shared || attached.me().owner != 0); }}.join();
    }};
    for (; asked < 500; attached.look_again()) shm::retire(*segment, shm::holder_named(attached.me().owner));
    asking.join();
    EXPECT_FALSE(attached.me().shared);
}

// Fails if a thread keeps what it knew of each former membership of its process, for as long as the segment is open.
TEST(Workers, WhoIsTakenForDeadAgainAndAgainKeepsOneSlot) {
    const scratch_segment segment;
    const attachment attached{segment.get()}, beside{segment.get()};
    const std::uint64_t others = beside.me().owner;
    for (int round = 0; round < 20; ++round) {
        shm::retire(*segment, shm::holder_named(attached.me().owner));
        attached.look_again();
        EXPECT_FALSE(attached.me().shared);
        EXPECT_EQ(slots_taken(*segment), 2U) << "round " << round;
        EXPECT_EQ(beside.me().owner, others);
    }
}

// Fails if a name that fits no live process keeps its slot for ever.
TEST(Workers, SlotsNamedAfterNobodyAreFreed) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    const std::uint64_t mine = attached.me().owner;
    const std::uint64_t strange[] = {1, ~0ULL, mine + (1 << 16), mine + 1, layout::pack_worker_owner(9, 1)};
    for (std::size_t i = 0; i < std::size(strange); ++i)
        shm::hardware::store_relaxed(segment->worker(5 + i).owner, strange[i]);
    EXPECT_EQ(shm::reap(*segment).processes, 0U);
    EXPECT_EQ(slots_taken(*segment), 1U);
    EXPECT_EQ(shm::hardware::load_relaxed(attached.me().slot->owner), mine);
}

// Fails if a turn goes on when its time is over, or the next does not go on from there: some of the dead would never be found.
TEST(Workers, TurnsOfReapingComeToEveryProcess) {
    constexpr std::uint32_t dead = 20, at_once = shm::asking_time::at_least;
    const scratch_segment segment{32};
    const std::filesystem::path locks = segment.path().native() + ".live";
    std::filesystem::create_directories(locks);
    for (std::uint32_t i = 0; i < dead; ++i) {
        const std::ofstream lock{locks / fmt::format("{}.{}", segment->generation(), i)};  // and nobody has it
        shm::hardware::store_relaxed(segment->processes()[i].owner,
                                     layout::pack(layout::process_state{5 + i, 7, layout::stage::live}));
    }
    const std::uint64_t before = shm::state_of_list(*segment);
    std::uint32_t next = 0, found = 0;
    for (int turn = 0; turn < 2; ++turn) {
        const shm::reap_report report = shm::reap(*segment, next, 0);
        EXPECT_EQ(report.processes, at_once);
        EXPECT_FALSE(report.whole);
        EXPECT_NE(shm::state_of_list(*segment), before);
        found += report.processes;
        next = report.next;
    }
    const shm::reap_report last = shm::reap(*segment, next, 0);
    EXPECT_EQ(last.processes + found, dead);
    EXPECT_TRUE(last.whole);
    EXPECT_TRUE(shm::reap(*segment, ~0U, 0).whole);
}

// Fails if two slots share a range of stamps, the nonce starts anew with an owner, or sharers do not add atomically.
TEST(Workers, NoStampComesTwice) {
    const scratch_segment segment{2};
    const attachment attached{segment.get()};
    std::set<std::uint64_t> seen;
    std::mutex mutex;
    const auto draw = [&] {
        std::vector<std::uint64_t> drawn;
        for (int i = 0; i < 10'000; ++i) drawn.push_back(shm::next_stamp(attached.me()));
        const std::scoped_lock guard{mutex};
        seen.insert(drawn.begin(), drawn.end());
    };
    for (int round = 0; round < 2; ++round) {
        std::vector<std::jthread> running;
        for (int i = 0; i < 5; ++i) running.emplace_back(draw);
    }
    EXPECT_EQ(seen.size(), 100'000U);
    EXPECT_EQ(*seen.rbegin() >> 63, 0U);
}

// Fails if an entry beyond the last is read of: it would be counted from what lies behind.
TEST(Workers, BeyondTheLastEntryNothingIsCounted) {
    const scratch_segment segment{16, 2};
    const attachment attached{segment.get()};
    count_many(attached, 5);
    EXPECT_EQ(allowed(*segment), 5U);
    for (const std::uint32_t beyond : {2U, 3U, ~0U})
        EXPECT_EQ(shm::sum(*segment, beyond, incarnation), shm::counter_values{});
}

// Fails if the list does not say which program a process runs: people look for it by that name.
TEST(Workers, TheListSaysWhichProgramJoined) {
    const scratch_segment segment;
    const attachment attached{segment.get()};
    attached.join();
    std::string name;
    for (const layout::word& part : segment->processes()[0].command) {
        const std::uint64_t letters = shm::hardware::load_relaxed(part);
        name.append(reinterpret_cast<const char*>(&letters), sizeof letters);
    }
    std::string own;
    std::getline(std::ifstream{"/proc/self/comm"}, own);
    EXPECT_EQ(name.substr(0, own.size()), own);
}

// Fails if a name is not kept as it is, up to its fifteenth letter, with zeros behind it; or the time is not that at which he joined.
TEST(Workers, TheListSaysWhoJoinedAndWhen) {
    const scratch_segment segment;
    for (const std::string name : {"a", "five5", "fourteen-lette", "fifteen-letters"}) {
        const auto from = shm::asking_time::now_ns();
        child member{[&](const line& parent) {
            ::prctl(PR_SET_NAME, name.c_str());
            const attachment attached{segment.get()};
            attached.join();
            parent.tell();
            (void)parent.listen();
            return true;
        }};
        (void)member.talk().hear();
        const layout::process_slot& slot = segment->processes()[0];
        std::array<char, 16> seen{}, wanted{};
        for (std::size_t i = 0; i < slot.command.size(); ++i) {
            const std::uint64_t letters = shm::hardware::load_relaxed(slot.command[i]);
            std::memcpy(&seen[8 * i], &letters, sizeof letters);
        }
        name.copy(wanted.data(), name.size());
        EXPECT_EQ(seen, wanted) << name;
        EXPECT_GE(shm::hardware::load_relaxed(slot.attached_ns), from);
        EXPECT_LE(shm::hardware::load_relaxed(slot.attached_ns), shm::asking_time::now_ns());
        member.talk().tell();
        EXPECT_TRUE(member.succeeded());
    }
}

}  // namespace
}  // namespace seki::test
