// What the doctor knows of hedges: healthy in use, and each invariant broken by hand, found by name, mended.
#include <chrono>

#include "doctor_fixture.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge_family.hpp"
#include "shm/hedge_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

class DoctorOfHedges : public DoctorTest {
protected:
    [[nodiscard]] static HedgeOptions hedge_options() { return {.delay = 1h, .ratio = 0, .min_per_second = 3}; }
    [[nodiscard]] shm::placement at() const { return *shm::directory{*where_}.find(layout::kind::hedge, "search"); }
    [[nodiscard]] layout::hedge_block& block() const { return shm::hedge_block_of(*where_, at()); }

    // In the place of another: the segment has room for no more.
    [[nodiscard]] Hedge made() const {
        EXPECT_TRUE(opened_->remove_limiter("other"));
        return *opened_->hedge("search", hedge_options());
    }
    const Hedge hedge_ = made();
};

// Fails when a hedge that nobody scribbled on is called wrong, or repair changes it.
TEST_F(DoctorOfHedges, AFreshOneAUsedOneAndADeletedOneAreSound) {
    expect_sound();
    for (int i = 0; i < 30; ++i) (void)hedge_.call([] {});
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(hedge_.status()->measured, 30U);
    ASSERT_TRUE(opened_->remove_hedge("search"));
    expect_sound();
    ASSERT_TRUE(opened_->hedge("search", hedge_options()));
    expect_sound();
}

// Fails when a budget that nobody could have begun is not found, or is left to be.
TEST_F(DoctorOfHedges, AWindowOfTheFutureIsFoundAndMended) {
    hardware::store_pair_release(
        block().budget.budget,
        {0, layout::pack(layout::budget_window{.start_ms = primitives::clock_ms() + 1'000'000, .left = 5})});
    expect_found_and_mended(invariant::budget_possible);
}

// Fails when calls of a time that has not come are not found, are left to be, or take those with them that were made.
TEST_F(DoctorOfHedges, CallsOfTheFutureAreFoundAndForgotten) {
    (void)hedge_.call([] {});
    hardware::store_relaxed(block().latencies.tallies[3][77], 0xffff'0000'0000'0005);
    expect_found_and_mended(invariant::calls_measured);
    EXPECT_EQ(hedge_.status()->measured, 1U);
}

// Fails when terms that no options give are not found.
TEST_F(DoctorOfHedges, TermsThatNoOptionsGiveGoBackToThoseOfTheCreation) {
    auto values = primitives::family<HedgeOptions>::terms_of(hedge_options());
    values[layout::hedge_max_extra] = 11;
    shm::publish_terms(entry(at().index), values);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(hedge_.options()->max_extra, hedge_options().max_extra);
}

// Fails when memory that a deleted one keeps, in a size that none has, is kept for good.
TEST_F(DoctorOfHedges, APieceThatNoneHadIsFreed) {
    const std::uint32_t index = at().index;
    ASSERT_TRUE(opened_->remove_hedge("search"));
    hardware::store_release(entry(index).arena_size, 4 * layout::page);
    expect_found_and_mended(invariant::entry_fits);
}

}  // namespace
}  // namespace seki::report
