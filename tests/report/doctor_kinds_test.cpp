// What the doctor knows of breakers and bulkheads: healthy in every state, and each invariant broken by hand, found by name, mended.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "doctor_fixture.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

constexpr std::uint64_t of_no_process = layout::pack_worker_owner(4'000, 1);  // there are four slots

class DoctorOfBreakers : public DoctorTest {
protected:
    [[nodiscard]] shm::breaker<> shared(std::uint32_t which = calls) const {
        return shm::breaker_of(*where_, place(which));
    }
    [[nodiscard]] std::uint32_t generation(std::uint32_t which = calls) const {
        return shared(which).look().generation;
    }
    [[nodiscard]] Breaker breaker(std::string_view name = "calls") const { return *opened_->breaker(name); }
    static void fail(const Breaker& breaker, int times) {
        for (int i = 0; i < times; ++i) breaker.admit().error();
    }
    // Half-open, with a probe under way.
    [[nodiscard]] static Admission probe(const Breaker& breaker) {
        fail(breaker, 30);
        EXPECT_EQ(breaker.state(), BreakerState::open);
        Admission let_in;
        while (!let_in) let_in = breaker.admit();  // until wait_duration is over, which is a millisecond
        return let_in;
    }
    void put_state(std::uint64_t first, std::uint64_t second) const {
        hardware::store_pair_unshared(shared().block().state, {first, second});
    }
    void put_end(const layout::outcome_block& end) const {
        hardware::store_pair_unshared(shared().block().window_end, layout::pack(end));
    }
    void expect_mended_and_closed(invariant wanted) const {
        expect_found_and_mended(wanted);
        EXPECT_EQ(breaker().state(), BreakerState::closed);
        EXPECT_TRUE(breaker().call([] {}));
    }
};

// Each of the next fails when a breaker that nobody scribbled on is called wrong.
TEST_F(DoctorOfBreakers, EveryNumberOfOutcomesIsSound) {
    for (const auto* name : {"calls", "time"})
        for (int call = 0; call < 100; ++call) {
            breaker(name).admit().tell(call % 10 == 0 ? Outcome::error : Outcome::ok);
            expect_sound();
        }
}
TEST_F(DoctorOfBreakers, OpenAndHalfOpenAreSound) {
    for (const auto* name : {"calls", "time"}) {
        const Breaker it = breaker(name);
        {
            Admission first = probe(it), second = it.admit();
            EXPECT_TRUE(second);
            EXPECT_EQ(it.status()->probes, 2U);
            expect_sound();
            first.ok();
            EXPECT_EQ(it.status()->probes_ok, 1U);
            expect_sound();
            second.ignore();
            expect_sound();
            it.admit().error();
            EXPECT_EQ(it.status()->reopened, 1U);
            expect_sound();
        }
        EXPECT_EQ(repair(*where_), 0U);
        EXPECT_EQ(it.status()->reopened, 1U);
    }
}
TEST_F(DoctorOfBreakers, WhatAnOperatorMadeOfItIsSound) {
    const Breaker it = breaker();
    for (const auto order :
         {&Breaker::open, &Breaker::observe, &Breaker::close, &Breaker::automatic, &Breaker::reset}) {
        EXPECT_EQ((it.*order)(), Errc::none);
        fail(it, 30);
        expect_sound();
    }
    ASSERT_TRUE(opened_->change("calls", by_time()));
    ASSERT_TRUE(opened_->change("time", by_calls()));
    expect_sound();
    fail(breaker("time"), 3);
    expect_sound();
}
// And when a probe whose process died is a mistake instead of something to tidy.
TEST_F(DoctorOfBreakers, AProbeOfTheDeadIsSoundAndTidied) {
    const pid_t child = ::fork();
    if (child == 0) {
        static Admission held = probe(breaker());
        ::_exit(held ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_EQ(breaker().status()->probes, 1U);
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(breaker().status()->probes, 0U);
}

// Each of the next fails when the invariant is not looked at, has another name, or is not mended.
TEST_F(DoctorOfBreakers, FindsAWordThatIsNone) {
    const auto closed = algorithm::breaker::pack(shared().look()).first;
    for (const std::uint64_t first : {closed | 6, closed | 7, closed | 1 << 20}) {
        put_state(first, 1);
        expect_mended_and_closed(invariant::breaker_possible);
    }
}
TEST_F(DoctorOfBreakers, FindsAStateSinceATimeToCome) {
    put_state(std::uint64_t{generation()} << 32 | 1, ~0ULL >> 2);
    expect_mended_and_closed(invariant::breaker_possible);
}
TEST_F(DoctorOfBreakers, FindsFewerOutcomesThanThereAreSaidToBe) {
    put_end({.generation = generation(), .number = 5, .outcomes = 0b01'01'00'01'01});
    expect_mended_and_closed(invariant::window_whole);
    EXPECT_EQ(breaker().status()->calls, 1U);
}
TEST_F(DoctorOfBreakers, FindsMoreOutcomesThanThereAreSaidToBe) {
    put_end({.generation = generation(), .number = 48 + 1, .outcomes = 0b01'01});
    expect_mended_and_closed(invariant::window_whole);
}
TEST_F(DoctorOfBreakers, FindsAFullBlockWithAHole) {
    hardware::store_pair_unshared(
        shared().ring()[2], layout::pack(layout::outcome_block{generation(), 2, layout::outcomes_mask & ~0b11ULL}));
    expect_mended_and_closed(invariant::window_whole);
}
// Fails when what means nothing is found, which no repair could mend.
TEST_F(DoctorOfBreakers, TheWindowOfABreakerThatCountsNothingIsNotJudged) {
    EXPECT_EQ(breaker().open(), Errc::none);
    put_end({.generation = generation(), .number = 5, .outcomes = 1});
    expect_sound();
    EXPECT_EQ(repair(*where_), 0U);
}
TEST_F(DoctorOfBreakers, FindsAPlaceThatCannotBeAnybodys) {
    using layout::place;
    const Admission first = probe(breaker());
    const auto pack = [&](place standing) { return layout::pack_place(generation(), standing); };
    for (const layout::pair_value& wrong : {layout::pair_value{pack(place::taken), of_no_process},
                                            {pack(place::taken), 0},
                                            {pack(place::ok), 5},
                                            {pack(place::free), of_no_process},
                                            {pack(place{77}), 0}}) {
        hardware::store_pair_unshared(shared().all_places()[7], wrong);
        expect_found_and_mended(invariant::probe_owned);
        EXPECT_EQ(breaker().status()->probes, 1U);
    }
    EXPECT_TRUE(breaker().admit());
}
TEST_F(DoctorOfBreakers, FindsTermsThatNoOptionsGive) {
    auto& in_force = entry(calls).terms[hardware::load_acquire(entry(calls).terms_version) & 1].values;
    hardware::store_release(in_force[layout::breaker_failure_threshold], 101);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(*breaker().options(), by_calls());
    hardware::store_release(entry(calls).made_with.values[layout::breaker_window], 0);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_TRUE(opened_->breaker("calls", by_calls()));
}
TEST_F(DoctorOfBreakers, FindsAShapeForWhichThereIsNoRoom) {
    hardware::store_release(entry(calls).shape[layout::breaker_shape_probes], 1ULL << 60);
    hardware::store_release(entry(time).shape[layout::breaker_shape_ring], layout::least_ring - 1);
    expect_found_and_mended(invariant::entry_fits);
    EXPECT_FALSE(opened_->breaker("calls"));
    EXPECT_TRUE(opened_->breaker("calls", by_calls()));
}

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

// Each of the next fails when the invariant is not looked at, has another name, or is not mended.
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
TEST_F(DoctorOfBulkheads, FindsAPermitOfAProcessSlotThatThereIsNot) {
    const Permit held = *bulkhead().try_acquire();
    for (const bool waiters : {true, false}) {
        for (const std::size_t index : {2U, 1'000U})
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
// The same of breakers; fails also when what a deleted one rightly keeps is called wrong.
TEST_F(DoctorOfBreakers, FindsMemoryThatIsKeptForNobody) {
    ASSERT_TRUE(opened_->remove_breaker("calls"));
    expect_sound();
    hardware::store_release(entry(calls).arena_size, hardware::load_acquire(entry(calls).arena_size) + layout::page);
    expect_found_and_mended(invariant::entry_fits);
}
TEST_F(DoctorOfBulkheads, FindsMemoryThatIsKeptWhereATableStands) {
    ASSERT_TRUE(opened_->remove_bulkhead("database"));
    hardware::store_release(entry(database).arena_offset, place(login).arena_offset);
    expect_found_and_mended(invariant::arena_disjoint);
    EXPECT_EQ(opened_->limiter("login")->peek("1", 0).remaining, 4U);
}

}  // namespace
}  // namespace seki::report
