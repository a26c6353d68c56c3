// A process dies after each instruction of each operation, and another one looks at what it left. And it stands still after each, while
// others do what they have to do, and then goes on.
// Of limiters, and of the segment itself. Which instructions are tried says route.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/doctor.hpp"
#include "report/snapshot.hpp"
#include "shm/workers.hpp"
#include "stage.hpp"
#include "world.hpp"

namespace seki::test {
namespace {

constexpr std::int64_t limit = 4;

LimiterOptions few_a_year() { return {.limit = static_cast<std::uint64_t>(limit), .window = 366 * 24h, .max_keys = 8}; }

struct scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    std::int64_t spent = 0;  // of key "k", in the world
    std::int64_t cost = 0;   // what the operation takes of it when it is allowed; negative: gives back
    bool commutes = true;    // with somebody else's checks of the same key
    bool works = true;       // with a key; else it makes or tidies up what others work with, and goes a long way
};

std::ostream& operator<<(std::ostream& to, const scenario& each) { return to << each.name; }

// How much of a key is let through: what is left of its limit, exactly.
std::int64_t spend(const Limiter& from, std::string_view key) {
    std::int64_t spent = 0;
    while (spent <= 2 * limit && from.check(key).allowed) ++spent;
    return spent;
}

Limiter it_of(const Segment& segment) { return must(segment.limiter("it", few_a_year())); }

// A limiter of whose key "k" that much was spent, by a process that died since.
std::function<void(const fs::path&)> spent(std::int64_t amount) {
    return [amount](const fs::path& folder) {
        const Limiter it = it_of(opened(folder));
        for (std::int64_t i = 0; i < amount; ++i) (void)it.check("k");
    };
}

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

bool check(const Limiter& it) { return it.check("k").allowed; }

scenario by_no_worker(scenario it) {
    it.works = false;
    return it;
}

std::vector<scenario> scenarios() {
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
        {"peek", spent(1), with_limiter([](const Limiter& it) { return it.peek("k").allowed; }), 1, 0},
        {"refund", spent(2), with_limiter([](const Limiter& it) { return it.refund("k") == Errc::none; }), 2, -1},
        {"reset", spent(3), with_limiter([](const Limiter& it) { return it.reset("k") == Errc::none; }), 3, -3, false},
        {"check_all", spent(1), with_limiter([](const Limiter& it) {
             const Demand both[] = {{it, "k", 2}, {it, "another", 1}};
             return check_all(both).allowed;
         }),
         1, 2, false},
        {"open", spent(1),
         [](const fs::path& folder, answer& told) -> operation {
             return
                 [folder, &told] { told.tell(open((folder / "a.seg").string(), small(Access::attach)).has_value()); };
         },
         1, 0},
        by_no_worker({"open_that_makes_the_segment", nothing,
                      [](const fs::path& folder, answer& told) -> operation {
                          return
                              [folder, &told] { told.tell(open((folder / "a.seg").string(), small({})).has_value()); };
                      }}),
        by_no_worker({"making_a_limiter", deleted,
                      with_segment([](const Segment& in) { return in.limiter("it", few_a_year()).has_value(); })}),
        {"deleting_a_limiter", spent(2),
         with_segment([](const Segment& in) { return in.remove_limiter("it").has_value(); }), 2, -2, false},
        by_no_worker({"changing_a_limiter", spent(1), with_segment([](const Segment& in) {
                          LimiterOptions other = few_a_year();
                          other.clock = Clock::coarse;
                          const bool there = in.change("it", other).has_value();
                          return there && in.change("it", few_a_year()).has_value();
                      }),
                      1, 0, false}),
        {"reaping_the_dead", died,
         with_segment([](const Segment& in) { return shm::reap(in.handle()->where()).processes <= 1; }), 1, 0},
        {"repairing", spent(1),
         with_segment([](const Segment& in) { return report::repair(in.handle()->where()).has_value(); }), 1, 0},
    };
}

class EveryInstruction : public testing::TestWithParam<scenario> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return GetParam().prepare(stage_.folder(), *told_); });
    }

    // What must be true whatever happened: nothing is broken, nobody is left, and of the key no more can be spent than is left.
    void judge(std::int64_t by_others) const {
        const Segment segment = opened(stage_.folder());
        (void)shm::reap(segment.handle()->where());
        EXPECT_EQ(broken_in(segment), "");
        EXPECT_LE(report::look_at_processes(segment.handle()->where()).size(), 1U);
        for (const auto& each : fs::directory_iterator{stage_.folder()})
            EXPECT_THAT(each.path().filename().native(), testing::StartsWith("a.seg"));
        const Limiter it = it_of(segment);
        const scenario& played = GetParam();
        const std::int64_t left = limit - played.spent - by_others;
        const std::int64_t now = spend(it, "k");
        EXPECT_GE(now, std::max<std::int64_t>(0, std::min(left, left - played.cost)));
        EXPECT_LE(now, std::max(left, left - played.cost));
        if (told_->was_allowed() && played.commutes) {
            EXPECT_EQ(now, left - played.cost);
        }
        EXPECT_EQ(spend(it, "fresh"), limit);
    }

    // Plays `at_instruction` at the chosen instructions of the operation, and once beyond its end.
    template <class Play>
    void play(trying what, Play at_instruction) {
        const route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.segment());
        });
        const std::uint64_t for_each_change = GetParam().works ? steps_for_each_change : 0;
        play_at(points_of(way, what, 20'000, 2, for_each_change), way, GetParam().name + told_as(what), at_instruction);
    }

    stage stage_{GetParam().world};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: something is let through twice, lost, broken, or left behind for good.
TEST_P(EveryInstruction, MayBeTheLast) {
    play(trying::to_die, [&](std::uint64_t at) {
        stepped_process dying = begin();
        (void)dying.step(at);
        dying.kill();
        judge(0);
    });
}

// Fails when who stands still keeps others from deciding, or when the two together let through more or less than one after the other would.
TEST_P(EveryInstruction, MayTakeForever) {
    if (!stage_.has_segment_from_the_start()) return;  // there is nobody yet to wait for
    play(trying::to_stand_still, [&](std::uint64_t at) {
        stepped_process slow = begin();
        (void)slow.step(at);
        std::int64_t by_others = 0;
        {
            const Segment segment = opened(stage_.folder(), Access::attach);
            if (const auto it = segment.limiter("it")) {
                by_others = it->check("k").allowed ? 1 : 0;
                EXPECT_TRUE(it->check("other").allowed);
            }
        }
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        if (GetParam().commutes) judge(by_others);
    });
}

INSTANTIATE_TEST_SUITE_P(Of, EveryInstruction, testing::ValuesIn(scenarios()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
