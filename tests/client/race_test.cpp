// Processes that make one limiter at the same time.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

class Racing : public ClientTest {
protected:
    static constexpr std::uint64_t made = 1, other_options = 2, failed = 3;
    static constexpr std::size_t processes = 8;

    // What each came to that made the limiter of that name with a limit of its own: all begin at once, for the one pipe that they wait at is closed to all.
    // Who got a limiter spends one of it.
    [[nodiscard]] std::vector<std::uint64_t> race(const std::string& name, auto limit_of) const {
        int gate[2];
        if (::pipe(gate) != 0) std::abort();
        std::vector<child> racers;
        for (std::size_t i = 0; i < processes; ++i)
            racers.emplace_back([&, i](const line& parent) {
                ::close(gate[1]);
                LimiterOptions options = six_a_year();
                options.limit = limit_of(i);
                const Segment mine = opened(Access::attach);
                parent.tell();
                char none = 0;
                if (::read(gate[0], &none, 1) != 0) return false;
                const auto limiter = mine.limiter(name, options);
                const bool other = !limiter && limiter.error().code == Errc::different_options;
                parent.tell(limiter && limiter->check("alice").allowed ? made : other ? other_options : failed);
                return true;
            });
        for (const child& each : racers) (void)each.talk().hear();
        ::close(gate[0]);
        ::close(gate[1]);
        std::vector<std::uint64_t> answers;
        for (child& each : racers) {
            answers.push_back(each.talk().hear());
            EXPECT_TRUE(each.succeeded());
        }
        return answers;
    }

    Segment segment = opened();
};

// Fails if two of those who make a limiter at once get two, or one gets none.
TEST_F(Racing, WithTheSameOptionsGetOneLimiter) {
    for (int round = 0; round < 20; ++round) {
        const std::string name = "it" + std::to_string(round);
        for (const std::uint64_t answer : race(name, [](std::size_t) { return 100U; })) EXPECT_EQ(answer, made);
        const Limiter it = must(segment.limiter(name));
        EXPECT_EQ(it.peek("alice", 0).remaining, 100U - processes);
        EXPECT_EQ(shm::directory{segment.handle()->where()}.list().size(), 1U);
        ASSERT_TRUE(segment.remove_limiter(name));
    }
}

// Fails if other options than those in force are taken for them, a limiter has some of one and some of another, or nobody gets one.
TEST_F(Racing, WithOtherOptionsOneWinsAndTheOthersAreTold) {
    for (int round = 0; round < 20; ++round) {
        const auto answers = race("it", [](std::size_t i) { return 100 + i; });
        const LimiterOptions won = must(must(segment.limiter("it")).options());
        ASSERT_GE(won.limit, 100U);
        ASSERT_LT(won.limit, 100U + processes);
        LimiterOptions whole = six_a_year();
        whole.limit = won.limit;
        whole.burst = won.burst;
        EXPECT_EQ(won, whole);
        for (std::size_t i = 0; i < processes; ++i)
            EXPECT_EQ(answers[i], 100 + i == won.limit ? made : other_options) << i << " of limit " << won.limit;
        EXPECT_EQ(must(segment.limiter("it")).peek("alice", 0).remaining, won.limit - 1);
        ASSERT_TRUE(segment.remove_limiter("it"));
    }
}

}  // namespace
}  // namespace seki::test
