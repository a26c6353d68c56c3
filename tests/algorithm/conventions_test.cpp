// What outcome.hpp says of every law, held against states that nobody wrote and terms that nobody could have configured.
#include "algorithm/fixed_window.hpp"
#include "algorithm/gcra.hpp"
#include "algorithm/sliding_window.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "bounds.hpp"
#include "dice.hpp"
#include "support/sanitizers.hpp"
#include "window_adapters.hpp"

namespace seki::tests {
namespace {

using algorithm::never;
using algorithm::outcome;

struct gcra_law {
    using terms = algorithm::gcra::terms;

    static outcome check(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::gcra::check(state, t, cost, law);
    }
    static std::uint64_t refund(std::uint64_t state, nanos t, std::uint64_t cost, const terms& law) {
        return algorithm::gcra::refund(state, t, cost, law);
    }
    static std::uint64_t undo(std::uint64_t state, nanos t, std::uint64_t cost, std::uint64_t then, const terms& law) {
        return algorithm::gcra::undo(state, t, cost, then, law);
    }
    static bool as_good_as_new(std::uint64_t state, nanos t, const terms&) {
        return algorithm::gcra::as_good_as_new(state, t);
    }
};

// Terms with every word scribbled on, but for the divisors.
void scribble(dice& random, gcra_law::terms& law) { law = {random.word() | 1, random.word(), random.word()}; }
void scribble(dice& random, fixed_window_law::terms& law) { law = {random.word() | 1, random.word(), random.word()}; }
void scribble(dice& random, sliding_window_law::terms& law) {
    law = {random.word() | 1, random.word(), random.word(), static_cast<unsigned>(random.between(1, 24))};
}

void configure(dice& random, gcra_law::terms& law) {
    const nanos window = any_window(random);
    law.emission = algorithm::gcra::emission_for(window, any_limit(random, window));
    law.burst =
        random.magnitude(1, std::min(longest_backlog * algorithm::gcra::ticks_per_nano / law.emission, greatest_limit));
    law.horizon = law.burst * law.emission;
    law.reciprocal = algorithm::gcra::reciprocal_of(law.emission);
}
void configure(dice& random, fixed_window_law::terms& law) { law = any_terms<fixed_window_law>(random); }
void configure(dice& random, sliding_window_law::terms& law) { law = any_terms<sliding_window_law>(random); }

template <class Terms>
std::uint64_t capacity(const Terms& law) {
    if constexpr (requires { law.burst; })
        return law.burst;
    else
        return law.limit;
}

template <class Law>
class Conventions : public testing::Test {};
struct law_names {
    template <class Law>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Law, gcra_law>)
            return "gcra";
        else
            return window_names::GetName<Law>(0);
    }
};
using all_laws = testing::Types<gcra_law, fixed_window_law, sliding_window_law>;
TYPED_TEST_SUITE(Conventions, all_laws, law_names);

// Fails by a sanitizer, a signal, or bit 63, which the key table would take for a slot that is not one yet.
TYPED_TEST(Conventions, ScribbledStatesAndTermsBreakNothing) {
    using law = TypeParam;
    dice random{31};
    typename law::terms terms;
    for (int step = 0; step < test::rounds(1'000'000); ++step) {
        if (step % 16 == 0) scribble(random, terms);
        const std::uint64_t state = random.magnitude(0, ~0ULL);
        const nanos t = random.magnitude(0, algorithm::lifetime);
        const std::uint64_t cost = random.one_in(2) ? random.word() : random.magnitude(0, 1000);
        const outcome each = law::check(state, t, cost, terms);
        if (each.allowed && cost > 0) {
            ASSERT_EQ(each.state >> 63, 0U);
        }
        if (!each.allowed) {
            ASSERT_EQ(each.state, state);
        }
        ASSERT_EQ(law::refund(state, t, cost, terms) >> 63, 0U);
        ASSERT_EQ(law::undo(state, t, cost, random.word(), terms) >> 63, 0U);
        static_cast<void>(law::as_good_as_new(state, t, terms));
    }
}

// Fails when a state that nobody could have written gets a time beyond `never`, more than the capacity, or a retry that is not exact.
TYPED_TEST(Conventions, ScribbledStateIsAnsweredLikeAnyOther) {
    using law = TypeParam;
    dice random{32};
    typename law::terms terms;
    for (int step = 0; step < test::rounds(1'000'000); ++step) {
        if (step % 16 == 0) configure(random, terms);
        const std::uint64_t state = random.magnitude(0, algorithm::state_mask);
        const nanos t = random.magnitude(0, algorithm::lifetime);
        const std::uint64_t cost = any_cost(random, capacity(terms));
        const outcome each = law::check(state, t, cost, terms);
        ASSERT_LE(each.remaining, capacity(terms));
        ASSERT_LE(each.retry_after, never);
        ASSERT_LE(each.reset_after, never);
        ASSERT_EQ(each.retry_after == never, cost > capacity(terms));
        ASSERT_EQ(each.retry_after == 0, each.allowed);
        if (!each.allowed && cost <= capacity(terms) && t + each.retry_after < algorithm::lifetime) {
            ASSERT_TRUE(law::check(state, t + each.retry_after, cost, terms).allowed);
            ASSERT_FALSE(law::check(state, t + each.retry_after - 1, cost, terms).allowed);
        }
        if (t + each.reset_after < algorithm::lifetime) {
            ASSERT_TRUE(law::as_good_as_new(each.state, t + each.reset_after, terms));
            if (each.reset_after > 0) {
                ASSERT_FALSE(law::as_good_as_new(each.state, t + each.reset_after - 1, terms));
            }
        }
    }
}

// Fails when a slot given away because its state was as good as new would have mattered later.
TYPED_TEST(Conventions, StateAsGoodAsNewStaysSoAndAnswersAsNone) {
    using law = TypeParam;
    dice random{33};
    typename law::terms terms;
    for (int step = 0; step < test::rounds(1'000'000); ++step) {
        if (step % 16 == 0) configure(random, terms);
        const nanos t = random.magnitude(0, longest_uptime);
        ASSERT_TRUE(law::as_good_as_new(0, t, terms));
        std::uint64_t state = random.magnitude(0, algorithm::state_mask);
        if (random.one_in(2))
            state = law::check(0, random.magnitude(0, t), random.between(1, capacity(terms)), terms).state;
        if (!law::as_good_as_new(state, t, terms)) continue;
        const nanos later = random.one_in(4) ? t : t + random.magnitude(0, algorithm::lifetime - t);
        ASSERT_TRUE(law::as_good_as_new(state, later, terms));
        const std::uint64_t cost = any_cost(random, capacity(terms));
        const outcome kept = law::check(state, later, cost, terms);
        const outcome evicted = law::check(0, later, cost, terms);
        ASSERT_EQ(kept.allowed, evicted.allowed);
        ASSERT_EQ(kept.remaining, evicted.remaining);
        ASSERT_EQ(kept.retry_after, evicted.retry_after);
        ASSERT_EQ(kept.delay, evicted.delay);
    }
}

}  // namespace
}  // namespace seki::tests
