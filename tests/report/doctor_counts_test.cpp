// Counters and durations that name a primitive for which they cannot count: nobody would add to them ever again.
#include "doctor_fixture.hpp"
#include "report/snapshot.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using shm::hardware;

class DoctorOfCounts : public DoctorTest {
protected:
    // That one more call counts: by the counters, and by the durations.
    void expect_counting() const {
        const breaker_facts before = look_at_breaker(*where_, place(calls));
        EXPECT_TRUE(opened_->breaker("calls")->call([] {}));
        const breaker_facts after = look_at_breaker(*where_, place(calls));
        EXPECT_EQ(after.counters.ok, before.counters.ok + 1);
        EXPECT_EQ(after.durations.total(), before.durations.total() + 1);
    }
    [[nodiscard]] layout::histogram_block& first_block(std::uint32_t which, std::uint64_t offset) const {
        const shm::placement at = place(which);
        return *reinterpret_cast<layout::histogram_block*>(where_->arena(at.arena_offset, at.arena_size).data() +
                                                           offset);
    }
};

// Fails when an event is doubted that the next one to be pushed will not have reached: `pushed` is behind there, and the next event has the number that was taken.
TEST_F(DoctorOfCounts, FindsADoubtBeyondWhatWasTakenWhereLessWasPushed) {
    layout::event_ring& ring = where_->worker(where_->parts().max_workers).events;
    hardware::store_release(ring.pushed, ~0ULL);
    hardware::store_release(ring.taken, 47);
    hardware::store_release(ring.doubted, 48);
    expect_found_and_mended(invariant::doubt_possible);
    hardware::store_release(ring.doubted, 47);
    EXPECT_EQ(examine(*where_), std::vector<finding>{});
    // The next one has the number 0.
    hardware::store_release(ring.taken, ~0ULL);
    hardware::store_release(ring.doubted, 48);
    expect_found_and_mended(invariant::doubt_possible);
}

// Each fails when the invariant is not looked at, has another name, or is not mended.
TEST_F(DoctorOfCounts, FindsCountersOfAnIncarnationThatWasNotIssued) {
    hardware::store_release(where_->counters(0)[calls].incarnation, 1'000);
    expect_found_and_mended(invariant::counts_owned);
    expect_counting();
}
TEST_F(DoctorOfCounts, FindsSharedCountersOfAnother) {
    for (const std::uint32_t which : {login, calls, database}) {
        layout::word& named = where_->counters(where_->parts().max_workers)[which].incarnation;
        const std::uint64_t was = hardware::load_acquire(named);
        hardware::store_release(named, was + 1);
        expect_found_and_mended(invariant::counts_owned);
        EXPECT_EQ(hardware::load_acquire(named), was);
    }
}
TEST_F(DoctorOfCounts, FindsDurationsOfAnother) {
    const auto before_calls = shm::unpack_breaker_shape(place(calls).shape).bytes();
    hardware::store_release(first_block(calls, before_calls).incarnation, 0);
    expect_found_and_mended(invariant::counts_owned);
    expect_counting();
    const auto before_waits = shm::permit_bytes(shm::unpack_bulkhead_shape(place(database).shape));
    hardware::store_release(first_block(database, before_waits).incarnation, ~0ULL);
    expect_found_and_mended(invariant::counts_owned);
    EXPECT_TRUE(shm::waits_of(*where_, place(database)).sound());
}

}  // namespace
}  // namespace seki::report
