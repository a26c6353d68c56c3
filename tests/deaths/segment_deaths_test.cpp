// A process dies after each instruction of what administrators and sekid do, of what is done with whole segments, and of calls that the other tests leave out; and those
// who live on, and those who come after, find all of it in order. Which instructions are tried says route.hpp, what is done there segment_scenarios.hpp.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "segment_play.hpp"
#include "segment_scenarios.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

class SegmentDeaths : public testing::TestWithParam<segment_scenario> {};

// Fails when any instruction may not be a process's last: something is half made, half changed or half deleted, a permit is lost, or who lives on cannot work.
TEST_P(SegmentDeaths, MayComeAfterAnyInstruction) {
    segment_play played{GetParam()};
    route way = played.walk();
    play_at(points_of(way, trying::to_die), way, GetParam().name + told_as(trying::to_die),
            [&](const place& at) { played.die_at(at); });
}

// To step through one of these takes a second or so. Where there is little time, one of so many is drawn.
std::vector<segment_scenario> drawn(std::size_t of_so_many, std::vector<segment_scenario> all) {
    if (std::getenv("SEKI_STRIDE") != nullptr) return all;
    std::vector<segment_scenario> some;
    for (std::size_t i = seed_or(1) % of_so_many; i < all.size(); i += of_so_many) some.push_back(all[i]);
    return some;
}

constexpr auto name_of = [](const auto& each) { return each.param.name; };
INSTANTIATE_TEST_SUITE_P(OfAdministrators, SegmentDeaths, testing::ValuesIn(drawn(6, works_of_administrators())),
                         name_of);
INSTANTIATE_TEST_SUITE_P(WithLimiters, SegmentDeaths, testing::ValuesIn(drawn(3, works_with_limiters())), name_of);
INSTANTIATE_TEST_SUITE_P(OnSegments, SegmentDeaths, testing::ValuesIn(drawn(3, works_on_segments())), name_of);
INSTANTIATE_TEST_SUITE_P(ThroughC, SegmentDeaths, testing::ValuesIn(drawn(3, works_through_c())), name_of);
INSTANTIATE_TEST_SUITE_P(Repairs, SegmentDeaths, testing::ValuesIn(drawn(6, repairs())), name_of);

}  // namespace
}  // namespace seki::test
