// A process is stopped after an instruction of what it does; another one does whatever there is to do, to its end; then the first goes on. What both were
// told, and what there is afterwards, must be what comes of the one after the other.
//
// SEKI_STRIDE=1 tries everything against everything, and stops before each instruction that reads or writes shared memory or asks the kernel, where that
// may come to something else than at the stop before it (stops.hpp). Before any other instruction it would come to the same (touches.hpp). Of the stops
// that are left out for that, one of some hundred is drawn and tried all the same: it must come to the same indeed. SEKI_STRIDE=N: before every Nth of
// these instructions, and none is left out. Otherwise some pairs are drawn, and two instructions for each, by SEKI_SEED: of the second it is said that it
// comes to the same as the first, where there is such a one. SEKI_AGAINST=NAME tries one second alone.
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
#include "stops.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t longest_brief = 20'000, most_touches_brief = 64, left_out_for_one_tried = 100;

// 0: to be brief.
std::size_t stride() {
    const char* const given = std::getenv("SEKI_STRIDE");
    return given == nullptr ? 0 : std::max<std::size_t>(1, std::strtoull(given, nullptr, 10));
}

bool is_wanted(const act& first, const act& second, std::mt19937_64& dice) {
    if ((first.of == "segment") != (second.of == "segment")) return false;
    if (const char* const only = std::getenv("SEKI_AGAINST"); only != nullptr)
        return (second.of + "_" + second.name).find(only) != std::string::npos;
    return stride() != 0 || dice() % (first.of == second.of ? 3 : 24) == 0;
}

struct tally {
    std::size_t points = 0, left_out = 0, compared = 0;
};

// One pair. Each of these says what is wrong; nothing.
class trial {
public:
    trial(pair_stage& on, const act& first, const act& second, const trail& way, std::mt19937_64& dice, tally& counts)
        : on_{on}, second_{second}, way_{way}, dice_{dice}, counts_{counts}, judge_{on, first, second} {}

    [[nodiscard]] bool is_possible() const noexcept { return judge_.is_possible(); }
    [[nodiscard]] std::string wrong() {
        return stride() == 0 ? wrong_by_chance() : stride() == 1 ? wrong_anywhere() : wrong_by_the_stride();
    }

private:
    std::string wrong_anywhere() {
        std::vector<reach> reaches = on_.reaches_beside(second_, way_);
        if (reaches.empty()) {  // beside this second it goes another way
            way_ = on_.walk(~std::uint64_t{0}, &second_);
            reaches = on_.reaches_beside(second_, way_);
        }
        for (stops left{way_.touches().size(), reaches}; left.any_left();) {
            const std::size_t at = left.next();
            watch second{left.most_touches()};
            watch* const watched = left.is_to_be_watched() ? &second : nullptr;
            if (std::string wrong = wrong_at(at, watched); !wrong.empty()) return wrong;
            left.tried(watched);
            const std::size_t end = std::min(left.next(), way_.touches().size());
            counts_.left_out += end - at - 1;
            if (dice_() % left_out_for_one_tried < end - at - 1)
                if (std::string wrong = wrong_if_not_the_same(at, end); !wrong.empty()) return wrong;
        }
        return {};
    }
    std::string wrong_by_the_stride() {
        std::string wrong;
        for (std::size_t at = dice_() % stride(); at < way_.touches().size() && wrong.empty(); at += stride())
            wrong = wrong_at(at, nullptr);
        return wrong;
    }
    std::string wrong_by_chance() {
        const std::size_t all = way_.touches().size(), at = dice_() % all;
        const std::vector<reach> reaches =
            all > most_touches_brief ? std::vector<reach>{} : on_.reaches_beside(second_, way_);
        watch second{reaches.empty() ? 0 : most_touches_brief};
        if (std::string wrong = wrong_at(at, &second); !wrong.empty()) return wrong;
        const std::size_t end = std::min(stops::end_of_the_same(reaches, at, second.reached), all);
        return end > at + 1 ? wrong_if_not_the_same(at, end) : wrong_at(dice_() % all, nullptr);
    }

    std::string wrong_at(std::size_t at, watch* watched) {
        ++counts_.points;
        latest_ = on_.stop_at(way_.touches()[at], way_, second_, watched);
        return judge_.wrong_with(latest_, way_.touches()[at], way_);
    }
    // One after `at`, which was the latest, and before `end`.
    std::string wrong_if_not_the_same(std::size_t at, std::size_t end) {
        const outcome expected = latest_;
        const std::size_t other = at + 1 + dice_() % (end - at - 1);
        ++counts_.compared;
        std::string wrong = wrong_at(other, nullptr);
        if (wrong.empty() && latest_ != expected)
            wrong = "stopped at " + std::to_string(way_.touches()[other]) + " it comes to something else than at " +
                    std::to_string(way_.touches()[at]) + ", which stands for it\n" + difference(latest_, expected);
        return wrong;
    }

    pair_stage& on_;
    const act& second_;
    trail way_;
    std::mt19937_64& dice_;
    tally& counts_;
    pair_judge judge_;
    outcome latest_{};
};

class Pairs : public testing::TestWithParam<act> {
protected:
    Pairs() {
        when_it_sleeps = between;
        let_time_stand();
    }
    ~Pairs() override { let_time_run(); }

    pair_stage stage_{GetParam(), seen_in};  // made while time runs
};

// Fails when an operation is not whole to another one that goes on in its midst: something is lost, done twice, seen half done, or waited for. And when a
// stop that is left out for coming to the same as another comes to something else.
TEST_P(Pairs, ComeToWhatOneAfterTheOtherComesTo) {
    const act& first = GetParam();
    static const std::uint64_t seed = seed_or(1);
    std::mt19937_64 dice{seed ^ std::hash<std::string>{}(first.of + first.name)};
    const trail way = stage_.walk(stride() == 0 ? longest_brief : ~std::uint64_t{0});
    EXPECT_EQ(way.unseen(), 0U);
    std::size_t pairs = 0;
    tally counts;
    for (const act& second : all_acts()) {
        if (!is_wanted(first, second, dice)) continue;
        trial each{stage_, first, second, way, dice, counts};
        if (!each.is_possible()) continue;
        ++pairs;
        if (const std::string wrong = each.wrong(); !wrong.empty())  // one of a pair is enough to read
            ADD_FAILURE() << first << " for " << second << ": " << wrong;
    }
    std::printf(
        "%s_%s: stopped at %zu points, of %zu of %llu instructions that matter, in %zu pairs; %zu come to the same as "
        "one of these, and %zu were seen to; "
        "%llu went astray\n",
        first.of.c_str(), first.name.c_str(), counts.points, way.touches().size(),
        static_cast<unsigned long long>(way.length()), pairs, counts.left_out, counts.compared,
        static_cast<unsigned long long>(stage_.astray()));
    std::fflush(stdout);
}

INSTANTIATE_TEST_SUITE_P(Of, Pairs, testing::ValuesIn(all_acts()),
                         [](const auto& each) { return each.param.of + "_" + each.param.name; });

}  // namespace
}  // namespace seki::test
