// What the doctor knows of adaptive limits and shedders: healthy in every state, and each invariant broken by hand, found by name, mended.
#include <chrono>
#include <vector>

#include "doctor_fixture.hpp"
#include "primitives/adaptive_family.hpp"
#include "primitives/adaptive_status.hpp"
#include "primitives/shedder_family.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

class DoctorOfLimits : public DoctorTest {
protected:
    // In the place of others: the segment has room for no more.
    DoctorOfLimits() {
        EXPECT_TRUE(opened_->remove_limiter("other") && opened_->remove_breaker("calls"));
        limit_.emplace(*opened_->adaptive("limit", limit_options()));
        door_.emplace(*opened_->shedder("door", door_options()));
    }
    static AdaptiveOptions limit_options() {
        return {.algorithm = AdaptiveLaw::aimd, .max_limit = 9, .initial_limit = 5, .window = 4};
    }
    static ShedderOptions door_options() { return {.max_in_flight = 10}; }
    [[nodiscard]] shm::placement limit() const {
        return *shm::directory{*where_}.find(layout::kind::adaptive, "limit");
    }
    [[nodiscard]] shm::placement door() const { return *shm::directory{*where_}.find(layout::kind::shedder, "door"); }
    [[nodiscard]] layout::adaptive_block& block() const {
        const shm::placement at = limit();
        return *reinterpret_cast<layout::adaptive_block*>(where_->arena(at.arena_offset, at.arena_size).data() +
                                                          at.arena_size - sizeof(layout::adaptive_block));
    }
    // Of its permits.
    [[nodiscard]] layout::permit_control& control(const shm::placement& at) const {
        const std::uint64_t before =
            sizeof(layout::permit_bell) + shm::permits<>::bytes_for(shm::unpack_bulkhead_shape(at.shape).waiting);
        return *reinterpret_cast<layout::permit_control*>(where_->arena(at.arena_offset, at.arena_size).data() +
                                                          before);
    }
    // The third permit of it.
    [[nodiscard]] layout::word& permit(const shm::placement& at) const {
        return reinterpret_cast<layout::word*>(&control(at) + 1)[2];
    }

    std::optional<Adaptive> limit_;
    std::optional<Shedder> door_;
};

// Fails when what nobody scribbled on is called wrong, or repair changes it.
TEST_F(DoctorOfLimits, FreshOnesUsedOnesAndDeletedOnesAreSound) {
    expect_sound();
    for (int call = 0; call < 40; ++call)
        (void)limit_->call([] {}, [&] { return call % 7 == 0 ? Outcome::error : Outcome::ok; });
    std::vector<InFlight> held;
    for (auto one = door_->admit(3); one; one = door_->admit(3)) held.push_back(std::move(*one));
    for (int beyond = 0; beyond < 20; ++beyond) held.push_back(*door_->admit(0));
    expect_sound();
    ASSERT_TRUE(opened_->change("limit", AdaptiveOptions{.max_limit = 3, .initial_limit = 2}));
    ASSERT_TRUE(opened_->change("door", ShedderOptions{.max_in_flight = 2}));
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    held.clear();
    ASSERT_TRUE(opened_->remove_adaptive("limit") && opened_->remove_shedder("door"));
    expect_sound();
}

// Fails when a probe that comes in years is not found: the usual latency would never be found out again.
TEST_F(DoctorOfLimits, AProbeThatIsFarAwayIsFoundAndMended) {
    hardware::store_pair_release(block().limit, {5ULL << 48, ~0ULL});
    expect_found_and_mended(invariant::limit_possible);
}

// Fails when a table that lets nobody in, or more than was asked for, is not found.
TEST_F(DoctorOfLimits, AMaximumThatTheTermsDoNotGiveIsFoundAndMended) {
    shm::permits_of(*where_, limit()).set_max(0);
    expect_found_and_mended(invariant::maxima_agree);
    EXPECT_EQ(limit_->status()->limit, 5U);
    shm::permits_of(*where_, door()).set_max(999);
    expect_found_and_mended(invariant::maxima_agree);
    EXPECT_EQ(door_->status()->max_in_flight, 10U);
}

// Fails when who sets a maximum anew forgets what is held beyond it: as many more would be let in.
TEST_F(DoctorOfLimits, WhatIsHeldIsCountedWhateverStoodInTheTermsOfItsTable) {
    std::vector<AdaptivePermit> permits;
    while (auto taken = limit_->try_acquire()) permits.push_back(std::move(*taken));
    std::vector<InFlight> requests;
    for (int request = 0; request < 15; ++request) requests.push_back(*door_->admit(0));
    ASSERT_TRUE(opened_->change("limit", AdaptiveOptions{.max_limit = 3, .initial_limit = 2}));
    ASSERT_TRUE(opened_->change("door", ShedderOptions{.max_in_flight = 2}));
    const std::uint64_t allowed = limit_->status()->limit;
    for (const bool by_upkeep : {false, true}) {
        for (const shm::placement& at : {limit(), door()}) hardware::store_release(control(at).terms, 0);
        if (by_upkeep)
            ASSERT_TRUE(opened_->maintain());
        else
            expect_found_and_mended(invariant::maxima_agree);
        EXPECT_EQ(limit_->status()->in_use, permits.size());
        EXPECT_EQ(limit_->status()->limit, allowed);
        EXPECT_EQ(door_->status()->in_flight, requests.size());
        EXPECT_EQ(door_->status()->max_in_flight, 2U);
    }
    EXPECT_EQ(permits.size(), 5U);
}

// Fails when a maximum that somebody else sets after the scribbler, by a change of the options or at the end of a window of calls, hides for good what is held beyond it.
TEST_F(DoctorOfLimits, WhatIsHeldIsCountedWhoeverSetTheMaximumMeanwhile) {
    (void)limit_->call([] {});  // the first of the five calls of a window
    std::vector<AdaptivePermit> permits;
    while (auto taken = limit_->try_acquire()) permits.push_back(std::move(*taken));
    ASSERT_EQ(permits.size(), 5U);
    std::vector<InFlight> requests;
    for (int request = 0; request < 15; ++request) requests.push_back(*door_->admit(0));
    const auto scribble_on = [&](const shm::placement& at, std::uint64_t max) {
        hardware::store_release(control(at).terms, layout::pack(layout::permit_terms{7, max, max}));
    };
    AdaptiveOptions lowered = limit_options();
    lowered.initial_limit = 1;
    for (const std::uint64_t most : {3U, 2U}) {
        for (const shm::placement& at : {limit(), door()}) scribble_on(at, 1);
        lowered.max_limit = most;
        ASSERT_TRUE(opened_->change("limit", lowered));
        ASSERT_TRUE(opened_->change("door", ShedderOptions{.max_in_flight = most}));
        EXPECT_EQ(limit_->status()->in_use, permits.size());
        EXPECT_EQ(door_->status()->in_flight, requests.size());
    }
    scribble_on(limit(), 1);
    for (; permits.size() > 1; permits.erase(permits.begin())) EXPECT_TRUE(permits.front().release());
    ASSERT_NE(layout::unpack_permit_terms(hardware::load_acquire(control(limit()).terms)).version, 7U)
        << "no window ended";
    scribble_on(door(), 2);
    ASSERT_TRUE(primitives::is_enforced(*where_, limit()));
    ASSERT_EQ(limit_->status()->in_use, 0U);
    ASSERT_TRUE(opened_->maintain());
    EXPECT_EQ(limit_->status()->in_use, 1U);
    EXPECT_EQ(door_->status()->in_flight, requests.size());
}

// Fails when terms that no options give are not found.
TEST_F(DoctorOfLimits, TermsThatNoOptionsGiveGoBackToThoseOfTheCreation) {
    auto values = primitives::family<AdaptiveOptions>::terms_of(limit_options());
    values[layout::adaptive_min_limit] = 0;
    shm::publish_terms(entry(limit().index), values);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(*limit_->options(), limit_options());
    auto of_door = primitives::family<ShedderOptions>::terms_of(door_options());
    of_door[layout::shedder_interval] = 1;
    shm::publish_terms(entry(door().index), of_door);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(*door_->options(), door_options());
}

// Fails when a permit of nobody is held for good.
TEST_F(DoctorOfLimits, APermitOfAStrangerIsFoundAndMended) {
    constexpr std::uint64_t of_no_process = layout::pack_worker_owner(4'000, 1);  // there are four slots
    for (const shm::placement& at : {limit(), door()}) {
        hardware::store_release(permit(at), of_no_process);
        expect_found_and_mended(invariant::permit_owned);
    }
    EXPECT_EQ(limit_->status()->in_use, 0U);
    EXPECT_EQ(door_->status()->in_flight, 0U);
}

}  // namespace
}  // namespace seki::report
