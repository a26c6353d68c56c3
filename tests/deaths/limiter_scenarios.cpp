#include "limiter_scenarios.hpp"

#include <cstdlib>
#include <utility>

#include "primitives/clock.hpp"
#include "report/doctor.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

// The same by one that had no time to say good-bye.
void died(const fs::path& folder) {
    const auto* const it = new Limiter{it_of(opened(folder))};
    (void)it->check("k");
}

// Whoever comes next finds the keys of another in its memory.
void deleted(const fs::path& folder) {
    spent(3)(folder);
    if (!opened(folder).remove_limiter("it")) std::abort();
}

// All slots taken by keys that nobody has a claim to any more: the next new key evicts one.
void full(const fs::path& folder) {
    LimiterOptions brief = few_a_year();
    brief.window = 1ms;
    const Segment segment = opened(folder);
    const Limiter it = must(segment.limiter("it", brief));
    for (int key = 0; key < 200; ++key) (void)it.check(std::to_string(key));
    // By the coarse clock, too, which is behind: until then they keep their slots.
    const std::uint64_t over = primitives::read_clock(Clock::precise) + 1'000'000;
    while (primitives::read_clock(Clock::coarse) <= over) continue;
    if (!segment.change("it", few_a_year())) std::abort();
}

// Ready to decide: attached, bound, with a slot of its own.
Limiter warm(const fs::path& folder) {
    const Limiter it = it_of(opened(folder));
    (void)it.check("warm");
    return it;
}

template <class Act>
std::function<operation(const fs::path&, answer&)> with_limiter(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [it = warm(folder), &told, act] { told.tell(act(it)); };
    };
}

template <class Act>
std::function<operation(const fs::path&, answer&)> with_segment(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}

Decision check(const Limiter& it) { return it.check("k"); }

}  // namespace

std::vector<limiter_scenario> works_with_limiters() {
    const auto nothing = [](const fs::path&) {};
    return {
        {"check_of_a_known_key", spent(1), with_limiter(check), 1, 1},
        {"check_of_a_new_key", spent(0), with_limiter(check), 0, 1},
        {"check_that_is_denied", spent(limit), with_limiter(check), limit, 1},
        {"check_that_evicts", full, with_limiter(check), 0, 1},
        {"first_check_of_a_process", spent(1),
         [](const fs::path& folder, answer& told) -> operation {
             return [it = it_of(opened(folder)), &told] { told.tell(check(it)); };
         },
         1, 1},
        {"peek", spent(1), with_limiter([](const Limiter& it) { return it.peek("k"); }), 1, 0},
        {"refund", spent(2), with_limiter([](const Limiter& it) { return it.refund("k"); }), 2, -1},
        {"reset", spent(3), with_limiter([](const Limiter& it) { return it.reset("k"); }), 3, -3, false},
        {"check_all", spent(1), with_limiter([](const Limiter& it) {
             const Demand both[] = {{it, "k", 2}, {it, "another", 1}};
             return check_all(both);
         }),
         1, 2, false},
        {"open", spent(1),
         [](const fs::path& folder, answer& told) -> operation {
             return [folder, &told] { told.tell(open((folder / "a.seg").string(), small(Access::attach))); };
         },
         1, 0},
        {"open_that_makes_the_segment", nothing,
         [](const fs::path& folder, answer& told) -> operation {
             return [folder, &told] { told.tell(open((folder / "a.seg").string(), small({}))); };
         }},
        {"making_a_limiter", deleted, with_segment([](const Segment& in) { return in.limiter("it", few_a_year()); })},
        {"deleting_a_limiter", spent(2), with_segment([](const Segment& in) { return in.remove_limiter("it"); }), 2, -2,
         false},
        {"changing_a_limiter", spent(1), with_segment([](const Segment& in) {
             LimiterOptions other = few_a_year();
             other.clock = Clock::coarse;
             const auto there = in.change("it", other);
             if (!there) return there;
             between();
             return in.change("it", few_a_year());
         }),
         1, 0, false},
        {"reaping_the_dead", died,
         with_segment([](const Segment& in) { return shm::reap(in.handle()->where()).processes <= 1; }), 1, 0},
        {"repairing", spent(1), with_segment([](const Segment& in) { return report::repair(in.handle()->where()); }), 1,
         0},
    };
}

}  // namespace seki::test
