// Acts that are careless in one way each, and that the judge of pairs must find so; and one that is not.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "pair_judge.hpp"
#include "shm/memory.hpp"
#include "still_time.hpp"

namespace seki::test {
namespace {

using shm::hardware;

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
        patience_s = 1;
        let_time_stand();
    }
    ~CarelessPairs() override { let_time_run(); }

    static std::string look(const Segment& /*segment*/) {
        return std::to_string(hardware::load_relaxed(common()->one));
    }
};

// Fails when the judge takes for whole what is not, or for careless what is whole.
TEST_P(CarelessPairs, AreFound) {
    const act first = act_of("first", GetParam().first), second = act_of("second", GetParam().second);
    pair_stage stage{first, look};
    const trail way = stage.walk(~std::uint64_t{0});
    pair_judge judge{stage, first, second};
    ASSERT_TRUE(judge.is_possible());
    std::string wrong;
    for (std::uint64_t at = 0; at < way.length() && wrong.empty(); ++at) wrong = judge.wrong_at(at, way);
    EXPECT_EQ(!wrong.empty(), GetParam().is_found) << wrong;
    EXPECT_EQ(stage.astray(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Of, CarelessPairs,
                         testing::Values(careless{"ALostUpdate", add_without_care, add_without_care},
                                         careless{"ALostUpdateOfOneThatTakesCare", add_without_care, add},
                                         careless{"OneThatIsTakenTwice", take_if_free, take_if_free},
                                         careless{"OneThatIsSeenHalfDone", write_both, compare},
                                         careless{"OneThatIsWaitedFor", add_under_a_lock, add_under_a_lock},
                                         careless{"NothingWhereBothTakeCare", add, add, false}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
