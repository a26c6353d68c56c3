// Policies by their public face, in one process: the order of the parts, what each refuses, and what follows a change.
#include <seki/policy.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using namespace std::chrono_literals;

class Policies : public ClientTest {
protected:
    // Of each kind one, of which a call takes something.
    struct everything {
        Segment segment;
        Limiter limiter;
        Shedder shedder;
        Bulkhead bulkhead;
        Adaptive adaptive;
        Breaker breaker;
        Retry retry;
        [[nodiscard]] PolicyParts parts(std::chrono::nanoseconds deadline = 0ns) const {
            return {deadline, limiter, shedder, bulkhead, adaptive, breaker, retry};
        }
        // How many calls each has seen, in the order that a call goes through them; of the limiter 9 at most, for a look is the next one.
        [[nodiscard]] std::vector<std::uint64_t> seen() const {
            const auto shed = must(shedder.status());
            return {static_cast<std::uint64_t>(9 - limiter.peek("").remaining),
                    shed.admitted[2] + shed.shed[2],
                    must(bulkhead.status()).acquired + must(bulkhead.status()).rejected,
                    must(adaptive.status()).acquired + must(adaptive.status()).rejected,
                    must(breaker.status()).calls,
                    must(retry.status()).calls};
        }
        [[nodiscard]] bool idle() const {
            return must(shedder.status()).in_flight == 0 && must(bulkhead.status()).in_use == 0 &&
                   must(adaptive.status()).in_use == 0;
        }
    };
    [[nodiscard]] everything all() {
        const Segment in = opened();
        return {in,
                must(in.limiter("limiter", {.limit = 10, .window = 1h, .max_keys = 64})),
                must(in.shedder("shedder", {.max_in_flight = 10})),
                must(in.bulkhead("bulkhead", {.max_concurrent = 1})),
                must(in.adaptive("adaptive", {.algorithm = AdaptiveLaw::aimd, .max_limit = 1, .initial_limit = 1})),
                must(in.breaker("breaker", BreakerOptions{})),
                must(in.retry("retry", {.base_delay = 0s, .max_delay = 0s}))};
    }
    using counts = std::vector<std::uint64_t>;
};

// Fails if a part is left out, a call goes through one twice, or keeps a place after it.
TEST_F(Policies, ACallGoesThroughEveryPartOnce) {
    const everything of = all();
    const Policy policy{of.parts(1h)};
    const auto answer = policy.execute([&] {
        EXPECT_LE(Deadline::remaining(), 1h);
        EXPECT_FALSE(of.idle());
        return std::string{"done"};
    });
    EXPECT_EQ(answer, "done");
    EXPECT_EQ(of.seen(), (counts{1, 1, 1, 1, 1, 1}));
    EXPECT_TRUE(of.idle());
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

// Fails if a part that refuses is asked after one within it, says something else than why, or keeps what those around it gave.
TEST_F(Policies, WhatAPartRefusesCostsThoseWithinNothing) {
    const everything of = all();
    const auto refused = [&](const PolicyParts& by) {
        const auto answer = Policy{by}.execute([] { ADD_FAILURE() << "called"; });
        return answer ? Errc::none : answer.error().code();
    };
    ASSERT_EQ(of.breaker.open(), Errc::none);
    EXPECT_EQ(refused(of.parts()), Errc::circuit_open);
    EXPECT_EQ(of.seen(), (counts{1, 1, 1, 1, 0, 0}));
    EXPECT_TRUE(of.idle());
    {
        const auto held = must(of.adaptive.try_acquire());
        EXPECT_EQ(refused(of.parts()), Errc::bulkhead_full);
        EXPECT_EQ(of.seen(), (counts{2, 2, 2, 3, 0, 0}));
    }
    {
        const auto held = must(of.bulkhead.try_acquire());
        EXPECT_EQ(refused(of.parts()), Errc::bulkhead_full);
        EXPECT_EQ(of.seen(), (counts{3, 3, 4, 3, 0, 0}));
    }
    {
        std::vector<InFlight> held;
        for (int i = 0; i < 10; ++i) held.push_back(must(of.shedder.admit(0)));
        EXPECT_EQ(refused(of.parts()), Errc::load_shed);
        EXPECT_EQ(of.seen(), (counts{4, 4, 4, 3, 0, 0}));
    }
    EXPECT_EQ(refused(of.parts(1ns)), Errc::deadline_exceeded);
    EXPECT_EQ(of.seen(), (counts{4, 4, 4, 3, 0, 0}));
    while (of.limiter.check("").allowed) {
    }
    const auto denied = Policy{of.parts()}.execute([] { ADD_FAILURE() << "called"; });
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code(), Errc::rate_limited);
    EXPECT_GT(denied.error().retry_after(), 0s);
    EXPECT_EQ(of.seen(), (counts{9, 4, 4, 3, 0, 0}));
    EXPECT_TRUE(of.idle());
}

// Fails if the request's key, cost and priority do not reach the parts that ask for them.
TEST_F(Policies, WhatTheRequestSaysReachesTheParts) {
    const everything of = all();
    const Policy policy{of.parts()};
    ASSERT_TRUE(policy.execute({.key = "alice", .cost = 4, .priority = 3}, [] {}));
    EXPECT_EQ(of.limiter.peek("alice").remaining, 5);
    EXPECT_EQ(must(of.shedder.status()).admitted[3], 1U);
    const auto refused = policy.execute({.priority = 9}, [] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
}

// Fails if the breaker hears of each attempt and not of what the call came to; or the adaptive limit learns from a refusal.
TEST_F(Policies, TheRetryIsWithinTheBreaker) {
    const everything of = all();
    const Policy policy{of.parts()};
    int attempts = 0;
    const auto at_last = policy.execute([&]() -> std::expected<int, int> {
        if (++attempts < 3) return std::unexpected(attempts);
        return 7;
    });
    EXPECT_EQ(at_last, 7);
    EXPECT_EQ(must(of.breaker.status()).errors, 0U);
    EXPECT_EQ(must(of.breaker.status()).calls, 1U);
    const auto never_well = policy.execute([]() -> std::expected<int, int> { return std::unexpected(8); });
    ASSERT_FALSE(never_well);
    EXPECT_EQ(*never_well.error().own(), 8);
    EXPECT_EQ(never_well.error().code(), Errc::call_failed);
    EXPECT_EQ(must(of.breaker.status()).errors, 1U);
}

// Fails if a classifier or retry_on is not asked of what the function itself returned.
TEST_F(Policies, TheCallerSaysWhatACallCameTo) {
    const everything of = all();
    const Policy policy{of.parts()};
    int attempts = 0;
    const auto judged = policy.execute(
        {}, [&] { return ++attempts; }, [](int answer) { return answer == 2 ? Outcome::error : Outcome::ignore; },
        [](int answer) { return answer < 2; });
    EXPECT_EQ(judged, 2);
    EXPECT_EQ(must(of.breaker.status()).errors, 1U);
    ASSERT_TRUE(policy.execute({}, [] {}, [] { return Outcome::ignore; }));
    EXPECT_EQ(must(of.breaker.status()).calls, 1U);
}

// Fails if an exception is swallowed, is no error to the breaker, or leaves with a permit.
TEST_F(Policies, ExceptionsPassThrough) {
    const everything of = all();
    PolicyParts by = of.parts();
    by.retry.reset();
    EXPECT_THROW((void)Policy{by}.execute([]() -> int { throw std::runtime_error{"broken"}; }), std::runtime_error);
    EXPECT_EQ(must(of.breaker.status()).errors, 1U);
    EXPECT_TRUE(of.idle());
}

// Fails if a policy without parts is anything but the call, or a reference does not stay one.
TEST_F(Policies, WithoutPartsItIsTheCall) {
    const Policy nothing{PolicyParts{}};
    int here = 1;
    EXPECT_EQ(&nothing.execute([&here]() -> int& { return here; })->get(), &here);
    EXPECT_EQ(execute(nothing, [] { return 3; }), 3);
    EXPECT_EQ(execute(nothing, {.key = "x"}, [] { return 3; }), 3);
    EXPECT_EQ(nothing.name(), "");
    EXPECT_EQ(nothing.execute([]() -> std::expected<int, int> { return std::unexpected(2); }).or_else([] { return 5; }),
              5);
}

// Fails if a policy of the segment is not made of the parts that it names, or another process would see other ones.
TEST_F(Policies, APolicyOfTheSegmentNamesItsParts) {
    const everything of = all();
    const PolicyOptions options{.deadline = 1h, .limiter = "limiter", .breaker = "breaker", .retry = "retry"};
    const Policy made = must(of.segment.policy("checkout", options));
    const Policy found = must(of.segment.policy("checkout"));
    EXPECT_EQ(found.name(), "checkout");
    ASSERT_TRUE(found.execute([] {}));
    EXPECT_EQ(of.seen(), (counts{1, 0, 0, 0, 1, 1}));
    EXPECT_EQ(must(found.parts()).deadline, 1h);
    EXPECT_FALSE(must(found.parts()).shedder);
    const auto other = of.segment.policy("checkout", {.limiter = "limiter"});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::different_options);
    EXPECT_NE(other.error().message.find("breaker is breaker, not \"\""), std::string::npos) << other.error().message;
}

// Fails if handles go on by parts that are in force no more, or a change to parts that there are not leaves a call without protection.
TEST_F(Policies, AChangeReachesEveryHandle) {
    const everything of = all();
    const Policy policy = must(of.segment.policy("checkout", {.limiter = "limiter"}));
    const Policy copy = policy;
    for (int change = 0; change < 5; ++change) {  // more often than there are places for names
        const bool even = change % 2 == 0;
        ASSERT_TRUE(of.segment.change(
            "checkout", PolicyOptions{.limiter = even ? "" : "limiter", .breaker = even ? "breaker" : ""}));
        const auto before = of.seen();
        ASSERT_TRUE(copy.execute([] {}));
        const auto after = of.seen();
        EXPECT_EQ(after[0] - before[0], even ? 0U : 1U);
        EXPECT_EQ(after[4] - before[4], even ? 1U : 0U);
    }
    ASSERT_EQ(of.breaker.open(), Errc::none);
    ASSERT_TRUE(of.segment.change("checkout", PolicyOptions{.breaker = "another"}));
    const auto refused = policy.execute([] {});
    ASSERT_FALSE(refused) << "nothing protects the call";
    EXPECT_EQ(refused.error().code(), Errc::circuit_open);
    (void)must(of.segment.breaker("another", BreakerOptions{}));
    EXPECT_FALSE(policy.execute([] {})) << "it looked again without a change";
    ASSERT_TRUE(of.segment.change("checkout", PolicyOptions{.deadline = 1h, .breaker = "another"}));
    EXPECT_TRUE(policy.execute([] {}));
}

// Fails if a policy is made of what there is not, one that cannot be used is left behind, or a deleted one lets calls through.
TEST_F(Policies, WhatIsNotThereIsAnError) {
    const everything of = all();
    const auto refused = of.segment.policy("checkout", {.limiter = "limiter", .breaker = "paiments"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::not_found);
    EXPECT_NE(refused.error().message.find(R"(policy "checkout": breaker "paiments": segment)"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(of.segment.policy("checkout").error().code, Errc::not_found);
    const auto both = of.segment.policy("checkout", {.bulkhead = "bulkhead", .adaptive = "adaptive"});
    EXPECT_EQ(both.error().message,
              R"(policy "checkout": adaptive "adaptive" and bulkhead "bulkhead" are both given: one of them)");

    const Policy policy = must(of.segment.policy("checkout", {.breaker = "breaker", .retry = "retry"}));
    ASSERT_TRUE(of.segment.remove_breaker("breaker"));
    EXPECT_EQ(policy.execute([] {}).error().code(), Errc::deleted);
    // The policy means the one of that name.
    const Breaker anew = must(of.segment.breaker("breaker", BreakerOptions{}));
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!policy.execute([] {}) && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_EQ(must(anew.status()).calls, 1U);
    ASSERT_TRUE(of.segment.remove_breaker("breaker"));
    ASSERT_TRUE(of.segment.remove_policy("checkout"));
    EXPECT_EQ(policy.execute([] {}).error().code(), Errc::deleted);
    EXPECT_EQ(policy.parts().error().code, Errc::deleted);
    EXPECT_NE(policy.explain(Errc::deleted).message.find("it was deleted"), std::string::npos);
}

// Fails if a refusal is explained by another part than the one that refused.
TEST_F(Policies, ARefusalIsExplainedByThePartThatRefused) {
    const everything of = all();
    const Policy policy{of.parts()};
    EXPECT_NE(policy.explain(Errc::rate_limited).message.find("limiter \"limiter\""), std::string::npos);
    EXPECT_NE(policy.explain(Errc::load_shed).message.find("shedder \"shedder\""), std::string::npos);
    EXPECT_NE(policy.explain(Errc::bulkhead_full).message.find("bulkhead \"bulkhead\""), std::string::npos);
    EXPECT_NE(policy.explain(Errc::circuit_open).message.find("breaker \"breaker\""), std::string::npos);
    EXPECT_NE(policy.explain(Errc::budget_spent).message.find("retry \"retry\""), std::string::npos);
}

}  // namespace
}  // namespace seki::test
