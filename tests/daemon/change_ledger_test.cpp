// Changes of breakers that nobody told of: their makers died, found no room, or stood still; or sekid died with what it took.
#include "daemon/change_ledger.hpp"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client/client_fixture.hpp"
#include "daemon/event_hub.hpp"
#include "primitives/telemetry.hpp"
#include "report/snapshot.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/event_ring.hpp"

namespace seki::test {
namespace {

using algorithm::breaker::event;
using algorithm::breaker::state;
using daemon::change_account;
using daemon::event_hub;
using shm::hardware;
using testing::ElementsAre;
using testing::IsEmpty;

struct ChangeLedger : ClientTest {
    Segment segment = opened();
    Breaker api = must(segment.breaker("it", {}));
    shm::placement place = placed();
    std::uint32_t before = it().look().generation;
    event_hub hub{0ns};  // what is missing twice is given up
    std::shared_ptr<event_hub::subscriber> listener = hub.subscribe(primitives::all_events).to;

    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    [[nodiscard]] shm::placement placed() const { return *shm::directory{where()}.find(layout::kind::breaker, "it"); }
    [[nodiscard]] shm::breaker<> it() const { return shm::breaker_of(where(), place); }

    // A change by one that dies before it tells.
    void change_and_die(event what) const {
        struct silent {
            static std::uint64_t now() { return primitives::read_clock(Clock::precise); }
            static bool alive(std::uint64_t /*owner*/) { return true; }
            static bool tired() { return false; }
            static bool stands() { return true; }
            static void moved(const shm::transition& /*made*/) {}
            static std::uint64_t owner() { return 0; }
        };
        ASSERT_TRUE(it().operate(what, {}, silent{}));
    }
    // What the dead was about to say, by one that only stood still.
    void tell(state from, state to, std::uint32_t change) const {
        primitives::emitter{*segment.handle()->attachment(), place}.breaker_state_change(from, to, before + change, 5);
    }
    // Which changes are told now, from 1.
    [[nodiscard]] std::vector<std::uint32_t> told() {
        hub.drain(where());
        std::vector<std::uint32_t> all;
        for (const auto& each : listener->wait(0ms).events)
            all.push_back(static_cast<std::uint32_t>(each.second) - before);
        return all;
    }
    [[nodiscard]] std::uint64_t lost() const { return hardware::load_relaxed(where().header().changes_lost); }
    [[nodiscard]] std::uint64_t made_good() const { return hardware::load_relaxed(where().header().changes_made_good); }
};

// Fails if nobody learns that a breaker opened because who opened it died; or learns it twice, or something else than what it is.
TEST_F(ChangeLedger, WhatItsMakerDiedWithIsToldAsTheWordOfTheBreakerHasIt) {
    change_and_die(event::force_open);
    EXPECT_THAT(told(), IsEmpty()) << "it may still come";
    hub.drain(where());
    const auto got = listener->wait(0ms).events;
    ASSERT_EQ(got.size(), 1U);
    const auto as_json = report::to_json(got[0]);
    EXPECT_EQ(as_json["metadata"]["from"], "closed");
    EXPECT_EQ(as_json["metadata"]["to"], "forced_open");
    EXPECT_EQ(as_json["metadata"]["reconstructed"], true);
    EXPECT_EQ(as_json["primitive"], "it");
    EXPECT_TRUE(as_json["worker"].is_null());
    EXPECT_EQ(got[0].time_ns, it().look().since);
    EXPECT_EQ(got[0].second, before + 1);
    for (int i = 0; i < 3; ++i) EXPECT_THAT(told(), IsEmpty());
    const auto totals = report::look_at_events(where());
    EXPECT_EQ(std::pair(totals.all, totals.dropped), std::pair(std::uint64_t{1}, std::uint64_t{0}));
    EXPECT_EQ(made_good(), 1U);
}

// Fails if a change that was followed by another before anybody could make it good is counted nowhere, or twice.
TEST_F(ChangeLedger, WhatIsOverByThenIsCountedAsDropped) {
    change_and_die(event::force_open);
    change_and_die(event::reset);
    EXPECT_EQ(api.open(), Errc::none);
    EXPECT_THAT(told(), ElementsAre(3U));
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_EQ(lost(), 2U);
    change_and_die(event::reset);
    change_and_die(event::observe);
    for (int i = 0; i < 2; ++i) hub.drain(where());
    const auto got = listener->wait(0ms).events;
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(report::to_json(got[0])["metadata"]["from"], "closed") << "whoever told of that";
    EXPECT_EQ(lost(), 3U);
    const auto totals = report::look_at_events(where());
    EXPECT_EQ(std::pair(totals.all, totals.dropped), std::pair(std::uint64_t{5}, std::uint64_t{3}));
}

// Fails if one that stood still for long and goes on tells what was told in its place, or was counted.
TEST_F(ChangeLedger, WhoTellsAfterOurPatienceTellsInVain) {
    change_and_die(event::force_open);
    change_and_die(event::reset);
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_THAT(told(), ElementsAre(2U));
    tell(state::closed, state::forced_open, 1);
    tell(state::forced_open, state::closed, 2);
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_EQ(api.open(), Errc::none);
    EXPECT_THAT(told(), ElementsAre(3U));
    EXPECT_EQ(lost(), 1U);
}

// Fails if one that is slow is taken for dead at once, or what came before its turn is told again.
TEST_F(ChangeLedger, WhoTellsWithinItIsHeardWhateverWasToldMeanwhile) {
    event_hub patient{1h};
    const auto hears = patient.subscribe(primitives::all_events).to;
    const auto now_told = [&] {
        patient.drain(where());
        return hears->wait(0ms).events.size();
    };
    change_and_die(event::force_open);
    EXPECT_EQ(api.reset(), Errc::none);
    EXPECT_EQ(now_told(), 1U);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(now_told(), 0U);
    tell(state::closed, state::forced_open, 1);
    EXPECT_EQ(now_told(), 1U);
    tell(state::closed, state::forced_open, 1);
    tell(state::forced_open, state::closed, 2);
    EXPECT_EQ(now_told(), 0U) << "told twice";
    EXPECT_EQ(lost() + made_good(), 0U);
}

// Fails if a sekid that dies between taking events and handing them out takes them along, and nobody counts them.
TEST_F(ChangeLedger, WhatASekidDiedWithTheNextOneMakesGoodOrCounts) {
    EXPECT_EQ(api.open(), Errc::none);
    EXPECT_EQ(api.reset(), Errc::none);
    for (std::size_t slot = 0; slot <= where().parts().max_workers; ++slot)
        shm::event_ring<>{where().worker(slot).events}.drain([](const auto& /*lost*/) {});
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_THAT(told(), ElementsAre(2U));
    EXPECT_EQ(lost(), 1U);
}

// Fails if the next sekid tells, or counts, what the one before it told.
TEST_F(ChangeLedger, WhatOneSekidToldIsToldByNoOther) {
    EXPECT_EQ(api.open(), Errc::none);
    EXPECT_THAT(told(), ElementsAre(1U));
    hub.close();
    event_hub next{0ns};
    for (int i = 0; i < 3; ++i) next.drain(where());
    EXPECT_THAT(next.remembered_of(primitives::all_events), IsEmpty());
    EXPECT_EQ(lost() + made_good(), 0U);
}

// Fails if a breaker answers for one that was deleted, and whose place and memory it has, or has no account of its own; or if what was missing of the
// deleted one is counted nowhere, or twice.
TEST_F(ChangeLedger, ANewBreakerBeginsWithACleanAccountAndTheOldOneIsSettled) {
    change_and_die(event::force_open);
    change_and_die(event::reset);
    hub.drain(where());
    ASSERT_TRUE(segment.remove_breaker("it"));
    api = must(segment.breaker("it", {}));
    EXPECT_NE(std::exchange(place, placed()).incarnation, place.incarnation);
    for (int i = 0; i < 3; ++i) EXPECT_THAT(told(), IsEmpty());
    EXPECT_EQ(lost(), 2U);
    EXPECT_EQ(made_good(), 0U) << "its word is another's";
    before = it().look().generation;
    EXPECT_EQ(api.open(), Errc::none);
    EXPECT_THAT(told(), ElementsAre(1U));
    change_and_die(event::reset);
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_THAT(told(), ElementsAre(2U)) << "it has none";
    EXPECT_EQ(lost(), 2U);
}

// Fails if what comes late of a breaker that was deleted is told twice, or counted as lost though it was told.
TEST_F(ChangeLedger, WhatComesOfADeletedBreakerIsToldOnce) {
    event_hub patient{1h};
    const auto hears = patient.subscribe(primitives::all_events).to;
    change_and_die(event::force_open);
    change_and_die(event::reset);
    patient.drain(where());
    tell(state::closed, state::forced_open, 1);
    tell(state::forced_open, state::closed, 2);
    ASSERT_TRUE(segment.remove_breaker("it"));
    for (int i = 0; i < 3; ++i) patient.drain(where());
    EXPECT_EQ(hears->wait(0ms).events.size(), 2U);
    EXPECT_EQ(lost() + made_good(), 0U);
}

// Fails if changes that find no room in a ring are counted nowhere, or twice.
TEST_F(ChangeLedger, WhatFindsNoRoomIsMissed) {
    constexpr std::uint64_t room = layout::event_ring::capacity;
    for (std::uint64_t i = 0; i < room + 10; ++i) EXPECT_EQ(api.reset(), Errc::none);
    EXPECT_EQ(told().size(), room);
    EXPECT_THAT(told(), ElementsAre(room + 10));
    EXPECT_EQ(lost(), 9U);
    EXPECT_EQ(report::look_at_events(where()).dropped, 9U);
}

// Fails if what a scribbler writes counts changes that never were, or makes sekid deaf to those that are.
TEST_F(ChangeLedger, AScribbledAccountIsBegunAnew) {
    for (const std::uint64_t ahead : {1U, 0x7fff'ffffU}) {
        hardware::store_relaxed(it().block().told, before + static_cast<std::uint32_t>(ahead));
        event_hub next{0ns};
        const auto hears = next.subscribe(primitives::all_events).to;
        for (int i = 0; i < 3; ++i) next.drain(where());
        EXPECT_THAT(hears->wait(0ms).events, IsEmpty());
        EXPECT_EQ(lost() + made_good(), 0U);
        EXPECT_EQ(api.reset(), Errc::none);
        ++before;
        next.drain(where());
        EXPECT_EQ(hears->wait(0ms).events.size(), 1U);
        for (int i = 0; i < 3; ++i) next.drain(where());
        EXPECT_THAT(hears->wait(0ms).events, IsEmpty());
        EXPECT_EQ(lost() + made_good(), 0U);
    }
}

// Fails if generations that run over are taken for earlier ones.
TEST(ChangeAccount, GoesOnWhereGenerationsRunOver) {
    change_account account{0xffff'fffe};
    EXPECT_TRUE(account.enter(0xffff'ffff, 1));
    EXPECT_TRUE(account.enter(1, 1));
    EXPECT_FALSE(account.enter(0xffff'fffe, 1));
    const algorithm::breaker::position now{.generation = 1, .state = state::closed, .since = 5};
    EXPECT_EQ(account.settle(now, 10, 3).lost, 0U);
    EXPECT_EQ(account.settle(now, 12, 3).lost, 0U) << "it may still come";
    const auto given_up = account.settle(now, 13, 3);
    EXPECT_EQ(given_up.lost, 1U);
    EXPECT_FALSE(given_up.made_good);
    EXPECT_EQ(account.told(), 1U);
}

// Fails if what is told beyond a gap is kept without an end, as where somebody moves the word of a breaker between two looks at it; or if what finds no
// room there is told, and counted as lost as well; or if nothing is told any more.
TEST(ChangeAccount, HasRoomForSoManyAheadAndNoMore) {
    constexpr std::uint32_t room = 65'536, last = 70'000;
    change_account account{0};
    for (std::uint32_t each = 3; each < 3 + room; ++each) ASSERT_TRUE(account.enter(each, last));
    EXPECT_FALSE(account.enter(3 + room, last));
    const algorithm::breaker::position then{.generation = 0, .state = state::closed, .since = 5};
    EXPECT_EQ(account.settle(then, 10, 3).lost, 0U);
    EXPECT_FALSE(account.enter(3 + room, last));
    EXPECT_TRUE(account.enter(1, last)) << "the next in turn";
    EXPECT_FALSE(account.enter(1, last));
    EXPECT_TRUE(account.enter(2, last)) << "and the next";
    EXPECT_EQ(account.told(), 1U);
    EXPECT_TRUE(account.enter(3 + room, last)) << "which came before it are accounted for";
    const algorithm::breaker::position now{.generation = last, .state = state::closed, .since = 5};
    EXPECT_EQ(account.settle(now, 20, 3).lost, 0U);
    EXPECT_EQ(account.told(), 3 + room);
    EXPECT_EQ(account.settle(now, 23, 3).lost, last - 4 - room) << "all but the last, which is made good";
}

}  // namespace
}  // namespace seki::test
