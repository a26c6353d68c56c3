// A breaker that can never close again would keep a service down for good. So: whatever calls, outcomes, deaths, clocks, changes and operators
// did to it, from then on time and ok probes close it, within a time and a number of calls that its terms say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <random>
#include <vector>

#include "shm/breaker_world.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using law::event;
using law::outcome;
using law::state;
using shm::hardware;
using nanos = algorithm::nanos;
using admission = shm::breaker<>::admission;

constexpr std::size_t places = 5;

// A caller whose clock is off by up to half of what clocks may differ by: at each reading by something else, or, at rest, always by the same.
struct unsteady_caller {
    breaker_caller<hardware> as;
    std::mt19937_64* random;
    std::optional<nanos> at_rest;
    [[nodiscard]] nanos now() const {
        const nanos off = at_rest ? *at_rest : (*random)() % law::clock_slack;
        return as.now() + off - law::clock_slack / 2;
    }
    [[nodiscard]] bool alive(std::uint64_t owner) const { return as.alive(owner); }
    [[nodiscard]] static bool tired() { return false; }
    [[nodiscard]] static bool stands() { return true; }
    void moved(const shm::transition& made) const { as.moved(made); }
    [[nodiscard]] std::uint64_t owner() const { return as.owner(); }
};

class sequence {
public:
    explicit sequence(std::uint64_t seed) : random_{seed} {}

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            if (one_in(3)) pass();
            if (held_.empty() || one_in(2))
                ask();
            else
                settle(below(held_.size()));
            if (one_in(40)) operate();
            if (one_in(40)) change();
            if (one_in(40)) world_.subject.reclaim(by(next_++));
        }
    }

    // Operators let go of it, and those who still hold something end one way or another, but not badly.
    void calm() {
        if (world_.state() == state::forced_open || one_in(4))
            world_.subject.operate(event::automatic, world_.terms, by(next_++));
        for (const held& each : held_) {
            const auto how = below(4);
            if (how == 0) world_.dead.insert(each.name);
            if (how == 1) report(each, outcome::ok);
            if (how == 2) report(each, outcome::ignore);
            // Or it hangs, for ever, and lives.
        }
    }

    struct way {
        nanos time = 0;
        std::uint64_t calls = 0;
    };
    // Calls, all ok, until nobody is refused: each waits as long as it was told. By one clock, for those that jump about may end a half-open that is
    // shorter than their jumps time and again.
    way close() {
        at_rest_ = below(law::clock_slack);
        way gone;
        const nanos start = world_.time();
        while (!law::passes(world_.state()) && gone.calls < longest().calls + 1) {
            const held one{next_++, {}};
            const admission let_in = world_.subject.admit(unchanging(world_.terms), by(one.name));
            if (let_in)
                report({one.name, let_in}, outcome::ok);
            else
                world_.pass(std::max(let_in.retry_after, nanos{1}));
            ++gone.calls;
        }
        gone.time = world_.time() - start;
        return gone;
    }
    // What is left of a wait; probes that find places of those who hang, until max_half_open_duration; a wait; all the probes. What stands in the word was
    // written by clocks that differ from this one.
    [[nodiscard]] way longest() const {
        const law::terms& t = world_.terms;
        const nanos wait = std::max(t.wait_duration, t.wait_multiplier > 100 ? t.wait_duration_max : 0);
        return {2 * wait + t.max_half_open_duration + 2 * law::clock_slack, 2 * t.half_open_requests + 6};
    }
    [[nodiscard]] state now() const { return world_.state(); }

private:
    struct held {
        std::uint64_t name;
        admission let_in;
    };

    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    unsteady_caller by(std::uint64_t name) { return {world_.by(name), &random_, at_rest_}; }

    law::terms some_terms() {
        law::terms t;
        t.window_type = one_in(3) ? law::window_type::time : law::window_type::count;
        t.window = t.window_type == law::window_type::count ? 1 + below(100) : law::second * (1 + below(3));
        t.minimum_calls = 1 + below(5);
        t.failure_threshold = 1 + below(100);
        t.slow_call_threshold = 1 + below(100);
        t.wait_duration = law::millisecond * (1 + below(3'000));
        t.wait_multiplier = 100 + below(3) * 150;
        t.wait_duration_max = law::second * (1 + below(60));
        t.half_open_requests = 1 + below(places);
        t.max_half_open_duration = law::millisecond * (1 + below(3'000));
        return t;
    }

    void pass() {
        const law::terms& t = world_.terms;
        const nanos spans[] = {shm::look_interval, t.wait_duration, t.max_half_open_duration, law::clock_slack, 1'000};
        world_.pass(below(2 * spans[below(std::size(spans))]));
    }
    void ask() {
        const std::uint64_t name = one_in(30) ? 0 : next_++;  // 0: who has no name
        const admission let_in = world_.subject.admit(unchanging(world_.terms), by(name));
        if (let_in) held_.push_back({name, let_in});
    }
    void report(const held& one, outcome what) {
        (void)world_.subject.report(one.let_in, what, by(one.name).now(), world_.terms, by(one.name));
    }
    // Reports it, or dies with it, or never comes back.
    void settle(std::size_t which) {
        const held one = held_[which];
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
        if (one_in(10)) {
            world_.dead.insert(one.name);
        } else if (!one_in(20)) {
            report(one, one_in(2) ? outcome::ok : static_cast<outcome>(below(4)));
        }
    }
    void operate() {
        constexpr event orders[] = {event::reset, event::observe, event::force_open, event::force_closed,
                                    event::automatic};
        world_.subject.operate(orders[below(std::size(orders))], world_.terms, by(next_++));
    }
    // Who changes it may die before the window starts anew.
    void change() {
        const law::terms old = std::exchange(world_.terms, some_terms());
        if (one_in(4)) return;
        if (old.window_type != world_.terms.window_type || old.window != world_.terms.window)
            world_.subject.operate(event::renew, world_.terms, by(next_++));
        world_.subject.reconsider(world_.terms, by(next_++));
    }

    std::mt19937_64 random_;
    std::optional<nanos> at_rest_;
    breaker_world<shm::breaker<>, hardware, 8, places> world_{some_terms(), law::second * (10 + below(1'000'000))};
    std::vector<held> held_;
    std::uint64_t next_ = 1;
};

// Fails if anything that may happen leaves a breaker that refuses although all goes well: for good, or for longer than its terms say.
TEST(BreakerClosesAgain, AfterWhateverHappened) {
    const std::uint64_t first = seed_or(61);
    std::uint64_t were_open = 0, were_half_open = 0;
    for (std::uint64_t seed = first; seed < first + 30'000; ++seed) {
        SCOPED_TRACE(testing::Message() << "SEKI_SEED=" << seed);
        sequence one{seed};
        one.run(200);
        one.calm();
        were_open += one.now() == state::open ? 1U : 0U;
        were_half_open += one.now() == state::half_open ? 1U : 0U;
        const auto gone = one.close();
        ASSERT_TRUE(law::passes(one.now())) << gone.calls << " calls and " << gone.time << " ns later";
        ASSERT_LE(gone.time, one.longest().time);
    }
    std::printf("%llu sequences ended open, %llu half-open\n", static_cast<unsigned long long>(were_open),
                static_cast<unsigned long long>(were_half_open));
    EXPECT_GT(were_open, 500U);
    EXPECT_GT(were_half_open, 500U);
}

}  // namespace
}  // namespace seki::test
