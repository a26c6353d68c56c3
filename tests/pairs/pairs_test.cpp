// A process is stopped after an instruction of what it does; another one does whatever there is to do, to its end; then the first goes on. What both were
// told, and what there is afterwards, must be what comes of the one after the other.
//
// SEKI_STRIDE=1 tries everything against everything, and stops before each instruction that reads or writes the segment or asks the kernel: before any other
// one it would come to the same (touches.hpp). SEKI_STRIDE=N: before every Nth of these. Otherwise some pairs are drawn, and two instructions for each,
// by SEKI_SEED. SEKI_AGAINST=NAME tries one second alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "observed.hpp"
#include "pair_judge.hpp"
#include "still_time.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t longest_brief = 20'000, points_of_a_pair = 2;

bool is_brief() { return std::getenv("SEKI_STRIDE") == nullptr; }

// Of the instructions that matter.
std::vector<std::uint64_t> points_of(const trail& way, std::mt19937_64& dice) {
    const auto& all = way.touches();
    std::vector<std::uint64_t> points;
    if (is_brief()) {
        for (std::size_t i = 0; i < points_of_a_pair; ++i) points.push_back(all[dice() % all.size()]);
    } else {
        const auto stride = std::max<std::size_t>(1, std::strtoull(std::getenv("SEKI_STRIDE"), nullptr, 10));
        for (std::size_t i = dice() % stride; i < all.size(); i += stride) points.push_back(all[i]);
    }
    return points;
}

bool is_wanted(const act& first, const act& second, std::mt19937_64& dice) {
    if ((first.of == "segment") != (second.of == "segment")) return false;
    if (const char* const only = std::getenv("SEKI_AGAINST"); only != nullptr)
        return (second.of + "_" + second.name).find(only) != std::string::npos;
    return !is_brief() || dice() % (first.of == second.of ? 3 : 24) == 0;
}

class Pairs : public testing::TestWithParam<act> {
protected:
    Pairs() {
        when_it_sleeps = between;
        let_time_stand();
    }
    ~Pairs() override { let_time_run(); }

    pair_stage stage_{GetParam(), seen_in};  // made while time runs
};

// Fails when an operation is not whole to another one that goes on in its midst: something is lost, done twice, seen half done, or waited for.
TEST_P(Pairs, ComeToWhatOneAfterTheOtherComesTo) {
    const act& first = GetParam();
    static const std::uint64_t seed = seed_or(1);
    std::mt19937_64 dice{seed ^ std::hash<std::string>{}(first.of + first.name)};
    const trail way = stage_.walk(is_brief() ? longest_brief : ~std::uint64_t{0});
    EXPECT_EQ(way.unseen(), 0U);
    std::size_t pairs = 0, points = 0;
    for (const act& second : all_acts()) {
        if (!is_wanted(first, second, dice)) continue;
        pair_judge judge{stage_, first, second};
        if (!judge.is_possible()) continue;
        ++pairs;
        for (const std::uint64_t at : points_of(way, dice)) {
            ++points;
            const std::string wrong = judge.wrong_at(at, way);
            if (wrong.empty()) continue;
            ADD_FAILURE() << wrong;
            break;  // one of a pair is enough to read
        }
    }
    std::printf(
        "%s_%s: stopped at %zu points, of %zu of %llu instructions that matter, in %zu pairs; %llu went astray\n",
        first.of.c_str(), first.name.c_str(), points, way.touches().size(),
        static_cast<unsigned long long>(way.length()), pairs, static_cast<unsigned long long>(stage_.astray()));
    std::fflush(stdout);
}

INSTANTIATE_TEST_SUITE_P(Of, Pairs, testing::ValuesIn(all_acts()),
                         [](const auto& each) { return each.param.of + "_" + each.param.name; });

}  // namespace
}  // namespace seki::test
