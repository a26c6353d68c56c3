// The breaker that workers call, where its terms, or what a caller says of its call, were written by nobody who may.
#include "breaker_fixture.hpp"
#include "primitives/breaker_family.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;

struct BreakerScribbled : BreakerClock {
    void scribble(const primitives::breaker& it, const BreakerOptions& options, std::size_t which,
                  std::uint64_t value) const {
        auto values = primitives::family<BreakerOptions>::terms_of(options);
        values[which] = value;
        shm::publish_terms(shm::directory{where()}.entry(it.place().index), values);
    }
    [[nodiscard]] std::uint64_t counted(const primitives::breaker& it, layout::counter which) const {
        return shm::sum(where(), it.place().index, it.place().incarnation)[which];
    }
};

// Fails if a wait without end is believed: the breaker would be open for ever.
TEST_F(BreakerScribbled, AWaitLongerThanAnyEndsAfterTheLongest) {
    const BreakerOptions options{.window_size = 1, .minimum_calls = 1, .wait_duration = 5s, .half_open_requests = 1};
    const primitives::breaker it = make(options);
    fails(it);
    scribble(it, options, layout::breaker_wait_duration, ~0ULL);
    now += 1;
    const auto answer = it.admit(pass, clock());
    EXPECT_EQ(answer.error, Errc::circuit_open);
    EXPECT_EQ(answer.retry_after, law::max_duration - 1);
    now += law::max_duration - 1;
    EXPECT_TRUE(is_let_in(it));
}

// Fails if no call is slow any more, as none takes so long as the terms say.
TEST_F(BreakerScribbled, ACallOfAYearIsSlowWhateverTheTermsSay) {
    const BreakerOptions options{.window_size = 10, .minimum_calls = 10, .slow_call_duration = 1s};
    const primitives::breaker it = make(options);
    scribble(it, options, layout::breaker_slow_call_duration, ~0ULL);
    ASSERT_TRUE(is_let_in(it));
    it.report(pass, Outcome::ok, clock(), law::max_duration - 1);
    EXPECT_EQ(counted(it, layout::count_call_ok), 1U);
    ASSERT_TRUE(is_let_in(it));
    it.report(pass, Outcome::ok, clock(), law::max_duration);
    EXPECT_EQ(counted(it, layout::count_call_slow), 1U);
}

// Fails if the place of a probe is believed: what lies behind the places would be changed, or the breaker closed by it.
TEST_F(BreakerScribbled, AProbeOfAPlaceThatThereIsNotChangesNothing) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 5s, .half_open_requests = 1});
    fails(it);
    now += law::second * 5;
    ASSERT_TRUE(is_let_in(it));
    ASSERT_EQ(it.shared().look().state, law::state::half_open);
    const auto right = pass;
    pass.place = 1U << 20;
    it.report(pass, Outcome::ok, clock());
    EXPECT_EQ(it.shared().look().state, law::state::half_open);
    it.report(right, Outcome::ok, clock());
    EXPECT_EQ(it.shared().look().state, law::state::closed);
}

}  // namespace
}  // namespace seki::test
