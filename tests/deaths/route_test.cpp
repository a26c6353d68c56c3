// At which instructions of a way it is tried to die, or to stand still (route.hpp), and what is taken for a change of what is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "leavings.hpp"
#include "route.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

using testing::Contains;
using testing::IsSubsetOf;

// With so many changes near the half of it, and two sleeps.
route way_with(std::size_t changes, std::uint64_t length) {
    route way{.length = length, .ends = true, .marks = std::vector<std::uint64_t>(changes)};
    std::iota(way.marks.begin(), way.marks.end(), length / 2);
    way.sleeps = {1, length - 1};
    return way;
}

class Route : public testing::Test {
protected:
    Route() { ::unsetenv("SEKI_STRIDE"); }
    ~Route() override { ::unsetenv("SEKI_STRIDE"); }
};

// Fails when some of the changes of a way are left to chance: one may die after any.
TEST_F(Route, HasADeathAfterEachChangeHoweverLongItIs) {
    for (const std::size_t changes : {1U, 15U, 33U}) {
        const route way = way_with(changes, 200'000);
        const auto points = points_of(way, trying::to_die);
        EXPECT_THAT(way.marks, IsSubsetOf(points));
        EXPECT_THAT(way.sleeps, IsSubsetOf(points));
        EXPECT_EQ(points.size(), changes + 3) << "and its end";
        EXPECT_THAT(points, Contains(stepped_process::to_the_end));
    }
}

// Fails when what changes very much takes the time of all other tests, or is left out where there is time.
TEST_F(Route, IsTriedInPartsUnlessThereIsTime) {
    const route way = way_with(1000, 20'000);
    EXPECT_EQ(points_of(way, trying::to_die).size(), most_deaths + 1);
    EXPECT_EQ(points_of(way, trying::to_stand_still).size(), most_standstills + 1);
    ::setenv("SEKI_STRIDE", "500", 1);
    EXPECT_THAT(way.marks, IsSubsetOf(points_of(way, trying::to_die)));
    EXPECT_GE(points_of(way, trying::to_die).size(), 1000 + 20'000 / 500 - 2) << "two of the strides are changes";
    EXPECT_THAT(points_of(way, trying::to_stand_still), Contains(way.marks.front() - 1));
}

struct trace {
    const char* name;
    std::function<void(const fs::path&)> leave;
    bool is_one = true;
};
std::ostream& operator<<(std::ostream& to, const trace& each) { return to << each.name; }

const in_common<answer>& said() {
    static const in_common<answer> all;
    return all;
}

class Leavings : public testing::TestWithParam<trace> {};

// Fails when something that a process leaves is overlooked, or there are deaths without end because nothing counts as something.
TEST_P(Leavings, AreAllThatOthersCanSeeOfOneThatDied) {
    const folder here;
    make(here, [](const fs::path& in) { (void)opened(in); });
    (void)said();
    leavings left{here.path()};
    EXPECT_FALSE(left.changed(true));
    GetParam().leave(here.path());
    EXPECT_EQ(left.changed(true), GetParam().is_one);
    EXPECT_FALSE(left.changed(true));
}

void change_a_byte(const fs::path& in) {
    std::fstream file{in / "a.seg", std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(-1, std::ios::end).put('x');
}

const trace traces[] = {
    {"Nothing", [](const fs::path&) {}, false},
    {"ALook", [](const fs::path& in) { (void)opened(in, Access::read_only); }, false},
    {"AByte", change_a_byte},
    {"AFile", [](const fs::path& in) { (void)std::ofstream{in / "b"}; }},
    {"AFileThatIsLonger", [](const fs::path& in) { fs::resize_file(in / "a.seg", fs::file_size(in / "a.seg") + 1); }},
    {"AnotherName", [](const fs::path& in) { fs::rename(in / "a.seg", in / "b.seg"); }},
    {"NoFile", [](const fs::path& in) { fs::remove(in / "a.seg"); }},
    {"ThatOthersMayRead", [](const fs::path& in) { ::chmod((in / "a.seg").c_str(), 0664); }},
    {"AWord", [](const fs::path&) { said()->tell(true); }},
};
INSTANTIATE_TEST_SUITE_P(Of, Leavings, testing::ValuesIn(traces), [](const auto& each) { return each.param.name; });

void here_nobody_comes() { std::abort(); }

// Fails, by the time limit of the tests, when who went another way, and waits there for what comes only after it, is waited for.
TEST(Footprints, WhoNeverComesThereIsStoppedWhereItIs) {
    stepped_process waiting{[] {
        return [] {
            ::pause();
            here_nobody_comes();
        };
    }};
    EXPECT_FALSE(waiting.run_to(reinterpret_cast<std::uint64_t>(&here_nobody_comes), 0));
    EXPECT_TRUE(waiting.is_there());
}

}  // namespace
}  // namespace seki::test
