// Acts that are careless in one way each: had they died between two of their instructions, something would be wrong for good. It stands only there, and is mended by the next
// of them, so whoever does not die just then finds nothing. Each must be found; and one that takes care must not.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "segment_play.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

using shm::hardware;

// What they act on.
struct desk {
    fs::path folder;
    Segment segment;

    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
    [[nodiscard]] shm::placement bulkhead() const {
        return *shm::directory{where()}.find(layout::kind::bulkhead, one_name);
    }
    [[nodiscard]] layout::directory_entry& entry() const { return where().directory()[bulkhead().index]; }
    [[nodiscard]] Limiter limiter() const { return must(segment.limiter(one_name)); }
    // The first permit of the bulkhead, or of the places to wait for one.
    [[nodiscard]] layout::word& permit() const {
        const auto at = bulkhead();
        constexpr std::size_t before = sizeof(layout::permit_bell) + sizeof(layout::permit_control);
        return *reinterpret_cast<layout::word*>(where().arena(at.arena_offset + before, sizeof(layout::word)).data());
    }
    [[nodiscard]] std::uint64_t my_name() const { return segment.handle()->attachment()->me().owner; }
    // Of one who lives.
    [[nodiscard]] std::uint64_t name_of_another() const {
        std::uint64_t found = 0;
        for (std::size_t slot = 0; slot < where().parts().max_workers; ++slot) {
            const std::uint64_t owner = hardware::load_relaxed(where().worker(slot).owner);
            if (owner != 0 && owner != my_name()) found = owner;
        }
        return found;
    }
};

struct careless {
    std::string name;
    std::function<void(const desk&, answer&)> act;
    bool is_found = true;
};
std::ostream& operator<<(std::ostream& to, const careless& each) { return to << each.name; }

segment_scenario scenario_of(const careless& it) {
    const auto prepare = [act = it.act](const fs::path& folder, answer& told) -> operation {
        const desk here{folder, opened_roomy(folder)};
        (void)here.my_name();
        return [here, act, &told] { act(here, told); };
    };
    // Of key "k" one was spent before. Whoever was told that he spends another, has.
    const auto then = [](const Segment& by, bool done) {
        EXPECT_EQ(must(by.limiter(one_name)).peek("k", 0).remaining, done ? 2U : 3U);
        EXPECT_TRUE(by.bulkhead(one_name));
    };
    return {it.name, furnish_in_peace, prepare, then};
}

void write_for_a_moment(layout::word& at, std::uint64_t wrong) {
    const std::uint64_t right = hardware::load_relaxed(at);
    hardware::store_release(at, wrong);
    hardware::store_release(at, right);
}

constexpr std::uint64_t of_nobody = ~std::uint64_t{0} >> 2;

class CarelessDeaths : public testing::TestWithParam<careless> {
protected:
    // Whether the judge of deaths says anything of a death there.
    static bool is_found(segment_play& played, const place& at) {
        testing::TestPartResultArray said;
        {
            const testing::ScopedFakeTestPartResultReporter quiet{
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &said};
            played.die_at(at);
        }
        return said.size() > 0;
    }
};

// Fails when a death that leaves something wrong is not tried, or not found; or when one that leaves nothing wrong is.
TEST_P(CarelessDeaths, AreFound) {
    segment_play played{scenario_of(GetParam())};
    route way = played.walk();
    int found = 0;
    play_at(points_of(way, trying::to_die), way, GetParam().name + told_as(trying::to_die),
            [&](const place& at) { found += is_found(played, at) ? 1 : 0; });
    EXPECT_EQ(found > 0, GetParam().is_found);
    EXPECT_FALSE(is_found(played, {&way, 0})) << "before it began";
    EXPECT_FALSE(is_found(played, {&way, stepped_process::to_the_end})) << "when all was mended";
}

const careless acts[] = {
    {"APermitThatIsNamedLater", [](const desk& on, answer&) { write_for_a_moment(on.permit(), of_nobody); }},
    {"APermitInTheNameOfAnother",
     [](const desk& on, answer&) { write_for_a_moment(on.permit(), on.name_of_another()); }},
    {"AProcessSlotHalfWritten",
     [](const desk& on, answer&) { write_for_a_moment(on.where().processes()[5].owner, of_nobody); }},
    {"TermsThatComeOneByOne",
     [](const desk& on, answer&) {
         const std::uint64_t version = hardware::load_relaxed(on.entry().terms_version);
         write_for_a_moment(on.entry().terms[version & 1].values[0], of_nobody);
     }},
    {"ADeletionThatIsTakenBack", [](const desk& on, answer&) { write_for_a_moment(on.entry().incarnation, 0); }},
    {"ARefundThatIsTakenBack",
     [](const desk& on, answer&) {
         (void)on.limiter().refund("k");
         (void)on.limiter().check("k");
     }},
    {"AWordBeforeItsDeed",
     [](const desk& on, answer& told) {
         told.tell(true);
         (void)on.limiter().check("k");
     }},
    {"AFileThatIsRemovedLater",
     [](const desk& on, answer&) {
         (void)std::ofstream{on.folder / "in-between"};
         fs::remove(on.folder / "in-between");
     }},
    {"NothingWhereItTakesCare",
     [](const desk& on, answer&) {
         write_for_a_moment(on.permit(), on.my_name());
         (void)on.limiter().peek("k");
         (void)on.limiter().check("another");
     },
     false},
};
INSTANTIATE_TEST_SUITE_P(Of, CarelessDeaths, testing::ValuesIn(acts), [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
