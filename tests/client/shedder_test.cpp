// Shedders by their public face, in one process: what each call promises.
#include <seki/shedder.hpp>

#include <algorithm>
#include <thread>
#include <vector>

#include <seki/telemetry.hpp>

#include "client_fixture.hpp"
#include "shm/liveness.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

class Shedders : public ClientTest {
protected:
    using clock = std::chrono::steady_clock;
    static std::vector<InFlight> fill(const Shedder& with, unsigned priority, std::size_t most = 1'000) {
        std::vector<InFlight> held;
        while (held.size() < most) {
            auto one = with.admit(priority);
            if (!one) break;
            held.push_back(std::move(*one));
        }
        return held;
    }
    static ShedderStatus status(const Shedder& of) { return must(of.status()); }
};

// Fails if a priority is shed below its part of max_in_flight, or let in beyond it; or one of them does not see what the others have in flight.
TEST_F(Shedders, EachPriorityIsShedAtItsPart) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 100}));
    const auto low = fill(door, 3);
    EXPECT_EQ(low.size(), 70U);
    const auto normal = fill(door, 2);
    EXPECT_EQ(normal.size(), 10U);
    const auto high = fill(door, 1);
    EXPECT_EQ(high.size(), 10U);
    EXPECT_EQ(door.admit(3).error().code, Errc::load_shed);
    const auto critical = fill(door, 0, 10);
    EXPECT_EQ(status(door).in_flight, 100U);
    // The highest is never shed.
    EXPECT_EQ(fill(door, 0, 50).size(), 50U);
    EXPECT_EQ(status(door).in_flight, 100U);  // they are over
    const ShedderStatus now = status(door);
    EXPECT_EQ(now.admitted, (std::array<std::uint64_t, 4>{60, 10, 10, 70}));
    EXPECT_EQ(now.shed, (std::array<std::uint64_t, 4>{0, 1, 1, 2}));
    EXPECT_EQ(now.codel_drops, 0U) << "none of them had waited";
}

// Fails if requests of priority 0 beyond max_in_flight are not in flight for the others, or still are when they are over.
TEST_F(Shedders, WhatIsBeyondTheMaximumCountsForTheOthers) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 10}));
    auto within = fill(door, 0, 10);
    auto beyond = fill(door, 0, 100);
    EXPECT_EQ(status(door).in_flight, 110U);
    within.clear();
    EXPECT_EQ(status(door).in_flight, 100U);
    EXPECT_EQ(door.admit(1).error().code, Errc::load_shed);
    beyond.resize(9);
    EXPECT_EQ(door.admit(1).error().code, Errc::load_shed);
    beyond.pop_back();
    const InFlight last_but_one = must(door.admit(1));
    EXPECT_EQ(door.admit(1).error().code, Errc::load_shed);
    for (InFlight& each : beyond) EXPECT_TRUE(each.complete());
    EXPECT_EQ(status(door).in_flight, 1U);
    EXPECT_EQ(fill(door, 1).size(), 8U);
}

// Fails if priority 0 is refused when there is no place for it anywhere.
TEST_F(Shedders, WithoutAnyPlaceLeftPriorityZeroIsLetInUncounted) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 10}));
    auto held = fill(door, 0, 2'000);
    ASSERT_EQ(held.size(), 2'000U);
    EXPECT_EQ(status(door).in_flight, 10U + 1'024U);
    EXPECT_EQ(status(door).admitted[0], 2'000U);
    EXPECT_FALSE(held.back().complete());
    held.clear();
    EXPECT_EQ(fill(door, 1).size(), 9U);
}

// Fails if a request that is over, or was shed, is still in flight; or one is completed twice.
TEST_F(Shedders, WhatIsOverIsInFlightNoMore) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 10}));
    {
        const auto held = fill(door, 1);
    }
    EXPECT_EQ(status(door).in_flight, 0U);
    InFlight one = must(door.admit(3));
    InFlight moved{std::move(one)};
    EXPECT_FALSE(one.complete());
    EXPECT_TRUE(moved.complete());
    EXPECT_FALSE(moved.complete());
    EXPECT_EQ(status(door).in_flight, 0U);
    EXPECT_EQ(fill(door, 3).size(), 7U);
}

// Fails if requests that all waited too long for more than an interval are not shed, priority 0 is, or shedding goes on when one waited less.
TEST_F(Shedders, AStandingQueueIsShedAndPriorityZeroIsNot) {
    const Shedder door = must(opened().shedder("door", {.target = 1ms, .interval = 1ms}));
    const auto late = [] { return clock::now() - 1s; };
    const auto end = clock::now() + 30s;
    while (door.admit(1, late()) && clock::now() < end) {
    }
    EXPECT_TRUE(status(door).dropping);
    EXPECT_GE(status(door).codel_drops, 1U);
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(door.admit(0, late()));
    EXPECT_TRUE(door.admit(1, clock::now()));
    EXPECT_FALSE(status(door).dropping);
    EXPECT_TRUE(door.admit(1, late()));
    EXPECT_EQ(status(door).shed[0], 0U);
}

// Fails if a new one begins in the middle of what another was doing in the same place.
TEST_F(Shedders, ADeletedOneLeavesNothingToTheNext) {
    const Segment segment = opened();
    const ShedderOptions options{.target = 1ms, .interval = 1ms};
    {
        const Shedder door = must(segment.shedder("door", options));
        const auto end = clock::now() + 30s;
        while (door.admit(1, clock::now() - 1s) && clock::now() < end) {
        }
        ASSERT_TRUE(status(door).dropping);
    }
    ASSERT_TRUE(segment.remove_shedder("door"));
    const Shedder next = must(segment.shedder("door", options));
    EXPECT_FALSE(status(next).dropping);
    EXPECT_EQ(status(next).codel_drops, 0U);
    EXPECT_EQ(status(next).in_flight, 0U);
}

// Fails if an absurd priority is taken, or an arrival of the future is anything but no waiting.
TEST_F(Shedders, AbsurdInputIsAnError) {
    const Shedder door = must(opened().shedder("door", ShedderOptions{}));
    EXPECT_EQ(door.admit(4).error().message, "shedder \"door\": there is no such priority: 0 to 3");
    EXPECT_TRUE(door.admit(3, clock::now() + 24h));
    EXPECT_TRUE(door.admit(3, clock::time_point{}));
    EXPECT_EQ(opened().shedder("other", {.max_in_flight = 0}).error().message,
              "shedder \"other\": max_in_flight 0 is too small: 1 to 65535");
}

// Fails if a change of options is not in force at once, or what is held is taken away.
TEST_F(Shedders, OptionsChangeWhileItRuns) {
    const Segment segment = opened();
    const Shedder door = must(segment.shedder("door", {.max_in_flight = 10}));
    const auto held = fill(door, 1);
    ASSERT_EQ(held.size(), 9U);
    ASSERT_TRUE(segment.change("door", ShedderOptions{.max_in_flight = 5}));
    EXPECT_EQ(door.admit(1).error().code, Errc::load_shed);
    EXPECT_EQ(status(door).in_flight, 9U);
    ASSERT_TRUE(segment.change("door", ShedderOptions{.max_in_flight = 20}));
    EXPECT_EQ(fill(door, 1).size(), 9U);
    ASSERT_TRUE(segment.remove_shedder("door"));
    EXPECT_EQ(door.admit(0).error().code, Errc::deleted);
}

// Fails if a request is let in by a worker that may only read, whose mapping would not take its place.
TEST_F(Shedders, WhoMayOnlyReadAdmitsNobody) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 10}));
    const Shedder seen = must(opened(Access::read_only).shedder("door"));
    EXPECT_EQ(seen.admit(1).error().code, Errc::read_only);
    EXPECT_EQ(seen.admit(0).error().code, Errc::read_only);
    EXPECT_EQ(status(door).in_flight, 0U);
}

// Fails if a place is taken in the name of nobody, so that it never comes back; if what is never shed is refused for want of a name; or nobody is let in once
// there is room for another process.
TEST_F(Shedders, WhoFindsNoRoomForItsProcessTakesNoPlace) {
    OpenOptions narrow = small();
    narrow.segment.max_workers = 1;
    std::optional<Segment> first = must(open(path(), narrow));
    const Shedder same = must(first->shedder("door", {.max_in_flight = 4}));
    std::optional<InFlight> held = must(same.admit(1));
    const Shedder door = must(must(open(path(), narrow)).shedder("door"));
    EXPECT_EQ(door.admit(1).error().code, Errc::no_space);
    auto nameless = door.admit(0);
    ASSERT_TRUE(nameless);
    EXPECT_EQ(status(door).in_flight, 1U);
    EXPECT_EQ(status(door).admitted[0], 1U);
    EXPECT_FALSE(nameless->complete());
    held.reset();
    ASSERT_TRUE(shm::retire(first->handle()->where(), shm::holder_named(first->handle()->attachment()->me().owner)));
    while (!door.admit(1)) std::this_thread::yield();  // the limit of the test ends a hang
}

// Fails if threads without a slot of their own are not let in, or leave their places taken.
TEST_F(Shedders, ThreadsThatShareASlotHaveTheirPlacesToo) {
    OpenOptions narrow = small();
    narrow.segment.max_workers = 1;
    const Segment segment = must(open(path(), narrow));
    const Shedder door = must(segment.shedder("door", {.max_in_flight = 10}));
    const InFlight own = must(door.admit(1));
    std::jthread{[&] {
        for (int round = 0; round < 3; ++round) {
            const auto held = fill(door, 1);
            EXPECT_EQ(held.size(), 8U);
            EXPECT_TRUE(segment.handle()->attachment()->me().shared);
        }
        EXPECT_EQ(status(door).in_flight, 1U);
    }}.join();
}

// Fails if who listens is not told of what CoDel drops, by the name of the shedder.
TEST_F(Shedders, WhatIsDroppedForWaitingIsTold) {
    const Shedder door = must(opened().shedder("door", {.target = 1ms, .interval = 1ms}));
    int told = 0;
    const auto kept = must(telemetry::attach("seki.shed.codel_drop", [&](const telemetry::Event& event) {
        ++told;
        EXPECT_EQ(event.name, "seki.shed.codel_drop");
    }));
    const auto end = clock::now() + 30s;
    while (door.admit(1, clock::now() - 1s) && clock::now() < end) {
    }
    EXPECT_EQ(told, 1);
    EXPECT_EQ(status(door).codel_drops, 1U);
}

// Fails if a child completes what its parent has in flight.
TEST_F(Shedders, AChildCompletesNothingOfItsParents) {
    const Shedder door = must(opened().shedder("door", {.max_in_flight = 10}));
    InFlight mine = must(door.admit(1));
    child forked{[&](const line&) { return !mine.complete() && status(door).in_flight == 1; }};
    EXPECT_TRUE(forked.succeeded());
    EXPECT_TRUE(mine.complete());
}

}  // namespace
}  // namespace seki::test
