// The first call of a process takes system calls: it joins. Whoever dies in one of them has changed nothing that is not counted.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "breaker_scenarios.hpp"
#include "limiter_scenarios.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/liveness.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

// What a call does to that which all share, as two tell of it: the primitive itself, and its counters.
struct first_call {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const Segment&)> prepare;
    std::function<std::int64_t(const Segment&)> changed, counted;
    std::int64_t in_the_end = 0;
};
std::ostream& operator<<(std::ostream& to, const first_call& each) { return to << each.name; }

[[nodiscard]] LimiterOptions by(Algorithm algorithm) {
    LimiterOptions options = few_a_year();
    options.algorithm = algorithm;
    return options;
}
[[nodiscard]] Limiter limiter_in(const Segment& segment) { return must(segment.limiter("it")); }
auto one_spent(Algorithm algorithm) {
    return [algorithm](const fs::path& folder) { (void)must(opened(folder).limiter("it", by(algorithm))).check("k"); };
}
std::int64_t count_in(const Segment& segment, layout::kind kind, layout::counter which) {
    const shm::segment& where = segment.handle()->where();
    const auto at = shm::directory{where}.find(kind, "it");
    return static_cast<std::int64_t>(shm::sum(where, at->index, at->incarnation)[which]);
}
std::int64_t spent_in(const Segment& segment) {
    std::int64_t all = 0;
    for (const char* key : {"k", "another"})
        all += limit - static_cast<std::int64_t>(limiter_in(segment).peek(key, 0).remaining);
    return all;
}
std::int64_t counted_as_spent_in(const Segment& segment) {
    return count_in(segment, layout::kind::limiter, layout::cost_allow) -
           count_in(segment, layout::kind::limiter, layout::count_refund);
}

first_call of_limiter(const std::string& name, Algorithm algorithm, const std::function<void(const Limiter&)>& act,
                      std::int64_t in_the_end) {
    const auto prepare = [act](const Segment& segment) -> operation {
        return [it = limiter_in(segment), act] { act(it); };
    };
    return {name, one_spent(algorithm), prepare, spent_in, counted_as_spent_in, in_the_end};
}

first_call of_breaker(const std::string& name, Outcome outcome) {
    const auto prepare = [outcome](const Segment& segment) -> operation {
        return [it = must(segment.breaker("it")), outcome] { it.admit().tell(outcome); };
    };
    return {name,
            closed_after(8, 0),
            prepare,
            [](const Segment& segment) {
                return static_cast<std::int64_t>(must(must(segment.breaker("it")).status()).calls);
            },
            [](const Segment& segment) {
                return count_in(segment, layout::kind::breaker, layout::count_call_ok) +
                       count_in(segment, layout::kind::breaker, layout::count_call_error);
            },
            1};
}

class JoinDeaths : public testing::TestWithParam<first_call> {};

// Fails if a system call comes between what a first call changes and its count: a death in it leaves the change uncounted, and a process may be kept in
// such a call for long.
TEST_P(JoinDeaths, LeaveNothingUncounted) {
    const first_call& played = GetParam();
    const stage stage{played.world};
    stepped_process joining = stage.begin([&] { return played.prepare(opened(stage.folder(), Access::attach)); });
    const Segment seen = opened(stage.folder(), Access::attach);
    const std::int64_t before = played.changed(seen);
    int calls = 0;
    do {
        if (!joining.is_before_a_call()) continue;
        ++calls;
        ASSERT_EQ(played.changed(seen), played.counted(seen)) << "before its call " << calls;
    } while (joining.step(1));
    EXPECT_GT(calls, 5) << "it did not join";
    EXPECT_EQ(played.changed(seen) - before, played.in_the_end);
    EXPECT_EQ(played.changed(seen), played.counted(seen));
}

const first_call calls[] = {
    of_limiter(
        "CheckOfABucket", Algorithm::gcra, [](const Limiter& it) { (void)it.check("k"); }, 1),
    of_limiter(
        "CheckOfAWindow", Algorithm::sliding_window, [](const Limiter& it) { (void)it.check("k"); }, 1),
    of_limiter(
        "CheckOfANewKey", Algorithm::gcra, [](const Limiter& it) { (void)it.check("another"); }, 1),
    of_limiter(
        "CheckAll", Algorithm::gcra,
        [](const Limiter& it) {
            const Demand both[] = {{it, "k", 1}, {it, "another", 1}};
            (void)check_all(both);
        },
        2),
    of_limiter(
        "Refund", Algorithm::gcra, [](const Limiter& it) { (void)it.refund("k", 1); }, -1),
    of_breaker("OutcomeOfACall", Outcome::ok),
    of_breaker("FailureOfACall", Outcome::error),
};
INSTANTIATE_TEST_SUITE_P(Of, JoinDeaths, testing::ValuesIn(calls), [](const auto& each) { return each.param.name; });

// Fails if who was stopped while it joined, and goes on when its place has long been another's, takes anything from that one: its description, by which it
// knows its own lock file, which it must not open; and so its lock, its name and all permits.
TEST(JoinStops, TakeNothingFromWhoJoinedMeanwhile) {
    const stage stage{[](const fs::path& folder) { (void)opened(folder); }};
    const auto prepare = [&] {
        return [at = opened(stage.folder(), Access::attach)] { at.handle()->attachment()->join(); };
    };
    int stops = 0, places_taken = 0;
    for (bool more = true; more; ++stops) {
        stepped_process late = stage.begin([&]() -> operation { return prepare(); });
        for (int passed = 0; more && passed <= stops;) {
            if (late.is_before_a_call()) ++passed;
            if (passed <= stops) more = late.step(1);
        }
        const Segment segment = opened(stage.folder(), Access::attach);
        const shm::segment& where = segment.handle()->where();
        const auto claimed = [&] { return shm::state_of(where.processes()[0]).stage == layout::stage::claimed; };
        const bool was_claimed = claimed();
        shm::reap(where);
        if (was_claimed && !claimed()) ++places_taken;
        auto mine = must(shm::membership::join(where, [](shm::process_owner) {}));
        EXPECT_TRUE(!more || late.finish());
        const auto says = [&] { return shm::is_live(where, mine.self()) == shm::verdict::live; };
        ASSERT_TRUE(says()) << "its owner, after stop " << stops;
        ASSERT_TRUE(companion{says}.finish()) << "another, after stop " << stops;
        mine.leave(where);
    }
    EXPECT_GT(places_taken, 0) << "nobody was stopped between its claim and its lock";
}

}  // namespace
}  // namespace seki::test
