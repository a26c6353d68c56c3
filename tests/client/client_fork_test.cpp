// Handles in a child of fork(): the same limits, another worker.
#include <algorithm>
#include <vector>

#include "client_fixture.hpp"
#include "shm/liveness.hpp"
#include "shm/namespaces.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

using ClientFork = ClientTest;

// Fails if a child gets limits of its own, or counts in its parent's worker slot.
TEST_F(ClientFork, AChildSharesTheLimitsAndNotTheWorkerSlot) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    ASSERT_TRUE(login.check("alice", 2).allowed);
    const shm::attachment& attached = *segment.handle()->attachment();
    const shm::worker mine = attached.me();
    const std::string slot{reinterpret_cast<const char*>(mine.slot), attached.where().parts().worker_stride};
    child forked{[&](const line&) {
        return login.check("alice", 3).remaining == 1 && !login.check("alice", 2).allowed &&
               segment.handle()->attachment()->me().slot != mine.slot;
    }};
    EXPECT_TRUE(forked.succeeded());
    EXPECT_TRUE((slot == std::string_view{reinterpret_cast<const char*>(mine.slot), slot.size()}));
    EXPECT_TRUE(login.check("alice").allowed);
    EXPECT_FALSE(login.check("alice").allowed);
    EXPECT_EQ(counted(segment, "login")[layout::cost_allow], 6U);
    EXPECT_EQ(attached.me().slot, mine.slot);
}

// Fails if a child whose clock is days ahead, in a time namespace, spends or changes anything by it: all others would be denied until then. Or if it is not told why.
TEST_F(ClientFork, AChildWithAnotherClockIsRefused) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    ASSERT_TRUE(login.check("alice").allowed);
    const auto is_refused = [](const auto& answer) { return !answer && answer.error().code == Errc::wrong_host; };
    child sets_clock{[&](const line& parent) {
        const bool set = set_clock_of_children(604'800);
        parent.tell(set ? 1 : 0);
        if (!set) return true;
        child checks{[&](const line&) {
            const Decision answer = login.check("alice");
            return !answer.allowed && answer.error == Errc::superseded && is_refused(segment.limiter("login"));
        }};
        child changes{[&](const line&) { return is_refused(segment.change("login", six_a_year())); }};
        child maintains{[&](const line&) { return is_refused(segment.maintain()); }};
        child asks{[&](const line&) { return is_refused(segment.limiter("other", six_a_year())); }};
        return checks.succeeded() && changes.succeeded() && maintains.succeeded() && asks.succeeded();
    }};
    if (sets_clock.talk().hear() == 0) return;  // no such namespaces here
    EXPECT_TRUE(sets_clock.succeeded());
    EXPECT_EQ(login.peek("alice", 0).remaining, 5U);
    EXPECT_FALSE(segment.limiter("other"));
    EXPECT_EQ(login.check("alice", 5).error, Errc::none);
}

// Fails if parent and child each give back what was spent once: others would be let through for the second.
TEST_F(ClientFork, AReceiptStaysWithTheParent) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    Receipt receipt;
    ASSERT_TRUE(login.check("alice", 3, receipt).allowed);
    ASSERT_TRUE(login.check("alice", 3).allowed);
    child forked{[&](const line&) {
        const bool refused = login.refund(receipt) == Errc::invalid_argument && login.peek("alice").remaining == 0;
        Receipt own;  // joins it
        return refused && !login.check("alice", 1, own).allowed && login.refund(receipt) == Errc::invalid_argument &&
               login.peek("alice").remaining == 0;
    }};
    EXPECT_TRUE(forked.succeeded());
    EXPECT_EQ(login.refund(receipt), Errc::none);
    EXPECT_EQ(login.peek("alice", 0).remaining, 3U);
}

// Fails if the policy of a child asks parts of its own, or a change does not reach it.
TEST_F(ClientFork, APolicyIsThatOfTheHostInAChildToo) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    const Policy policy = must(segment.policy("checkout", {.limiter = "login"}));
    child forked{[&](const line& parent) {
        for (int call = 0; call < 6; ++call)
            if (!policy.execute({.key = "alice"}, [] {})) return false;
        parent.tell();
        return parent.hear() == 1 && policy.execute({.key = "alice"}, [] {}).has_value();
    }};
    ASSERT_EQ(forked.talk().hear(), 1U);
    EXPECT_EQ(policy.execute({.key = "alice"}, [] {}).error().code(), Errc::rate_limited);
    ASSERT_TRUE(segment.change("checkout", PolicyOptions{}));
    forked.talk().tell();
    EXPECT_TRUE(forked.succeeded());
}

// Fails if children of one process, forked at the same moment, draw the same delays: they would come back together, for ever.
TEST_F(ClientFork, EachChildDrawsDelaysOfItsOwn) {
    const Segment segment = opened();
    const Retry retry = must(segment.retry("it", {.base_delay = 1h, .max_delay = 1h}));
    const auto draw = [&] { return static_cast<std::uint64_t>(retry.begin().failed().delay.count()); };
    std::vector<std::uint64_t> drawn{draw()};
    for (int i = 0; i < 3; ++i) {
        child forked{[&](const line& parent) {
            parent.tell(draw());
            return true;
        }};
        drawn.push_back(forked.talk().hear());
        EXPECT_TRUE(forked.succeeded());
    }
    drawn.push_back(draw());
    std::ranges::sort(drawn);
    EXPECT_EQ(std::ranges::unique(drawn).size(), 0U);
    EXPECT_EQ(must(retry.status()).retries, 5U);
}

// Fails if what a child makes is not there for its parent, or a move to another segment is not made in each.
TEST_F(ClientFork, AChildMakesLimitersAndMovesOverAsItsParentDoes) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    child forked{[&](const line& parent) {
        if (!segment.limiter("childs", six_a_year())->check("alice", 5).allowed) return false;
        parent.tell();
        (void)parent.hear();  // the segment was replaced
        while (login.peek("alice").error == Errc::superseded) {
        }
        return login.check("alice", 4).allowed;
    }};
    (void)forked.talk().hear();
    EXPECT_EQ(segment.limiter("childs")->peek("alice", 0).remaining, 1U);
    ASSERT_TRUE(shm::segment::destroy(path()));
    const Segment next = opened();
    forked.talk().tell();
    EXPECT_TRUE(forked.succeeded());
    EXPECT_EQ(next.limiter("login")->peek("alice", 0).remaining, 2U);
}

// Fails if a process that closed all its descriptors, as daemons do, stays without its lock while it goes on asking for limiters.
TEST_F(ClientFork, WhoClosedAllItsDescriptorsLocksAgainWhenItAsksForALimiter) {
    const Segment segment = opened();
    const shm::segment& where = segment.handle()->where();
    child closes{[&](const line& parent) {
        const Limiter login = must(segment.limiter("login", six_a_year()));
        (void)login.check("alice");
        parent.tell(segment.handle()->attachment()->me().owner);
        for (int i = 3; i < 1024; ++i)
            if (i != parent.in() && i != parent.out()) ::close(i);
        parent.tell();
        (void)parent.hear();
        (void)must(segment.limiter("login"));
        parent.tell();
        (void)parent.hear();
        return true;
    }};
    const std::uint64_t owner = closes.talk().hear();
    const shm::process_owner who{.slot = static_cast<std::uint32_t>(layout::owner_process(owner)),
                                 .generation = layout::owner_generation(owner)};
    (void)closes.talk().hear();
    EXPECT_EQ(shm::is_live(where, who), shm::verdict::lost_lock);
    closes.talk().tell();
    (void)closes.talk().hear();
    EXPECT_EQ(shm::is_live(where, who), shm::verdict::live);
    closes.talk().tell();
    EXPECT_TRUE(closes.succeeded());
}

}  // namespace
}  // namespace seki::test
