// The window of an adaptive limit, one call after the other, against an account of the calls that is kept apart. What several do at once:
// adaptive_interleavings_test.cpp.
//
//     SEKI_SEED=7 build/tests/shm/adaptive_window_test
#include "shm/adaptive_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "support/seed.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::adaptive_limit;
using window = shm::adaptive_window<>;

constexpr std::uint64_t second = 1'000'000'000;

// The calls of the window that is under way, and where the limit stands.
struct account {
    law::terms by;
    law::position at{};
    std::vector<window::call> calls{};
    std::uint64_t windows = 0;

    [[nodiscard]] bool measures() const { return at.come_back != 0 && !at.settling; }
    [[nodiscard]] bool ends_with(const window::call& over) const {
        const std::size_t with_it = calls.size() + 1;
        return with_it >= std::min<std::uint64_t>(law::calls_to_end(at, by), 65'535) ||
               (measures() && law::ends(at, with_it, over.now, by));
    }
    [[nodiscard]] law::sample sample(std::uint64_t in_flight) const {
        law::sample all{.in_flight = in_flight, .now = calls.back().now};
        for (const window::call& each : calls) {
            ++(each.dropped ? all.drops : all.answered);
            if (!each.dropped) all.latencies += std::min(each.latency, law::greatest_latency);
        }
        return all;
    }
};

// Fails if a call is left out, or its latency is where it was dropped; if a window ends with another call, says something else of its calls, or moves the limit
// to where the law would not; or if what is in force is not what it came to.
TEST(AdaptiveWindow, EachWindowMovesTheLimitByAllOfItsCalls) {
    std::mt19937_64 random{seed_or(81)};
    std::uint64_t windows = 0, measured = 0;
    for (int life = 0; life < 60; ++life) {
        account model{.by = {.law = static_cast<law::law>(life % 3), .max_limit = 50, .window = 1 + random() % 12}};
        layout::adaptive_block block{};
        const window real{block};
        real.fill(model.by);
        EXPECT_EQ(real.window(), (layout::adaptive_window{.target = std::max<std::uint64_t>(model.by.window, 20)}));
        EXPECT_EQ(real.at(), law::position{});
        std::uint64_t in_force = 0, now = second;
        for (int i = 0; i < 3'000; ++i) {
            now += random() % (second / 4);
            const bool is_absurd = random() % 500 == 0;
            const window::call over{.dropped = random() % 12 == 0,
                                    .latency = is_absurd ? ~0ULL : 1'000'000 + random() % 2'000'000,
                                    .now = now};
            const std::uint64_t in_flight = 1 + random() % 60;
            const bool ends = model.ends_with(over);
            const std::uint64_t before = law::allowed(model.at, model.by);
            model.calls.push_back(over);
            if (ends) {
                measured += model.measures() ? 1U : 0U;
                model.at = law::moved(model.at, model.sample(in_flight), model.by);
                model.calls.clear();
                ++model.windows;
            }
            const auto made = real.add(
                over, [&] { return model.by; }, [&] { return in_flight; }, [&](auto most) { in_force = most(); });
            ASSERT_EQ(real.at(), model.at) << "life " << life << ", call " << i;
            ASSERT_EQ(real.window().calls, model.calls.size());
            ASSERT_EQ(real.window().number, model.windows & 0x7fff);
            ASSERT_EQ(real.window().measuring, model.measures());
            ASSERT_EQ(real.window().target, law::calls_to_end(model.at, model.by));
            const std::uint64_t after = law::allowed(model.at, model.by);
            ASSERT_EQ(made.from, ends ? before : 0);
            ASSERT_EQ(made.to, ends ? after : 0);
            if (ends) {
                ASSERT_EQ(in_force, after);
            }
        }
        windows += model.windows;
        in_force = 0;
        EXPECT_EQ(real.enforce([&] { return model.by; }, [&](auto most) { in_force = most(); }),
                  law::allowed(model.at, model.by));
        EXPECT_EQ(in_force, law::allowed(model.at, model.by));
    }
    EXPECT_GT(windows, 1'000U);
    EXPECT_GT(measured, 10U);
}

// Fails if more drops than calls, which somebody scribbled, make a window of many answered ones, or a target of nonsense lasts.
TEST(AdaptiveWindow, WhatSomebodyScribbledEndsWithItsWindow) {
    layout::adaptive_block block{};
    const window real{block};
    const law::terms by{.law = law::law::aimd, .window = 10};
    real.fill(by);
    shm::hardware::store_pair_release(block.window,
                                      {layout::pack(layout::adaptive_window{.target = 0, .calls = 2, .drops = 9}), 5});
    const auto made =
        real.add({.latency = 7, .now = second}, [&] { return by; }, [] { return 1U; }, [](auto most) { (void)most(); });
    EXPECT_EQ(made.from, 20U);
    EXPECT_EQ(made.to, 20U) << "the first window says nothing";
    EXPECT_EQ(real.window(), (layout::adaptive_window{.number = 1, .target = 20}));
}

// Fails if the doctor takes a window that add() leaves for damaged, or one that it never leaves for sound.
TEST(AdaptiveWindow, AWindowIsOpenAsLongAsItsCallsAreFewer) {
    const auto open = [](const layout::adaptive_window& of, std::uint64_t latencies) {
        return window::is_open({layout::pack(of), latencies});
    };
    constexpr std::uint64_t most = law::greatest_latency;
    EXPECT_TRUE(open({.target = 20}, 0));
    EXPECT_TRUE(open({.target = 20, .calls = 19, .drops = 19}, 0));
    EXPECT_FALSE(open({.target = 20, .calls = 20}, 0)) << "it would have ended";
    EXPECT_FALSE(open({.target = 20, .calls = 7, .drops = 8}, 0));
    EXPECT_TRUE(open({.target = 20, .calls = 7, .drops = 4}, 3 * most));
    EXPECT_FALSE(open({.target = 20, .calls = 7, .drops = 4}, 3 * most + 1)) << "nothing counts as longer";
    EXPECT_FALSE(open({.target = 20, .calls = 7, .drops = 7}, 1)) << "a call that was dropped has no latency";
}

// Fails if what the doctor begins in its place is not the next window that a call would have begun.
TEST(AdaptiveWindow, TheDoctorBeginsTheNext) {
    const law::terms by{.window = 30};
    struct {
        law::position at;
        bool measures;
    } const cases[]{{{}, false},
                    {{.limit = 5 * law::one, .come_back = 10 * law::one}, true},
                    {{.limit = 5 * law::one, .come_back = 10 * law::one, .settling = true}, false},
                    {{.limit = 5 * law::one, .settling = true}, false}};
    for (const auto& each : cases) {
        layout::adaptive_block block{};
        const window real{block};
        const auto at = law::pack(each.at);
        shm::hardware::store_pair_release(block.limit, {at.first, at.second});
        shm::hardware::store_pair_release(
            block.window, {layout::pack(layout::adaptive_window{.number = 6, .target = 9, .calls = 9, .drops = 2}), 5});
        const auto found = real.window_words();
        real.begin_another(found, by);
        EXPECT_EQ(real.window(),
                  (layout::adaptive_window{
                      .number = 7, .measuring = each.measures, .target = law::calls_to_end(real.at(), by)}));
        EXPECT_EQ(real.window_words().second, 0);
        real.begin_another(found, by);
        EXPECT_EQ(real.window().number, 7) << "in the place of that one, and of no other";
    }
}

}  // namespace
}  // namespace seki::test
