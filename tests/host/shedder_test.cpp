// A shedder in a storm: processes that admit and complete at every priority, and are killed.
//
//     SEKI_SECONDS=60 build/tests/host/shedder_host_test       a minute, instead of four seconds
//     SEKI_SEED=7                                              another storm
#include <random>

#include "fleet.hpp"
#include "ledger.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 4, threads = 2;
constexpr std::uint64_t most = 5;
constexpr std::array<std::uint64_t, 4> part{~0ULL, 4, 4, 3};  // of them, in flight with each priority

constexpr std::size_t first_of_mine = processes * threads;  // records of the ledger

// Words that all share.
enum what : std::size_t { let_in, too_many, lost, beyond, stop = 64 };

// Fails if a kill keeps a place, if a request is let in while more are in flight than its priority may have, priority 0 is shed or its requests beyond
// max_in_flight count for nobody, or if one is lost by who lives.
TEST(ShedderStorm, InFlightIsExactAfterKills) {
    const ledger book;  // before anything else is opened
    const host here{64};
    std::mt19937_64 random{seed_or(9)};
    const Shedder door = must(here.segment().shedder("it", {.max_in_flight = most}));
    const std::uint64_t seed = random();
    fleet storm{here, stop, processes, threads, [&](const Segment& segment, std::size_t which) -> fleet::step {
                    return [&here, &book, page = page::of(book, which, threads), mine = must(segment.shedder("it")),
                            dice = std::mt19937_64{seed + which}](bool last) mutable {
                        const auto priority = static_cast<unsigned>(std::max<std::uint64_t>(dice() % 6, 2) - 2);
                        const auto before = book.look();
                        auto one = dice() % 2 == 0 ? mine.admit(priority)
                                                   : mine.admit(priority, std::chrono::steady_clock::now() - 6ms);
                        if (!one && priority == 0) here.add(lost, 1);
                        if (!one) return !last;
                        here.add(let_in, 1);
                        const std::uint64_t others = book.still(before, page.life);
                        if (others >= part[priority]) here.add(too_many, 1);
                        if (others >= most) here.add(beyond, 1);
                        book.enter(page.life, page.record);
                        book.leave(page.record);
                        if (!one->complete() || one->complete()) here.add(lost, 1);
                        return !last;
                    };
                }};
    const std::uint64_t life = book.begin_life();
    const auto end = std::chrono::steady_clock::now() + duration_or(4s);
    while (std::chrono::steady_clock::now() < end) {
        // So many stay in flight meanwhile, so that others of priority 0 come beyond max_in_flight.
        std::vector<InFlight> staying;
        for (std::uint64_t more = random() % (most + 1); more != 0; --more) {
            staying.push_back(must(door.admit(0)));
            book.enter(life, first_of_mine + staying.size());
        }
        const std::uint64_t before = here.read(let_in);
        for (int look = 0; look < 1'000'000 && here.read(let_in) < before + random() % 500; ++look)
            ASSERT_TRUE(door.status());
        storm.kill_and_replace(random() % storm.size());
        for (std::size_t i = staying.size(); i != 0; --i) book.leave(first_of_mine + i);
        ASSERT_TRUE(here.segment().maintain());
    }
    ASSERT_TRUE(storm.finish());
    here.maintain();
    EXPECT_EQ(here.read(lost), 0U);
    EXPECT_EQ(here.read(too_many), 0U);
    const ShedderStatus now = must(door.status());
    EXPECT_EQ(now.in_flight, 0U);
    EXPECT_GT(now.reclaimed, 0U);
    std::vector<InFlight> held;
    for (auto one = door.admit(1); one; one = door.admit(1)) held.push_back(std::move(*one));
    EXPECT_EQ(held.size(), part[1]);
    EXPECT_GT(here.read(beyond), 0U);
    std::printf("%llu requests, %llu beyond max_in_flight, %llu places reclaimed\n",
                static_cast<unsigned long long>(here.read(let_in)), static_cast<unsigned long long>(here.read(beyond)),
                static_cast<unsigned long long>(now.reclaimed));
}

}  // namespace
}  // namespace seki::test
