// Changing the terms of a limiter under the eyes of its readers.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "shm/directory.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

using shm::wide_terms;

shm::terms all(std::uint64_t value) {
    shm::terms terms{};
    terms.fill(value);
    return terms;
}
bool whole(const shm::terms_in_force& read) { return std::ranges::count(read.values, read.values[0]) == 8; }

// Fails if a reader can see some values of one publication and some of another, or go back to an older one, whoever dies where.
TEST(DirectoryTerms, AReaderSeesOnePublicationWhole) {
    const exploration done = explore({.preemptions = 3, .deaths = 1}, [](interleaving& play) {
        layout::directory_entry entry;
        shm::publish_terms<stepped>(entry, all(1));
        play.together({[&] {
                           shm::publish_terms<stepped>(entry, all(2));
                           shm::publish_terms<stepped>(entry, all(3));
                       },
                       [&] {
                           const auto first = shm::read_terms<stepped>(entry);
                           const auto second = shm::read_terms<stepped>(entry);
                           if (!whole(first) || !whole(second)) play.fail("a mixture");
                           if (second.values[0] < first.values[0]) play.fail("an older one again");
                           if (first.version != first.values[0]) play.fail("the version of another");
                       }});
        // Whoever died, the next administrator carries on.
        if (!whole(shm::read_terms<stepped>(entry))) play.fail("a mixture is left");
        shm::publish_terms<stepped>(entry, all(9));
        if (shm::read_terms<stepped>(entry).values != all(9)) play.fail("a later publication is not seen");
    });
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Fails if the second line of a block is read or written by another protocol than the first.
TEST(DirectoryTerms, BothLinesOfABlockAreOnePublication) {
    const auto wide = [](std::uint64_t value) {
        wide_terms terms{};
        terms.fill(value);
        return terms;
    };
    const exploration done = explore({.preemptions = 2, .deaths = 1}, [&](interleaving& play) {
        layout::directory_entry entry;
        shm::publish_terms<stepped>(entry, wide(1));
        play.together({[&] {
                           shm::publish_terms<stepped>(entry, wide(2));
                           shm::publish_terms<stepped>(entry, wide(3));
                       },
                       [&] {
                           const auto read = shm::read_wide_terms<stepped>(entry);
                           if (read.values != wide(read.version)) play.fail("a mixture");
                       }});
        const auto left = shm::read_wide_terms<stepped>(entry);
        if (left.values != wide(left.version)) play.fail("a mixture is left");
    });
    EXPECT_EQ(done.failure, "");
}

// Fails if an order is too weak for the machine, or if a reader that is outrun passes a mixture off as terms in force.
TEST(DirectoryTerms, ReadersAreNotFooledByAnAdministratorInAHurry) {
    layout::directory_entry entry;
    shm::publish_terms(entry, all(1));
    std::atomic<bool> over = false;
    std::atomic<std::uint64_t> mixtures = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&] {
            while (!over) {
                const auto read = shm::read_terms(entry);
                if (read.version == shm::never_in_force) continue;
                if (!whole(read) || read.values[0] != read.version) ++mixtures;
            }
        });
    for (std::uint64_t value = 2; value < 3'000'000; ++value) shm::publish_terms(entry, all(value));
    over = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(mixtures, 0U);
}

// Fails if a scribbler who changes the version all the time can keep a reader for ever, or be believed.
TEST(DirectoryTerms, AReaderThatIsOutrunSaysSo) {
    static const layout::word* version;
    static int looks;
    struct toggled : stepped {
        static std::uint64_t load_acquire(const word& w) noexcept {
            looks += &w == version ? 1 : 0;
            machine::store_relaxed(const_cast<word&>(w), machine::load_relaxed(w) + 1);
            return machine::load_relaxed(w);
        }
    };
    layout::directory_entry entry;
    version = &entry.terms_version;
    looks = 0;
    EXPECT_EQ(shm::read_terms<toggled>(entry).version, shm::never_in_force);
    EXPECT_EQ(looks, 1 + 8) << "a round begins and ends with one, and so does the next";
}

}  // namespace
}  // namespace seki::test
