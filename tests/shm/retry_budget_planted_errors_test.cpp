// Parts of the retry budget that are needed: without one, some interleaving goes wrong, and the exploration says which. The budgets here are the one
// that ships with a line changed (planted_retry.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/adds_up_first.hpp"
#include "planted/begins_without_a_swap.hpp"
#include "planted/counts_calls_again.hpp"
#include "planted/reads_the_clock_first.hpp"
#include "planted/reads_the_terms_first.hpp"
#include "planted/takes_whatever_stands.hpp"
#include "planted_error.hpp"
#include "shm/retry_budget_scenarios.hpp"

namespace seki::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

template <class Budget>
using with = retry_budget_scenarios<Budget>;

TEST(RetryBudgetPlantedErrors, WithoutASwapARetryIsGivenTwice) {
    using broken = with<shm::begins_without_a_swap::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::the_last_one), StartsWith("the last retry is given twice"));
    EXPECT_THAT(found({.preemptions = 2}, broken::a_new_window), StartsWith("the last retry is given twice"));
}

TEST(RetryBudgetPlantedErrors, ReadingTheClockFirstBeginsAWindowOfThePast) {
    using broken = with<shm::reads_the_clock_first::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::time_passes), HasSubstr("more than allowed"));
}

TEST(RetryBudgetPlantedErrors, AddingUpFirstCountsACallTwice) {
    using broken = with<shm::adds_up_first::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 4}, broken::calls_back_retries), HasSubstr("more than allowed"));
}

TEST(RetryBudgetPlantedErrors, ReadingTheTermsFirstAllowsWhatTheyAllowNoMore) {
    using broken = with<shm::reads_the_terms_first::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::the_ratio_is_lowered), HasSubstr("more than allowed"));
}

TEST(RetryBudgetPlantedErrors, OneThatIsLateGivesAnotherBudgetWhatItsOwnCallsBack) {
    using broken = with<shm::takes_whatever_stands::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::one_is_late_in_reused_memory), HasSubstr("more than allowed"));
}

TEST(RetryBudgetPlantedErrors, AWindowThatForgetsWhatItCountedCountsItAgain) {
    using broken = with<shm::counts_calls_again::retry_budget<stepped>>;
    EXPECT_THAT(found({.preemptions = 1}, broken::calls_back_retries), HasSubstr("more than allowed"));
}

}  // namespace
}  // namespace seki::test
