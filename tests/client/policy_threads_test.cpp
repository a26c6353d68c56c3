// A policy while others change it: threads that call by it, and one that composes it anew, and deletes and makes a part.
#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using PolicyThreads = ClientTest;

// Whether each call until `stop` either was made and told, or was refused by a part that is gone.
bool go_on_calling(const Policy& policy, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool made = false;
        const auto answer = policy.execute([&] { return made = true; });
        if (answer.has_value() != made) return false;
        if (made) continue;
        const Errc why = answer.error().code();
        if (why != Errc::deleted && why != Errc::not_found) return false;
    }
    return true;
}

// Fails when a handle is composed anew under a call that goes by it: a call is lost, a place is kept, or the thread sanitizer sees both at once.
TEST_F(PolicyThreads, ACallGoesByWhatWasInForceWhenItBegan) {
    const Segment segment = opened();
    std::optional<Breaker> breaker{must(segment.breaker("breaker", BreakerOptions{}))};
    const Bulkhead bulkhead = must(segment.bulkhead("bulkhead", {.max_concurrent = 100}));
    const Policy policy = must(segment.policy("checkout", {.bulkhead = "bulkhead", .breaker = "breaker"}));
    std::array<bool, 3> fine{};
    {
        std::vector<std::jthread> callers;
        callers.reserve(fine.size());
        for (bool& each : fine)
            callers.emplace_back(
                [&policy, &each](const std::stop_token& stop) { each = go_on_calling(Policy{policy}, stop); });
        for (int round = 0; round < 40; ++round) {
            EXPECT_TRUE(segment.change("checkout", PolicyOptions{.breaker = "breaker"}));
            EXPECT_TRUE(segment.change("checkout", PolicyOptions{.deadline = 1h, .bulkhead = "bulkhead"}));
            EXPECT_TRUE(segment.change("checkout", PolicyOptions{.bulkhead = "bulkhead", .breaker = "breaker"}));
            if (round % 8 != 0) continue;
            EXPECT_TRUE(segment.remove_breaker("breaker"));
            breaker.emplace(must(segment.breaker("breaker", BreakerOptions{})));
        }
    }
    EXPECT_EQ(fine, (std::array<bool, 3>{true, true, true}));
    EXPECT_EQ(must(bulkhead.status()).in_use, 0U);
    // In the end it is the breaker that there is now.
    ASSERT_EQ(breaker->open(), Errc::none);
    const auto end = std::chrono::steady_clock::now() + 60s;
    const auto refused = [&] {
        const auto answer = policy.execute([] {});
        return answer ? Errc::none : answer.error().code();
    };
    while (refused() == Errc::deleted && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_EQ(refused(), Errc::circuit_open);
}

}  // namespace
}  // namespace seki::test
