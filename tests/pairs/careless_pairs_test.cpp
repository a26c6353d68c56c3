// Acts that are careless in one way each, and that the judge of pairs must find so; and one that is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "pair_judge.hpp"
#include "shm/memory.hpp"
#include "still_time.hpp"
#include "stops.hpp"

namespace seki::test {
namespace {

using shm::hardware;

constexpr std::uint64_t enough_touches = 100;

// What they share.
struct board {
    layout::word one, other;
};
const in_common<board>& common() {
    static const in_common<board> all;
    return all;
}

using deed = std::function<void(board&, answer&)>;

struct careless {
    std::string name;
    deed first, second;
    bool reads_what_the_other_writes;
    bool is_found = true;
};
std::ostream& operator<<(std::ostream& to, const careless& each) { return to << each.name; }

act act_of(const std::string& name, const deed& what) {
    const auto prepare = [what](const fs::path&, answer& told) -> operation {
        *common() = {};
        return [what, &told] { what(*common(), told); };
    };
    return {"careless", name, {}, prepare};
}

void add(board& on, answer& told) { told.tell(true, hardware::fetch_add_relaxed(on.one, 1)); }
void add_without_care(board& on, answer& told) {
    const std::uint64_t found = hardware::load_relaxed(on.one);
    hardware::store_relaxed(on.one, found + 1);
    told.tell(true);
}
void take_if_free(board& on, answer& told) {
    const bool is_free = hardware::load_relaxed(on.one) == 0;
    if (is_free) hardware::store_relaxed(on.one, 1);
    told.tell(is_free);
}
void write_both(board& on, answer& told) {
    hardware::store_relaxed(on.one, 1);
    hardware::store_relaxed(on.other, 1);
    told.tell(true);
}
void compare(board& on, answer& told) { told.tell(hardware::load_relaxed(on.one) == hardware::load_relaxed(on.other)); }
void add_under_a_lock(board& on, answer& told) {
    std::uint64_t nobody = 0;
    while (!hardware::cas_acq_rel(on.other, nobody, 1)) nobody = 0;
    add_without_care(on, told);
    hardware::store_release(on.other, 0);
}

class CarelessPairs : public testing::TestWithParam<careless> {
protected:
    CarelessPairs() {
        patience_s = patience_with_the_watched = 1;
        let_time_stand();
    }
    ~CarelessPairs() override { let_time_run(); }

    static std::string look(const Segment& /*segment*/) {
        return std::to_string(hardware::load_relaxed(common()->one));
    }

    const in_common<board>& shared_ = common();  // before there are processes: else each makes one of its own
    act first_ = act_of("first", GetParam().first), second_ = act_of("second", GetParam().second);
    pair_stage stage_{first_, look};
    trail way_ = stage_.walk(~std::uint64_t{0});
    std::vector<reach> reaches_ = stage_.reaches_beside(second_, way_);
    pair_judge judge_{stage_, first_, second_};
};

// Fails when the judge takes for whole what is not, or for careless what is whole.
TEST_P(CarelessPairs, AreFound) {
    std::string wrong;
    for (std::uint64_t at = 0; at < way_.length() && wrong.empty(); ++at)
        wrong = judge_.wrong_with(stage_.stop_at(at, way_, second_), at, way_);
    EXPECT_EQ(!wrong.empty(), GetParam().is_found) << wrong;
    EXPECT_EQ(stage_.astray(), 0U);
}

// Fails when the stop at which it is found is left out, as coming to the same as another.
TEST_P(CarelessPairs, AreFoundAtTheStopsThatAreLeft) {
    std::string wrong;
    std::size_t tried = 0;
    for (stops left{way_.touches().size(), reaches_}; left.any_left() && wrong.empty(); ++tried) {
        const std::uint64_t at = way_.touches()[left.next()];
        watch second{left.most_touches()};
        wrong = judge_.wrong_with(stage_.stop_at(at, way_, second_, &second), at, way_);
        left.tried(left.is_to_be_watched() ? &second : nullptr);
    }
    EXPECT_EQ(!wrong.empty(), GetParam().is_found) << wrong;
    EXPECT_LT(tried, way_.touches().size());
}

// Of those that come to an end.
class CarelessReaches : public CarelessPairs {
protected:
    // How many stops do not come to the same as the one before that stands for them, by what is left of what the second reaches.
    template <class Spoil>
    std::size_t false_words_of(Spoil spoil) {
        std::size_t all = 0;
        for (std::size_t at = 0; at < way_.touches().size();) {
            watch second{enough_touches};
            const outcome wanted = stage_.stop_at(way_.touches()[at], way_, second_, &second);
            spoil(second.reached);
            const std::size_t end =
                std::min(stops::end_of_the_same(reaches_, at, second.reached), way_.touches().size());
            for (++at; at < end; ++at)
                if (stage_.stop_at(way_.touches()[at], way_, second_) != wanted) ++all;
        }
        return all;
    }
};

// Fails when stops are said to come to the same that do not.
TEST_P(CarelessReaches, ComeToTheSameWhereThatIsSaid) {
    EXPECT_EQ(false_words_of([](reach&) {}), 0U);
}

// Fails when it could not be seen that an error in what is left out leaves out too much.
TEST_P(CarelessReaches, ComeToSomethingElseWhereOneForgetsWhatIsWritten) {
    EXPECT_EQ(false_words_of([](reach& second) { second.forget_what_is_written(); }) > 0,
              GetParam().reads_what_the_other_writes);
}

const careless lost{"ALostUpdate", add_without_care, add_without_care, true},
    lost_of_another{"ALostUpdateOfOneThatTakesCare", add_without_care, add, true},
    twice{"OneThatIsTakenTwice", take_if_free, take_if_free, true},
    half_done{"OneThatIsSeenHalfDone", write_both, compare, false},
    waited_for{"OneThatIsWaitedFor", add_under_a_lock, add_under_a_lock, false},
    none{"NothingWhereBothTakeCare", add, add, false, false};
std::string name_of(const testing::TestParamInfo<careless>& each) { return each.param.name; }

INSTANTIATE_TEST_SUITE_P(Of, CarelessPairs, testing::Values(lost, lost_of_another, twice, half_done, waited_for, none),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Of, CarelessReaches, testing::Values(lost, lost_of_another, twice, half_done, none), name_of);

}  // namespace
}  // namespace seki::test
