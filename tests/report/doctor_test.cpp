// Every invariant: broken by hand, found by name, mended; and whole segments full of random words.
#include "report/doctor.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <seki/seki.hpp>

#include "../support/seed.hpp"
#include "doctor_fixture.hpp"
#include "layout/key_table.hpp"
#include "primitives/clock.hpp"
#include "primitives/limiter_table.hpp"
#include "report/json.hpp"
#include "report/keys.hpp"
#include "report/snapshot.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;
using shm::segment;

class Doctor : public DoctorTest {
protected:
    // What there is may have any options by now.
    void make_anew() const {
        for (const char* name : {"login", "other"}) {
            (void)opened_->remove_limiter(name);
            const auto made = opened_->limiter(name, limiter_options());
            ASSERT_TRUE(made) << made.error().message;
            ASSERT_TRUE(made->check("key").allowed);
        }
        for (const auto& [name, options] : {std::pair{"calls", by_calls()}, {"time", by_time()}}) {
            (void)opened_->remove_breaker(name);
            const auto made = opened_->breaker(name, options);
            ASSERT_TRUE(made) << made.error().message;
            ASSERT_TRUE(made->call([] {}));
        }
        (void)opened_->remove_bulkhead("database");
        const auto made = opened_->bulkhead("database", bulkhead_options());
        ASSERT_TRUE(made) << made.error().message;
        ASSERT_TRUE(made->try_acquire());
    }

    [[nodiscard]] shm::key_table<> table() const {
        return primitives::tables_of(*where_, *shm::directory{*where_}.at(0)).keys;
    }
    // The first slot that holds a key, or the first that holds none.
    [[nodiscard]] layout::pair& slot(bool taken) const {
        const auto keys = table();
        for (std::size_t i = 0; i < keys.slot_count(); ++i)
            if (((hardware::load_first_acquire(keys.slot(i)) & layout::tag_bit) != 0) == taken) return keys.slot(i);
        std::abort();
    }
    [[nodiscard]] layout::pair_value content(layout::pair& pair) const {
        return {hardware::load_first_acquire(pair), hardware::load_second_acquire(pair)};
    }
};

// Fails when what nobody touched is called wrong.
TEST_F(Doctor, ASoundSegmentHasNoFindings) {
    EXPECT_TRUE(examine(*where_).empty());
    EXPECT_EQ(repair(*where_), 0U);
    EXPECT_EQ(opened_->limiter("login")->peek("1", 0).remaining, 4U);
}

// Each fails when the invariant is not looked at, has another name, or is not mended.
TEST_F(Doctor, FindsAnEntryThatDoesNotFit) {
    hardware::store_release(entry(0).shape[layout::limiter_shape_buckets], 1ULL << 60);
    expect_found_and_mended(invariant::entry_fits);
    EXPECT_TRUE(opened_->limiter("other"));
}
TEST_F(Doctor, FindsAnIncarnationThatNoCounterReaches) {
    hardware::store_release(entry(0).incarnation, ~0ULL);
    expect_found_and_mended(invariant::entry_fits);
}
TEST_F(Doctor, FindsAKindThatThereIsNot) {
    hardware::store_release(entry(0).kind, 77);
    expect_found_and_mended(invariant::entry_known);
}
TEST_F(Doctor, FindsANameThatCouldNotHaveBeenGiven) {
    hardware::store_release(entry(0).name[0], 0x1b);
    expect_found_and_mended(invariant::name_valid);
}
TEST_F(Doctor, FindsANameThatStandsTwice) {
    for (std::size_t i = 0; i < entry(0).name.size(); ++i)
        hardware::store_release(entry(1).name[i], hardware::load_acquire(entry(0).name[i]));
    expect_found_and_mended(invariant::name_unique);
    EXPECT_TRUE(opened_->limiter("login"));
}
TEST_F(Doctor, FindsAnIncarnationThatWasNeverIssued) {
    hardware::store_release(where_->header().next_incarnation, 0);
    expect_found_and_mended(invariant::incarnation_issued);
    EXPECT_TRUE(opened_->limiter("login"));
}
TEST_F(Doctor, FindsACounterThatRanAway) {
    hardware::store_release(where_->header().next_incarnation, ~0ULL);
    expect_found_and_mended(invariant::incarnation_issued);
}
// Fails if the counter is set beyond what an entry says, whatever that is: it would have run away, or what is made next would be taken for scribbled.
TEST_F(Doctor, FindsAnIncarnationThatLeavesTheCounterNoRoom) {
    constexpr std::uint64_t end = 1ULL << 47, margin = 1ULL << 20;
    for (const std::uint64_t scribbled : {end - 1, end - margin, end - margin - 1, end / 2, end / 2 - margin}) {
        make_anew();
        const auto found = shm::directory{*where_}.find(layout::kind::limiter, "login");
        ASSERT_TRUE(found);
        hardware::store_release(entry(found->index).incarnation, scribbled);
        expect_found_and_mended(invariant::incarnation_issued);
        EXPECT_FALSE(shm::directory{*where_}.find(layout::kind::limiter, "login")) << scribbled;
    }
    make_anew();
    EXPECT_TRUE(examine(*where_).empty());
}
TEST_F(Doctor, FindsAnIncarnationThatStandsTwice) {
    hardware::store_release(entry(1).incarnation, hardware::load_acquire(entry(0).incarnation));
    expect_found_and_mended(invariant::incarnation_unique);
}
TEST_F(Doctor, FindsTablesThatOverlap) {
    hardware::store_release(entry(1).arena_offset, hardware::load_acquire(entry(0).arena_offset));
    expect_found_and_mended(invariant::arena_disjoint);
}
TEST_F(Doctor, FindsTermsThatNoOptionsGiveAndGoesBackToThoseOfTheCreation) {
    auto& block = entry(0).terms[hardware::load_acquire(entry(0).terms_version) & 1].values;
    hardware::store_release(block[layout::term_emission], 1);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(*opened_->limiter("login")->options(), limiter_options());
}
TEST_F(Doctor, FindsTermsOfTheCreationThatNoOptionsGive) {
    hardware::store_release(entry(0).made_with.values[layout::term_limit], 0);
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_TRUE(opened_->limiter("login", limiter_options()));
}
TEST_F(Doctor, FindsAKeyThatBelongsElsewhere) {
    const auto key = content(slot(true));
    const auto keys = table();
    for (std::size_t i = 0; i < keys.slot_count(); ++i)
        if (!keys.belongs(key.first, i)) hardware::store_pair_release(keys.slot(i), key);
    expect_found_and_mended(invariant::key_in_bucket);
}
TEST_F(Doctor, FindsAKeyThatStandsTwice) {
    const auto key = content(slot(true));
    const auto keys = table();
    for (std::size_t i = 0; i < keys.slot_count(); ++i)
        if (keys.belongs(key.first, i)) hardware::store_pair_release(keys.slot(i), key);
    expect_found_and_mended(invariant::key_unique);
}
TEST_F(Doctor, FindsAStateThatCannotBeYet) {
    layout::pair& at = slot(true);
    hardware::store_pair_release(at, {content(at).first, layout::ticket_bit - 1});
    expect_found_and_mended(invariant::key_possible);
}
TEST_F(Doctor, FindsAnEmptySlotThatIsNotEmpty) {
    hardware::store_pair_release(slot(false), {0, layout::ticket_bit | 5});
    expect_found_and_mended(invariant::empty_stamped);
}
// Fails if what there is to mend has to be in memory all at once; or what is mended a few at a time is not all mended, or not all counted.
TEST_F(Doctor, MendsAFewAtATimeWhateverThereIs) {
    std::size_t broken = 0;
    for (const char* name : {"login", "other"}) {
        const auto keys =
            primitives::tables_of(*where_, *shm::directory{*where_}.find(layout::kind::limiter, name)).keys;
        for (std::size_t i = 0; i < keys.slot_count(); ++i) {
            if ((hardware::load_first_acquire(keys.slot(i)) & layout::tag_bit) != 0) continue;
            hardware::store_pair_release(keys.slot(i), {0, layout::ticket_bit | 5});
            ++broken;
        }
    }
    ASSERT_GT(broken, 64U);
    EXPECT_EQ(repair(*where_, 1), broken);
    expect_sound();
}
TEST_F(Doctor, FindsAStripeThatIsInNoPhase) {
    hardware::store_pair_release(table().stripe(3), {0, 3});
    expect_found_and_mended(invariant::stripe_whole);
}
TEST_F(Doctor, FindsAProcessSlotInNoStage) {
    hardware::store_release(where_->processes()[2].owner, 9ULL << 16 | 3);
    expect_found_and_mended(invariant::process_staged);
}
TEST_F(Doctor, FindsAWorkerOfAProcessThatThereIsNot) {
    hardware::store_release(where_->worker(3).owner, layout::pack_worker_owner(4000, 1));
    expect_found_and_mended(invariant::worker_owned);
}

void work(const Segment& in) {
    for (const char* name : {"login", "other"}) {
        const auto limiter = in.limiter(name);
        for (int key = 0; limiter && key < 40; ++key) {
            (void)limiter->check(std::to_string(key));
            (void)limiter->peek(std::to_string(key));
            (void)limiter->reset(std::to_string(key));
        }
    }
    for (const char* name : {"calls", "time"}) {
        const auto breaker = in.breaker(name);
        for (int call = 0; breaker && call < 40; ++call)
            breaker->admit().tell(call < 20 ? Outcome::ok : Outcome::error);
        if (breaker) (void)breaker->automatic();
        for (int call = 0; breaker && call < 40; ++call) breaker->admit().ok();
    }
    std::vector<Permit> held;
    const auto bulkhead = in.bulkhead("database");
    for (int i = 0; bulkhead && i < 6; ++i)
        if (auto taken = i < 5 ? bulkhead->try_acquire() : bulkhead->acquire(1ms)) held.push_back(std::move(*taken));
}

// Works on what `path` names as a neighbour would, in a process of its own; whether it ended by itself within its time.
bool survives(const std::filesystem::path& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        if (const auto in = open(path.native(), {.access = Access::attach})) work(*in);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void look_at_everything(const segment& where) {
    const snapshot seen = take(where);
    (void)to_json(seen).dump();
    for (const auto& each : seen.limiters)
        (void)keys(where, each.place, primitives::read_clock(Clock::precise), {.top = 50});
}

// Random words, all but the first 64 bytes of the header, its geometry and what identifies the host.
void scribble(const segment& where, std::mt19937_64& random, std::uint64_t words) {
    auto* const base = reinterpret_cast<std::byte*>(&where.header());
    constexpr std::size_t first = offsetof(layout::header, next_incarnation) / 8;
    for (std::uint64_t i = 0; i < words; ++i) {
        // Half of them into the directory and before, where a few bytes decide about everything.
        const std::uint64_t end = i % 2 == 0 ? where.parts().workers_offset / 8 : where.parts().size / 8;
        const std::uint64_t value = random() >> (random() % 64);
        std::memcpy(base + (first + random() % (end - first)) * 8, &value, sizeof value);
    }
}

// Fails when anything read from a segment is believed before it is checked, a call goes on for ever, or something stays broken.
TEST_F(Doctor, AnyScribbledSegmentIsSurvivedAndMended) {
    std::mt19937_64 random{test::seed_or(20261123)};
    for (int round = 0; round < 300; ++round) {
        SCOPED_TRACE(round);
        scribble(*where_, random, 1ULL << (random() % 12));
        look_at_everything(*where_);
        (void)examine(*where_);
        if (round % 5 == 0) {
            ASSERT_TRUE(survives(path_));
        }
        ASSERT_TRUE(repair(*where_));
        const auto left = examine(*where_);
        ASSERT_TRUE(left.empty()) << left.front().where << ": " << left.front().what;
        make_anew();
    }
}

}  // namespace
}  // namespace seki::report
