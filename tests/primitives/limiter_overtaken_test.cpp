// Who was overtaken by another's check of its key between its look at the slot and its own compare-and-swap, and who was let through by terms that were
// changed before it could say so: what becomes of the straight way then.
#include <tuple>

#include "limiter_fixture.hpp"

namespace seki::test {
namespace {

class LimiterOvertaken : public EveryLimiterTest {
protected:
    static LimiterOptions six_in_a_year() {
        return {.algorithm = GetParam(), .limit = 6, .window = 366 * 24h, .max_keys = 64};
    }
    // What straight() asks when its compare-and-swap failed, by the slot and the terms that it had found.
    struct beaten {
        const primitives::limiter& by;
        std::string_view key;
        std::uint64_t tag = by.hash()(key);
        layout::pair* slot = by.table().find(tag).slot;
        std::uint64_t version = shm::terms_version(by.attachment().where().directory()[by.place().index]);
    };
    [[nodiscard]] std::optional<Decision> overtaken(const beaten& who, std::uint64_t cost) const {
        return who.by.overtaken(who.key, cost, who.slot, who.tag, now, who.version);
    }
    static auto all_of(const Decision& told) {
        return std::tuple{told.allowed,   told.shadow,      told.error,       told.limit,
                          told.remaining, told.retry_after, told.reset_after, told.delay};
    }
};
INSTANTIATE_TEST_SUITE_P(, LimiterOvertaken,
                         testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket),
                         name_of_algorithm);

// Fails if who was overtaken is told, spends or counts another thing than who comes second without a race; or does so more than once.
TEST_P(LimiterOvertaken, IsLetThroughAsWhoComesSecond) {
    const auto raced = make(six_in_a_year(), "raced"), calm = make(six_in_a_year(), "calm");
    ASSERT_TRUE(check(raced, "alice").allowed);
    ASSERT_TRUE(check(calm, "alice").allowed);
    const auto told = overtaken({raced, "alice"}, 2);
    ASSERT_TRUE(told);
    EXPECT_EQ(all_of(*told), all_of(check(calm, "alice", 2)));
    EXPECT_EQ(told->remaining, 3U);
    EXPECT_EQ(counted(raced), counted(calm));
    EXPECT_EQ(raced.table().find(raced.hash()("alice")).state, calm.table().find(calm.hash()("alice")).state);
}

// Fails if what the other left is too little, and it is spent or answered all the same: a denial has its own way.
TEST_P(LimiterOvertaken, DecidesNothingWhereTooLittleIsLeft) {
    const auto limiter = make(six_in_a_year());
    ASSERT_TRUE(check(limiter, "alice", 4).allowed);
    const std::string before{memory()};
    EXPECT_FALSE(overtaken({limiter, "alice"}, 3));
    EXPECT_TRUE(memory() == before);
    EXPECT_TRUE(overtaken({limiter, "alice"}, 2));
}

// Fails if it goes by terms that are in force no more.
TEST_P(LimiterOvertaken, DecidesNothingByTermsOfBefore) {
    const auto limiter = make(six_in_a_year());
    ASSERT_TRUE(check(limiter, "alice").allowed);
    const beaten late{limiter, "alice"};
    LimiterOptions fewer = six_in_a_year();
    fewer.limit = 5;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", fewer));
    const std::string before{memory()};
    EXPECT_FALSE(overtaken(late, 1));
    EXPECT_TRUE(memory() == before);
}

// Fails if the key's slot was given to another key meanwhile, and that one pays.
TEST_P(LimiterOvertaken, DecidesNothingWhereItsSlotIsAnothers) {
    const auto limiter = make(six_in_a_year());
    ASSERT_TRUE(check(limiter, "alice").allowed);
    beaten late{limiter, "alice"};
    late.tag = limiter.hash()("bob");
    const std::string before{memory()};
    EXPECT_FALSE(overtaken(late, 1));
    EXPECT_TRUE(memory() == before);
}

// Fails if it spends in a limiter that was deleted meanwhile, or in a segment that was replaced: what it held may be another's by now.
TEST_P(LimiterOvertaken, DecidesNothingWhereTheLimiterStandsNoMore) {
    const auto limiter = make(six_in_a_year());
    ASSERT_TRUE(check(limiter, "alice").allowed);
    const beaten late{limiter, "alice"};
    shm::hardware::store_relaxed(where().header().id.superseded, 1);
    const std::string replaced{memory()};
    EXPECT_FALSE(overtaken(late, 1));
    EXPECT_TRUE(memory() == replaced);
    shm::hardware::store_relaxed(where().header().id.superseded, 0);
    ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
    const std::string deleted{memory()};
    EXPECT_FALSE(overtaken(late, 1));
    EXPECT_TRUE(memory() == deleted);
}

// Fails if who was let through by terms that are in force no more is told another thing than these say: what it spent, it spent by them.
TEST_P(LimiterOvertaken, IsToldByTheTermsThatItWasLetThroughBy) {
    const auto limiter = make(six_in_a_year());
    const auto terms = limiter.terms();
    ASSERT_TRUE(check(limiter, "alice").allowed);
    const Decision told = check(limiter, "alice", 2);
    LimiterOptions fewer = six_in_a_year();
    fewer.limit = 3;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", fewer));
    const Decision late = limiter.told_late(terms.emission, 2 * terms.emission, 2, terms.horizon);
    EXPECT_EQ(all_of(late), all_of(told));
    EXPECT_EQ(late.limit, 6U);
}

// Fails if a price of nothing, which only somebody who scribbles on the terms can make, is divided by, or by more than it must.
TEST_P(LimiterOvertaken, IsToldByScribbledTermsToo) {
    const auto limiter = make(six_in_a_year());
    EXPECT_EQ(limiter.told_late(0, 0, 1, 100).limit, 100U);
    EXPECT_EQ(limiter.told_late(0, 1, 2, 100).limit, 100U);
}

}  // namespace
}  // namespace seki::test
