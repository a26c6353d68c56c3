// What the doctor knows of breakers: healthy in every state, and each invariant broken by hand, found by name, mended.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "doctor_fixture.hpp"
#include "shm/breaker_piece.hpp"

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
        hardware::store_pair_release(shared().block().state, {first, second});
    }
    void put_end(const layout::outcome_block& end) const {
        hardware::store_pair_release(shared().block().window_end, layout::pack(end));
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
    hardware::store_pair_release(
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
        hardware::store_pair_release(shared().all_places()[7], wrong);
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

// Fails when an entry that claims memory for a breaker that was may claim any memory for ever, or what a deleted one rightly keeps is called wrong.
TEST_F(DoctorOfBreakers, FindsMemoryThatIsKeptForNobody) {
    ASSERT_TRUE(opened_->remove_breaker("calls"));
    expect_sound();
    hardware::store_release(entry(calls).arena_size, hardware::load_acquire(entry(calls).arena_size) + layout::page);
    expect_found_and_mended(invariant::entry_fits);
}

}  // namespace
}  // namespace seki::report
