// What a thread keeps in its slot for others to read, its counters, its busiest keys and its times, on memory as weak as C++ allows; and each of the orders
// weakened.
#include <array>
#include <cstdint>
#include <span>

#include "shm/counters.hpp"
#include "shm/histogram.hpp"
#include "shm/hitters.hpp"
#include "shm/order_sweep.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

// Counters.

constexpr auto which = static_cast<layout::counter>(0);

// The owner of a slot takes over the block of a primitive that is gone, with what was counted for that one, while somebody adds up.
void a_block_is_taken_over(interleaving& play) {
    layout::counter_block block;
    shm::hardware::store_relaxed(block.incarnation, 1);
    shm::hardware::store_relaxed(block.counts[which], 50);
    const shm::worker me{.counters = &block};
    const auto add_up = [&] {
        std::uint64_t before = 0;
        for (int look = 0; look < 2; ++look) {
            shm::counter_values total{};
            shm::add_block<stepped>(block, 2, total);
            if (total[which] > 2) play.fail("what was counted for another is added");
            if (total[which] < before) play.fail("a count goes down");
            before = total[which];
        }
    };
    play.together({[&] {
                       shm::count<stepped>(me, 0, 2, which, 1);
                       shm::count<stepped>(me, 0, 2, which, 1);
                   },
                   add_up});
}

// The block of all is opened for the next primitive while somebody who is late counts for the last, and somebody adds up.
void the_shared_block_is_opened(interleaving& play) {
    layout::counter_block block;
    shm::hardware::store_relaxed(block.incarnation, 1 | shm::shared_mark);
    shm::hardware::store_relaxed(block.counts[which], 50);
    const shm::worker late{.counters = &block, .shared = true};
    play.together({[&] { shm::open_shared_block<stepped>(block, 2); },
                   [&] { shm::count<stepped>(late, 0, 1, which, 1); },
                   [&] {
                       shm::counter_values total{};
                       shm::add_block<stepped>(block, 2 | shm::shared_mark, total);
                       if (total[which] > 1) play.fail("what was counted for another is added");
                   }});
}

const std::vector<weak_scenario> counters = {
    {"a block is taken over", a_block_is_taken_over},
    {"the shared block is opened", the_shared_block_is_opened, {.preemptions = 1, .deaths = 0, .old_reads = 1}},
};

TEST(CountersOrders, Suffice) { expect_orders_suffice(counters); }

TEST(CountersOrders, AreNeeded) { expect_orders_needed({"counters.hpp"}, counters); }

// The busiest keys.

// A key that is seen no more gives way to another's, of another primitive, while somebody looks. `allowed`: what is counted of the first, and not of the next.
template <bool allowed, bool ends_with_lower>
void a_key_gives_way(interleaving& play) {
    layout::hitter entry;
    shm::hitting::replace<shm::hardware>(entry, 1, 0xa);
    shm::hitting::bump<shm::hardware>(entry, allowed);
    play.together({[&] {
                       shm::hitting::lower<stepped>(entry);
                       shm::hitting::replace<stepped>(entry, 2, 0xb);
                       shm::hitting::bump<stepped>(entry, !allowed);
                       if (!ends_with_lower) return;
                       shm::hitting::bump<stepped>(entry, !allowed);
                       shm::hitting::lower<stepped>(entry);
                   },
                   [&] {
                       const auto seen = shm::hitting::look_at<stepped>(entry);
                       if (!seen) return;
                       const std::uint64_t of_first = allowed ? seen->allowed : seen->denied;
                       const std::uint64_t of_next = allowed ? seen->denied : seen->allowed;
                       const bool first = seen->incarnation == 1 && seen->tag == 0xa && of_first == 1 && of_next == 0;
                       const bool next = seen->incarnation == 2 && seen->tag == 0xb && of_first == 0 && of_next != 0;
                       if (!first && !next) play.fail("a key is shown with what is another's");
                   }});
}

constexpr bounds looks_often{.preemptions = 2, .deaths = 0, .old_reads = 3};
const std::vector<weak_scenario> hitters = {
    {"a key gives way", a_key_gives_way<true, false>, looks_often},
    {"a key that was denied gives way", a_key_gives_way<false, false>, looks_often},
    {"a key gives way, and the next is lowered", a_key_gives_way<true, true>, looks_often},
    {"a key that was denied gives way, and the next is lowered", a_key_gives_way<false, true>, looks_often},
};

TEST(HittersOrders, Suffice) { expect_orders_suffice(hitters); }

TEST(HittersOrders, AreNeeded) { expect_orders_needed({"hitters.hpp"}, hitters); }

// Histograms, which ask for no order at all.

// Two who share a slot record while somebody adds up.
void two_record(interleaving& play) {
    std::array<layout::histogram_block, 1> blocks{};
    const shm::histogram<stepped> times{blocks, 1};
    times.fill();
    for (std::size_t i = 0; i < layout::duration_buckets; ++i)
        if (i != layout::duration_bucket(1'000)) play.constant(std::as_bytes(std::span{&blocks[0].counts[i], 1}));
    const shm::worker me{.stamp_base = std::uint64_t{1} << 47, .shared = true};
    const auto record = [&] { times.record(me, 1'000); };
    play.together({record, record, [&] {
                       const std::uint64_t first = times.sum().total();
                       if (times.sum().total() < first) play.fail("a count goes down");
                   }});
    if (!play.died(0) && !play.died(1) && times.sum().total() != 2) play.fail("a duration is lost");
}

TEST(HistogramOrders, Suffice) { expect_orders_suffice({{"two record", two_record}}); }

}  // namespace
}  // namespace seki::test
