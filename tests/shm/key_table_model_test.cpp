// The key table against a map, one process, many keys: what is in it, where, and that as many keys as were promised find a place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shm/key_table.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using table = shm::key_table<>;
using insertion = table::insertion;

// A table in memory of its own, whose states are times.
class timed_table {
public:
    timed_table(std::uint64_t buckets, std::uint64_t stripes) : buckets_(buckets), stripes_(stripes) {
        of_keys = table{buckets_, stripes_, 7};
        of_keys.fill();
    }
    explicit timed_table(std::uint64_t max_keys)
        : timed_table{shm::buckets_for(max_keys), shm::stripes_for(max_keys)} {}

    struct inserter {
        timed_table& world;
        bool as_good_as_new(std::uint64_t state) const { return state < world.now; }
        std::uint64_t fresh() const { return world.now - 1; }
        std::uint64_t stamp() const { return world.next_stamp_++; }
        void evicted() const { ++world.evictions; }
        bool stands() const { return ++world.rounds, true; }
    };
    insertion insert(std::uint64_t tag) { return of_keys.insert(tag, inserter{*this}); }

    // Inserts the key if need be, and sets its state.
    insertion put(std::uint64_t tag, std::uint64_t state) {
        const insertion done = insert(tag);
        if (done == insertion::there && !table::exchange(of_keys.find(tag), tag, state)) return insertion::hindered;
        return done;
    }

    [[nodiscard]] std::span<layout::bucket> buckets() { return buckets_; }
    [[nodiscard]] std::span<layout::pair> stripes() { return stripes_; }

    table of_keys;
    std::uint64_t now = 1;
    std::uint64_t evictions = 0;
    std::uint64_t rounds = 0;

private:
    std::vector<layout::bucket> buckets_;
    std::vector<layout::pair> stripes_;
    std::uint64_t next_stamp_ = 1000;
};

std::uint64_t random_tag(std::mt19937_64& random) { return random() | layout::tag_bit; }

constexpr std::uint64_t never_old = 1ULL << 62;

// Fails if a key that still matters is lost, stands twice, stands where nobody looks, or has another state than it was given.
TEST(KeyTableModel, KeepsWhatAMapKeepsUntilItIsAsGoodAsNew) {
    std::mt19937_64 random{seed_or(1)};
    timed_table world{300};
    std::vector<std::uint64_t> tags(900);
    for (auto& tag : tags) tag = random_tag(random);
    std::unordered_map<std::uint64_t, std::uint64_t> model;
    for (int step = 0; step < 400'000; ++step) {
        if (step % 200 == 0) ++world.now;
        const std::uint64_t tag = tags[random() % tags.size()];
        // At most 200 are touched at a time, so the live ones are never more than 300.
        const std::uint64_t state = world.now + random() % 2 - 1;
        if (const auto at = world.of_keys.find(tag); at) {
            ASSERT_EQ(at.state < world.now, !model.contains(tag) || model[tag] < world.now);
            ASSERT_TRUE(at.state < world.now || at.state == model[tag]);
        } else {
            ASSERT_TRUE(!model.contains(tag) || model[tag] < world.now) << "a live key is lost";
        }
        ASSERT_EQ(world.put(tag, state), insertion::there);
        model[tag] = state;
    }
    std::set<std::uint64_t> seen;
    world.of_keys.for_each([&](std::uint64_t tag, std::uint64_t state, std::size_t slot) {
        EXPECT_TRUE(seen.insert(tag).second) << "twice";
        EXPECT_TRUE(world.of_keys.belongs(tag, slot));
        EXPECT_EQ(world.of_keys.index_of(world.of_keys.find(tag)), slot);
        EXPECT_TRUE(state < world.now || state == model[tag]);
    });
    EXPECT_GT(world.evictions, 1000U);
}

// Fails if buckets_for() is too small for any size, or the choice between the two buckets is a bad one.
TEST(KeyTableModel, AsManyKeysAsPromisedFindAPlace) {
    const std::uint64_t seed = seed_or(1);
    for (const std::uint64_t max_keys :
         std::initializer_list<std::uint64_t>{1, 2, 3, 5, 8, 13, 50, 100, 333, 1'000, 5'000, 20'000, 100'000}) {
        for (std::uint64_t round = 0; round < std::clamp<std::uint64_t>(300'000 / max_keys, 2, 500); ++round) {
            std::mt19937_64 random{seed + round};
            timed_table world{max_keys};
            for (std::uint64_t i = 0; i < max_keys; ++i)
                ASSERT_EQ(world.put(random_tag(random), never_old), insertion::there) << max_keys << " keys, key " << i;
        }
    }
}

// Fails if eviction loses its choice between the buckets, so that they fill up unevenly over time.
TEST(KeyTableModel, KeysComeAndGoAtFullLoadAndNoneIsRefused) {
    std::mt19937_64 random{seed_or(1)};
    for (const std::uint64_t max_keys : std::initializer_list<std::uint64_t>{1, 7, 60, 1'000, 30'000}) {
        timed_table world{max_keys};
        // The oldest of exactly max_keys live keys grows old as the next one comes.
        const std::uint64_t inserts = max_keys < 1000 ? 200'000 : 1'500'000;
        for (std::uint64_t i = 0; i < inserts; ++i) {
            ++world.now;
            ASSERT_EQ(world.put(random_tag(random), world.now + max_keys - 1), insertion::there)
                << max_keys << " keys, insert " << i;
        }
        EXPECT_GT(world.evictions, inserts / 4);
    }
}

// Fails if more than sixteen slots are looked at, or a live key is evicted, or an old one is not.
TEST(KeyTableModel, FullMeansThatAllSixteenSlotsMatterToOthers) {
    timed_table world{2, 1};
    for (std::uint64_t i = 0; i < 16; ++i) ASSERT_EQ(world.put(layout::tag_bit | (i + 1), never_old), insertion::there);
    const std::uint64_t late = layout::tag_bit | 99;
    EXPECT_EQ(world.insert(late), insertion::full);
    EXPECT_EQ(world.evictions, 0U);

    const std::uint64_t old = layout::tag_bit | 5;
    ASSERT_TRUE(table::exchange(world.of_keys.find(old), old, 0));
    EXPECT_EQ(world.insert(late), insertion::there);
    EXPECT_EQ(world.evictions, 1U);
    EXPECT_FALSE(world.of_keys.find(old));
}

// Fails if a table filled over the remains of another finds that one's keys, or stumbles over its transactions.
TEST(KeyTableModel, ATableMadeOfUsedMemoryIsEmpty) {
    std::vector<layout::bucket> buckets(4);
    std::vector<layout::pair> stripes(2);
    std::mt19937_64 random{seed_or(1)};
    for (auto& bucket : buckets)
        for (auto& slot : bucket.slots) shm::hardware::store_pair_release(slot, {random(), random()});
    for (auto& stripe : stripes) shm::hardware::store_pair_release(stripe, {random(), random()});
    table used{buckets, stripes, 8};
    used.fill();
    int keys = 0;
    used.for_each([&](std::uint64_t, std::uint64_t, std::size_t) { ++keys; });
    EXPECT_EQ(keys, 0);
    timed_table world{4, 2};
    EXPECT_EQ(used.insert(layout::tag_bit | 1, timed_table::inserter{world}), insertion::there);
}

// Fails if an insert trusts what it reads: bytes of a scribbler may be refused or lost, but end every loop and leave the process alive.
TEST(KeyTableModel, ScribbledTablesEndEveryInsert) {
    std::mt19937_64 random{seed_or(1)};
    timed_table world{2, 1};
    for (int round = 0; round < 200; ++round) {
        std::vector<layout::bucket> buckets(2);
        std::vector<layout::pair> stripes(2);
        for (auto& bucket : buckets)
            for (auto& slot : bucket.slots) shm::hardware::store_pair_release(slot, {random(), random()});
        for (auto& stripe : stripes) shm::hardware::store_pair_release(stripe, {random(), random()});
        const table scribbled{buckets, stripes, 8};
        for (int i = 0; i < 4; ++i) {
            const std::uint64_t tag = random_tag(random);
            if (scribbled.insert(tag, timed_table::inserter{world}) == insertion::there) (void)scribbled.find(tag);
        }
    }
}

// Fails if an insert comes back again and again to a stripe in which nobody can begin: each new key would take long until the doctor comes.
TEST(KeyTableModel, AnIdleStripeOfNoTableHindersAtOnce) {
    timed_table world{8, 1};
    shm::hardware::store_pair_release(world.of_keys.stripe(0), {8, layout::pack(layout::transaction{.sequence = 5})});
    EXPECT_EQ(world.insert(layout::tag_bit | 1), insertion::hindered);
    EXPECT_LE(world.rounds, 3U);
}

// Fails if a ticket is believed of a transaction that its stripe has not come to, or of another stripe.
TEST(KeyTableModel, ATicketIsOfATransactionThatItsStripeCameTo) {
    constexpr std::uint64_t tag = 0x1234'5678'9abc'def0, stripes = 4;
    timed_table world{8, stripes};
    const auto sound_in = [&](std::uint64_t sequence) {
        std::uint64_t found = 0;
        for (std::uint64_t stripe = 0; stripe < stripes; ++stripe)
            found += world.of_keys.sound_ticket(tag, layout::ticket(stripe, sequence)) ? 1U : 0U;
        return found;
    };
    EXPECT_EQ(sound_in(0), 1U);
    EXPECT_EQ(sound_in(1), 0U);
    ASSERT_EQ(world.insert(tag), insertion::there);
    EXPECT_EQ(sound_in(1), 1U);
    EXPECT_EQ(sound_in(1000), 0U);
}

// Fails if a ticket of a stripe that there is not keeps its slot: by what stands behind the last one, it might be under way.
TEST(KeyTableModel, ATicketOfNoStripeIsRubbish) {
    constexpr std::size_t stripes = 2;
    timed_table world{2, stripes + 1};
    world.of_keys = table{world.buckets(), world.stripes().first(stripes), 7};
    shm::hardware::store_pair_release(
        world.stripes()[stripes],
        {layout::tag_bit, layout::pack(layout::transaction{.sequence = 5, .phase = layout::phase::preparing})});
    layout::pair& slot = world.of_keys.slot(3);
    shm::hardware::store_pair_release(slot, {layout::tag_bit | 1, layout::ticket(stripes, 5)});
    EXPECT_EQ(world.of_keys.sweep(3, timed_table::inserter{world}), table::sweeping::cleared);
}

// Fails if a slot or a stripe of a new table is not empty, or has another stamp than the table.
TEST(KeyTableModel, ANewTableIsEmptyInEachWord) {
    timed_table world{3, 2};
    for (std::size_t i = 0; i < world.of_keys.slot_count(); ++i)
        shm::hardware::store_pair_release(world.of_keys.slot(i), {~0ULL, ~0ULL});
    world.of_keys.fill();
    const auto content = [](const layout::pair& of) {
        return layout::pair_value{shm::hardware::load_first_acquire(of), shm::hardware::load_second_acquire(of)};
    };
    for (std::size_t i = 0; i < world.of_keys.slot_count(); ++i)
        EXPECT_EQ(content(world.of_keys.slot(i)), (layout::pair_value{7, 0}));
    for (const layout::pair& each : world.stripes())
        EXPECT_EQ(content(each), (layout::pair_value{7, layout::pack(layout::transaction{})}));
}

// Fails if a key is passed over, what is none is visited, or a key is told with another's place or state.
TEST(KeyTableModel, EachKeyIsVisitedWhereItStands) {
    timed_table world{3, 2};
    std::map<std::size_t, std::uint64_t> put;
    for (const std::size_t slot : {0U, 7U, 8U, 15U, 23U}) {
        put[slot] = 100 + slot;
        shm::hardware::store_pair_release(world.of_keys.slot(slot), {layout::tag_bit | slot, put[slot]});
    }
    shm::hardware::store_pair_release(world.of_keys.slot(5), {layout::tag_bit | 5, layout::ticket(0, 3)});
    std::map<std::size_t, std::uint64_t> visited;
    world.of_keys.for_each([&](std::uint64_t tag, std::uint64_t state, std::size_t slot) {
        EXPECT_EQ(tag, layout::tag_bit | slot);
        visited[slot] = state;
    });
    EXPECT_EQ(visited, put);
}

// Fails if a slot that is another key's by now, or is being given away, is taken for where the key stood.
TEST(KeyTableModel, WhoLooksAgainFindsHisKeyOrNothing) {
    timed_table world{2, 1};
    const std::uint64_t tag = layout::tag_bit | 5;
    layout::pair& slot = world.of_keys.slot(4);
    const auto seen_with = [&](std::uint64_t first, std::uint64_t second) {
        shm::hardware::store_pair_release(slot, {first, second});
        return table::again({&slot, 3}, tag);
    };
    EXPECT_EQ(seen_with(tag, 9).slot, &slot);
    EXPECT_EQ(seen_with(tag, 9).state, 9U);
    EXPECT_FALSE(seen_with(tag + 1, 9));
    EXPECT_FALSE(seen_with(tag & ~layout::tag_bit, 9));
    EXPECT_FALSE(seen_with(tag, layout::ticket(0, 3)));
}

// Fails if some two buckets are never those of a key, or both are one.
TEST(KeyTableModel, AKeyHasAnyTwoBuckets) {
    constexpr std::size_t buckets = 4;
    timed_table world{buckets, 2};
    std::mt19937_64 random{seed_or(5)};
    std::set<std::pair<std::size_t, std::size_t>> pairs;
    for (int i = 0; i < 2'000; ++i) {
        const auto around = world.of_keys.around(random() | layout::tag_bit);
        const auto first = static_cast<std::size_t>(around.first - world.buckets().data());
        const auto second = static_cast<std::size_t>(around.second - world.buckets().data());
        EXPECT_NE(first, second);
        EXPECT_LT(std::max(first, second), buckets);
        pairs.emplace(first, second);
    }
    EXPECT_EQ(pairs.size(), buckets * (buckets - 1));
}

// Fails if a key goes to its second bucket before the first is crowded, or to the first when that is fuller.
TEST(KeyTableModel, AKeyGoesToItsFirstBucketUntilThatIsCrowded) {
    const std::uint64_t tag = layout::tag_bit | 1;
    const auto bucket_with = [&](std::size_t in_first, std::size_t in_second) {
        timed_table world{2, 1};
        const auto around = world.of_keys.around(tag);
        const auto take = [](layout::bucket& bucket, std::size_t how_many) {
            for (std::size_t i = 0; i < how_many; ++i)
                shm::hardware::store_pair_release(bucket.slots[i], {layout::tag_bit | (100 + i), 1'000});
        };
        take(*around.first, in_first);
        take(*around.second, in_second);
        EXPECT_EQ(world.insert(tag), insertion::there);
        return world.of_keys.index_of(world.of_keys.find(tag)) / layout::slots_per_bucket ==
                       static_cast<std::size_t>(around.first - world.buckets().data())
                   ? 1
                   : 2;
    };
    EXPECT_EQ(bucket_with(4, 0), 1);
    EXPECT_EQ(bucket_with(5, 0), 2);
    EXPECT_EQ(bucket_with(5, 4), 2);
    EXPECT_EQ(bucket_with(5, 5), 1);
    EXPECT_EQ(bucket_with(6, 7), 1);
    EXPECT_EQ(bucket_with(7, 6), 2);
}

// Fails if the doctor takes a stripe for sound that names another table, a key of another stripe, or no key; or one as inserts leave it for damaged.
TEST(KeyTableModel, AStripeIsSoundAsInsertsLeaveIt) {
    constexpr std::size_t stripes = 4;
    timed_table world{8, stripes};
    constexpr std::uint64_t tag = layout::tag_bit | 0x1234'5678'9abc'def0;
    std::size_t at = 0;
    while (!world.of_keys.sound_ticket(tag, layout::ticket(at, 0))) ++at;
    for (std::size_t stripe = 0; stripe < stripes; ++stripe) {
        const auto sound = [&](std::uint64_t first, layout::phase phase) {
            return world.of_keys.sound_stripe(stripe, {first, layout::pack(layout::transaction{.phase = phase})});
        };
        EXPECT_TRUE(sound(7, layout::phase::idle));
        EXPECT_FALSE(sound(8, layout::phase::idle));
        for (const auto busy : {layout::phase::preparing, layout::phase::committing}) {
            EXPECT_EQ(sound(tag, busy), stripe == at);
            EXPECT_FALSE(sound(tag & ~layout::tag_bit, busy));
        }
    }
}

// Fails if a ticket is rubbish while its stripe is busy with it, or is not when that is over.
TEST(KeyTableModel, ATicketCountsWhileItsStripeIsBusyWithIt) {
    timed_table world{2, 2};
    const auto swept = [&](layout::phase phase, std::uint64_t sequence) {
        shm::hardware::store_pair_release(
            world.stripes()[1],
            {layout::tag_bit | 1, layout::pack(layout::transaction{.sequence = sequence, .phase = phase})});
        shm::hardware::store_pair_release(world.of_keys.slot(3), {layout::tag_bit | 1, layout::ticket(1, 5)});
        return world.of_keys.sweep(3, timed_table::inserter{world});
    };
    EXPECT_EQ(swept(layout::phase::preparing, 5), table::sweeping::in_use);
    EXPECT_EQ(swept(layout::phase::committing, 5), table::sweeping::in_use);
    EXPECT_EQ(swept(layout::phase::idle, 5), table::sweeping::cleared);
    EXPECT_EQ(swept(layout::phase::preparing, 6), table::sweeping::cleared);
}

// Fails if a table is made larger or smaller than its keys need (bench/occupancy), or the stripes of small ones collide and those of large ones take room.
TEST(KeyTableModel, ItsSizeIsThatOfItsKeys) {
    const std::vector<std::uint64_t> keys{0, 1, 4, 25, 50, 100, 1'000'000}, buckets{2, 3, 3, 9, 15, 27, 245'002};
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(shm::buckets_for(keys[i]), buckets[i]) << keys[i];
    const std::vector<std::uint64_t> many{1, 4'096, 4'352, 131'071, 131'072, 10'000'000},
        stripes{16, 16, 17, 511, 512, 512};
    for (std::size_t i = 0; i < many.size(); ++i) EXPECT_EQ(shm::stripes_for(many[i]), stripes[i]) << many[i];
}

}  // namespace
}  // namespace seki::test
