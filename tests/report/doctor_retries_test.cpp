// What the doctor knows of retries: healthy in every state, and each invariant broken by hand, found by name, mended.
#include <chrono>

#include "doctor_fixture.hpp"
#include "primitives/clock.hpp"
#include "primitives/retry_family.hpp"
#include "shm/counters.hpp"
#include "shm/retry_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

class DoctorOfRetries : public DoctorTest {
protected:
    [[nodiscard]] static RetryOptions retry_options() {
        return {.base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 3};
    }
    [[nodiscard]] shm::placement at() const { return *shm::directory{*where_}.find(layout::kind::retry, "again"); }
    [[nodiscard]] layout::retry_block& block() const {
        return *reinterpret_cast<layout::retry_block*>(where_->arena(at().arena_offset, at().arena_size).data());
    }
    void put(std::uint64_t counted, layout::budget_window window) const {
        hardware::store_pair_release(block().budget, {counted, layout::pack(window)});
    }
    [[nodiscard]] bool may_retry() const { return retry_.begin().failed().again; }

    // In the place of another: the segment has room for no more.
    [[nodiscard]] Retry made() const {
        EXPECT_TRUE(opened_->remove_limiter("other"));
        return *opened_->retry("again", retry_options());
    }
    const Retry retry_ = made();
};

// Fails when a budget that nobody scribbled on is called wrong, or repair changes it.
TEST_F(DoctorOfRetries, AFreshOneASpentOneAndADeletedOneAreSound) {
    expect_sound();
    EXPECT_TRUE(may_retry());
    expect_sound();
    while (may_retry()) {
    }
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    ASSERT_TRUE(opened_->remove_retry("again"));
    expect_sound();
    ASSERT_TRUE(opened_->retry("again", retry_options()));
    expect_sound();
}

// Fails when a window that nobody could have begun is not found, is left to be, or gives more than it may.
TEST_F(DoctorOfRetries, AWindowOfTheFutureIsFoundAndMended) {
    put(0, {.start_ms = primitives::clock_ms() + 1'000'000, .left = 5});
    expect_found_and_mended(invariant::budget_possible);
    EXPECT_EQ(retry_.status()->budget_left, 0U);
}
TEST_F(DoctorOfRetries, MoreCallsThanWereMadeAreFoundAndMended) {
    put(1'000, {.start_ms = primitives::clock_ms(), .left = 5});
    expect_found_and_mended(invariant::budget_possible);
    EXPECT_EQ(retry_.status()->budget_left, 0U);
}

// Fails when a retry does not go on by itself where somebody scribbled, in the next window at the latest.
TEST_F(DoctorOfRetries, AScribbledBudgetComesRightByItself) {
    put(~0ULL, {.start_ms = (1ULL << 40) - 1, .left = 0});
    EXPECT_TRUE(may_retry());
    expect_sound();
}

// Fails when terms that no options give are not found.
TEST_F(DoctorOfRetries, TermsThatNoOptionsGiveGoBackToThoseOfTheCreation) {
    auto values = primitives::family<RetryOptions>::terms_of(retry_options());
    values[layout::retry_max_attempts] = 0;
    shm::publish_terms(entry(at().index), values);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(retry_.options()->max_attempts, retry_options().max_attempts);
}

// Fails when memory that a deleted one keeps, in a size that none has, is kept for good.
TEST_F(DoctorOfRetries, APieceThatNoneHadIsFreed) {
    const std::uint32_t index = at().index;
    ASSERT_TRUE(opened_->remove_retry("again"));
    hardware::store_release(entry(index).arena_size, 2 * layout::page);
    expect_found_and_mended(invariant::entry_fits);
}

}  // namespace
}  // namespace seki::report
