// What the doctor knows of bulkheads: healthy in every state, and each invariant broken by hand, found by name, mended.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "doctor_fixture.hpp"
#include "primitives/bulkhead_family.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

constexpr std::uint64_t of_no_process = layout::pack_worker_owner(4'000, 1);  // there are four slots

class DoctorOfBulkheads : public DoctorTest {
protected:
    [[nodiscard]] Bulkhead bulkhead() const { return *opened_->bulkhead("database"); }
    // The permits, or the places of who waits.
    [[nodiscard]] layout::permit_control& control(bool waiters) const {
        const shm::placement at = place(database);
        const auto room = shm::permits<>::bytes_for(shm::unpack_bulkhead_shape(at.shape).waiting);
        const std::uint64_t offset = sizeof(layout::permit_bell) + (waiters ? 0 : room);
        return *reinterpret_cast<layout::permit_control*>(where_->arena(at.arena_offset, at.arena_size).data() +
                                                          offset);
    }
    [[nodiscard]] layout::word& permit(bool waiters, std::size_t index) const {
        return reinterpret_cast<layout::word*>(&control(waiters) + 1)[index];
    }
};

// Each of the next fails when a bulkhead that nobody scribbled on is called wrong, or repair changes it.
TEST_F(DoctorOfBulkheads, FullAndDrainingAreSound) {
    std::vector<Permit> held;
    while (auto taken = bulkhead().try_acquire()) held.push_back(std::move(*taken));
    ASSERT_EQ(held.size(), 3U);
    expect_sound();
    auto lowered = bulkhead_options();
    lowered.max_concurrent = 1;
    ASSERT_TRUE(opened_->change("database", lowered));
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(bulkhead().status()->in_use, 3U);
    EXPECT_EQ(bulkhead().status()->max_concurrent, 1U);
    ASSERT_TRUE(opened_->remove_bulkhead("database"));
    expect_sound();
    for (Permit& each : held) EXPECT_TRUE(each.release());
    expect_sound();
}
TEST_F(DoctorOfBulkheads, SomebodyWhoWaitsIsSound) {
    std::vector<Permit> held;
    while (auto taken = bulkhead().try_acquire()) held.push_back(std::move(*taken));
    std::jthread waiter{[&] { EXPECT_TRUE(bulkhead().acquire(100s)); }};
    while (bulkhead().status()->waiting == 0) std::this_thread::yield();
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(bulkhead().status()->waiting, 1U);
    EXPECT_TRUE(held.front().release());
}
TEST_F(DoctorOfBulkheads, APermitOfTheDeadIsSoundAndTidied) {
    const pid_t child = ::fork();
    if (child == 0) {
        static auto held = bulkhead().try_acquire();
        ::_exit(held ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_EQ(bulkhead().status()->in_use, 1U);
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(bulkhead().status()->in_use, 0U);
}

// And when the work of an administrator who died before the maxima is a mistake instead of something to finish.
TEST_F(DoctorOfBulkheads, AChangeThatWasNotFinishedIsSoundAndFinished) {
    BulkheadOptions wanted = bulkhead_options();
    const auto die_after_publishing = [&](std::uint64_t max_concurrent, std::uint64_t max_waiting) {
        wanted.max_concurrent = max_concurrent, wanted.max_waiting = max_waiting;
        shm::publish_terms(entry(database), primitives::family<BulkheadOptions>::terms_of(wanted));
        expect_sound();
        EXPECT_EQ(*bulkhead().options(), wanted);
    };
    die_after_publishing(2, 9);
    EXPECT_EQ(bulkhead().status()->max_concurrent, 3U);
    ASSERT_TRUE(opened_->maintain());
    EXPECT_EQ(bulkhead().status()->max_concurrent, 2U);
    die_after_publishing(7, 1);
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(bulkhead().status()->max_concurrent, 7U);
    expect_sound();
}

// Each of the next fails when the invariant is not looked at, has another name, or is not mended; by who tidies up, too.
TEST_F(DoctorOfBulkheads, FindsAMaximumThatIsNotThatOfItsTerms) {
    for (const bool waiters : {true, false}) {
        hardware::store_release(control(waiters).terms, layout::pack(layout::permit_terms{7, 8, 8}));
        expect_found_and_mended(invariant::maxima_agree);
        EXPECT_EQ(bulkhead().status()->max_concurrent, 3U);
        hardware::store_release(control(waiters).terms, layout::pack(layout::permit_terms{9, 8, 8}));
        ASSERT_TRUE(opened_->maintain());
        expect_sound();
    }
}
TEST_F(DoctorOfBulkheads, FindsAMaximumThatCouldNotHaveBeenSet) {
    const Permit held = *bulkhead().try_acquire();
    for (const bool waiters : {true, false})
        for (const layout::permit_terms& wrong :
             {layout::permit_terms{7, 2'000, 2'000}, {7, 2'000, 3}, {7, 0, 3}, {7, 65'535, 65'535}}) {
            hardware::store_release(control(waiters).terms, layout::pack(wrong));
            expect_found_and_mended(invariant::permits_sound);
            EXPECT_EQ(bulkhead().status()->max_concurrent, 3U);
            EXPECT_EQ(bulkhead().status()->in_use, 1U);
        }
}
// Fails when who sets a maximum anew forgets what is held beyond it: as many more would be let in.
TEST_F(DoctorOfBulkheads, PermitsThatAreOutAreCountedWhateverStoodInTheTerms) {
    const auto change_to = [&](std::uint64_t max) {
        BulkheadOptions options = bulkhead_options();
        options.max_concurrent = max;
        return opened_->change("database", options).has_value();
    };
    const auto repaired = [&] { return repair(*where_).has_value(); };
    const auto maintained = [&] { return opened_->maintain().has_value(); };
    const auto changed = [&] { return change_to(2) && change_to(3); };
    const auto count_again_after = [&](const layout::permit_terms& wrong, const std::function<bool()>& mended) {
        ASSERT_TRUE(change_to(6));
        std::vector<Permit> held;
        while (auto taken = bulkhead().try_acquire()) held.push_back(std::move(*taken));
        ASSERT_EQ(held.size(), 6U);
        ASSERT_TRUE(change_to(3));
        hardware::store_release(control(false).terms, layout::pack(wrong));
        ASSERT_TRUE(mended());
        EXPECT_EQ(bulkhead().status()->in_use, 6U);
        expect_sound();
        for (int more = 3; more > 0; --more) {
            EXPECT_TRUE(held.back().release());
            held.pop_back();
            EXPECT_FALSE(bulkhead().try_acquire());
        }
        EXPECT_TRUE(held.back().release());
        EXPECT_TRUE(bulkhead().try_acquire());
    };
    for (const layout::permit_terms& wrong : {layout::permit_terms{0, 0, 0}, {7, 0, 3}, {7, 3, 3}, {7, 1, 1}}) {
        SCOPED_TRACE(layout::pack(wrong));
        for (const std::function<bool()>& mended : {std::function<bool()>{repaired}, {maintained}, {changed}})
            count_again_after(wrong, mended);
    }
}
TEST_F(DoctorOfBulkheads, FindsAPermitOfAProcessSlotThatThereIsNot) {
    const Permit held = *bulkhead().try_acquire();
    for (const bool waiters : {true, false}) {
        for (const std::size_t index : {0U, 1'000U})
            hardware::store_release(permit(waiters, index), of_no_process + 0x1'0000 * index);
        expect_found_and_mended(invariant::permit_owned);
        EXPECT_EQ(bulkhead().status()->in_use, 1U);
        EXPECT_EQ(bulkhead().status()->waiting, 0U);
    }
}
TEST_F(DoctorOfBulkheads, FindsTermsThatNoOptionsGive) {
    auto& in_force = entry(database).terms[hardware::load_acquire(entry(database).terms_version) & 1].values;
    hardware::store_release(in_force[layout::bulkhead_max_concurrent], 0);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(*bulkhead().options(), bulkhead_options());
    hardware::store_release(entry(database).made_with.values[layout::bulkhead_max_waiting], 1ULL << 40);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_TRUE(opened_->bulkhead("database", bulkhead_options()));
}
TEST_F(DoctorOfBulkheads, FindsAShapeForWhichThereIsNoRoom) {
    hardware::store_release(entry(database).shape[layout::bulkhead_shape_waiting], layout::max_permits);
    expect_found_and_mended(invariant::entry_fits);
    EXPECT_TRUE(opened_->bulkhead("database", bulkhead_options()));
}
// Fails when an entry that claims memory for a bulkhead that was may claim any memory for ever.
TEST_F(DoctorOfBulkheads, FindsMemoryThatIsKeptForNobody) {
    const shm::placement was = place(database);
    ASSERT_TRUE(opened_->remove_bulkhead("database"));
    const std::uint64_t free = where_->parts().size - was.arena_offset;
    hardware::store_release(entry(database).arena_size, free);
    ASSERT_FALSE(opened_->bulkhead("another", {.max_concurrent = 1'000}));
    expect_found_and_mended(invariant::entry_fits);
    EXPECT_TRUE(opened_->bulkhead("another", {.max_concurrent = 1'000}));
}
TEST_F(DoctorOfBulkheads, FindsMemoryThatIsKeptWhereATableStands) {
    ASSERT_TRUE(opened_->remove_bulkhead("database"));
    hardware::store_release(entry(database).arena_offset, place(login).arena_offset);
    expect_found_and_mended(invariant::arena_disjoint);
    EXPECT_EQ(opened_->limiter("login")->peek("1", 0).remaining, 4U);
}

}  // namespace
}  // namespace seki::report
