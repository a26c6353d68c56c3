// A process dies after each instruction of changing a breaker, or a sekid of telling of changes; and the next sekid makes good what is missing, or
// counts it. Which instructions are tried says route.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "daemon/event_hub.hpp"
#include "primitives/clock.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

using shm::hardware;
using numbers = std::vector<std::uint64_t>;

shm::breaker<> it_in(const shm::segment& where) {
    return shm::breaker_of(where, *shm::directory{where}.find(layout::kind::breaker, "it"));
}

void with_a_breaker(const fs::path& folder) { (void)must(opened(folder).breaker("it", {})); }

// One change waits in a ring, and one that came after it was never told of.
void with_changes(const fs::path& folder) {
    with_a_breaker(folder);
    const Segment segment = opened(folder);
    if (must(segment.breaker("it")).open() != Errc::none) std::abort();
    struct silent {
        static std::uint64_t now() { return primitives::read_clock(Clock::precise); }
        static bool alive(std::uint64_t /*owner*/) { return true; }
        static bool tired() { return false; }
        static bool stands() { return true; }
        static void moved(const shm::transition& /*made*/) {}
        static std::uint64_t owner() { return 0; }
    };
    if (!it_in(segment.handle()->where()).operate(algorithm::breaker::event::reset, {}, silent{})) std::abort();
}

// Which generations a sekid told, where all can read it.
struct heard {
    layout::word count;
    std::array<layout::word, 8> generations;
    void add(const numbers& more) noexcept {
        for (const std::uint64_t each : more) {
            const std::uint64_t at = hardware::load_relaxed(count);
            hardware::store_relaxed(generations[at], each);
            hardware::store_release(count, at + 1);
        }
    }
    [[nodiscard]] numbers all() const {
        numbers found;
        for (std::uint64_t i = 0; i < hardware::load_acquire(count); ++i)
            found.push_back(hardware::load_relaxed(generations[i]));
        return found;
    }
};

// What a sekid tells that has no patience: all that there is, at its second look.
template <class Told>
void tell_all(const shm::segment& where, Told told) {
    daemon::event_hub hub{0ns};
    const auto listener = hub.subscribe(primitives::all_events).to;
    for (int i = 0; i < 2; ++i) {
        hub.drain(where);
        numbers now;
        for (const auto& each : listener->wait(0ms).events) now.push_back(each.second);
        told(now);
    }
}
numbers told_by_the_next(const shm::segment& where) {
    numbers all;
    tell_all(where, [&](const numbers& now) { all.insert(all.end(), now.begin(), now.end()); });
    return all;
}

std::uint64_t lost_in(const shm::segment& where) { return hardware::load_relaxed(where.header().changes_lost); }

class ChangeDeaths : public testing::Test {
protected:
    template <class Judge>
    void die_everywhere(const std::string& name, const std::function<void(const fs::path&)>& world,
                        const std::function<operation(const fs::path&)>& prepare, Judge judge) {
        const stage here{world};
        const auto begin = [&] {
            hardware::store_relaxed(by_it_->count, 0);
            return here.begin([&] { return prepare(here.folder()); });
        };
        route& way = way_of(name, [&] {
            stepped_process whole = begin();
            return walk(whole, here.folder());
        });
        play_at(points_of(way, trying::to_die), way, name + told_as(trying::to_die), [&](const place& at) {
            stepped_process dying = begin();
            (void)at.lead(dying);
            dying.kill();
            const Segment segment = opened(here.folder());
            EXPECT_EQ(broken_in(segment), "");
            judge(segment.handle()->where(), at.is_end());
            EXPECT_THAT(told_by_the_next(segment.handle()->where()), testing::IsEmpty()) << "told again";
        });
    }

    in_common<heard> by_it_;
};

// Fails when a change is told by nobody and counted nowhere, or told and counted, because who made it died.
TEST_F(ChangeDeaths, OfAWorkerLoseNothingThatIsNotCounted) {
    std::uint32_t before = 0;
    const auto world = [](const fs::path& folder) { with_a_breaker(folder); };
    const auto changing = [&](const fs::path& folder) -> operation {
        return [it = must(opened(folder).breaker("it"))] {
            if (it.open() != Errc::none || it.reset() != Errc::none) std::abort();
        };
    };
    const auto judge = [&](const shm::segment& where, bool to_the_end) {
        before = static_cast<std::uint32_t>(hardware::load_relaxed(it_in(where).block().told));
        const numbers told = told_by_the_next(where);
        const std::uint32_t made = it_in(where).look().generation - before;
        EXPECT_EQ(told.size() + lost_in(where), made);
        EXPECT_EQ(lost_in(where), 0U) << "only the latest was not told, and the word has that";
        for (std::uint32_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], before + i + 1);
        if (to_the_end) {
            EXPECT_EQ(made, 2U);
        }
    };
    die_everywhere("changing_a_breaker", world, changing, judge);
}

// Fails when a change is lost with the sekid that took its event, and not counted.
TEST_F(ChangeDeaths, OfASekidLoseNothingThatIsNotCounted) {
    const auto telling = [&](const fs::path& folder) -> operation {
        return [this, segment = opened(folder)] {
            tell_all(segment.handle()->where(), [this](const numbers& now) { by_it_->add(now); });
        };
    };
    const auto judge = [&](const shm::segment& where, bool to_the_end) {
        const std::uint32_t latest = it_in(where).look().generation;
        const auto handed_out = static_cast<std::uint32_t>(hardware::load_relaxed(it_in(where).block().told));
        const numbers by_it = by_it_->all(), by_next = told_by_the_next(where);
        numbers all = by_it;
        all.insert(all.end(), by_next.begin(), by_next.end());
        // What was handed out, and not yet read by who listens, goes with the stream of that one.
        const auto is_told = [&](std::uint32_t generation) {
            return std::ranges::count(all, generation) > 0 || static_cast<std::int32_t>(generation - handed_out) <= 0;
        };
        EXPECT_TRUE(is_told(latest)) << "the word of the breaker has it";
        EXPECT_TRUE(is_told(latest - 1) || lost_in(where) == 1) << "nobody told of it, and nobody counted it";
        EXPECT_LE(lost_in(where), 1U);
        if (to_the_end) {
            EXPECT_THAT(by_it, testing::ElementsAre(latest - 1, latest));
            EXPECT_THAT(by_next, testing::IsEmpty());
            EXPECT_EQ(lost_in(where), 0U);
        }
    };
    die_everywhere("telling_of_changes", with_changes, telling, judge);
}

}  // namespace
}  // namespace seki::test
