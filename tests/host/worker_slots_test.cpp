// Worker slots come back without sekid: more generations of workers than there are slots.
#include "fleet.hpp"

namespace seki::test {
namespace {

constexpr std::size_t stop_word = 0, counted_word = 64, shared_word = 128, threads_word = 192;

// Fails if the slot of a killed process stays taken: the later ones would have to share one, or count nowhere.
TEST(WorkerSlots, OfKilledProcessesServeTheNextOnes) {
    constexpr int generations = 12, threads = 2;
    const host here{4};  // this process needs none
    (void)must(here.segment().limiter("it", {.limit = 10'000'000, .window = 366 * 24h, .max_keys = 64}));
    fleet workers{here, stop_word, 1, threads, [&](const Segment& segment, std::size_t) -> fleet::step {
                      return [&, limiter = must(segment.limiter("it")), first = true](bool last) mutable {
                          if (limiter.check("alice").allowed) here.add(counted_word, 1);
                          if (std::exchange(first, false)) {
                              here.add(shared_word, segment.handle()->attachment()->me().shared ? 1 : 0);
                              here.add(threads_word, 1);
                          }
                          return !last;
                      };
                  }};
    for (std::uint64_t generation = 1; generation <= generations; ++generation) {
        while (here.read(threads_word) < threads * generation)
            std::this_thread::yield();  // the limit of the test ends a hang
        if (generation < generations) workers.kill_and_replace(0);
    }
    ASSERT_TRUE(workers.finish());
    EXPECT_EQ(here.read(shared_word), 0U);
    const std::uint64_t counted = here.counted()[layout::count_allow];
    EXPECT_GE(counted, here.read(counted_word));
    EXPECT_LE(counted, here.read(counted_word) + generations * threads);
    (void)shm::reap(here.where());  // whoever died last
    EXPECT_EQ(shm::hardware::load_relaxed(here.where().header().workers_reaped), generations - 1U);
}

}  // namespace
}  // namespace seki::test
