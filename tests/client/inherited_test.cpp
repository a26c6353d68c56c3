// Handles that a prefork server makes before it forks: what their first use in a child comes to, and what a child's death leaves.
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"
#include "primitives/own_name.hpp"
#include "primitives/telemetry.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/event_ring.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

class Inherited : public ClientTest {
protected:
    Segment segment = opened();

    // Somebody who has the one permit that there is.
    static child held_by_another(const Bulkhead& database) {
        child holder{[&](const line& parent) {
            const Permit held = must(database.try_acquire());
            parent.tell();
            return parent.hear() == 1;
        }};
        (void)holder.talk().hear();
        return holder;
    }
    // Dies with it.
    static void die_holding(const Bulkhead& database) { held_by_another(database).die(); }
    // As if somebody had just found the bulkhead "database" full, however long its holder's end took.
    void found_full() const {
        const shm::segment& where = segment.handle()->where();
        const auto at = *shm::directory{where}.find(layout::kind::bulkhead, "database");
        const std::uint64_t before =
            sizeof(layout::permit_bell) + shm::permits<>::bytes_for(shm::unpack_bulkhead_shape(at.shape).waiting);
        const auto bytes = where.arena(at.arena_offset + before, sizeof(layout::permit_control));
        const std::uint64_t now = shm::process_seeker::now();
        shm::hardware::store_relaxed(reinterpret_cast<layout::permit_control*>(bytes.data())->full_as_of, now);
        EXPECT_TRUE(shm::permits_of(where, at).table().seems_full([now] { return now; })) << "another word";
    }
    // Who holds the permits of the bulkhead "database", by name.
    [[nodiscard]] std::vector<std::uint64_t> holders() const {
        const shm::segment& where = segment.handle()->where();
        std::vector<std::uint64_t> names;
        shm::permits_of(where, *shm::directory{where}.find(layout::kind::bulkhead, "database"))
            .table()
            .for_each([&](std::uint32_t, std::uint64_t owner) { names.push_back(owner); });
        return names;
    }
};

// Fails if the process gets its identity while the function runs, and what it came to is then taken for another process's.
TEST_F(Inherited, AChildsFirstCallCountsThoughItJoinsInsideIt) {
    const Breaker payments = must(segment.breaker("payments", {}));
    const Limiter login = must(segment.limiter("login", six_a_year()));
    child first{[&](const line&) {
        (void)payments.call([&] { return login.check("alice").allowed; });
        return must(payments.status()).calls == 1;
    }};
    EXPECT_TRUE(first.succeeded());
    const auto place = shm::directory{segment.handle()->where()}.find(layout::kind::breaker, "payments");
    EXPECT_EQ(shm::sum(segment.handle()->where(), place->index, place->incarnation)[layout::count_call_ok], 1U);
}

// Fails if a call that was forked in the middle is told by both processes, though nothing in the forking one had been used before.
TEST_F(Inherited, ACallThatIsForkedInTheMiddleCountsOnce) {
    const Breaker payments = must(segment.breaker("payments", {}));
    child fresh{[&](const line&) {
        pid_t inner = -1;
        (void)payments.call([&] { inner = ::fork(); });
        if (inner == 0) ::_exit(0);
        ::waitpid(inner, nullptr, 0);
        return must(payments.status()).calls == 1;
    }};
    EXPECT_TRUE(fresh.succeeded());
}

// Fails if who became another user is told to make the segment anew with more room.
TEST_F(Inherited, WhoMayNotUseTheLockFilesIsToldSo) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    const Adaptive api = must(segment.adaptive("api", {}));
    const Shedder front = must(segment.shedder("front", {}));
    const std::string live = path() + ".live";
    child stranger{[&](const line&) {
        if (::geteuid() != 0)
            std::filesystem::permissions(live, std::filesystem::perms::none);
        else if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)
            return false;
        const auto tells = [&](const auto& refused) {
            const std::string said = refused ? "it was let in" : refused.error().message;
            std::fprintf(stderr, "%s\n", said.c_str());
            return said.find("cannot use") != said.npos && said.find("max_workers") == said.npos;
        };
        return tells(database.try_acquire()) && tells(api.try_acquire()) && tells(front.admit());
    }};
    EXPECT_TRUE(stranger.succeeded());
    if (::geteuid() != 0) std::filesystem::permissions(live, std::filesystem::perms::owner_all);
}

// Fails if a handler of events that uses another segment changes in whose name a permit is taken: then others would take it for a dead one's.
TEST_F(Inherited, APermitIsTakenInTheRightNameWhateverHandlersDo) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    const Segment other = must(open((folder() / "other.seg").string(), small()));
    const Limiter elsewhere = must(other.limiter("elsewhere", six_a_year()));
    // So that this process has another slot there.
    child before_us{[&](const line& parent) {
        (void)elsewhere.check("a");
        parent.tell();
        return parent.hear() == 1;
    }};
    (void)before_us.talk().hear();
    (void)elsewhere.check("b");
    const std::uint64_t mine = segment.handle()->attachment()->me().owner;
    ASSERT_NE(other.handle()->attachment()->me().owner, mine);

    die_holding(database);
    std::size_t told = 0;
    const auto listening = must(telemetry::attach("seki.bulkhead.reclaimed", [&](const telemetry::Event&) {
        ++told;
        (void)elsewhere.check("c");
    }));
    // With a hint that is believed, and after it.
    Permit taken;
    while (!taken)
        if (auto permit = database.try_acquire()) taken = std::move(*permit);
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(holders(), std::vector{mine});

    EXPECT_EQ(must(database.status()).reclaimed, 1U);

    EXPECT_TRUE(taken.release());
    die_holding(database);
    taken = must(database.acquire(1min));
    EXPECT_EQ(told, 2U);
    EXPECT_EQ(must(database.status()).reclaimed, 2U);
    EXPECT_EQ(holders(), std::vector{mine});
    before_us.talk().tell();
    EXPECT_TRUE(before_us.succeeded());
}

// Fails if a permit that comes back while somebody waits for it, or who was just refused asks, is not counted or not told.
TEST_F(Inherited, WhatComesBackToWhoWantsItIsCountedAndTold) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_wait = 24h}));
    std::uint64_t told = 0;
    const auto listening = must(telemetry::attach("seki.bulkhead.reclaimed", [&](const telemetry::Event&) { ++told; }));
    child holder = held_by_another(database);
    {
        std::jthread killer{[&] {
            while (must(database.status()).waiting == 0) std::this_thread::yield();
            holder.die();
        }};
        EXPECT_TRUE(must(database.acquire(24h)).release());
    }
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(must(database.status()).reclaimed, 1U);

    child next = held_by_another(database);
    next.die();
    found_full();
    Permit taken;
    while (!taken)
        if (auto permit = database.try_acquire()) taken = std::move(*permit);
    EXPECT_EQ(told, 2U);
    EXPECT_EQ(must(database.status()).reclaimed, 2U);
}

// Fails if who is refused, and has asked in full a moment ago, does not notice that a holder is gone.
TEST_F(Inherited, ABriefQuestionFindsWhoIsGone) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    const auto place = shm::directory{segment.handle()->where()}.find(layout::kind::bulkhead, "database");
    const auto period = [] { return shm::process_seeker::now() >> 22; };
    bool within_one = false;
    while (!within_one) {
        child holder = held_by_another(database);
        holder.die();
        found_full();
        const std::uint64_t began = period();
        layout::word& doubts =
            segment.handle()->attachment()->me().counters[place->index].counts[layout::bulkhead_doubts];
        shm::hardware::store_relaxed(doubts, (began << 16) + 2);
        auto taken = database.try_acquire();
        within_one = period() == began;
        if (within_one) {
            EXPECT_TRUE(taken);
        }
        while (!taken) taken = database.try_acquire();
    }
}

// Fails if a process that lost its lock, because it closed all its descriptors or somebody removed the file, does not take it again when it has time to.
TEST_F(Inherited, ALockThatWasLostIsTakenAgain) {
    const shm::segment& where = segment.handle()->where();
    const std::uint64_t mine = segment.handle()->attachment()->me().owner;
    // Nobody sees its own locks.
    const auto looks = [&](shm::verdict wanted) {
        child other{[&](const line&) { return shm::is_live(where, shm::holder_named(mine)) == wanted; }};
        return other.succeeded();
    };
    ASSERT_TRUE(looks(shm::verdict::live));
    // By a thread that has not looked yet.
    const auto look = [&] {
        std::jthread{[&] { EXPECT_TRUE(primitives::keep_name(*segment.handle()->attachment())); }}.join();
    };
    for (const auto& each : std::filesystem::directory_iterator{path() + ".live"})
        ::close(::open(each.path().c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(looks(shm::verdict::lost_lock));
    look();
    EXPECT_TRUE(looks(shm::verdict::live));
    for (const auto& each : std::filesystem::directory_iterator{path() + ".live"}) std::filesystem::remove(each);
    ASSERT_FALSE(looks(shm::verdict::live));
    look();
    EXPECT_TRUE(looks(shm::verdict::live)) << "under the name that it had";
}

// Fails if places of the dead that come back in an admission are not counted or not told, or the request counts where a handler was last.
TEST_F(Inherited, ARequestCountsInTheRightPlaceWhateverHandlersDo) {
    constexpr std::uint64_t places = 10;
    const Shedder door = must(segment.shedder("door", {.max_in_flight = places}));
    const Segment other = must(open((folder() / "other.seg").string(), small()));
    const Limiter elsewhere = must(other.limiter("elsewhere", six_a_year()));
    child holder{[&](const line& parent) {
        std::vector<InFlight> held;
        for (std::uint64_t i = 0; i < places; ++i) held.push_back(must(door.admit(0)));
        parent.tell();
        return parent.hear() == 1;
    }};
    (void)holder.talk().hear();
    holder.die();
    std::vector<std::string> told;
    const auto listening = must(telemetry::attach("seki.shed.reclaimed", [&](const telemetry::Event& event) {
        (void)elsewhere.check("a");
        told.emplace_back(event.name);
    }));
    // With a hint that is believed, and after it.
    std::optional<InFlight> held;
    while (!held)
        if (auto one = door.admit(1)) held = std::move(*one);
    const ShedderStatus now = must(door.status());
    EXPECT_GE(now.reclaimed, 1U);
    EXPECT_EQ(told.size(), now.reclaimed);
    EXPECT_EQ(now.admitted, (std::array<std::uint64_t, 4>{places, 1, 0, 0}));

    // One alone, beside others that live.
    std::vector<InFlight> living;
    while (living.size() + 2 < places) living.push_back(must(door.admit(0)));
    child last{[&](const line& parent) {
        const InFlight one = must(door.admit(0));
        parent.tell();
        return parent.hear() == 1;
    }};
    (void)last.talk().hear();
    last.die();
    while (must(door.status()).in_flight == places) (void)door.admit(1);
    EXPECT_EQ(must(door.status()).reclaimed, now.reclaimed + 1);
    EXPECT_EQ(told.size(), now.reclaimed + 1);
}

// Fails if a death with many permits leaves no room for the next change of state, or a permit is neither told nor counted, or not told to a handler.
TEST_F(Inherited, ADeathWithManyPermitsLeavesRoomForAChangeOfState) {
    constexpr std::uint64_t permits = 100;
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = permits}));
    child holder{[&](const line& parent) {
        std::vector<Permit> held;
        while (auto permit = database.try_acquire()) held.push_back(*std::move(permit));
        parent.tell();
        return parent.hear() == 1 && held.size() == permits;
    }};
    (void)holder.talk().hear();
    holder.die();
    std::uint64_t told = 0;
    const auto listening = must(telemetry::attach("seki.bulkhead.reclaimed", [&](const telemetry::Event&) { ++told; }));
    EXPECT_TRUE(segment.maintain());
    EXPECT_EQ(must(database.status()).reclaimed, permits);
    EXPECT_EQ(told, permits);

    const shm::segment& where = segment.handle()->where();
    layout::event_ring& ring = where.worker(where.parts().max_workers).events;  // of who looks after a segment
    const shm::event_counts before = shm::counts_of(ring);
    EXPECT_EQ(before.pushed + before.dropped, permits);
    using State = algorithm::breaker::state;
    primitives::emitter{where, *shm::directory{where}.find(layout::kind::bulkhead, "database")}.breaker_state_change(
        State::closed, State::open, 1, 5);
    EXPECT_EQ(shm::counts_of(ring).pushed, before.pushed + 1);
}

// Fails if the place of a dead waiter is counted as a permit that came back, or does not come back where a sekid ticks that does not see to it.
TEST_F(Inherited, AWaitersDeathGivesBackNoPermit) {
    const auto tick = [&] {
        shm::hardware::store_relaxed(segment.handle()->where().header().heartbeat_ns,
                                     primitives::read_clock(Clock::precise));
    };
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_waiting = 1}));
    const Permit held = must(database.try_acquire());
    child waiter{[&](const line&) { return database.acquire(24h).has_value(); }};
    while (must(database.status()).waiting == 0) ::usleep(100);
    waiter.die();
    do tick();
    while (database.acquire(1ms).error().code !=
           Errc::timeout);  // crowded, until somebody asks whether the waiter lives
    EXPECT_EQ(must(database.status()).reclaimed, 0U);
    EXPECT_EQ(must(database.status()).waiting, 0U);
}

}  // namespace
}  // namespace seki::test
