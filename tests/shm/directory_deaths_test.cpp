// Administrators that are killed at any instruction: what they leave can be listed, used and carried on with.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>

#include "shm/bulkhead_piece.hpp"
#include "shm/directory_fixture.hpp"
#include "shm/key_table.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

class DirectoryDeaths : public DirectoryTest {
protected:
    void fill(const shm::placement& made) const {
        const shm::limiter_shape shape = shm::unpack_limiter_shape(made.shape);
        const auto sizes = shm::table_bytes(shape);
        const auto bytes = where->arena(made.arena_offset, made.arena_size);
        shm::key_table<>{{reinterpret_cast<layout::bucket*>(bytes.data() + sizes.stripes_bytes), shape.buckets},
                         {reinterpret_cast<layout::pair*>(bytes.data()), shape.stripes},
                         made.incarnation}
            .fill();
    }

    // Creates, changes and removes limiters and bulkheads until it is killed.
    [[noreturn]] void administer(std::uint64_t seed) const {
        std::mt19937_64 random{seed};
        const shm::directory here = primitives();
        for (;;) {
            const auto listed = here.list();
            const std::uint64_t number = random();
            if (!listed.empty() && number % 3 == 0)
                here.remove(listed[random() % listed.size()].index);
            else if (!listed.empty() && number % 3 == 1)
                shm::publish_terms(here.entry(listed[random() % listed.size()].index), all(number));
            else if (number % 4 == 0)
                (void)here.create(bulkhead("b" + std::to_string(number), number % 8 == 0 ? 1024 : 2048, number),
                                  [&](const shm::placement& made) {
                                      if (!shm::permits_of(*where, made).deserted()) std::abort();
                                      shm::permits_of(*where, made).set_max(number % 1000);
                                  });
            else
                (void)here.create(limiter("l" + std::to_string(number), 2 + random() % 200, number % 2 == 0, number),
                                  [&](const shm::placement& made) { fill(made); });
        }
    }

    void expect_sane(std::set<std::uint64_t>& seen) {
        std::uint64_t end = where->parts().arena_offset;
        const auto listed = primitives().list();
        auto claimed = listed;
        std::ranges::move(primitives().list_kept(), std::back_inserter(claimed));
        std::ranges::sort(claimed, {}, &shm::placement::arena_offset);
        for (const shm::placement& each : claimed) {
            EXPECT_GE(each.arena_offset, end) << "two pieces overlap";
            end = each.arena_offset + each.arena_size;
            kept += each.incarnation == 0 ? 1U : 0U;
            EXPECT_TRUE(each.kind != layout::kind::bulkhead || shm::permits_of(*where, each).deserted());
        }
        for (const shm::placement& each : listed) {
            EXPECT_LE(each.incarnation, shm::hardware::load_relaxed(where->header().next_incarnation));
            seen.insert(each.incarnation);
            EXPECT_EQ(each.name.front(), each.kind == layout::kind::bulkhead ? 'b' : 'l');
            const auto in_force = shm::read_terms(primitives().entry(each.index));
            EXPECT_EQ(in_force.values, all(in_force.values[0])) << "a mixture of terms";
            EXPECT_EQ(std::to_string(shm::read_creation_terms(primitives().entry(each.index))[0]), each.name.substr(1));
        }
        EXPECT_LE(end, where->parts().size);
        // As many entries as are published: none is in between.
        EXPECT_EQ(listed.size(), std::ranges::count_if(where->directory(), [](const auto& entry) {
                      return shm::hardware::load_relaxed(entry.incarnation) != 0;
                  }));
    }

    std::size_t kept = 0;  // pieces seen that deleted bulkheads left
};

// Fails if an entry can be published before it is whole, or if what a dead administrator leaves stops the next one.
TEST_F(DirectoryDeaths, WhatTheKilledLeaveIsWholeOrNotThere) {
    const std::uint64_t seed = seed_or(1);
    std::mt19937_64 random{seed};
    std::set<std::uint64_t> seen;
    for (std::uint64_t round = 0; round < 300 && !HasFailure(); ++round) {
        const pid_t child = fork();
        if (child == 0) administer(seed + round);
        const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 4'000'000)};
        nanosleep(&pause, nullptr);
        kill(child, SIGKILL);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
        expect_sane(seen);
    }
    EXPECT_GT(seen.size(), 30U) << "the administrators did nothing";
    EXPECT_GT(kept, 30U);
    for (const shm::placement& each : primitives().list()) primitives().remove(each.index);
    EXPECT_TRUE(primitives().create(limiter("last"), no_fill));
}

}  // namespace
}  // namespace seki::test
