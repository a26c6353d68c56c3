// A process dies after each instruction of a call by an adaptive limit, and of a request by a shedder, and others look at what it left. And it stands still,
// while others take all that there is, and then goes on. Which instructions are tried says route.hpp.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "primitives/adaptive_status.hpp"
#include "primitives/registry.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

// What is admitted, of either kind.
struct admitted {
    std::vector<AdaptivePermit> permits{};
    std::vector<InFlight> requests{};
    [[nodiscard]] std::size_t size() const noexcept { return permits.size() + requests.size(); }
};

struct limit_scenario {
    std::string name;
    std::function<void(const Segment&)> make;
    std::function<operation(const Segment&, answer&)> prepare;
    std::function<admitted(const Segment&)> take_all;
    std::uint64_t most = 0;                          // held at once, ever
    std::function<void(const Segment&)> judge_idle;  // when nobody holds anything, and somebody tidied up
    std::uint64_t least = 1;                         // held by others, while one stands still
};
std::ostream& operator<<(std::ostream& to, const limit_scenario& each) { return to << each.name; }

// Windows of three calls; the next call ends one, and moves the limit.
constexpr std::uint64_t least_limit = 2, most_limit = 5;
[[nodiscard]] Adaptive limit_of(const Segment& segment) {
    return must(segment.adaptive("it", {.algorithm = AdaptiveLaw::aimd,
                                        .min_limit = least_limit,
                                        .max_limit = most_limit,
                                        .initial_limit = 3,
                                        .window = 3}));
}
void make_limit(const Segment& segment) {
    const Adaptive it = limit_of(segment);
    for (int call = 0; call < 5; ++call) (void)it.call([] {});
}
admitted all_permits(const Segment& segment) {
    admitted all;
    const Adaptive it = limit_of(segment);
    for (auto permit = it.try_acquire(); permit; permit = it.try_acquire()) all.permits.push_back(std::move(*permit));
    return all;
}
void judge_limit(const Segment& segment) {
    const AdaptiveStatus now = must(limit_of(segment).status());
    EXPECT_EQ(now.in_use, 0U);
    EXPECT_GE(now.limit, least_limit);
    EXPECT_LE(now.limit, most_limit);
    const shm::segment& where = segment.handle()->where();
    EXPECT_TRUE(primitives::is_enforced(where, must(primitives::adaptives::find(where, "it"))));
    const admitted all = all_permits(segment);
    EXPECT_EQ(all.size(), now.limit);
}
operation call_that(const Segment& segment, answer& told, Outcome outcome) {
    must(limit_of(segment).try_acquire()).release(Outcome::ignore);  // so that it has its slot
    return [it = limit_of(segment), &told, outcome] {
        auto permit = it.try_acquire();
        told.tell(permit.has_value());
        if (permit) permit->release(outcome);
    };
}

// Of four places, priority 1 may have three.
[[nodiscard]] Shedder door_of(const Segment& segment) {
    return must(segment.shedder("it", {.max_in_flight = 4, .target = 1ms, .interval = 1ms}));
}
admitted all_requests(const Segment& segment) {
    admitted all;
    const Shedder it = door_of(segment);
    for (auto request = it.admit(1); request; request = it.admit(1)) all.requests.push_back(std::move(*request));
    return all;
}
void judge_door(const Segment& segment) {
    EXPECT_EQ(must(door_of(segment).status()).in_flight, 0U);
    const admitted all = all_requests(segment);
    EXPECT_EQ(all.size(), 3U);
}
operation request_that_waited(const Segment& segment, answer& told, std::chrono::nanoseconds waited) {
    (void)must(door_of(segment).admit(1)).complete();  // so that it has its slot
    return [it = door_of(segment), &told, waited] {
        auto request = it.admit(1, std::chrono::steady_clock::now() - waited);
        told.tell(request.has_value());
        if (request) (void)request->complete();
    };
}

// Beyond the four places, which it has itself; then it is counted by one of priority 1, who sees that nobody is there any more.
operation request_beyond(const Segment& segment, answer& told) {
    auto within = std::make_shared<std::vector<InFlight>>();
    for (int i = 0; i < 4; ++i) within->push_back(must(door_of(segment).admit(0)));
    return [it = door_of(segment), &told, within] {
        auto request = it.admit(0);
        told.tell(request.has_value());
        if (request) (void)request->complete();
        (void)within->back().complete();
        (void)it.admit(1);
        within->clear();
    };
}

class LimitDeaths : public testing::TestWithParam<limit_scenario> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin(
            [this]() -> operation { return GetParam().prepare(opened(stage_.folder(), Access::attach), *told_); });
    }
    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    stage stage_{[](const fs::path& folder) { GetParam().make(opened(folder)); }};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: a place is lost or given out twice, a limit leaves its bounds, or the doctor finds something.
TEST_P(LimitDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        stepped_process dying = begin();
        (void)at.lead(dying);
        dying.kill();
        const Segment segment = opened(stage_.folder(), Access::attach);
        EXPECT_EQ(broken_in(segment), "");
        EXPECT_LE(GetParam().take_all(segment).size(), GetParam().most);
        ASSERT_TRUE(segment.maintain());
        EXPECT_EQ(broken_in(segment), "");
        GetParam().judge_idle(segment);
    });
}

// Fails when who stands still keeps others from being let in, or more are in between them than there are places.
TEST_P(LimitDeaths, AndOthersTakeAllWhileOneStandsStill) {
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        (void)at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        {
            const admitted others = GetParam().take_all(segment);
            EXPECT_GE(others.size(), GetParam().least);
            EXPECT_LE(others.size(), GetParam().most);
            EXPECT_TRUE(slow.finish());
        }
        EXPECT_TRUE(told_->was_given());
        ASSERT_TRUE(segment.maintain());
        EXPECT_EQ(broken_in(segment), "");
        GetParam().judge_idle(segment);
    });
}

const limit_scenario scenarios[] = {
    {"ACallThatRaisesTheLimit", make_limit,
     [](const Segment& in, answer& told) { return call_that(in, told, Outcome::ok); }, all_permits, most_limit,
     judge_limit},
    {"ACallThatLowersTheLimit", make_limit,
     [](const Segment& in, answer& told) { return call_that(in, told, Outcome::error); }, all_permits, most_limit,
     judge_limit},
    {"ARequest", [](const Segment& in) { (void)door_of(in); },
     [](const Segment& in, answer& told) { return request_that_waited(in, told, 0ns); }, all_requests, 3, judge_door},
    {"ARequestThatWaited", [](const Segment& in) { (void)door_of(in); },
     [](const Segment& in, answer& told) { return request_that_waited(in, told, 1h); }, all_requests, 3, judge_door},
    {"ARequestBeyond", [](const Segment& in) { (void)door_of(in); }, request_beyond, all_requests, 3, judge_door, 0},
};
INSTANTIATE_TEST_SUITE_P(Of, LimitDeaths, testing::ValuesIn(scenarios),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
