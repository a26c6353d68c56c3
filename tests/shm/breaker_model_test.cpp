// The breaker and its windows in one thread, against models that keep every outcome in a list.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <deque>
#include <map>
#include <random>
#include <span>

#include "shm/breaker_world.hpp"
#include "support/sanitizers.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using law::outcome;
using law::state;
using shm::hardware;
using shm::recorded;
using nanos = algorithm::nanos;

class dice {
public:
    explicit dice(std::uint64_t seed) : engine_{seed_or(seed)} {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

// The outcomes of a generation with their times, the latest last.
struct past {
    struct one {
        nanos when;
        outcome what;
    };
    std::deque<one> all;

    [[nodiscard]] law::tally seen(const law::terms& t, nanos now) const {
        law::tally sum;
        const nanos slice = t.window / layout::outcome_slices;
        for (auto i = all.rbegin(); i != all.rend(); ++i) {
            if (t.window_type == law::window_type::count && sum.total == t.window) break;
            if (t.window_type == law::window_type::time && i->when / slice + layout::outcome_slices <= now / slice)
                continue;
            ++sum.total;
            sum.errors += i->what == outcome::error ? 1U : 0U;
            sum.slow += i->what == outcome::slow ? 1U : 0U;
        }
        return sum;
    }
};

// What semantics says of the whole breaker, with permits by number.
class breaker_model {
public:
    explicit breaker_model(nanos now) : at{.since = now} {}

    enum class standing { passed, probing, reported_ok };
    struct permit {
        std::uint32_t generation;
        bool probe;
    };

    // 0: refused.
    std::uint64_t admit(const law::terms& t, nanos now, bool dead_are_asked_after) {
        for (;;) {
            if (law::passes(at.state)) return give(false);
            if (at.state == state::forced_open) return 0;
            const bool open = at.state == state::open;
            const nanos lasts = open ? law::wait_after(at.reopened, t) : t.max_half_open_duration;
            if (now - at.since >= lasts) {
                go(open ? state::half_open : state::open, now, open ? at.reopened : at.reopened + 1);
                continue;
            }
            if (open) return 0;
            if (dead_are_asked_after && taken() == t.half_open_requests && alive_taken() < taken()) bury_one();
            if (taken() < t.half_open_requests) return give(true);
            return 0;
        }
    }
    void report(std::uint64_t number, outcome what, const law::terms& t, nanos now) {
        const permit mine = permits.at(number);
        permits.erase(number);
        if (mine.generation != at.generation) return;
        if (mine.probe) {
            if (what == outcome::ignore) return;
            if (what != outcome::ok) return go(state::open, now, at.reopened + 1);
            if (++ok == t.half_open_requests) go(state::closed, now, 0);
            return;
        }
        if (what == outcome::ignore || !law::counts(at.state)) return;
        window.all.push_back({now, what});
        if (window.all.size() > 2 * law::max_window_calls) window.all.pop_front();
        if (at.state == state::closed && law::trips(window.seen(t, now), t)) go(state::open, now, 0);
    }
    void go(state to, nanos now, std::uint32_t reopened) {
        at = {at.generation + 1, reopened, to, static_cast<std::uint8_t>(at.state), now};
        window.all.clear();
        ok = 0;
        ++transitions;
    }
    void die(std::uint64_t number) { dead.insert(number); }

    [[nodiscard]] std::uint64_t taken() const { return alive_taken() + count_taken(true) + ok; }
    [[nodiscard]] std::uint64_t alive_taken() const { return count_taken(false); }

    law::position at;
    past window;
    std::map<std::uint64_t, permit> permits;
    std::set<std::uint64_t> dead;
    std::uint64_t ok = 0, transitions = 0, next = 1;

private:
    std::uint64_t give(bool probe) {
        permits[next] = {at.generation, probe};
        return next++;
    }
    [[nodiscard]] std::uint64_t count_taken(bool of_dead) const {
        std::uint64_t n = 0;
        for (const auto& [number, each] : permits)
            n += each.probe && each.generation == at.generation && dead.contains(number) == of_dead ? 1U : 0U;
        return n;
    }
    void bury_one() {
        for (const auto& [number, each] : permits)
            if (each.probe && each.generation == at.generation && dead.contains(number)) {
                permits.erase(number);
                return;
            }
    }
};

law::terms small_terms(dice& random) {
    law::terms t;
    t.window_type = random.one_in(3) ? law::window_type::time : law::window_type::count;
    const bool count = t.window_type == law::window_type::count;
    t.window = count ? 1 + random.below(random.one_in(2) ? 6 : 120) : law::second * (1 + random.below(3));
    t.minimum_calls = 1 + random.below(count ? std::min<std::uint64_t>(t.window, 10) : 10);
    t.failure_threshold = random.one_in(4) ? 100 : 1 + random.below(100);
    t.slow_call_threshold = random.one_in(4) ? 100 : 1 + random.below(100);
    t.wait_duration = law::millisecond * (1 + random.below(300));
    t.wait_multiplier = random.one_in(2) ? 100 : 150;
    t.wait_duration_max = law::second;
    t.half_open_requests = 1 + random.below(5);
    t.max_half_open_duration = law::millisecond * (1 + random.below(1'000));
    return t;
}

// Each caller is a process of its own, named by its number, so that a death is one permit's.
// Fails if a count, a place, an edge of a time, a late outcome or a death is handled otherwise than semantics says.
TEST(BreakerModel, DoesWhatTheModelDoesWhateverHappens) {
    dice random{51};
    std::uint64_t calls = 0, transitions = 0, probes = 0;
    for (int run = 0; run < rounds(8'000); ++run) {
        const law::terms terms = small_terms(random);
        breaker_world<shm::breaker<>, hardware, 8, 5> world{terms, law::second * (10 + random.below(1'000'000))};
        breaker_model model{world.time()};
        std::map<std::uint64_t, shm::breaker<>::admission> held;
        const std::uint64_t errors_in = 1 + random.below(8);
        for (int i = 0; i < 400; ++i, ++calls) {
            SCOPED_TRACE(testing::Message() << "run " << run << " step " << i);
            if (!random.one_in(3)) {
                // Beyond look_interval, the dead are asked after at each call that finds no place.
                world.pass(shm::look_interval + random.below(random.one_in(10) ? terms.wait_duration : 1'000));
                if (random.one_in(10) && !law::passes(model.at.state)) {
                    const nanos lasts = model.at.state == state::open ? law::wait_after(model.at.reopened, terms)
                                                                      : terms.max_half_open_duration;
                    world.set_time(std::max(world.time(), model.at.since + lasts - random.below(2)));
                }
            }
            const nanos now = world.time();
            if (held.empty() || random.one_in(2)) {
                const std::uint64_t number = model.next;
                const bool asks = now - hardware::load_relaxed(world.block.looked) >= shm::look_interval;
                const auto let_in = world.admit(number);
                const std::uint64_t expected = model.admit(terms, now, asks);
                ASSERT_EQ(static_cast<bool>(let_in), expected != 0);
                if (let_in) {
                    ASSERT_EQ(let_in.place != shm::breaker<>::no_place, model.permits.at(number).probe);
                    probes += let_in.place != shm::breaker<>::no_place ? 1U : 0U;
                    held[number] = let_in;
                }
            } else {
                const auto which = std::next(held.begin(), static_cast<std::ptrdiff_t>(random.below(held.size())));
                if (random.one_in(20)) {
                    model.die(which->first);
                    world.dead.insert(which->first);
                } else {
                    outcome what = random.one_in(errors_in) ? outcome::error : outcome::ok;
                    if (random.one_in(10)) what = random.one_in(2) ? outcome::slow : outcome::ignore;
                    (void)world.report(which->second, what, which->first);
                    model.report(which->first, what, terms, now);
                }
                held.erase(which);
            }
            if (random.one_in(100)) {
                constexpr law::event orders[] = {law::event::reset, law::event::observe, law::event::force_open,
                                                 law::event::force_closed, law::event::automatic};
                const law::event order = orders[random.below(5)];
                const auto step = law::react(model.at, order, 0, now, terms);
                ASSERT_EQ(world.subject.operate(order, terms, world.by(1)), step.transition);
                if (step.transition) model.go(step.next.state, now, 0);
            }
            ASSERT_EQ(world.subject.look().state, model.at.state);
            ASSERT_EQ(world.subject.look().since, model.at.since);
            ASSERT_EQ(world.subject.look().reopened, model.at.reopened);
            ASSERT_EQ(world.told.size(), model.transitions);
            ASSERT_EQ(world.subject.window(terms, now), model.window.seen(terms, now));
        }
        transitions += model.transitions;
    }
    std::printf("%llu steps, %llu transitions, %llu probes\n", static_cast<unsigned long long>(calls),
                static_cast<unsigned long long>(transitions), static_cast<unsigned long long>(probes));
    EXPECT_GT(probes, calls / 50);
}

// A count window alone, of any size up to the capacity, that changes while it runs.
// Fails if a block is lost, counted twice or in part at any offset.
TEST(CountWindow, HoldsExactlyTheLastNAtEverySize) {
    dice random{52};
    for (int run = 0; run < 200; ++run) {
        std::vector<layout::pair> ring(3 + random.below(40));
        layout::pair end;
        const shm::count_window<> window{end, ring};
        const std::uint64_t capacity = (ring.size() - 2) * layout::outcomes_in_block;
        law::terms t{.window = 1 + random.below(capacity), .failure_threshold = 100, .slow_call_threshold = 100};
        past told;
        const auto generation = static_cast<std::uint32_t>(random.below(3));
        for (int i = 0; i < 3'000; ++i) {
            if (random.one_in(500)) t.window = random.one_in(3) ? capacity : 1 + random.below(capacity);
            const auto what = static_cast<outcome>(1 + random.below(3));
            const bool opens = random.one_in(2);
            past with = told;
            if (told.all.size() > 1'000) told.all.pop_front(), with.all.pop_front();
            with.all.push_back({0, what});
            const bool trips = law::trips(with.seen(t, 0), t);
            // What trips and opens is not written.
            const recorded done = window.push(generation, what, t, opens, [] { return true; });
            if (what != outcome::ok || !opens) {
                ASSERT_EQ(done, trips ? recorded::trips : recorded::counted) << run << " " << i;
            }
            if (done == recorded::counted || !opens) told = with;
            ASSERT_EQ(window.look(generation, t), told.seen(t, 0)) << run << " " << i;
        }
    }
}

// Fails if the count at its greatest writes into its neighbours, or the window does not come back after it.
TEST(CountWindow, StartsOverWhenItsCountIsFull) {
    std::array<layout::pair, 4> ring{};
    layout::pair end;
    const shm::count_window<> window{end, ring};
    const law::terms t{.window = 20, .minimum_calls = 5};
    hardware::store_pair_release(end, layout::pack(layout::outcome_block{3, layout::outcome_count_mask, 0}));
    const auto push = [&](outcome what) { return window.push(3, what, t, true, [] { return true; }); };
    EXPECT_EQ(push(outcome::ok), recorded::counted);
    EXPECT_EQ(window.look(3, t).total, 0U) << "a count of 0 is an empty window";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(push(outcome::error), recorded::counted);
    EXPECT_EQ(window.look(3, t), (law::tally{.total = 4, .errors = 4}));
    EXPECT_EQ(push(outcome::error), recorded::trips);
}

// Fails if an outcome goes to a generation that is not its own, or a scribbled generation keeps outcomes out.
TEST(CountWindow, ALateOutcomeIsToldFromAScribbledWindow) {
    std::array<layout::pair, 3> ring{};
    layout::pair end;
    const shm::count_window<> window{end, ring};
    const law::terms t;
    EXPECT_EQ(window.push(9, outcome::error, t, true, [] { return true; }), recorded::counted);
    EXPECT_EQ(window.push(8, outcome::error, t, true, [] { return false; }), recorded::late);
    EXPECT_EQ(window.look(9, t).total, 1U);
    EXPECT_EQ(window.push(8, outcome::error, t, true, [] { return true; }), recorded::counted);
    EXPECT_EQ(window.look(8, t).total, 1U);
}

// Fails if a slice that is full loses the ratio of its counts, or spills into its neighbour.
TEST(TimeWindow, AFullSliceKeepsItsRatio) {
    std::array<layout::pair, layout::outcome_slices> slices{};
    const shm::time_window<> window{slices};
    const law::terms t{.window_type = law::window_type::time, .window = 16 * law::second};
    const nanos now = 160 * law::second;
    hardware::store_pair_release(slices[0],
                                 layout::pack(layout::outcome_slice{1, 10, layout::max_slice_ok, 1'000, 500}));
    const auto push = [&](outcome what) {
        return window.push(1, what, now, t, true, [] { return true; }, [&] { return now; });
    };
    EXPECT_EQ(push(outcome::ok), recorded::counted);
    EXPECT_EQ(window.look(1, now, t), (law::tally{layout::max_slice_ok / 2 + 1 + 750, 500, 250}));
    hardware::store_pair_release(slices[0],
                                 layout::pack(layout::outcome_slice{1, 10, 9'000'000, 3, layout::max_slice_bad}));
    EXPECT_EQ(push(outcome::slow), recorded::counted);
    EXPECT_EQ(window.look(1, now, t).slow, layout::max_slice_bad / 2 + 1);
}

// Fails if an outcome that its process held back for long opens a breaker by what stood in the window of its own time, or is lost although its
// slice is there.
TEST(TimeWindow, AnOutcomeThatComesLateOpensNothingByWhatIsGone) {
    std::array<layout::pair, layout::outcome_slices> slices{};
    const shm::time_window<> window{slices};
    const law::terms t{.window_type = law::window_type::time, .window = 16 * law::second, .minimum_calls = 1};
    nanos clock = 1'000 * law::second;
    const auto push = [&](outcome what, nanos now) {
        return window.push(1, what, now, t, true, [] { return true; }, [&] { return clock; });
    };
    for (int i = 0; i < 40; ++i) EXPECT_EQ(push(outcome::ok, clock), recorded::counted);
    EXPECT_EQ(push(outcome::error, clock - 3 * law::second), recorded::counted)
        << "at its own time it was the only one";
    EXPECT_EQ(window.look(1, clock, t), (law::tally{41, 1, 0}));
    EXPECT_EQ(push(outcome::ok, clock - 2 * law::second), recorded::counted);
    EXPECT_EQ(window.look(1, clock + 13 * law::second, t), (law::tally{42, 1, 0}));
    EXPECT_EQ(window.look(1, clock + 14 * law::second, t), (law::tally{41, 1, 0})) << "it counts in its own slice";
    EXPECT_EQ(push(outcome::error, clock - 16 * law::second), recorded::late) << "its slice is another's";
    EXPECT_EQ(window.look(1, clock + 16 * law::second, t), law::tally{});
}

// Who changed the length died before it emptied the window; or somebody scribbled. Fails if a slice of a time to come keeps outcomes out.
TEST(TimeWindow, SlicesOfAnotherLengthKeepNothingOut) {
    std::array<layout::pair, layout::outcome_slices> slices{};
    const shm::time_window<> window{slices};
    law::terms t{.window_type = law::window_type::time, .window = law::second, .minimum_calls = 100};
    nanos clock = 1'000'000 * law::second;
    const auto push_all_along = [&] {
        for (int i = 0; i < 40; ++i, clock += t.window / 20)
            EXPECT_EQ(window.push(
                          1, outcome::ok, clock, t, true, [] { return true; }, [&] { return clock; }),
                      recorded::counted);
    };
    push_all_along();
    t.window = 3'600 * law::second;
    push_all_along();
    EXPECT_GE(window.look(1, clock, t).total, 18U);
    t.window = law::second;
    push_all_along();
    EXPECT_GE(window.look(1, clock, t).total, 18U);
}

// Fails if anything that somebody may scribble leads out of bounds (see it under the address sanitizer), or to a breaker that cannot close.
TEST(BreakerModel, WhateverIsScribbledItClosesAgain) {
    dice random{53};
    int survived = 0;
    for (int run = 0; run < 100'000; ++run) {
        law::terms terms = small_terms(random);
        breaker_world<shm::breaker<>, hardware, 8, 5> world{terms, law::second * (10 + random.below(1'000'000))};
        const auto scribble = [&](layout::pair& p) {
            if (random.one_in(2)) return;
            layout::pair_value v{random.below(~0ULL), random.below(~0ULL)};
            if (random.one_in(2)) v.first = random.below(4) << 32 | random.below(5);
            hardware::store_pair_release(p, v);
        };
        scribble(world.block.state);
        scribble(world.block.window_end);
        for (auto& each : world.block.slices) scribble(each);
        for (auto& each : world.ring) scribble(each);
        for (auto& each : world.places) scribble(each);
        if (random.one_in(2)) hardware::store_relaxed(world.block.looked, random.below(~0ULL));
        world.dead = {0, 1, 2, 3};
        for (int i = 0; i < 30; ++i) {
            const auto let_in = world.call(7, static_cast<outcome>(random.below(4)));
            if (!let_in && let_in.retry_after != algorithm::never) world.pass(let_in.retry_after);
        }
        if (world.state() == state::forced_open) continue;
        // From here on all goes well. Places that a scribbler gave to the living come back with the end of half_open.
        for (int i = 0; !law::passes(world.state()); ++i) {
            ASSERT_LT(i, 40) << run;
            const auto let_in = world.call(7, outcome::ok);
            if (!let_in) world.pass(let_in.retry_after);
        }
        ++survived;
    }
    EXPECT_GT(survived, 50'000);
}

// Fails if a process without a name cannot probe, or its death closes the breaker's door for good.
TEST(BreakerModel, TheNamelessProbeTooAndTheirPlacesComeBackWithTime) {
    law::terms t{.half_open_requests = 2};
    breaker_world<shm::breaker<>, hardware> world{t};
    world.open_and_wait();
    const auto first = world.admit(0), lost = world.admit(0);
    ASSERT_TRUE(first && lost);
    EXPECT_EQ(world.report(first, outcome::ok, 0), shm::breaker<>::report_result::counted);
    world.pass(law::second);
    EXPECT_FALSE(world.admit(5));
    world.pass(t.max_half_open_duration);
    EXPECT_FALSE(world.admit(5));
    EXPECT_EQ(world.state(), state::open);
    world.pass(t.wait_duration);
    EXPECT_TRUE(world.call(5, outcome::ok));
    EXPECT_TRUE(world.call(0, outcome::ok));
    EXPECT_EQ(world.state(), state::closed);
}

// Fails if tidying takes a place from the living or of another generation, or leaves one of the dead.
TEST(BreakerModel, ReclaimGivesBackThePlacesOfTheDeadAlone) {
    breaker_world<shm::breaker<>, hardware> world{{.half_open_requests = 3}};
    world.open_and_wait();
    ASSERT_TRUE(world.admit(1) && world.admit(2) && world.admit(3));
    EXPECT_EQ(world.subject.reclaim(world.by(9)), 0U);
    world.dead = {2};
    EXPECT_EQ(world.subject.reclaim(world.by(9)), 1U);
    EXPECT_EQ(world.subject.reclaim(world.by(9)), 0U);
    std::vector<std::uint64_t> owners;
    EXPECT_EQ(world.subject.for_each_probe([&](std::uint64_t owner) { owners.push_back(owner); }).taken, 2U);
    EXPECT_EQ(owners, (std::vector<std::uint64_t>{1, 3}));
}

// Fails if who asks of one owner at a time never comes to one that is dead.
TEST(BreakerModel, WhoIsTiredOfAskingBeginsElsewhereTheNextTime) {
    struct impatient : breaker_caller<hardware> {
        int patience = 1;
        [[nodiscard]] bool tired() { return patience-- == 0; }
    };
    for (const std::uint64_t dead : {1U, 2U, 3U}) {
        breaker_world<shm::breaker<>, hardware> world{{.half_open_requests = 3}};
        world.open_and_wait();
        ASSERT_TRUE(world.admit(1) && world.admit(2) && world.admit(3));
        world.dead = {dead};
        for (int turn = 0; turn < 30; ++turn) {
            (void)world.subject.reclaim(impatient{world.by(9)});
            world.pass(shm::look_interval);
        }
        EXPECT_EQ(world.subject.for_each_probe([](std::uint64_t) {}).taken, 2U) << dead;

        world.dead = {1, 2, 3};
        EXPECT_TRUE(world.admit(4));
        int in = 0;
        for (int turn = 0; turn < 30; ++turn) {
            in += world.subject.admit(unchanging(world.terms), impatient{world.by(5)}) ? 1 : 0;
            world.pass(shm::look_interval);
        }
        EXPECT_EQ(in, 2);
    }
}

// Fails if a threshold that was lowered waits for an error.
TEST(BreakerModel, ReconsiderOpensWhatTheNewTermsWouldHaveOpened) {
    breaker_world<shm::breaker<>, hardware> world{{}};
    for (int i = 0; i < 10; ++i) (void)world.call(1, i % 3 == 0 ? outcome::error : outcome::ok);
    world.subject.reconsider(world.terms, world.by(1));
    EXPECT_EQ(world.state(), state::closed);
    world.terms.failure_threshold = 40;
    world.subject.reconsider(world.terms, world.by(1));
    EXPECT_EQ(world.state(), state::open);
}

// Fails if what stood in the memory of a new breaker, or in one of its words, is taken for its own.
TEST(BreakerModel, AnyMemoryBecomesANewBreaker) {
    std::mt19937_64 random{seed_or(57)};
    struct memory {
        layout::breaker_block block{};
        std::array<layout::pair, 6> ring{};
        std::array<layout::pair, 4> places{};
        [[nodiscard]] std::span<layout::word> words() {
            return {reinterpret_cast<layout::word*>(this), sizeof(memory) / sizeof(layout::word)};
        }
    };
    const law::terms count{.window_type = law::window_type::count, .window = 20};
    const law::terms time{.window_type = law::window_type::time, .window = 10 * law::second};
    for (int round = 0; round < 50; ++round) {
        memory scribbled, zeros;
        for (layout::word& each : scribbled.words()) hardware::store_relaxed(each, random());
        const auto stamp = static_cast<std::uint32_t>(random());
        const nanos now = 100 * law::second;
        shm::breaker<> one{scribbled.block, scribbled.ring, scribbled.places};
        shm::breaker<> other{zeros.block, zeros.ring, zeros.places};
        one.fill(stamp, state::half_open, now);
        other.fill(stamp, state::half_open, now);
        EXPECT_EQ(one.look(), other.look());
        EXPECT_EQ(one.look().since, now);
        EXPECT_EQ(one.window(count, now), law::tally{});
        EXPECT_EQ(one.window(time, now), law::tally{});
        EXPECT_EQ(one.transitions(), other.transitions());
        EXPECT_TRUE(one.may_look(now));
        const auto same = [](std::span<layout::pair> a, std::span<layout::pair> b) {
            return std::ranges::equal(a, b, [](const layout::pair& x, const layout::pair& y) {
                return shm::read_halves<hardware>(x) == shm::read_halves<hardware>(y);
            });
        };
        EXPECT_TRUE(same(scribbled.ring, zeros.ring));
        EXPECT_TRUE(same(scribbled.places, zeros.places));
        EXPECT_TRUE(same(scribbled.block.slices, zeros.block.slices));
        std::size_t taken = 0;
        const auto probes = one.for_each_probe([&](std::uint64_t) { ++taken; });
        EXPECT_EQ(taken + probes.taken + probes.ok, 0U);
    }
}

// Fails if two look in one interval, nobody does in the next, or a time ahead that nobody can have written keeps all from it.
TEST(BreakerModel, OneOfAllCallersLooksInEachInterval) {
    breaker_world<shm::breaker<>, hardware> world{{}};
    const nanos start = 100 * law::second, interval = shm::look_interval;
    EXPECT_TRUE(world.subject.may_look(start));
    EXPECT_FALSE(world.subject.may_look(start));
    EXPECT_FALSE(world.subject.may_look(start + interval - 1));
    EXPECT_FALSE(world.subject.may_look(start - law::clock_slack)) << "a clock that is behind";
    EXPECT_TRUE(world.subject.may_look(start + interval));
    EXPECT_TRUE(world.subject.may_look(start + interval - law::clock_slack - 1)) << "nobody's clock is so far ahead";
    EXPECT_FALSE(world.subject.may_look(start + interval - law::clock_slack - 1));
}

}  // namespace
}  // namespace seki::test
