// A process dies after each instruction of telling an event, or of taking events away, and another one looks at what it left. And it stands
// still, while others tell and take, and then goes on. Which instructions are tried says route.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "drained.hpp"
#include "primitives/clock.hpp"
#include "primitives/telemetry.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

using layout::event_kind;
using shm::hardware;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

using numbers = std::vector<std::uint64_t>;

constexpr std::size_t room = layout::event_ring::capacity - layout::event_reserve;  // of ordinary events

// Events are told apart by a number in them.
void tell(const primitives::emitter& by, std::uint64_t number) {
    by.bulkhead_call(event_kind::bulkhead_rejected, [=] { return primitives::permits_now{number, 2 * number}; });
}

numbers numbers_of(const shm::segment& where) {
    numbers all;
    for (const auto& each : drained(where)) {
        EXPECT_EQ(each.head.kind, event_kind::bulkhead_rejected);
        EXPECT_EQ(each.second, 2 * each.first) << "it is of two events";
        all.push_back(each.first);
    }
    return all;
}

shm::event_counts counts_of(const shm::segment& where) {
    shm::event_counts sum;
    for (std::size_t slot = 0; slot <= where.parts().max_workers; ++slot) {
        const auto one = shm::counts_of(where.worker(slot).events);
        sum.pushed += one.pushed;
        sum.dropped += one.dropped;
        sum.torn += one.torn;
    }
    return sum;
}

shm::placement place_in(const shm::segment& where) { return *shm::directory{where}.find(layout::kind::bulkhead, "it"); }

// Who tells of it: with a slot of its own, or with the one of all that have none.
struct teller {
    Segment segment;
    primitives::emitter by;

    teller(const fs::path& folder, bool shared)
        : segment{opened(folder)},
          by{shared ? primitives::emitter{where(), place_in(where())}
                    : primitives::emitter{*segment.handle()->attachment(), place_in(where())}} {}
    [[nodiscard]] const shm::segment& where() const { return segment.handle()->where(); }
};

void make_a_bulkhead(const fs::path& folder) { (void)must(opened(folder).bulkhead("it", {})); }

// World: so many events wait, of a process that is gone.
auto waiting(std::uint64_t how_many, bool shared = false) {
    return [=](const fs::path& folder) {
        make_a_bulkhead(folder);
        const teller one{folder, shared};
        hardware::store_relaxed(one.where().header().id.listening,
                                primitives::read_clock(Clock::precise) + std::uint64_t{25'000'000'000});
        for (std::uint64_t number = 1; number <= how_many; ++number) tell(one.by, number);
    };
}

// What somebody took out, where all can read it.
struct taken_out {
    layout::word count;
    std::array<layout::word, 2 * room> events;

    void add(std::uint64_t number) noexcept {
        const std::uint64_t at = hardware::load_relaxed(count);
        hardware::store_relaxed(events[at], number);
        hardware::store_release(count, at + 1);
    }
    [[nodiscard]] numbers all() const {
        numbers found;
        for (std::uint64_t i = 0; i < hardware::load_acquire(count); ++i)
            found.push_back(hardware::load_relaxed(events[i]));
        return found;
    }
};

struct event_scenario {
    std::string name;
    std::uint64_t waiting = 0;  // events, in the ring of the teller
    bool shared = false;
    bool joined = true;
    bool drains = false;
};
std::ostream& operator<<(std::ostream& to, const event_scenario& each) { return to << each.name; }

class EventDeaths : public testing::TestWithParam<event_scenario> {
protected:
    static constexpr std::uint64_t first = 1000, second = 1001;

    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        hardware::store_relaxed(out_->count, 0);
        return stage_.begin([this] { return GetParam().drains ? draining() : telling(); });
    }
    [[nodiscard]] operation telling() {
        auto one = std::make_shared<teller>(stage_.folder(), GetParam().shared);
        if (GetParam().joined) (void)one->segment.handle()->attachment()->me();
        listen(one->where());
        return [this, one] {
            tell(one->by, first);
            tell(one->by, second);
            told_->tell(true);
        };
    }
    [[nodiscard]] operation draining() {
        return [this, segment = opened(stage_.folder())] {
            const shm::segment& where = segment.handle()->where();
            for (std::size_t slot = 0; slot <= where.parts().max_workers; ++slot)
                shm::event_ring<>{where.worker(slot).events}.drain(
                    [this](const shm::event_content& words) { out_->add(words[layout::event_first]); });
            told_->tell(true);
        };
    }
    // Half a minute at most, as sekid says it again and again.
    static void listen(const shm::segment& where) {
        hardware::store_relaxed(where.header().id.listening,
                                primitives::read_clock(Clock::precise) + std::uint64_t{25'000'000'000});
    }

    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    [[nodiscard]] static numbers from_one_to(std::uint64_t last) {
        numbers all;
        for (std::uint64_t number = 1; number <= last; ++number) all.push_back(number);
        return all;
    }
    // What waited comes out, then as much as the teller came to.
    void judge_teller(const shm::segment& where) const {
        const bool full = GetParam().waiting == room;
        numbers found = numbers_of(where);
        ASSERT_GE(found.size(), GetParam().waiting);
        const auto before = found.begin() + static_cast<std::ptrdiff_t>(GetParam().waiting);
        EXPECT_EQ(numbers(found.begin(), before), from_one_to(GetParam().waiting));
        found.erase(found.begin(), before);
        if (full)
            EXPECT_THAT(found, IsEmpty());
        else if (told_->was_given())
            EXPECT_THAT(found, ElementsAre(first, second));
        else
            EXPECT_THAT(found, AnyOf(IsEmpty(), ElementsAre(first), ElementsAre(first, second)));
        const shm::event_counts now = counts_of(where);
        EXPECT_EQ(now.pushed, GetParam().waiting + found.size() + now.torn);
        EXPECT_LE(now.torn, GetParam().shared ? 1U : 0U);
        EXPECT_LE(now.dropped, full ? 2U : 0U);
        if (told_->was_given()) {
            EXPECT_EQ(now.pushed + now.dropped, GetParam().waiting + 2);
        }
    }
    // All of them were taken at once, by the one that died or by nobody; and it told of them as far as it came.
    void judge_drainer(const shm::segment& where) const {
        const numbers all = from_one_to(GetParam().waiting), by_it = out_->all(), by_me = numbers_of(where);
        EXPECT_THAT(by_me, AnyOf(IsEmpty(), all));
        EXPECT_TRUE(by_me.empty() || by_it.empty()) << "told twice";
        EXPECT_EQ(by_it, from_one_to(by_it.size()));
        if (told_->was_given()) {
            EXPECT_EQ(by_it, all);
        }
        EXPECT_EQ(counts_of(where).torn, 0U);
    }
    // The next owner of its slot goes on, and events come out once.
    void expect_it_works() const {
        const teller own{stage_.folder(), false}, shared{stage_.folder(), true};
        listen(own.where());
        for (std::uint64_t number = 1; number <= 2 * room; number += 2) {
            tell(own.by, number);
            tell(shared.by, number + 1);
            EXPECT_THAT(numbers_of(own.where()), ElementsAre(number, number + 1));
        }
        EXPECT_THAT(numbers_of(own.where()), IsEmpty());
    }

    stage stage_{waiting(GetParam().waiting, GetParam().shared)};
    in_common<answer> told_;
    in_common<taken_out> out_;
};

// Fails when any instruction may not be a process's last: an event is told in part, twice, or by nobody though it was pushed; or the ring is
// of no use to its next owner.
TEST_P(EventDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        for (const bool tidied : tidied_or_not()) {
            SCOPED_TRACE(tidied ? "tidied up" : "not tidied up");
            stepped_process dying = begin();
            (void)at.lead(dying);
            dying.kill();
            const Segment segment = opened(stage_.folder());
            if (tidied) {
                EXPECT_TRUE(segment.maintain());
            }
            EXPECT_EQ(broken_in(segment), "");
            const shm::segment& where = segment.handle()->where();
            GetParam().drains ? judge_drainer(where) : judge_teller(where);
            EXPECT_THAT(numbers_of(where), IsEmpty());
            expect_it_works();
        }
    });
}

// Fails when an event comes out twice, torn though it has a ring of its own, or is lost and not counted, because somebody stood still while others
// told and took.
TEST_P(EventDeaths, AndOthersTellAndTakeWhileOneStandsStill) {
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        (void)at.lead(slow);
        const teller other{stage_.folder(), GetParam().shared};
        listen(other.where());
        numbers found = numbers_of(other.where());
        tell(other.by, 500);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        for (const numbers& more : {out_->all(), numbers_of(other.where())})
            found.insert(found.end(), more.begin(), more.end());
        numbers expected = from_one_to(GetParam().waiting);
        expected.push_back(500);
        if (!GetParam().drains) expected.insert(expected.end(), {first, second});
        const shm::event_counts now = counts_of(other.where());
        if (GetParam().shared || GetParam().waiting == room) {
            EXPECT_THAT(found, testing::IsSubsetOf(expected));
            EXPECT_EQ(found.size() + now.torn + now.dropped, expected.size());
            EXPECT_LE(now.torn, GetParam().shared ? 1U : 0U);
            EXPECT_LE(now.dropped, GetParam().waiting == room ? 2U : 0U);
        } else {
            EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected));
            EXPECT_EQ(now.torn + now.dropped, 0U);
        }
        expect_it_works();
    });
}

const event_scenario scenarios[] = {
    {.name = "telling"},
    {.name = "telling_into_what_waits", .waiting = 5},
    {.name = "telling_for_the_first_time", .joined = false},
    {.name = "telling_into_a_full_ring", .waiting = room},
    {.name = "telling_by_one_without_a_slot", .shared = true},
    {.name = "telling_by_one_without_a_slot_into_a_full_ring", .waiting = room, .shared = true},
    {.name = "draining", .waiting = 5, .drains = true},
    {.name = "draining_what_those_without_a_slot_told", .waiting = 5, .shared = true, .drains = true},
    {.name = "draining_a_full_ring", .waiting = room, .drains = true},
};
INSTANTIATE_TEST_SUITE_P(Of, EventDeaths, testing::ValuesIn(scenarios),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
