// What a limiter promises of its decisions, whatever its algorithm (docs: what each primitive does).
#include <random>

#include "limiter_fixture.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using LimiterDecisions = EveryLimiterTest;
INSTANTIATE_TEST_SUITE_P(, LimiterDecisions, testing::ValuesIn(every_algorithm), name_of_algorithm);

// Fails if a check spends more or less than its cost, or says of itself what is not so.
TEST_P(LimiterDecisions, AdmitExactlyTheCapacityAtOnce) {
    const auto limiter = make(six_a_minute());
    for (std::uint64_t left = 6; left-- > 0;) {
        const Decision decision = check(limiter, "alice");
        ASSERT_TRUE(decision.allowed);
        EXPECT_EQ(decision.error, Errc::none);
        EXPECT_EQ(decision.limit, 6U);
        EXPECT_EQ(decision.remaining, left);
        EXPECT_EQ(decision.retry_after, 0ns);
        EXPECT_GT(decision.reset_after, 0ns);
    }
    const Decision denied = check(limiter, "alice");
    EXPECT_FALSE(denied.allowed);
    EXPECT_FALSE(denied.shadow);
    EXPECT_EQ(denied.remaining, 0U);
    EXPECT_GT(denied.retry_after, 0ns);
    EXPECT_TRUE(check(limiter, "bob").allowed);
}

// Fails if a check of a key that has its slot does its work twice: the clock is half of what it costs.
TEST_P(LimiterDecisions, AnOrdinaryCheckReadsTheClockOnce) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice").allowed);
    int readings = 0;
    const auto counting = [&](Clock) {
        ++readings;
        return now;
    };
    EXPECT_TRUE(limiter.decide({.key = "alice", .cost = 5}, counting).allowed);
    EXPECT_EQ(readings, 1);
    EXPECT_FALSE(limiter.decide({.key = "alice"}, counting).allowed);
    EXPECT_EQ(readings, 2);
}

// Fails if a denial writes anything that another worker could see: state, text, stamp, stripe.
TEST_P(LimiterDecisions, ADenialStoresNothingButInTheWorkersOwnCounters) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    const std::string before = memory_of_others();
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(check(limiter, "alice", 1 + i % 8).allowed);
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(check(limiter, "key " + std::to_string(i), 7).allowed);
    EXPECT_TRUE(memory_of_others() == before);
    EXPECT_EQ(counted(limiter)[layout::count_deny], 1100U);
}

// Fails if the sum of costs overflows: a counter that goes down. A cost above every capacity is denied as any other above this one's.
TEST_P(LimiterDecisions, AnAbsurdCostIsADenialThatTheCountersBear) {
    const auto limiter = make(six_a_minute());
    std::uint64_t before = 0;
    for (const std::int64_t cost :
         {std::int64_t{7}, std::int64_t{10'000'001}, std::int64_t{1} << 62, INT64_MAX, INT64_MAX, INT64_MAX}) {
        for (const std::string_view key : {"alice", "bob"}) {
            ASSERT_TRUE(key == "alice" || check(limiter, key, 0).allowed);
            const Decision foretold = peek(limiter, key, cost), denied = check(limiter, key, cost);
            EXPECT_FALSE(denied.allowed);
            EXPECT_EQ(denied.error, Errc::none);
            EXPECT_EQ(denied.retry_after, never);
            EXPECT_EQ(denied.remaining, foretold.remaining);
            EXPECT_EQ(foretold.retry_after, never);
            const std::uint64_t now_counted = counted(limiter)[layout::cost_deny];
            EXPECT_GT(now_counted, before) << cost;
            before = now_counted;
        }
    }
    EXPECT_EQ(counted(limiter)[layout::count_deny], 12U);
    EXPECT_TRUE(check(limiter, "alice", 6).allowed);
}

// Fails if taking a check back gives others what was not theirs: at whatever time it comes (here over the ends of windows, and while queues run
// empty), what is admitted besides is no more than if the check had never been.
TEST_P(LimiterDecisions, WhatIsTakenBackLetsNobodyThroughWhoWouldNotHaveBeen) {
    std::mt19937_64 random{seed_or(4)};
    const LimiterOptions options{.algorithm = GetParam(), .limit = 7, .window = 10ms, .max_keys = 64};
    const auto limiter = make(options, "it");
    const auto as_if_never = make(options, "never");
    const auto at_now = [this](Clock) { return now; };
    int taken_back = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string key = "k" + std::to_string(round % 50);
        now += 40'000'000;  // as good as new
        primitives::receipt made;
        const auto admit = [&] {
            const auto cost = static_cast<std::int64_t>(1 + random() % 3);
            if (!check(limiter, key, cost).allowed) return;
            ASSERT_TRUE(check(as_if_never, key, cost).allowed) << round;
        };
        const auto pass_a_little = [&] { now += random() % 4'000'000; };
        for (auto before = random() % 4; before > 0; --before, pass_a_little()) admit();
        const auto cost = static_cast<std::int64_t>(1 + random() % 5);
        const bool taken = limiter.attempt({.key = key, .cost = cost}, made, at_now).allowed;
        EXPECT_EQ(made.taken, taken);
        const std::uint64_t remaining = peek(limiter, key, 0).remaining;
        for (auto between = random() % 5; between > 0; --between, pass_a_little()) admit();
        limiter.undo(made, at_now);
        if (taken && peek(limiter, key, 0).remaining > remaining) ++taken_back;
        EXPECT_LE(peek(limiter, key, 0).remaining, peek(as_if_never, key, 0).remaining);
        for (auto after = random() % 8; after > 0; --after, pass_a_little()) admit();
    }
    EXPECT_GT(taken_back, 300);
}

// Fails if taking a check back at once leaves a trace in the key or in the counters, or if what is kept is not counted as any other.
TEST_P(LimiterDecisions, WhatIsTakenBackAtOnceHasNeverBeen) {
    const auto limiter = make(six_a_minute());
    const auto at_now = [this](Clock) { return now; };
    for (const std::string_view key : {"alice", "bob"}) {
        ASSERT_TRUE(check(limiter, key, key == "bob" ? 2 : 0).allowed);
        const Decision before = peek(limiter, key);
        const auto counts = counted(limiter);
        primitives::receipt made;
        ASSERT_TRUE(limiter.attempt({.key = key, .cost = 3}, made, at_now).allowed);
        EXPECT_EQ(peek(limiter, key, 0).remaining, before.remaining + 1 - 3);
        limiter.undo(made, at_now);
        EXPECT_EQ(peek(limiter, key).remaining, before.remaining);
        EXPECT_EQ(peek(limiter, key).reset_after, before.reset_after);
        EXPECT_EQ(counted(limiter), counts);
        const Decision again = limiter.attempt({.key = key, .cost = 3}, made, at_now);
        limiter.keep({.key = key, .cost = 3}, made, again);
        EXPECT_EQ(counted(limiter)[layout::cost_allow], counts[layout::cost_allow] + 3);
    }
}

// Fails if a check is taken back by terms that it was not made by: it may have cost less than they say.
TEST_P(LimiterDecisions, WhatWasTakenByOtherTermsStaysTaken) {
    LimiterOptions options = six_a_minute();
    options.window = 366 * 24h;
    options.limit = 600;
    now = primitives::read_clock(Clock::precise);
    const auto limiter = make(options);
    primitives::receipt made;
    const auto at_now = [this](Clock) { return now; };
    ASSERT_TRUE(limiter.attempt({.key = "alice", .cost = 1}, made, at_now).allowed);
    ASSERT_TRUE(check(limiter, "alice", 60).allowed);
    options.limit = 60;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", options));
    now = primitives::read_clock(Clock::precise);
    const std::uint64_t remaining = peek(limiter, "alice", 0).remaining;
    limiter.undo(made, at_now);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, remaining);
}

// Fails if a look is counted, sampled, gives a key a slot, or makes a thread that only looks a worker.
TEST_P(LimiterDecisions, APeekWritesNothingAtAll) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 4).allowed);
    const auto stranger =
        std::make_shared<const shm::attachment>(*shm::segment::attach(path(), shm::segment::access::read_write));
    const primitives::limiter fresh{stranger, limiter.place()};
    const std::string before{memory()};
    for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(peek(limiter, "alice", 2).allowed);
        EXPECT_FALSE(peek(limiter, "alice", 3).allowed);
        EXPECT_TRUE(peek(limiter, "nobody").allowed);
        EXPECT_TRUE(check(limiter, "alice", 0).allowed);
        EXPECT_TRUE(peek(fresh, "alice", 2).allowed);
    }
    EXPECT_TRUE(memory() == before);
}

// Fails if a peek answers anything but what the check right after it does, or retry_after is off by a nanosecond. Time sometimes stands
// and sometimes goes back.
TEST_P(LimiterDecisions, PeekForetellsTheCheckAndRetryAfterIsExactToTheNanosecond) {
    std::mt19937_64 random{seed_or(1)};
    const auto limiter = make({.algorithm = GetParam(), .limit = 7, .window = 10ms, .max_keys = 16});
    int denials = 0;
    for (int step = 0; step < 20'000; ++step) {
        const auto cost = static_cast<std::int64_t>(1 + random() % 7);
        const std::string key(1, static_cast<char>('a' + random() % 3));
        const Decision foretold = peek(limiter, key, cost);
        const Decision made = check(limiter, key, cost);
        ASSERT_EQ(foretold.allowed, made.allowed) << step;
        ASSERT_EQ(foretold.remaining, made.remaining) << step;
        ASSERT_EQ(foretold.retry_after, made.retry_after) << step;
        ASSERT_EQ(foretold.reset_after, made.reset_after) << step;
        ASSERT_EQ(foretold.delay, made.delay) << step;
        if (made.allowed) {
            ASSERT_EQ(made.retry_after, 0ns);
            ASSERT_TRUE(peek(limiter, key, 7, made.reset_after).allowed) << step;
        } else {
            ++denials;
            ASSERT_FALSE(peek(limiter, key, cost, made.retry_after - 1ns).allowed) << step;
            ASSERT_TRUE(peek(limiter, key, cost, made.retry_after).allowed) << step;
        }
        now += random() % 4'000'000;
        if (random() % 16 == 0) now -= random() % 1'000'000;
    }
    EXPECT_GT(denials, 1000);
}

// Fails if a coarse clock's lag is forgotten in what who waits is told, or added to what is no time to wait for.
TEST_P(LimiterDecisions, ByTheCoarseClockTellToWaitUntilItCameSoFarToo) {
    LimiterOptions options = six_a_minute();
    const auto precise = make(options, "precise");
    options.clock = Clock::coarse;
    const auto coarse = make(options, "coarse");
    const std::chrono::nanoseconds lag{primitives::coarse_lag()};
    EXPECT_GT(lag, 0ns);
    for (const auto* limiter : {&precise, &coarse}) {
        const Decision first = check(*limiter, "alice", 5);
        EXPECT_TRUE(first.allowed);
        EXPECT_EQ(first.retry_after, 0ns);
        EXPECT_EQ(check(*limiter, "alice", 7).retry_after, never);
    }
    const Decision at_once = check(precise, "alice", 2), later = check(coarse, "alice", 2);
    EXPECT_EQ(later.retry_after, at_once.retry_after + lag);
    EXPECT_EQ(peek(coarse, "alice", 2).retry_after, later.retry_after);
    EXPECT_EQ(later.reset_after, at_once.reset_after);
}

// Fails if what is admitted in any stretch of time is more than the law allows for it: a burst and what came back meanwhile for the
// buckets, the limit in each aligned window for fixed_window, the limit in two halves of windows for sliding_window.
TEST_P(LimiterDecisions, NeverAdmitMoreThanTheFormulaAllows) {
    std::mt19937_64 random{seed_or(2)};
    constexpr std::uint64_t window = 10'000'000, limit = 7;
    const auto limiter =
        make({.algorithm = GetParam(), .limit = limit, .window = std::chrono::nanoseconds{window}, .max_keys = 16});
    struct spending {
        std::uint64_t at, cost;
    };
    std::vector<spending> spent;
    for (int step = 0; step < 4'000; ++step) {
        const std::uint64_t cost = 1 + random() % 3;
        if (check(limiter, "k", static_cast<std::int64_t>(cost)).allowed) spent.push_back({now, cost});
        now += random() % 2'000'000;
    }
    for (std::size_t first = 0; first < spent.size(); ++first) {
        std::uint64_t sum = 0;
        for (std::size_t last = first; last < spent.size() && last < first + 40; ++last) {
            sum += spent[last].cost;
            const std::uint64_t elapsed = spent[last].at - spent[first].at;
            if (GetParam() == Algorithm::fixed_window) {
                if (spent[last].at / window == spent[first].at / window) {
                    ASSERT_LE(sum, limit);
                }
            } else if (GetParam() == Algorithm::sliding_window) {
                if (elapsed < window) {
                    ASSERT_LE(sum, 2 * limit);
                }
                if (spent[last].at / window == spent[first].at / window) {
                    ASSERT_LE(sum, limit);
                }
            } else {
                ASSERT_LE(sum * window, limit * window + elapsed * limit);
            }
        }
    }
}

// Fails if waiting for ever is told as a time, or the cost is spent in part.
TEST_P(LimiterDecisions, ACostAboveTheCapacityIsNeverAllowed) {
    const auto limiter = make(six_a_minute());
    for (const std::int64_t cost : {std::int64_t{7}, std::int64_t{1} << 40, std::numeric_limits<std::int64_t>::max()}) {
        const Decision denied = check(limiter, "alice", cost);
        EXPECT_FALSE(denied.allowed);
        EXPECT_EQ(denied.error, Errc::none);
        EXPECT_EQ(denied.retry_after, never);
        EXPECT_EQ(denied.remaining, 6U);
    }
    EXPECT_TRUE(check(limiter, "alice", 6).allowed);
}

// Fails if such input is decided on, or spends.
TEST_P(LimiterDecisions, NegativeCostsAndOverlongKeysAreErrorsAndEmptyKeysAreNot) {
    const auto limiter = make(six_a_minute());
    const std::string longest(4096, 'x'), longer(4097, 'x');
    for (const std::int64_t cost : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
        const Decision refused = check(limiter, "alice", cost);
        EXPECT_EQ(refused.error, Errc::invalid_argument);
        EXPECT_FALSE(refused.allowed);
        EXPECT_EQ(limiter.refund("alice", cost), Errc::invalid_argument);
    }
    EXPECT_EQ(check(limiter, longer).error, Errc::invalid_argument);
    EXPECT_EQ(peek(limiter, longer).error, Errc::invalid_argument);
    EXPECT_EQ(limiter.reset(longer), Errc::invalid_argument);
    EXPECT_EQ(limiter.refund(longer, 1), Errc::invalid_argument);
    EXPECT_TRUE(check(limiter, longest, 6).allowed);
    EXPECT_FALSE(check(limiter, longest).allowed);
    EXPECT_TRUE(check(limiter, "", 6).allowed);
    EXPECT_FALSE(check(limiter, "").allowed);
    EXPECT_TRUE(check(limiter, std::string_view{"\0", 1}, 6).allowed);
    EXPECT_FALSE(check(limiter, std::string_view{"\0", 1}).allowed);
    EXPECT_EQ(counted(limiter)[layout::count_allow], 3U);
}

// Fails if a reset leaves something spent, or touches another key.
TEST_P(LimiterDecisions, AResetMakesTheKeyAsGoodAsNew) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    ASSERT_TRUE(check(limiter, "bob", 6).allowed);
    EXPECT_EQ(limiter.reset("alice"), Errc::none);
    EXPECT_EQ(limiter.reset("nobody"), Errc::none);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 6U);
    EXPECT_EQ(peek(limiter, "alice", 0).reset_after, 0ns);
    EXPECT_TRUE(check(limiter, "alice", 6).allowed);
    EXPECT_FALSE(check(limiter, "bob").allowed);
    EXPECT_EQ(counted(limiter)[layout::count_reset], 2U);
}

// Fails if more comes back than was given, or a key holds more than its capacity afterwards.
TEST_P(LimiterDecisions, ARefundGivesBackAndNeverBeyondTheCapacity) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    EXPECT_EQ(limiter.refund("alice", 2), Errc::none);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 2U);
    EXPECT_EQ(limiter.refund("alice", 0), Errc::none);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 2U);
    EXPECT_EQ(limiter.refund("alice", 4), Errc::none);
    EXPECT_EQ(limiter.refund("alice", 1000), Errc::none);
    EXPECT_EQ(limiter.refund("alice", std::numeric_limits<std::int64_t>::max()), Errc::none);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 6U);
    EXPECT_TRUE(check(limiter, "alice", 6).allowed);
    EXPECT_FALSE(check(limiter, "alice").allowed);
}

// Fails if who asks with a clock that is behind can spend what was spent at the later time.
TEST_P(LimiterDecisions, TimeNeverGoesBack) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    for (const auto behind :
         {1ns, std::chrono::nanoseconds{30s}, std::chrono::nanoseconds{61s}, std::chrono::nanoseconds{50min}}) {
        now -= static_cast<std::uint64_t>(behind.count());
        EXPECT_FALSE(check(limiter, "alice").allowed) << behind.count();
        now += static_cast<std::uint64_t>(behind.count());
    }
}

// Fails if shadow hides what it would have done or spends for it, or `off` counts, spends or denies.
TEST_P(LimiterDecisions, ShadowOnlyReportsAndOffDoesNothing) {
    LimiterOptions options = six_a_minute();
    options.mode = Mode::shadow;
    const auto limiter = make(options);
    EXPECT_FALSE(check(limiter, "alice", 6).shadow);
    for (int i = 0; i < 3; ++i) {
        const Decision observed = check(limiter, "alice", 2);
        EXPECT_TRUE(observed.allowed);
        EXPECT_TRUE(observed.shadow);
        EXPECT_GT(observed.retry_after, 0ns);
        EXPECT_TRUE(peek(limiter, "alice", 2).shadow);
    }
    auto counts = counted(limiter);
    EXPECT_EQ(counts[layout::count_allow], 1U);
    EXPECT_EQ(counts[layout::cost_allow], 6U);
    EXPECT_EQ(counts[layout::count_shadow], 3U);
    EXPECT_EQ(counts[layout::cost_shadow], 6U);
    EXPECT_EQ(counts[layout::count_deny], 0U);

    options.mode = Mode::off;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", options));
    const std::string before{memory()};
    for (const char* key : {"alice", "bob"}) {
        const Decision through = check(limiter, key, 1000);
        EXPECT_TRUE(through.allowed);
        EXPECT_FALSE(through.shadow);
        EXPECT_EQ(through.remaining, 6U);
    }
    EXPECT_TRUE(memory() == before);

    options.mode = Mode::enforce;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", options));
    EXPECT_EQ(counted(limiter), counts);
}

// Fails if a read-only attachment can spend, or cannot look.
TEST_P(LimiterDecisions, AReadOnlyAttachmentOnlyPeeks) {
    const auto limiter = make(six_a_minute());
    ASSERT_TRUE(check(limiter, "alice", 4).allowed);
    const auto looking =
        std::make_shared<const shm::attachment>(*shm::segment::attach(path(), shm::segment::access::read_only));
    const primitives::limiter seen{looking, limiter.place()};
    EXPECT_EQ(check(seen, "alice").error, Errc::read_only);
    EXPECT_FALSE(check(seen, "alice").allowed);
    EXPECT_EQ(seen.reset("alice"), Errc::read_only);
    EXPECT_EQ(seen.refund("alice", 1), Errc::read_only);
    EXPECT_EQ(peek(seen, "alice", 2).remaining, 0U);
    EXPECT_FALSE(peek(seen, "alice", 3).allowed);
    EXPECT_TRUE(check(seen, "alice", 0).allowed);
}

// Fails if a handle follows its name to another limiter.
TEST_P(LimiterDecisions, ADeletedLimiterStaysDeletedForItsHandles) {
    const auto old = make(six_a_minute());
    ASSERT_TRUE(check(old, "alice").allowed);
    ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
    EXPECT_EQ(check(old, "alice").error, Errc::deleted);
    const auto successor = make(six_a_minute());
    const std::string before{memory()};
    EXPECT_EQ(check(old, "alice").error, Errc::deleted);
    EXPECT_FALSE(check(old, "alice").allowed);
    EXPECT_EQ(peek(old, "alice").error, Errc::deleted);
    EXPECT_EQ(old.reset("alice"), Errc::deleted);
    EXPECT_EQ(old.refund("alice", 1), Errc::deleted);
    EXPECT_TRUE(memory() == before);
    EXPECT_EQ(check(successor, "alice").remaining, 5U);
    EXPECT_EQ(counted(successor)[layout::count_allow], 1U);
}

}  // namespace
}  // namespace seki::test
