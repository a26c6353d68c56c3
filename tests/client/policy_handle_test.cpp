// What stands behind a policy: whoever is late in it, or has to make it anew again and again.
#include <set>

#include "client/bound_handle.hpp"
#include "client/policy_handle.hpp"
#include "client_fixture.hpp"
#include "primitives/policy.hpp"

namespace seki::test {
namespace {

class PolicyHandle : public ClientTest {
protected:
    PolicyHandle() {
        (void)must(segment.limiter("limiter", six_a_year()));
        (void)must(segment.breaker("breaker", BreakerOptions{}));
        (void)must(segment.policy("checkout", {.limiter = "limiter"}));
    }
    [[nodiscard]] std::shared_ptr<client::bound_handle<primitives::policy>> bound() const {
        return must(segment.handle()->bind<primitives::policy>("checkout", std::nullopt));
    }
    void change(const PolicyOptions& to) const { ASSERT_TRUE(segment.change("checkout", to)); }
    // Other terms are in force, by their number alone.
    void raise_the_version() const {
        const auto& where = segment.handle()->where();
        const auto place = shm::directory{where}.find(layout::kind::policy, "checkout");
        shm::hardware::fetch_add_relaxed(shm::directory{where}.entry(place->index).terms_version, 2);
    }

    Segment segment = opened();
};

// Fails if who looked before a policy was deleted takes the words of what stands in its place for those of the policy: his call would have no guard.
TEST_F(PolicyHandle, WhoIsLateReadsNothingElse) {
    const auto late = bound();
    ASSERT_EQ(late->bound().options()->limiter, "limiter");
    ASSERT_TRUE(segment.remove_policy("checkout"));
    (void)must(segment.limiter("in_its_place", six_a_year()));
    ASSERT_EQ(shm::directory{segment.handle()->where()}.find(layout::kind::limiter, "in_its_place")->index,
              late->bound().place().index);
    const auto read = late->bound().options();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), Errc::deleted);
}

// Fails if terms that say nothing new make a call compose the parts anew: who scribbles on that one word takes all of the workers' memory.
TEST_F(PolicyHandle, TheSameTermsTakeNoMemory) {
    client::policy_handle handle{segment, bound()};
    ASSERT_TRUE(handle.compose());
    const PolicyParts* const first = handle.look().parts;
    for (int i = 0; i < 100; ++i) {
        raise_the_version();
        ASSERT_EQ(handle.look().parts, first);
    }
    change({.deadline = 1h, .limiter = "limiter"});
    EXPECT_EQ(handle.look().parts->deadline, 1h);
}

// Fails if another deadline costs handles of the parts, or loses one; or if a part that was deleted is kept then, though there is another of its name.
TEST_F(PolicyHandle, AnotherDeadlineSharesTheParts) {
    client::policy_handle handle{segment, bound()};
    ASSERT_TRUE(handle.compose());
    const PolicyParts* const first = handle.look().parts;
    change({.deadline = 1h, .limiter = "limiter"});
    EXPECT_EQ(handle.look().parts->deadline, 1h);
    EXPECT_EQ(handle.look().parts->limiter->name().data(), first->limiter->name().data());
    ASSERT_TRUE(segment.remove_limiter("limiter"));
    const Limiter anew = must(segment.limiter("limiter", six_a_year()));
    change({.deadline = 2h, .limiter = "limiter"});
    EXPECT_TRUE(handle.look().parts->limiter->check("alice").allowed);
    EXPECT_EQ(anew.peek("alice", 0).remaining, 5U);
}

// Fails if somebody who changes a policy on and on takes more and more memory of who calls by it, or what is in force in the end never comes to be.
TEST_F(PolicyHandle, WhatIsMadeIsBounded) {
    client::policy_handle handle{segment, bound()};
    ASSERT_TRUE(handle.compose());
    std::set<const PolicyParts*> made;
    for (int i = 0; i < 3000; ++i) {
        change({.deadline = std::chrono::seconds{i + 1}, .limiter = i % 2 == 0 ? "limiter" : "", .breaker = "breaker"});
        made.insert(handle.look().parts);
    }
    EXPECT_LT(made.size(), 2000U);  // a thousand, and one for each second that it took
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (handle.look().parts->deadline != 3000s && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_EQ(handle.look().parts->deadline, 3000s);
}

}  // namespace
}  // namespace seki::test
