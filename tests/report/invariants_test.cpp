// Each numbered invariant: one violation of it is planted, found by its name and place and nothing else beside it, mended, and all that there is works on.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted_violations.hpp"
#include "report/doctor.hpp"

namespace seki::report {

void PrintTo(const violation& each, std::ostream* out) { *out << to_string(each.of); }

namespace {

std::vector<violation> all_violations() {
    std::vector<violation> all = violations_of_the_directory();
    for (const auto& more : {violations_of_processes(), violations_of_primitives()})
        all.insert(all.end(), more.begin(), more.end());
    std::ranges::sort(all, {}, &violation::of);
    return all;
}

std::vector<std::string> told(const std::vector<finding>& findings) {
    std::vector<std::string> lines;
    for (const finding& each : findings)
        lines.push_back(
            fmt::format("{} {}: {}: {}", number_of(each.broken), to_string(each.broken), each.where, each.what));
    return lines;
}

class Invariant : public ::testing::TestWithParam<violation> {};

// Fails when the doctor does not look at it, calls it or its place otherwise, takes something else for broken, or does not mend it.
TEST_P(Invariant, ThatIsBrokenIsFoundNamedAndMended) {
    const planted_stage stage;
    ASSERT_THAT(told(examine(stage.where())), ::testing::IsEmpty());
    const std::string place = GetParam().plant(stage);
    const auto found = examine(stage.where());
    EXPECT_THAT(told(found), ::testing::ElementsAre(::testing::StartsWith(fmt::format(
                                 "{} {}: {}: ", number_of(GetParam().of), to_string(GetParam().of), place))));
    EXPECT_THAT(told(found), ::testing::Each(::testing::HasSubstr("repair")));
    EXPECT_GE(repair(stage.where()).value_or(0), 1U);
    EXPECT_THAT(told(examine(stage.where())), ::testing::IsEmpty());
    for (int times = 0; times < 3; ++times) EXPECT_EQ(stage.what_fails(), "");
    EXPECT_THAT(told(examine(stage.where())), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Each, Invariant, ::testing::ValuesIn(all_violations()),
                         [](const auto& each) { return std::string{to_string(each.param.of)}; });

// Fails when one is added without a violation.
TEST(Invariants, EachHasAPlantedViolation) {
    std::vector<unsigned> planted, numbers;
    for (const violation& each : all_violations()) planted.push_back(number_of(each.of));
    for (const promise& each : promises()) numbers.push_back(number_of(each.number));
    EXPECT_EQ(planted, numbers);
    EXPECT_GE(numbers.size(), 40U);
}

// Fails when the table of the guide and the code disagree: about a number, a name, or what it says.
TEST(Invariants, AreThoseOfTheGuide) {
    std::vector<std::string> expected, listed;
    for (const promise& each : promises())
        expected.push_back(fmt::format("| {} | `{}` | {} |", number_of(each.number), each.name, each.holds));
    std::ifstream guide{SEKI_DOCTOR_GUIDE};
    for (std::string line; std::getline(guide, line);) {
        if (line.size() < 3 || !line.starts_with("| ") || line[2] < '0' || line[2] > '9') continue;
        // Without the last column, which says what repair does.
        EXPECT_GT(line.size() - line.rfind('|', line.size() - 2), 4U) << line;
        listed.push_back(line.substr(0, line.rfind('|', line.size() - 2) + 1));
    }
    EXPECT_EQ(listed, expected);
}

}  // namespace
}  // namespace seki::report
