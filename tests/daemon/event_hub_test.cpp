// The way of events through sekid, without a running one.
#include "daemon/event_hub.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client/client_fixture.hpp"
#include "layout/event.hpp"
#include "primitives/telemetry.hpp"
#include "shm/event_ring.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using daemon::event_hub;
using layout::event_kind;
using primitives::all_events;
using primitives::mask_of;
using shm::hardware;
using State = algorithm::breaker::state;
using testing::IsEmpty;
using testing::SizeIs;

bool is_of_breaker(const report::event_facts& event) noexcept {
    return event.head.kind == event_kind::breaker_state_change;
}

struct EventHubTest : ClientTest {
    Segment segment = opened();
    Limiter logins = must(segment.limiter("logins", {.limit = 1, .window = 24h, .max_keys = 64}));
    shm::placement place = *shm::directory{where()}.find(layout::kind::limiter, "logins");
    primitives::emitter events{*segment.handle()->attachment(), place, true};
    event_hub hub;

    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    void change(std::uint32_t generation = 1, std::uint64_t now = 5) const {
        events.breaker_state_change(State::closed, State::open, generation, now);
    }
    static std::vector<std::uint64_t> generations(const std::vector<report::event_facts>& of) {
        std::vector<std::uint64_t> all;
        for (const auto& each : of) all.push_back(each.second);
        return all;
    }
};

// Fails if an event comes to a subscriber twice, not at all, without its name, or out of the order in which things happened.
TEST_F(EventHubTest, EverySubscriberGetsEveryEventOnceAndInOrder) {
    const auto first = hub.subscribe(all_events).to;
    const auto second = hub.subscribe(all_events).to;
    change(1, 30);
    primitives::emitter{where(), place}.breaker_state_change(State::open, State::half_open, 2, 20);  // another ring
    hub.drain(where());
    for (const auto& each : {first, second}) {
        const auto got = each->wait(0ms);
        EXPECT_EQ(generations(got.events), (std::vector<std::uint64_t>{2, 1}));
        EXPECT_EQ(got.missed, 0U);
        ASSERT_TRUE(got.events[0].primitive);
        EXPECT_EQ(*got.events[0].primitive, "logins");
        EXPECT_EQ(got.events[0].number + 1, got.events[1].number);
    }
    hub.drain(where());
    EXPECT_THAT(first->wait(0ms).events, IsEmpty());
}

// Fails if a subscriber is told what it did not ask for.
TEST_F(EventHubTest, ASubscriberGetsWhatItAskedFor) {
    const auto rare = hub.subscribe(mask_of(event_kind::bulkhead_reclaimed)).to;
    change();
    events.bulkhead_reclaimed(1, 2);
    hub.drain(where());
    const auto got = rare->wait(0ms);
    ASSERT_THAT(got.events, SizeIs(1));
    EXPECT_EQ(got.events[0].head.kind, event_kind::bulkhead_reclaimed);
}

// Fails if a full queue holds up the loop, or what was missed is counted nowhere.
TEST_F(EventHubTest, WhoIsTooSlowMissesAndIsToldHowMany) {
    const auto slow = hub.subscribe(all_events).to;
    for (std::uint32_t i = 0; i < 5'000; ++i) {
        change(i);
        hub.drain(where());
    }
    const auto got = slow->wait(0ms);
    EXPECT_GE(got.events.size(), 4'096U);
    EXPECT_EQ(got.events.size() + got.missed, 5'000U);
    EXPECT_EQ(hardware::load_relaxed(where().header().events_missed), got.missed);
    EXPECT_EQ(slow->wait(0ms).missed, 0U);
}

// Fails if those who come later learn nothing of what was rare, or all of the past is kept.
TEST_F(EventHubTest, RareEventsAreRememberedForWhoComesLater) {
    for (std::uint32_t i = 0; i < 300; ++i) {
        change(i);
        hub.drain(where());
    }
    const auto late = hub.subscribe(all_events);
    ASSERT_THAT(late.before, SizeIs(event_hub::remembered));
    EXPECT_EQ(late.before.back().second, 299U);
    EXPECT_THAT(late.to->wait(0ms).events, IsEmpty());
    EXPECT_THAT(hub.subscribe(mask_of(event_kind::bulkhead_reclaimed)).before, IsEmpty());
}

// Fails if the permits of the dead push what breakers did out of what is remembered, or the other way round.
TEST_F(EventHubTest, ChangesOfStateAreRememberedBesideTheOthers) {
    constexpr std::uint32_t many = event_hub::remembered + 1;
    for (std::uint32_t i = 0; i < 3; ++i) change(i);
    for (std::uint32_t i = 0; i < many; ++i) {
        events.bulkhead_reclaimed(i, 0);
        hub.drain(where());
    }
    EXPECT_THAT(hub.subscribe(mask_of(event_kind::breaker_state_change)).before, SizeIs(3));
    for (std::uint32_t i = 3; i < many; ++i) {
        change(i);
        hub.drain(where());
    }
    const auto late = hub.subscribe(all_events).before;
    EXPECT_THAT(late, SizeIs(2 * event_hub::remembered));
    EXPECT_TRUE(std::ranges::is_sorted(late, {}, &report::event_facts::number));
    EXPECT_EQ(std::ranges::count_if(late, is_of_breaker), event_hub::remembered);
}

// Fails if ordinary calls are asked for while nobody wants them, or not while somebody does.
TEST_F(EventHubTest, WorkersAreToldWhetherSomebodyListens) {
    const shm::word& listening = where().header().id.listening;
    const auto told = [&] {
        hub.tell_workers(where(), 1s);
        return hardware::load_relaxed(listening) != 0;
    };
    EXPECT_FALSE(told());
    const auto rare = hub.subscribe(mask_of(event_kind::breaker_state_change)).to;
    EXPECT_FALSE(told());
    const auto all = hub.subscribe(all_events).to;
    EXPECT_TRUE(told());
    (void)logins.check("alice");
    (void)logins.check("alice");
    hub.drain(where());
    EXPECT_THAT(rare->wait(0ms).events, IsEmpty());
    EXPECT_THAT(all->wait(0ms).events, SizeIs(1));
    hub.unsubscribe(all);
    EXPECT_FALSE(told());
}

// Fails, in some round or other, if one that leaves silences one that came meanwhile: it would hear nothing until the next tick.
TEST_F(EventHubTest, WhoeverLeavesAListenerIsHeardFromItsComingOn) {
    const shm::word& listening = where().header().id.listening;
    const auto come_and_go = [&] {
        std::size_t deaf = 0;
        for (int round = 0; round < rounds(100'000); ++round) {
            const auto me = hub.subscribe(mask_of(event_kind::limiter_deny)).to;
            hub.tell_workers(where(), 1h);
            for (int look = 0; look < 200; ++look)
                if (hardware::load_relaxed(listening) == 0) ++deaf;
            hub.unsubscribe(me);
            hub.tell_workers(where(), 1h);
        }
        EXPECT_EQ(deaf, 0U);
    };
    const std::jthread other{come_and_go};
    come_and_go();
}

// Fails if there is no end to who may listen, or a place is not free again.
TEST_F(EventHubTest, OnlySoManyMayListen) {
    std::vector<std::shared_ptr<event_hub::subscriber>> all;
    for (std::size_t i = 0; i < event_hub::most_subscribers; ++i) all.push_back(hub.subscribe(all_events).to);
    EXPECT_NE(all.back(), nullptr);
    EXPECT_EQ(hub.subscribe(all_events).to, nullptr);
    hub.unsubscribe(all.front());
    EXPECT_NE(hub.subscribe(all_events).to, nullptr);
}

// Fails if one of sekid's own takes the place of a visitor, or gets what it did not ask for, or more than it has room for.
TEST_F(EventHubTest, SekidsOwnTakesNobodysPlaceAndHasItsOwnRoom) {
    const auto own = hub.enlist({.of_them = is_of_breaker, .room = 2});
    for (std::size_t i = 0; i < event_hub::most_subscribers; ++i) EXPECT_NE(hub.subscribe(all_events).to, nullptr);
    EXPECT_NE(hub.enlist({}), nullptr);
    events.bulkhead_reclaimed(1, 2);
    for (std::uint32_t i = 0; i < 3; ++i) change(i);
    hub.drain(where());
    const auto got = own->wait(0ms);
    EXPECT_EQ(generations(got.events), (std::vector<std::uint64_t>{0, 1}));
    EXPECT_EQ(got.missed, 1U);
    hub.unsubscribe(own);
    EXPECT_EQ(hub.subscribe(all_events).to, nullptr);
    hub.close();
    EXPECT_EQ(hub.enlist({}), nullptr);
}

// Fails if sekid wakes up again and again for its own export of a host where nothing happens, or leaves a flood of events to the next tick.
TEST_F(EventHubTest, TheLoopHurriesWhileSomebodyWatchesOrMuchComes) {
    const auto own = hub.enlist({});
    EXPECT_FALSE(hub.is_in_a_hurry());
    for (std::uint32_t i = 0; i < 20; ++i) change(i);
    hub.drain(where());
    EXPECT_TRUE(hub.is_in_a_hurry());
    EXPECT_FALSE(hub.is_in_a_hurry());
    const auto visitor = hub.subscribe(all_events).to;
    EXPECT_TRUE(hub.is_in_a_hurry());
    hub.unsubscribe(visitor);
    EXPECT_FALSE(hub.is_in_a_hurry());
}

// Fails if a listener outlives sekid's wish to stop.
TEST_F(EventHubTest, ClosingEndsAllSubscriptions) {
    const auto one = hub.subscribe(all_events).to;
    hub.close();
    EXPECT_TRUE(one->wait(1h).over);
    EXPECT_EQ(hub.subscribe(all_events).to, nullptr);
}

// Fails if what was taken before sekid stopped is thrown away, or its delivery looks like the end.
TEST_F(EventHubTest, WhatWasTakenIsDeliveredBeforeTheEnd) {
    const auto one = hub.subscribe(all_events).to;
    change(7);
    hub.drain(where());
    hub.close();
    const auto last = one->wait(1h);
    EXPECT_EQ(generations(last.events), std::vector<std::uint64_t>{7});
    EXPECT_FALSE(last.over);
    EXPECT_TRUE(one->wait(1h).over);
}

// Fails if what a scribbler wrote is told as an event, or named after a primitive that it is not of.
TEST_F(EventHubTest, NonsenseIsNotTold) {
    const auto all = hub.subscribe(all_events).to;
    hardware::store_relaxed(where().worker(0).thread, 1);  // as if somebody had had the slot
    shm::event_ring<> ring{where().worker(0).events};
    constexpr auto beyond_the_last = static_cast<std::uint64_t>(layout::last_event_kind) + 1;
    for (const std::uint64_t head : {std::uint64_t{0}, beyond_the_last, std::uint64_t{255}, ~std::uint64_t{0}}) {
        shm::event_content words{};
        words[layout::event_head] = head;
        ring.push(words, true);
    }
    shm::event_content of_nobody{};
    of_nobody[layout::event_head] = layout::pack(layout::event_header{.kind = event_kind::limiter_deny,
                                                                      .result = 99,
                                                                      .detail = 99,
                                                                      .entry = 0xffff,
                                                                      .key_size = 0x7000,
                                                                      .has_text = true});
    of_nobody[layout::event_time] = ~0ULL;
    of_nobody[layout::event_first] = ~0ULL;
    for (std::size_t i = 0; i < 5; ++i) of_nobody[layout::event_text + i] = 0xff'1b'e2'80'ae'00'0a'22ULL;
    ring.push(of_nobody, true);
    hub.drain(where());
    const auto got = all->wait(0ms);
    ASSERT_THAT(got.events, SizeIs(1));
    EXPECT_EQ(got.events[0].primitive, nullptr);
    const auto as_json = report::to_json(got.events[0]);
    EXPECT_TRUE(as_json["primitive"].is_null());
    EXPECT_TRUE(as_json["measurements"]["retry_after"].is_null());
    EXPECT_FALSE(as_json["metadata"]["key_whole"].get<bool>());
    const std::string line = report::event_line(as_json);
    EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
    EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_EQ(report::event_line(report::json::parse("[1]")), "- - - null");
}

}  // namespace
}  // namespace seki::test
