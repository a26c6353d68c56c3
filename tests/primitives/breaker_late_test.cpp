// A caller of a breaker is stopped before any one of its accesses; meanwhile the breaker is deleted and a bulkhead made, or another breaker in its
// memory; then the caller goes on.
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/registry.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/constant_terms.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {
namespace {

namespace law = algorithm::breaker;
using namespace std::chrono_literals;

// Shared memory that lets something happen before the access of a number. One test thread.
struct interrupted {
    static inline int accesses = 0;
    static inline int stop_before = -1;
    static inline std::function<void()> meanwhile;

    static void step() {
        if (accesses++ == stop_before) meanwhile();
    }
    using machine = shm::hardware;
    static std::uint64_t load_relaxed(const layout::word& w) noexcept { return step(), machine::load_relaxed(w); }
    static std::uint64_t load_acquire(const layout::word& w) noexcept { return step(), machine::load_acquire(w); }
    static void store_relaxed(layout::word& w, std::uint64_t value) noexcept {
        step(), machine::store_relaxed(w, value);
    }
    static void fetch_add_relaxed(layout::word& w, std::uint64_t value) noexcept {
        step(), (void)machine::fetch_add_relaxed(w, value);
    }
    static bool cas_acq_rel(layout::word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        return step(), machine::cas_acq_rel(w, expected, desired);
    }
    static std::uint64_t load_first_acquire(const layout::pair& p) noexcept {
        return step(), machine::load_first_acquire(p);
    }
    static std::uint64_t load_second_acquire(const layout::pair& p) noexcept {
        return step(), machine::load_second_acquire(p);
    }
    static bool cas_pair(layout::pair& p, layout::pair_value expected, layout::pair_value desired) noexcept {
        return step(), machine::cas_pair(p, expected, desired);
    }
    static void store_pair_release(layout::pair& p, layout::pair_value value) noexcept {
        step(), machine::store_pair_release(p, value);
    }
    static void prefetch_for_write(const void* /*address*/) noexcept {}
};

// A segment, a breaker in it, and one process: this one.
class world {
public:
    using breaker = shm::breaker<interrupted>;

    explicit world(const BreakerOptions& options) : options_{options} {
        std::string folder = "/dev/shm/seki-late-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        where_ =
            shm::segment::create_or_attach(folder_ / "a.seg", {.max_workers = 1, .max_primitives = 4, .size = 1 << 18})
                .value();
        in_ = std::make_shared<shm::attachment>(where_);
        place_ = breakers::find_or_make(*where_, "late", options).value();
        called_ = place_.incarnation;
        const auto made = shm::breaker_of(*where_, place_);
        subject = {made.block(), made.ring(), made.all_places()};
        durations_ = blocks_of_durations();
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world() {
        in_.reset();
        where_.reset();
        std::filesystem::remove_all(folder_);
    }

    // Who calls, as primitives/breaker.hpp has it.
    struct caller {
        world& of;
        std::uint64_t called = of.called_;  // an incarnation
        [[nodiscard]] std::uint64_t now() const { return of.time; }
        [[nodiscard]] bool alive(std::uint64_t owner) const { return shm::holder_lives(*of.where_, owner); }
        [[nodiscard]] static bool tired() { return false; }
        [[nodiscard]] bool stands() const {
            return interrupted::load_acquire(of.where_->directory()[of.place_.index].incarnation) == called;
        }
        void moved(const shm::transition& made) const {
            interrupted::step();
            tell_transition(emitter{*of.where_, of.place_}, made);
        }
        [[nodiscard]] std::uint64_t owner() const { return of.in_->me().owner; }
    };
    breaker::admission admit() { return subject.admit(test::unchanging(terms_), caller{*this}); }
    void report(const breaker::admission& let_in, law::outcome outcome) {
        (void)subject.report(let_in, outcome, time, terms_, caller{*this});
    }
    void call(law::outcome outcome) { report(admit(), outcome); }
    // How long a call took: by a worker that is alone in its slot, or shares it.
    void record(bool shares) {
        shm::worker me = in_->me();
        if (shares) me = {.stamp_base = (where_->parts().max_workers + std::uint64_t{1}) << 47, .shared = true};
        shm::histogram<interrupted>{durations_, place_.incarnation}.record(me, 50'000);
    }

    // A bulkhead is made next. Every second pair of its permits, and of its places for who waits, is this process's.
    void becomes_a_bulkhead() {
        ASSERT_TRUE(breakers::remove(*where_, "late"));
        const auto made = bulkheads::find_or_make(*where_, "permits", {.max_concurrent = 1'024, .max_waiting = 1'024});
        ASSERT_TRUE(made);
        permits_ = shm::permits_of(*where_, *made);
        for (const auto* table : tables()) {
            std::vector<shm::permit> free;
            for (std::uint32_t i = 0; i < 1'024; ++i)
                (i % 4 < 2 ? held_ : free).push_back(table->take(in_->me().owner, i, shm::process_seeker{*where_}));
            for (shm::permit& each : free) ASSERT_TRUE(table->give_back(each));
        }
    }
    void expect_permits_as_they_were() {
        std::size_t next = 0;
        for (const auto* table : tables()) {
            table->reclaim(shm::process_seeker{*where_});
            EXPECT_EQ(table->in_use(), 512U) << "as many are held as were taken";
            for (int i = 0; i < 512; ++i)
                EXPECT_TRUE(table->give_back(held_[next++])) << "a permit is its holder's no more";
        }
    }

    // Another breaker takes it.
    void becomes_another_breaker() {
        ASSERT_TRUE(breakers::remove(*where_, "late"));
        const auto made = breakers::find_or_make(*where_, "next", options_);
        ASSERT_TRUE(made);
        ASSERT_EQ(made->arena_offset, place_.arena_offset);
        ASSERT_EQ(made->index, place_.index);
        next_ = *made;
    }
    // Nothing was counted there, and all of its probes are to be had.
    void expect_a_new_breaker() {
        const shm::breaker<> next{subject.block(), subject.ring(), subject.all_places()};
        EXPECT_EQ(next.look().state, law::state::closed);
        EXPECT_EQ(next.window(terms_, time), law::tally{});
        EXPECT_LE(shm::call_durations_of(*where_, next_).sum().total(), recorded_before + 1U);
        EXPECT_EQ(next.transitions(), shm::transition_table{});
        called_ = next_.incarnation;
        open();
        for (std::uint64_t i = 0; i < terms_.half_open_requests; ++i) EXPECT_TRUE(admit()) << "a place is taken";
        EXPECT_EQ(subject.for_each_probe([](std::uint64_t) {}).taken, terms_.half_open_requests);
    }

    // Until it is open, and its wait is over.
    void open() {
        while (subject.look().state != law::state::open) call(law::outcome::error);
        time += terms_.wait_duration;
    }

    static constexpr int recorded_before = 20;

    breaker subject;
    std::uint64_t time = read_clock(Clock::precise) + 10 * law::second;

private:
    [[nodiscard]] std::span<layout::histogram_block> blocks_of_durations() const {
        const auto bytes = where_->arena(place_.arena_offset, place_.arena_size);
        const std::uint64_t before = shm::unpack_breaker_shape(place_.shape).bytes();
        return shm::breaker_piece::part<layout::histogram_block>(
            bytes, before, shm::histogram<>::blocks_for(where_->parts().max_workers));
    }
    [[nodiscard]] std::array<const shm::permits<>*, 2> tables() const { return {&permits_.room(), &permits_.table()}; }

    BreakerOptions options_;
    std::filesystem::path folder_;
    std::shared_ptr<shm::segment> where_;
    std::shared_ptr<shm::attachment> in_;
    shm::placement place_;
    shm::placement next_;
    std::uint64_t called_ = 0;
    std::span<layout::histogram_block> durations_;
    law::terms terms_ = unpack_breaker(family<BreakerOptions>::terms_of(options_)).law;
    shm::permit_pool<> permits_;
    std::vector<shm::permit> held_;
};

using breaker_call = std::function<void()>;

// What a late caller was doing: what went before, and what it was stopped in.
struct deed {
    const char* name;
    BreakerOptions options;
    std::function<breaker_call(world&)> begin;
};

BreakerOptions by_calls() {
    return {.window_size = 48, .minimum_calls = 40, .wait_duration = 1s, .half_open_requests = 2};
}
BreakerOptions by_time() {
    BreakerOptions options = by_calls();
    options.window_type = WindowType::time;
    options.window_size = 16s;
    return options;
}

std::vector<deed> deeds() {
    const auto after = [](int calls, law::outcome last) {
        return [calls, last](world& in) -> breaker_call {
            for (int i = 0; i < calls; ++i) in.call(law::outcome::error);
            const auto let_in = in.admit();
            return [&in, let_in, last] { in.report(let_in, last); };
        };
    };
    const auto probe = [](law::outcome outcome) {
        return [outcome](world& in) -> breaker_call {
            in.open();
            const auto other = in.admit(), let_in = in.admit();
            in.report(other, law::outcome::ok);
            return [&in, let_in, outcome] { in.report(let_in, outcome); };
        };
    };
    const auto enter = [](world& in) -> breaker_call {
        in.open();
        return [&in] { (void)in.admit(); };
    };
    const auto enter_second = [](world& in) -> breaker_call {
        in.open();
        (void)in.admit();
        return [&in] { (void)in.admit(); };
    };
    const auto record = [](bool shares) {
        return [shares](world& in) -> breaker_call {
            for (int i = 0; i < world::recorded_before; ++i) in.record(shares);
            return [&in, shares] { in.record(shares); };
        };
    };
    using enum law::outcome;
    return {{"takes the first place", by_calls(), enter},
            {"takes the second place", by_calls(), enter_second},
            {"closes", by_calls(), probe(ok)},
            {"opens again", by_calls(), probe(error)},
            {"gives its place back", by_calls(), probe(ignore)},
            {"counts the first", by_calls(), after(0, error)},
            {"keeps a full block", by_calls(), after(24, error)},
            {"opens", by_calls(), after(39, error)},
            {"counts the first of a slice", by_time(), after(0, slow)},
            {"counts in a slice", by_time(), after(7, error)},
            {"opens by time", by_time(), after(39, error)},
            {"records a duration", by_calls(), record(false)},
            {"records a duration beside others", by_calls(), record(true)}};
}

// Stops each deed before each of its accesses in turn.
void everywhere(void (world::*meanwhile)(), void (world::*expect)()) {
    for (const deed& each : deeds()) {
        int stopped = 0;
        for (bool was_stopped = true; was_stopped; ++stopped) {
            SCOPED_TRACE(std::string{each.name} + ", stopped before access " + std::to_string(stopped));
            world in{each.options};
            const auto go_on = each.begin(in);
            was_stopped = false;
            interrupted::meanwhile = [&] { was_stopped = true, (in.*meanwhile)(); };
            interrupted::accesses = 0;
            interrupted::stop_before = stopped;
            go_on();
            interrupted::stop_before = -1;
            if (was_stopped) (in.*expect)();
            if (testing::Test::HasFailure()) return;
        }
        ASSERT_GT(stopped, 1) << each.name;
    }
}

// Fails when a bulkhead gets the memory in which somebody is still about to write: one of its permits is held which nobody took, or is its holder's no more.
TEST(LateCallOfABreaker, LeavesThePermitsAloneThatStandThereNow) {
    everywhere(&world::becomes_a_bulkhead, &world::expect_permits_as_they_were);
}
// Fails when what comes late counts in the next breaker, keeps a place of its probes, or shows more durations there than were recorded for the last.
TEST(LateCallOfABreaker, LeavesTheBreakerAloneThatStandsThereNow) {
    everywhere(&world::becomes_another_breaker, &world::expect_a_new_breaker);
}

}  // namespace
}  // namespace seki::primitives
