// Policies whose segment is destroyed and replaced under their hands.
#include <thread>

#include "client_fixture.hpp"
#include "shm/directory.hpp"

namespace seki::test {
namespace {

class PolicySuccession : public ClientTest {
protected:
    void destroy() const {
        const auto gone = shm::segment::destroy(path());
        ASSERT_TRUE(gone) << gone.error().message;
    }

    // Parts of every kind, and the two policies that it takes.
    static inline const PolicyOptions with_permits{
        .limiter = "a", .shedder = "b", .bulkhead = "c", .breaker = "e", .retry = "f"};
    static inline const PolicyOptions with_limit{.adaptive = "d"};
    static void make_all(const Segment& in) {
        ASSERT_TRUE(in.limiter("a", six_a_year()));
        ASSERT_TRUE(in.shedder("b", {.max_in_flight = 7}));
        ASSERT_TRUE(in.bulkhead("c", {.max_concurrent = 7}));
        ASSERT_TRUE(in.adaptive("d", {.max_limit = 77}));
        ASSERT_TRUE(in.breaker("e", {.window_size = 7}));
        ASSERT_TRUE(in.retry("f", {.max_attempts = 7}));
    }
    // Until it says something else than `superseded`; a hang is what the limit of the test is for.
    static CallResult<void> once_it_moved(const Policy& policy, std::int64_t cost = 1) {
        const PolicyRequest request{.key = "alice", .cost = cost};
        auto answer = policy.execute(request, [] {});
        while (!answer && answer.error().code() == Errc::superseded)
            std::this_thread::yield(), answer = policy.execute(request, [] {});
        return answer;
    }
};

// Fails if a policy keeps to the parts of a segment that nobody uses any more.
TEST_F(PolicySuccession, APolicyGoesOnWithThePartsOfTheSuccessor) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    const Policy policy = must(segment.policy("checkout", {.limiter = "login"}));
    ASSERT_TRUE(policy.execute({.key = "alice", .cost = 5}, [] {}));
    destroy();
    EXPECT_EQ(policy.execute({.key = "alice"}, [] {}).error().code(), Errc::superseded);
    const Segment next = opened();
    const Limiter there = must(next.limiter("login", six_a_year()));
    ASSERT_TRUE(next.policy("checkout", {.limiter = "login"}));
    EXPECT_TRUE(once_it_moved(policy, 6));
    EXPECT_EQ(there.peek("alice").remaining, 0U);
}

// Fails if parts that code made, and that it uses through a policy alone, are left behind, or made with other options than the last ones.
TEST_F(PolicySuccession, APolicyTakesThePartsAlongThatCodeMade) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.limiter("a", {.limit = 3, .window = 1h, .max_keys = 64}));
    ASSERT_TRUE(segment.remove_limiter("a"));
    make_all(segment);
    const Policy first = must(segment.policy("first", with_permits));
    const Policy second = must(segment.policy("second", with_limit));
    destroy();
    const Segment next = opened();
    EXPECT_TRUE(once_it_moved(first));
    EXPECT_TRUE(once_it_moved(second));
    EXPECT_EQ(must(next.limiter("a")).peek("alice", 0).remaining, 5U);
    EXPECT_EQ(must(must(next.limiter("a")).options()), six_a_year());
    EXPECT_EQ(must(must(next.shedder("b")).options()).max_in_flight, 7U);
    EXPECT_EQ(must(must(next.bulkhead("c")).options()).max_concurrent, 7U);
    EXPECT_EQ(must(must(next.adaptive("d")).options()).max_limit, 77U);
    EXPECT_EQ(must(must(next.breaker("e")).options()).window_size, WindowSize{7U});
    EXPECT_EQ(must(must(next.retry("f")).options()).max_attempts, 7U);
}

// Fails if a part that is there already is not the one that it goes by, or one is made anew that another process made, which may want it otherwise.
TEST_F(PolicySuccession, APolicyMakesNoPartThatIsThereOrThatOthersMade) {
    const Segment others = opened(), segment = opened();
    ASSERT_TRUE(segment.limiter("login", six_a_year()));
    ASSERT_TRUE(others.breaker("payments", {.window_size = 7}));
    const Policy policy = must(segment.policy("checkout", {.limiter = "login", .breaker = "payments"}));
    destroy();
    const Segment next = opened();
    ASSERT_TRUE(next.limiter("login", {.limit = 3, .window = 1h, .max_keys = 64}));
    // Until it has moved over, which makes the policy.
    while (!shm::directory{next.handle()->where()}.find(layout::kind::policy, "checkout")) {
        EXPECT_EQ(policy.execute({.key = "alice", .cost = 0}, [] {}).error().code(), Errc::superseded);
        std::this_thread::yield();
    }
    EXPECT_EQ(policy.execute({.key = "alice", .cost = 0}, [] {}).error().code(), Errc::superseded);
    EXPECT_EQ(next.breaker("payments").error().code, Errc::not_found);
    ASSERT_TRUE(next.breaker("payments", {.window_size = 9}));
    EXPECT_TRUE(once_it_moved(policy, 3));
    EXPECT_EQ(must(next.limiter("login")).peek("alice", 0).remaining, 0U);
}

// Fails if what was deleted comes back though its segment stands.
TEST_F(PolicySuccession, APolicyMakesNoPartAnewThatWasDeleted) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.limiter("login", six_a_year()));
    const Policy policy = must(segment.policy("checkout", {.limiter = "login"}));
    ASSERT_TRUE(segment.remove_limiter("login"));
    ASSERT_TRUE(segment.change("checkout", PolicyOptions{.deadline = 1h, .limiter = "login"}));
    EXPECT_EQ(policy.execute({.key = "alice"}, [] {}).error().code(), Errc::deleted);
    EXPECT_EQ(segment.limiter("login").error().code, Errc::not_found);
}

}  // namespace
}  // namespace seki::test
