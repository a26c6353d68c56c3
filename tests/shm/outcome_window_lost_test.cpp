// Who puts an outcome into a window, loses to others, and counts again from what it counted before: what it says must be what the window says.
//
//     SEKI_SEED=7 build/tests/shm/outcome_window_lost_test
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "shm/outcome_window.hpp"
#include "support/seed.hpp"
#include "support/unlucky_memory.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;
using machine = shm::hardware;
using shm::recorded;

constexpr std::uint32_t generation = 3;
constexpr auto always = [] { return true; };

law::outcome any_outcome(std::mt19937_64& random) {
    const auto drawn = random() % 4;
    return drawn == 0 ? law::outcome::error : drawn == 1 ? law::outcome::slow : law::outcome::ok;
}

// Terms by which it is often a matter of one outcome.
law::terms any_terms(std::mt19937_64& random, law::window_type type, std::uint64_t window) {
    return {.window_type = type,
            .window = window,
            .minimum_calls = 1 + random() % 40,
            .failure_threshold = 15 + random() % 20,
            .slow_call_threshold = 40 + random() % 20};
}

// Fails if errors and slow ones that left the window while it counted are counted still, or some that came are not, or twice.
TEST(LostOutcomes, OfACountWindowAreCountedAgain) {
    std::mt19937_64 random{seed_or(91)};
    int tripped = 0, trials = 0;
    for (int life = 0; life < 400; ++life) {
        layout::pair end{};
        std::array<layout::pair, 8> ring{};
        const shm::count_window<unlucky> subject{end, ring};
        const shm::count_window<> others{end, ring};
        const auto terms = any_terms(random, law::window_type::count, 1 + random() % 144);
        const auto others_push = [&](std::uint64_t how_many) {
            for (std::uint64_t i = 0; i < how_many; ++i)
                EXPECT_NE(others.push(generation, any_outcome(random), terms, false, always), recorded::hindered);
        };
        others_push(random() % 300);
        for (int push = 0; push < 10; ++push) {
            std::uint64_t to_lose = random() % 4;
            unlucky::loses = [&](const void* swapped) {
                if (swapped != &end || to_lose == 0) return false;
                --to_lose;
                others_push(1 + random() % (random() % 4 == 0 ? 300 : 60));
                return true;
            };
            const auto outcome = random() % 2 == 0 ? law::outcome::error : law::outcome::slow;
            const auto said = subject.push(generation, outcome, terms, false, always);
            unlucky::loses = [](const void* /*where*/) { return false; };
            const bool trips = law::trips(others.look(generation, terms), terms);
            ASSERT_EQ(said, trips ? recorded::trips : recorded::counted) << "life " << life << ", push " << push;
            tripped += trips ? 1 : 0;
            ++trials;
        }
    }
    EXPECT_GT(tripped, trials / 10);
    EXPECT_LT(tripped, trials - trials / 10);
}

// Fails if the window of who would open it is taken for what it was before another put an outcome in.
TEST(LostOutcomes, WhoWouldOpenItLooksAgain) {
    layout::pair end{};
    std::array<layout::pair, 8> ring{};
    const shm::count_window<unlucky> subject{end, ring};
    const shm::count_window<> others{end, ring};
    const law::terms terms{.window = 10, .minimum_calls = 2, .failure_threshold = 50};
    ASSERT_EQ(others.push(generation, law::outcome::ok, terms, true, always), recorded::counted);
    // By its first look it is one of two.
    int looks = 0;
    const changes other{&end, 2, [&] {
                            if (++looks == 2) (void)others.push(generation, law::outcome::ok, terms, true, always);
                        }};
    EXPECT_EQ(subject.push(generation, law::outcome::error, terms, true, always), recorded::counted);
    EXPECT_EQ(others.look(generation, terms), (law::tally{.total = 3, .errors = 1}));
}

// Fails if a block that is full is put over a newer one by who was overtaken while it looked, or an outcome is lost with it.
TEST(LostOutcomes, AFullBlockIsKeptOnce) {
    for (int when = 1; when < 8; ++when) {
        layout::pair end{};
        std::array<layout::pair, 3> ring{};
        const shm::count_window<unlucky> subject{end, ring};
        const shm::count_window<> others{end, ring};
        const law::terms terms{.window = 24, .minimum_calls = 24, .failure_threshold = 100};
        for (int i = 0; i < 24; ++i) (void)others.push(generation, law::outcome::error, terms, false, always);
        int looks = 0;
        const changes other{&end, 100, [&] {
                                if (++looks != when) return;
                                for (int i = 0; i < 24 * 3; ++i)
                                    (void)others.push(generation, law::outcome::slow, terms, false, always);
                            }};
        EXPECT_NE(subject.push(generation, law::outcome::slow, terms, false, always), recorded::hindered);
        const auto seen = others.look(generation, terms);
        EXPECT_EQ(seen.slow + seen.errors, 24U) << when;
        EXPECT_EQ(seen.errors, looks >= when ? 0U : 23U) << when;
    }
}

// A window as large as there are, and somebody who changes its end before each look at it; the looks at its full blocks are counted.
struct changing {
    static constexpr std::uint64_t in_window = 65'536;
    layout::pair end{};
    std::vector<layout::pair> ring = std::vector<layout::pair>(in_window / layout::outcomes_in_block + 3);
    const shm::count_window<unlucky> subject{end, ring};
    const shm::count_window<> others{end, ring};
    const law::terms terms{.window = in_window, .minimum_calls = in_window, .failure_threshold = 100};
    std::uint64_t looks = 0;

    changing() = default;
    changing(const changing&) = delete;
    changing& operator=(const changing&) = delete;
    ~changing() {
        unlucky::before_look = [](const void* /*where*/) {};
    }
    void push(law::outcome outcome, std::uint64_t how_many) {
        for (std::uint64_t i = 0; i < how_many; ++i) (void)others.push(generation, outcome, terms, true, always);
    }
    template <class Change>
    void before_each_look(Change change) {
        unlucky::before_look = [this, change](const void* where) {
            if (where == &end)
                change();
            else
                ++looks;
        };
    }
};

// Fails if who looks at a large window counts all of it anew each time that another puts an outcome in: then it never comes to an end while others are busy.
TEST(LostOutcomes, WhoLooksCountsWhatCameMeanwhileAndNoMore) {
    changing window;
    window.push(law::outcome::ok, 2 * changing::in_window);
    int left = 100;
    window.before_each_look([&] {
        if (left-- > 0) window.push(law::outcome::slow, layout::outcomes_in_block);
    });
    EXPECT_EQ(window.subject.look(generation, window.terms),
              (law::tally{.total = changing::in_window, .slow = 100 * layout::outcomes_in_block}));
    EXPECT_LT(left, 0);
    EXPECT_LT(window.looks, 2 * window.ring.size());
}

// Fails if somebody who scribbles on the end of a large window makes who looks, or who has an outcome, count all of it in each of many rounds.
TEST(LostOutcomes, WhereTheEndIsScribbledOnItIsGivenUp) {
    changing window;
    window.push(law::outcome::ok, 100);
    window.before_each_look([&] {
        auto end = layout::unpack_outcome_block(shm::read_halves<machine>(window.end));
        end.number = (end.number + 10 * changing::in_window) & layout::outcome_count_mask;
        machine::store_pair_release(window.end, layout::pack(end));
    });
    const lost_swaps others{&window.end, 2 * shm::max_window_rounds};
    const std::uint64_t most = 2 * shm::max_blocks_counted;
    EXPECT_EQ(window.subject.look(generation, window.terms), law::tally{});
    EXPECT_LT(std::exchange(window.looks, 0), most);
    EXPECT_EQ(window.subject.push(generation, law::outcome::error, window.terms, true, always), recorded::hindered);
    EXPECT_LT(window.looks, most);
}

}  // namespace
}  // namespace seki::test
