// A worker that was reaped though it lives, found no name, or is about to end: what it takes next is named after a process that is live.
#include <optional>
#include <thread>

#include "client_fixture.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "primitives/own_name.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/roster.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

// Touched before the first call of a thread, so destroyed after all that the library keeps for the thread.
thread_local std::optional<Admission> late_probe;

class LostName : public ClientTest {
protected:
    Segment segment = opened();
    Segment neighbour = opened();  // an attachment, and so a process, of its own

    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    [[nodiscard]] std::uint64_t name() const { return segment.handle()->attachment()->me().owner; }
    [[nodiscard]] bool is_live() const { return shm::holder_lives(where(), name()); }
    // As by a reaper that sees neither its lock nor its pid.
    void reap_it() const {
        ASSERT_TRUE(is_live());
        ASSERT_TRUE(shm::retire(where(), shm::holder_named(name())));
        const shm::roster standing{where()};
        primitives::reclaim_permits(where(), standing);
        primitives::reclaim_probes(where(), standing);
        ASSERT_FALSE(is_live());
    }
    [[nodiscard]] Breaker one_probe_due() const { return one_probe_due(segment); }
    [[nodiscard]] static Breaker one_probe_due(const Segment& in) {
        const Breaker it = must(in.breaker(
            "breaker",
            {.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1, .max_half_open_duration = 24h}));
        it.admit().error();
        while (must(it.status()).retry_after != 0ns) std::this_thread::yield();  // the limit of the test ends a hang
        return it;
    }
    // Calls it in a thread that found no room for its process, and has not looked again: with the segment, and with what makes room.
    template <class Then>
    void without_a_name(Then then) const {
        OpenOptions narrow = small();
        narrow.segment.max_workers = 1;
        const std::string elsewhere = folder() / "narrow.seg";
        const Segment first = must(open(elsewhere, narrow));
        const std::uint64_t its = first.handle()->attachment()->me().owner;
        const Segment second = must(open(elsewhere, narrow));
        std::thread{[&] {
            ASSERT_EQ(second.handle()->attachment()->me().owner, 0U);
            then(second, [&] { ASSERT_TRUE(shm::retire(first.handle()->where(), shm::holder_named(its))); });
        }}.join();
    }
};

// Each of these fails if the worker goes on under the name that is dead, so that whoever finds none free gives away what it holds.

TEST_F(LostName, IsFoundAnewByWhoGivesBackAPermitThatIsGone) {
    const Bulkhead gate = must(segment.bulkhead("gate", {.max_concurrent = 4}));
    Permit held = must(gate.try_acquire());
    reap_it();
    EXPECT_FALSE(held.release());
    EXPECT_TRUE(is_live());
    EXPECT_TRUE(must(gate.try_acquire()).release());
}

TEST_F(LostName, IsFoundAnewByWhoEndsACallOfAnAdaptiveLimit) {
    const Adaptive gate = must(segment.adaptive("gate", AdaptiveOptions{}));
    AdaptivePermit held = must(gate.try_acquire());
    reap_it();
    EXPECT_FALSE(held.release());
    EXPECT_TRUE(is_live());
}

TEST_F(LostName, IsFoundAnewByWhoCompletesARequestOfAShedder) {
    const Shedder gate = must(segment.shedder("gate", {.max_in_flight = 4}));
    InFlight held = must(gate.admit(1));
    reap_it();
    EXPECT_FALSE(held.complete());
    EXPECT_TRUE(is_live());
}

TEST_F(LostName, IsFoundAnewByWhoBeginsToWait) {
    const Bulkhead gate = must(segment.bulkhead("gate", {.max_concurrent = 1, .max_wait = 24h, .max_waiting = 4}));
    const Permit held = must(must(neighbour.bulkhead("gate")).try_acquire());
    reap_it();
    EXPECT_EQ(gate.acquire(1ms).error().code, Errc::timeout);
    EXPECT_TRUE(is_live());
}

TEST_F(LostName, IsFoundAnewByWhoTellsOfAProbeThatIsGone) {
    const Breaker it = one_probe_due();
    Admission probe = it.admit();
    ASSERT_TRUE(probe);
    reap_it();
    probe.ok();
    EXPECT_TRUE(is_live());
    ASSERT_EQ(must(it.status()).state, BreakerState::half_open) << "a probe that was given to others judges";
    it.admit().ok();
    EXPECT_EQ(must(it.status()).state, BreakerState::closed);
}

TEST_F(LostName, IsFoundAnewByUpkeep) {
    (void)name();
    reap_it();
    ASSERT_TRUE(segment.maintain());
    EXPECT_TRUE(is_live());
}

// Fails if who found the table of processes full is refused for ever, though there is room.
TEST_F(LostName, ThatThereWasNoRoomForIsFoundWhenThereIs) {
    OpenOptions narrow = small();
    narrow.segment.max_workers = 1;
    const std::string elsewhere = folder() / "narrow.seg";
    std::optional<Segment> first = must(open(elsewhere, narrow));
    const Bulkhead same = must(first->bulkhead("gate", {.max_concurrent = 4}));
    std::optional<Permit> held = must(same.try_acquire());
    const Segment second = must(open(elsewhere, narrow));
    const Bulkhead gate = must(second.bulkhead("gate"));
    ASSERT_EQ(gate.try_acquire().error().code, Errc::no_space);
    EXPECT_EQ(must(gate.status()).rejected, 1U) << "refused, and nobody sees it";
    held.reset();
    ASSERT_TRUE(shm::retire(first->handle()->where(), shm::holder_named(first->handle()->attachment()->me().owner)));
    while (!gate.try_acquire()) std::this_thread::yield();  // the limit of the test ends a hang
}

// Fails if a thread that found no room looks for it at each call, which is dear, or not again after a while.
TEST_F(LostName, ThatThereWasNoRoomForIsLookedForNowAndThen) {
    without_a_name([](const Segment& in, const auto& make_room) {
        const shm::attachment& mine = *in.handle()->attachment();
        const std::uint64_t began = shm::process_seeker::now();
        EXPECT_FALSE(primitives::keep_name(mine));
        make_room();
        const bool found = primitives::keep_name(mine);
        if (shm::process_seeker::now() - began < 100'000'000) {
            EXPECT_FALSE(found);
        }
        while (!primitives::keep_name(mine)) std::this_thread::yield();  // the limit of the test ends a hang
        EXPECT_GE(shm::process_seeker::now() - began, 100'000'000U);
    });
}

// Fails if a request is refused for want of a name that is found in the same moment.
TEST_F(LostName, ThatIsFoundLetsARequestIn) {
    without_a_name([](const Segment& in, const auto& make_room) {
        const Shedder gate = must(in.shedder("gate", {.max_in_flight = 4}));
        ASSERT_EQ(in.handle()->attachment()->me().owner, 0U) << "who asks for a shedder looks again";
        make_room();
        EXPECT_TRUE(gate.admit(1));
    });
}

// Fails if a probe is taken in nobody's name though there is one to be had: should its process die, its place would stay taken.
TEST_F(LostName, IsLookedForByWhoTakesAProbe) {
    without_a_name([](const Segment& in, const auto& make_room) {
        const Breaker it = one_probe_due(in);
        make_room();
        EXPECT_TRUE(it.admit());
        EXPECT_NE(in.handle()->attachment()->me().owner, 0U);
    });
}

// Fails if a destructor that runs when the thread has given back its slot tells under another name than the probe was taken by: its place stays taken.
TEST_F(LostName, IsStillThatOfTheProcessWhileAThreadEnds) {
    const Breaker it = one_probe_due();
    std::thread{[&] {
        late_probe.reset();
        ASSERT_TRUE(late_probe.emplace(it.admit()));
        ASSERT_EQ(must(it.status()).probes, 1U);
    }}.join();
    EXPECT_EQ(must(it.status()).probes, 0U);
}

// Fails if who found no room for its process is no probe, so that a breaker that only it calls stays open; or its outcome is not heard.
TEST_F(LostName, IsNotNeededForAProbe) {
    OpenOptions narrow = small();
    narrow.segment.max_workers = 1;
    const std::string elsewhere = folder() / "narrow.seg";
    const Segment first = must(open(elsewhere, narrow));
    ASSERT_NE(first.handle()->attachment()->me().owner, 0U);
    const Segment second = must(open(elsewhere, narrow));
    const Breaker it =
        must(second.breaker("breaker", {.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1}));
    ASSERT_EQ(second.handle()->attachment()->me().owner, 0U);
    it.admit().error();
    while (must(it.status()).retry_after != 0ns) std::this_thread::yield();  // the limit of the test ends a hang
    Admission probe = it.admit();
    ASSERT_TRUE(probe);
    EXPECT_EQ(must(it.status()).state, BreakerState::half_open);
    probe.ok();
    EXPECT_EQ(must(it.status()).state, BreakerState::closed);
}

}  // namespace
}  // namespace seki::test
