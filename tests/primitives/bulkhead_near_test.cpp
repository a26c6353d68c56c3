// Where a bulkhead looks for a permit first, and how often who is refused asks whether the holders still live.
#include <algorithm>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "limiter_fixture.hpp"
#include "primitives/bulkhead.hpp"
#include "primitives/shedder.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::test {
namespace {

using shm::hardware;

struct BulkheadNear : LimiterTest {
    [[nodiscard]] primitives::bulkhead of(std::uint64_t permits) const {
        const auto place = primitives::bulkheads::find_or_make(where(), "it", {.max_concurrent = permits});
        if (!place) throw std::runtime_error(place.error().message);
        return {in(), *place};
    }
    [[nodiscard]] static primitives::bulkhead::answer take(const primitives::bulkhead& from) {
        primitives::bulkhead::patience none;
        return from.take(none);
    }
    [[nodiscard]] layout::word& own_word(const primitives::bulkhead& of, std::size_t which) const {
        return in()->me().counters[of.place().index].counts[which];
    }
};

// Fails if a worker looks in the line of another first, or leaves the permit that it had last, which is in its cache.
TEST_F(BulkheadNear, AWorkerTakesThePermitThatItHadLast) {
    const primitives::bulkhead it = of(512);
    const auto slot = static_cast<std::uint32_t>(shm::slot_index(in()->me()));
    auto first = take(it).held;
    EXPECT_EQ(first.index, 8 * (slot + 1)) << "a cache line for each";
    auto second = take(it).held;
    EXPECT_NE(second.index, first.index);
    EXPECT_EQ(hardware::load_relaxed(own_word(it, layout::bulkhead_near)), second.index + 1);
    EXPECT_TRUE(it.give_back(first));
    EXPECT_TRUE(it.give_back(second));
    for (const std::uint32_t had : {0U, 200U, 511U}) {
        hardware::store_relaxed(own_word(it, layout::bulkhead_near), had + 1);
        auto again = take(it).held;
        EXPECT_EQ(again.index, had);
        EXPECT_EQ(hardware::load_relaxed(own_word(it, layout::bulkhead_near)), had + 1);
        EXPECT_TRUE(it.give_back(again));
    }
}

// Fails if a shedder looks elsewhere than a bulkhead does.
TEST_F(BulkheadNear, SoDoesWhoIsAdmittedByAShedder) {
    const auto place = primitives::shedders::find_or_make(where(), "shed", {.max_in_flight = 512});
    ASSERT_TRUE(place) << place.error().message;
    const primitives::shedder it{in(), *place};
    layout::word& near = in()->me().counters[place->index].counts[layout::bulkhead_near];
    const auto admit = [&] { return it.admit(1, primitives::shedder::not_known).held; };
    auto first = admit();
    EXPECT_EQ(first.index, 8 * (shm::slot_index(in()->me()) + 1));
    EXPECT_TRUE(it.complete(first));
    for (const std::uint32_t had : {0U, 200U, 511U}) {
        hardware::store_relaxed(near, had + 1);
        auto again = admit();
        EXPECT_EQ(again.index, had);
        EXPECT_EQ(hardware::load_relaxed(near), had + 1);
        auto next = admit();
        EXPECT_NE(next.index, had);
        EXPECT_EQ(hardware::load_relaxed(near), next.index + 1);
        EXPECT_TRUE(it.complete(again));
        EXPECT_TRUE(it.complete(next));
    }
}

// Fails if who shares a slot writes there which permit it had: all that share it would look there first.
TEST_F(BulkheadNear, WhoSharesASlotLeavesNoWordOfItsPermit) {
    const primitives::bulkhead bulkhead = of(512);
    const auto place = primitives::shedders::find_or_make(where(), "shed", {.max_in_flight = 512});
    ASSERT_TRUE(place) << place.error().message;
    const primitives::shedder shedder{in(), *place};
    const auto near = [&](const shm::placement& at) {
        return hardware::load_relaxed(in()->me().counters[at.index].counts[layout::bulkhead_near]);
    };
    const std::size_t slots = where().parts().max_workers;
    std::barrier turn{static_cast<std::ptrdiff_t>(slots) + 1};
    std::vector<std::jthread> holders;
    for (std::size_t i = 0; i < slots; ++i)
        holders.emplace_back([&] {
            EXPECT_FALSE(in()->me().shared);
            turn.arrive_and_wait();
            turn.arrive_and_wait();
        });
    turn.arrive_and_wait();
    ASSERT_TRUE(in()->me().shared);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(take(bulkhead).held);
        EXPECT_EQ(near(bulkhead.place()), 0U);
        EXPECT_TRUE(shedder.admit(1, primitives::shedder::not_known).held);
        EXPECT_EQ(near(*place), 0U);
    }
    turn.arrive_and_wait();
}

// Fails if somebody who is refused again and again asks each time who lives, which is dear, or never does.
TEST_F(BulkheadNear, WhoIsRefusedDoubtsThirtyTwoTimesInAWhile) {
    const primitives::bulkhead it = of(1);
    auto held = take(it).held;
    layout::word& doubts = own_word(it, layout::bulkhead_doubts);
    const auto period = [] { return shm::process_seeker::now() >> 22; };
    std::vector<std::uint64_t> found;
    std::uint64_t began = 0;
    do {  // until it is done within one of these times
        hardware::store_relaxed(doubts, 0);
        found.clear();
        began = period();
        for (int i = 0; i < 40; ++i) {
            EXPECT_EQ(take(it).error, Errc::bulkhead_full);
            found.push_back(hardware::load_relaxed(doubts));
        }
    } while (period() != began);
    for (std::uint64_t i = 0; i < found.size(); ++i)
        EXPECT_EQ(found[i], (began << 16) + std::min<std::uint64_t>(i + 1, 32)) << i;
    EXPECT_TRUE(it.give_back(held));
}

}  // namespace
}  // namespace seki::test
