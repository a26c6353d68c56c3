// Parts of the permits that are needed: without one, some interleaving goes wrong, and the exploration says which. The tables here are the one that
// ships with a line changed (planted.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/asks_from_the_first_on.hpp"
#include "planted/forgets_beyond_drain.hpp"
#include "planted/hint_that_stays.hpp"
#include "planted/release_by_store.hpp"
#include "planted/without_count.hpp"
#include "planted/without_drain.hpp"
#include "planted/without_second_look.hpp"
#include "planted/without_version.hpp"
#include "planted_error.hpp"
#include "shm/permit_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

constexpr auto too_many = "more are held than any max allows";

TEST(PermitsPlantedErrors, NoSecondLookAtTheTermsIsFound) {
    using broken = permit_scenarios<shm::without_second_look::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::max_is_lowered), StartsWith(too_many));
}

TEST(PermitsPlantedErrors, NoCountAfterTakingIsFound) {
    using broken = permit_scenarios<shm::without_count::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_come_while_permits_drain), StartsWith(too_many));
}

TEST(PermitsPlantedErrors, TermsThatRecurAreFound) {
    using broken = permit_scenarios<shm::without_version::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::max_goes_up_and_down), StartsWith(too_many));
}

TEST(PermitsPlantedErrors, ForgettingWhatIsOutAboveMaxIsFound) {
    using broken = permit_scenarios<shm::without_drain::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::max_is_lowered), StartsWith(too_many));
}

TEST(PermitsPlantedErrors, ForgettingWhatAScribblerHidIsFound) {
    using broken = permit_scenarios<shm::forgets_beyond_drain::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 1}, broken::terms_are_set_right), StartsWith(too_many));
}

TEST(PermitsPlantedErrors, AHintThatStaysIsFound) {
    using broken = permit_scenarios<shm::hint_that_stays::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_for_one), StartsWith("a permit is free and cannot be had"));
}

TEST(PermitsPlantedErrors, AskingFromTheFirstOnIsFound) {
    using broken = permit_scenarios<shm::asks_from_the_first_on::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 0, .deaths = 1}, broken::two_ask_in_turns),
                StartsWith("nobody comes to a dead holder"));
}

TEST(PermitsPlantedErrors, GivingBackWithoutComparingIsFound) {
    using broken = permit_scenarios<shm::release_by_store::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::a_late_reclaimer), StartsWith(too_many));
}

}  // namespace
}  // namespace seki::test
