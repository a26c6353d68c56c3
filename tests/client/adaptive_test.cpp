// Adaptive limits by their public face, in one process: what each call promises.
#include <seki/adaptive.hpp>

#include <concepts>
#include <deque>
#include <stdexcept>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"

namespace seki::test {
namespace {

static_assert(std::movable<AdaptivePermit> && !std::copyable<AdaptivePermit>);

class Adaptives : public ClientTest {
protected:
    // Windows of four calls, and no noise of latencies.
    static constexpr AdaptiveOptions aimd{
        .algorithm = AdaptiveLaw::aimd, .min_limit = 1, .max_limit = 20, .initial_limit = 4, .window = 4};

    static std::uint64_t limit(const Adaptive& of) { return must(of.status()).limit; }
    static std::vector<AdaptivePermit> fill(const Adaptive& with) {
        std::vector<AdaptivePermit> held;
        while (auto permit = with.try_acquire()) held.push_back(std::move(*permit));
        return held;
    }
    // As many in flight as the limit allows, all the time, until `done()`; or for so many calls.
    template <class Done>
    static void keep_busy(const Adaptive& with, Outcome outcome, Done done, int calls = 2'000) {
        std::deque<AdaptivePermit> held;
        for (int call = 0; call < calls && !done(); ++call) {
            while (auto permit = with.try_acquire()) held.push_back(std::move(*permit));
            if (held.empty()) return;
            held.front().release(outcome);
            held.pop_front();
        }
        for (AdaptivePermit& each : held) each.release(Outcome::ignore);
    }
    static void use_until_it_moves(const Adaptive& with, Outcome outcome) {
        keep_busy(with, outcome, [&, before = limit(with)] { return limit(with) != before; });
    }
};

// Fails if more or fewer are let in than the limit says, or a call is not counted.
TEST_F(Adaptives, AsManyAsTheLimitAreLetIn) {
    const Adaptive backend = must(opened().adaptive("backend", aimd));
    {
        const auto held = fill(backend);
        EXPECT_EQ(held.size(), 4U);
        const AdaptiveStatus status = must(backend.status());
        EXPECT_EQ(status.limit, 4U);
        EXPECT_EQ(status.in_use, 4U);
        EXPECT_EQ(status.acquired, 4U);
        EXPECT_EQ(status.rejected, 1U);
        EXPECT_EQ(backend.try_acquire().error().code, Errc::bulkhead_full);
        EXPECT_EQ(backend.acquire(1ms).error().code, Errc::timeout);
    }
    EXPECT_EQ(must(backend.status()).in_use, 0U);
}

// Fails if what calls come to does not move the limit, for all handles and openings, or moves it beyond its bounds.
TEST_F(Adaptives, SuccessRaisesTheLimitAndErrorsLowerIt) {
    const Adaptive backend = must(opened().adaptive("backend", aimd));
    const Adaptive elsewhere = must(opened().adaptive("backend"));
    use_until_it_moves(backend, Outcome::ok);
    EXPECT_EQ(limit(elsewhere), 5U);
    use_until_it_moves(elsewhere, Outcome::error);
    EXPECT_EQ(limit(backend), 4U);
    for (int round = 0; round < 40; ++round) use_until_it_moves(backend, Outcome::ok);
    EXPECT_EQ(limit(backend), 20U);
    EXPECT_EQ(fill(backend).size(), 20U);
    for (int round = 0; round < 60; ++round) use_until_it_moves(backend, Outcome::error);
    EXPECT_EQ(limit(backend), 1U);
}

// Fails if a call that is to be ignored moves the limit, or one is raised that is not used.
TEST_F(Adaptives, IgnoredCallsAndUnusedLimitsMoveNothing) {
    const Adaptive backend = must(opened().adaptive("backend", aimd));
    keep_busy(backend, Outcome::ignore, [] { return false; }, 100);
    EXPECT_EQ(limit(backend), 4U);
    for (int call = 0; call < 100; ++call) EXPECT_TRUE(must(backend.try_acquire()).release());
    EXPECT_EQ(limit(backend), 4U);
    AdaptivePermit other = must(backend.try_acquire());
    for (int call = 0; call < 100; ++call) EXPECT_TRUE(must(backend.try_acquire()).release());
    EXPECT_EQ(limit(backend), 4U) << "two of four are no more than half";
    other.release(Outcome::ignore);
}

// Fails if a permit is given back twice, or by somebody whom it was moved away from.
TEST_F(Adaptives, APermitIsGivenBackOnce) {
    const Adaptive backend = must(opened().adaptive("backend", aimd));
    AdaptivePermit first = must(backend.try_acquire());
    AdaptivePermit moved{std::move(first)};
    EXPECT_FALSE(first.release());
    EXPECT_EQ(must(backend.status()).in_use, 1U);
    EXPECT_TRUE(moved.release());
    EXPECT_FALSE(moved.release());
    EXPECT_EQ(must(backend.status()).in_use, 0U);
}

// Fails if call() does not tell what the function came to: an error, an exception, or the refusal of another guard.
TEST_F(Adaptives, CallTellsWhatTheFunctionCameTo) {
    const Adaptive backend = must(opened().adaptive("backend", aimd));
    EXPECT_EQ(*backend.call([] { return 7; }), 7);
    const auto until_lowered = [&](auto&& call) {
        const std::uint64_t before = limit(backend);
        for (int i = 0; i < 200 && limit(backend) == before; ++i) call();
        return limit(backend) < before;
    };
    EXPECT_TRUE(
        until_lowered([&] { (void)backend.call([]() -> std::expected<int, int> { return std::unexpected(1); }); }));
    EXPECT_TRUE(until_lowered([&] {
        EXPECT_THROW((void)backend.call([]() -> int { throw std::runtime_error{"no"}; }), std::runtime_error);
    }));
    EXPECT_TRUE(until_lowered([&] {
        (void)backend.call([] { return 500; }, [](int code) { return code == 500 ? Outcome::error : Outcome::ok; });
    }));
    EXPECT_FALSE(until_lowered([&] {
        (void)backend.call(
            []() -> std::expected<int, Refusal> { return std::unexpected(Refusal{Errc::rate_limited}); });
    }));
    EXPECT_EQ(must(backend.status()).in_use, 0U);
}

// Fails if a call that takes as long as `timeout` does not count as dropped.
TEST_F(Adaptives, ACallThatTakesTooLongIsADrop) {
    AdaptiveOptions hasty = aimd;
    hasty.timeout = 1ms;
    const Adaptive backend = must(opened().adaptive("backend", hasty));
    for (int call = 0; call < 20 && limit(backend) == 4; ++call) {
        AdaptivePermit held = must(backend.try_acquire());
        const std::uint64_t start = primitives::read_clock(Clock::precise);
        while (primitives::read_clock(Clock::precise) - start < 1'000'000) {
        }
        held.release();
    }
    EXPECT_EQ(limit(backend), 3U);
}

// Fails if the latencies of calls do not become the reference, or a probe does not come back to the limit.
TEST_F(Adaptives, GradientLearnsTheUsualLatencyByAProbe) {
    const Adaptive backend = must(opened().adaptive("backend", {.initial_limit = 8, .window = 8}));
    bool probed = false;
    keep_busy(backend, Outcome::ok, [&] {
        const bool probing = must(backend.status()).probing;
        probed = probed || probing;
        return probed && !probing;
    });
    EXPECT_TRUE(probed);
    EXPECT_FALSE(must(backend.status()).probing);
    EXPECT_GT(must(backend.status()).usual_latency, 0ns);
    EXPECT_EQ(limit(backend), 8U);
}

// Fails if a change of options does not hold at once, or one beyond the room is taken.
TEST_F(Adaptives, OptionsChangeWhileItRuns) {
    const Segment segment = opened();
    const Adaptive backend = must(segment.adaptive("backend", aimd));
    AdaptiveOptions narrow = aimd;
    narrow.max_limit = 2;
    narrow.initial_limit = 2;
    ASSERT_TRUE(segment.change("backend", narrow));
    EXPECT_EQ(fill(backend).size(), 2U);
    EXPECT_EQ(must(backend.options()), narrow);
    AdaptiveOptions wide = aimd;
    wide.max_limit = 2'000;
    EXPECT_EQ(segment.change("backend", wide).error().message,
              "adaptive \"backend\": max_limit 2000 is too large for the room that it was created with: at most 1024, "
              "or delete the adaptive and create it anew");
    ASSERT_TRUE(segment.change("backend", aimd));
    EXPECT_EQ(limit(backend), 4U);
}

// Fails if a deleted one lets anybody in, or the next one of that name begins with what it left.
TEST_F(Adaptives, ADeletedOneLeavesNothingToTheNext) {
    const Segment segment = opened();
    const Adaptive first = must(segment.adaptive("backend", aimd));
    use_until_it_moves(first, Outcome::ok);
    AdaptivePermit held = must(first.try_acquire());
    ASSERT_TRUE(segment.remove_adaptive("backend"));
    EXPECT_EQ(first.try_acquire().error().code, Errc::deleted);
    EXPECT_TRUE(held.release());
    const Adaptive second = must(segment.adaptive("backend", aimd));
    EXPECT_EQ(fill(second).size(), 4U);
    EXPECT_EQ(must(second.status()).acquired, 4U);
}

}  // namespace
}  // namespace seki::test
