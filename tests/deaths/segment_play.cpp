#include "segment_play.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <utility>

#include "report/doctor.hpp"

namespace seki::test {

segment_play::segment_play(segment_scenario played) : played_{std::move(played)}, stage_{played_.world} {}

std::unique_ptr<segment_play::actors> segment_play::begin() {
    *told_ = {};
    stage_.reset();
    const Segment survivor = opened_roomy(stage_.folder());
    survivor.handle()->attachment()->join();
    return std::unique_ptr<actors>{
        new actors{stepped_process{[this] { return played_.prepare(stage_.folder(), *told_); }}, survivor}};
}

route segment_play::walk() {
    const auto whole = begin();
    return test::walk(whole->dying, stage_.folder());
}

void segment_play::die_at(const place& at) {
    const auto both = begin();
    (void)at.lead(both->dying);
    both->dying.kill();
    judge(both->survivor);
}

void segment_play::judge(const Segment& survivor) const {
    call_each(survivor);
    const Segment next = opened_roomy(stage_.folder());
    if (played_.heals) {
        EXPECT_TRUE(report::repair(next.handle()->where()));
    }
    EXPECT_EQ(broken_in(next), "");
    EXPECT_TRUE(!played_.succeeds || !told_->was_given() || told_->was_allowed());
    played_.then(next, told_->was_given());
    expect_all_works(next);
    if (played_.stays) {
        expect_all_works(survivor);
        EXPECT_EQ(survivor.handle()->where().file(), next.handle()->where().file());
    }
    for (const auto& each : fs::directory_iterator{stage_.folder()})
        EXPECT_THAT(each.path().filename().native(), testing::StartsWith("a.seg"));
}

}  // namespace seki::test
