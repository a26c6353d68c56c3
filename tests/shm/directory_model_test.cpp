// The directory against a list: what was created is found, what was removed is not, and pieces of the arena never overlap.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "shm/directory_fixture.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using layout::kind;
using testing::HasSubstr;

class DirectoryModel : public DirectoryTest {};

// Fails if an entry is not found by what was asked for, or says something else.
TEST_F(DirectoryModel, WhatWasCreatedIsFoundByItsName) {
    const auto unix_time = [] {
        return static_cast<std::uint64_t>(
            std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
    };
    const std::uint64_t before = unix_time();
    const auto made = primitives().create(limiter("login", 9, true, 42), no_fill);
    ASSERT_TRUE(made) << made.error().message;
    const auto found = primitives().find(kind::limiter, "login");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "login");
    EXPECT_EQ(found->incarnation, made->incarnation);
    EXPECT_EQ(found->index, made->index);
    EXPECT_GE(found->created_unix_ns, before);
    EXPECT_LE(found->created_unix_ns, unix_time());
    EXPECT_EQ(found->shape, shm::pack(shape_of(9, true)));
    EXPECT_EQ(found->arena_size, shm::table_bytes(shape_of(9, true)).total());
    EXPECT_EQ(shm::read_terms(primitives().entry(found->index)).values, all(42));
    EXPECT_EQ(shm::read_creation_terms(primitives().entry(found->index)), all(42));
    EXPECT_FALSE(primitives().find(kind::limiter, "logi"));
    EXPECT_FALSE(primitives().find(kind::limiter, "login2"));
    EXPECT_FALSE(primitives().find(kind::none, "login"));
}

// Fails if a kind can take, find or remove another's name.
TEST_F(DirectoryModel, ANameServesOncePerKind) {
    const auto limits = primitives().create(limiter("payments", 9), no_fill);
    const auto adapts = primitives().create(policy("payments"), no_fill);
    ASSERT_TRUE(limits && adapts);
    EXPECT_EQ(primitives().find(kind::limiter, "payments")->incarnation, limits->incarnation);
    EXPECT_EQ(primitives().find(kind::policy, "payments")->incarnation, adapts->incarnation);
    EXPECT_FALSE(primitives().find(kind::bulkhead, "payments"));
    EXPECT_EQ(primitives().list().size(), 2U);
    ASSERT_EQ(primitives().list(kind::policy).size(), 1U);
    EXPECT_EQ(primitives().list(kind::policy)[0].index, adapts->index);
    primitives().remove(limits->index);
    EXPECT_FALSE(primitives().find(kind::limiter, "payments"));
    EXPECT_TRUE(primitives().find(kind::policy, "payments"));
}

// Fails if the words of another kind are cut, judged as a limiter's, or its piece is not whole pages.
TEST_F(DirectoryModel, AKindKeepsItsShapeAndAllItsTerms) {
    ASSERT_TRUE(primitives().create(policy("payments", 4097, 42), no_fill));
    const auto found = primitives().find(kind::policy, "payments");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->shape, (shm::shape{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(found->arena_size, 2 * layout::page);
    shm::wide_terms wide{};
    wide.fill(42);
    layout::directory_entry& entry = primitives().entry(found->index);
    EXPECT_EQ(shm::read_wide_terms(entry).values, wide);
    EXPECT_EQ(shm::read_creation_terms<layout::terms_in_block>(entry), wide);
    wide.fill(43);
    shm::publish_terms(entry, wide);
    EXPECT_EQ(shm::read_wide_terms(entry).values, wide);
}

// Fails if the table can be seen before it is made.
TEST_F(DirectoryModel, NothingIsFoundBeforeItIsFilled) {
    const auto made = primitives().create(limiter("login"), [&](const shm::placement&) {
        EXPECT_FALSE(primitives().find(kind::limiter, "login"));
        EXPECT_TRUE(primitives().list().empty());
    });
    EXPECT_TRUE(made && primitives().find(kind::limiter, "login"));
}

// Fails if a name of the greatest length is cut, or runs into what follows it.
TEST_F(DirectoryModel, TheLongestNameIsKeptWhole) {
    const std::string name(layout::name_size - 1, 'n');
    ASSERT_TRUE(primitives().create(limiter(name), no_fill));
    EXPECT_TRUE(primitives().find(kind::limiter, name));
}

// Fails if the limit on primitives is not kept, or the refusal does not say what to do.
TEST_F(DirectoryModel, AFullDirectorySaysSo) {
    for (std::uint32_t i = 0; i < max_primitives; ++i)
        ASSERT_TRUE(primitives().create(limiter("l" + std::to_string(i)), no_fill));
    const auto refused = primitives().create(limiter("late"), no_fill);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_space);
    EXPECT_THAT(refused.error().message,
                testing::AllOf(HasSubstr("limiter \"late\""), HasSubstr("max_primitives = 24"), HasSubstr("delete")));
    EXPECT_EQ(primitives().list().size(), max_primitives);
    std::memset(static_cast<void*>(where->directory().data() + max_primitives), 0x55, sizeof(layout::directory_entry));
    EXPECT_EQ(primitives().create(limiter("late"), no_fill).error().code, Errc::no_space) << "whatever stands behind";

    primitives().remove(7);
    EXPECT_TRUE(primitives().create(limiter("late"), no_fill));
}

// Fails if a limiter that does not fit is half-created, or the refusal does not say how much there is.
TEST_F(DirectoryModel, AFullArenaSaysHowMuchIsLeft) {
    const std::uint64_t arena = where->parts().size - where->parts().arena_offset;
    const auto refused = primitives().create(limiter("huge", 1 << 20), no_fill);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_space);
    EXPECT_THAT(refused.error().message,
                testing::AllOf(HasSubstr("limiter \"huge\""), HasSubstr(std::to_string(arena >> 10) + " KiB"),
                               HasSubstr("max_keys")));
    const std::uint64_t bytes = limiter("huge", 1 << 20).arena_bytes;
    EXPECT_THAT(refused.error().message, HasSubstr("needs " + std::to_string(bytes >> 10) + " KiB, and"));
    EXPECT_TRUE(primitives().list().empty());
}

// Fails if a piece is given out twice, a gap is overlooked, a later gap is taken before an earlier one, or an incarnation comes again.
TEST_F(DirectoryModel, PiecesOfTheArenaAreFirstFitAndNeverOverlap) {
    std::mt19937_64 random{seed_or(1)};
    std::map<std::string, shm::placement> model;
    std::set<std::uint64_t> incarnations;
    int refusals = 0;
    for (int step = 0; step < 4000; ++step) {
        if (!model.empty() && random() % 5 < 2) {
            const auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
            primitives().remove(victim->second.index);
            model.erase(victim);
        } else {
            const std::string name = "l" + std::to_string(step);
            const std::uint64_t buckets = 2 + random() % 1200;
            const bool texts = random() % 4 == 0;
            const std::uint64_t bytes = shm::table_bytes(shape_of(buckets, texts)).total();
            // Where it should go: the lowest page at which it meets nobody.
            std::uint64_t expected = where->parts().arena_offset;
            for (bool moved = true; moved;) {
                moved = false;
                for (const auto& [other, at] : model)
                    if (expected < at.arena_offset + at.arena_size && at.arena_offset < expected + bytes) {
                        expected = at.arena_offset + at.arena_size;
                        moved = true;
                    }
            }
            const bool fits = expected + bytes <= where->parts().size && model.size() < max_primitives;
            const auto made = primitives().create(limiter(name, buckets, texts), no_fill);
            ASSERT_EQ(made.has_value(), fits) << "step " << step;
            refusals += fits ? 0 : 1;
            if (made) {
                EXPECT_EQ(made->arena_offset, expected);
                EXPECT_TRUE(incarnations.insert(made->incarnation).second) << "an incarnation comes again";
                model[name] = *made;
            }
        }
        std::uint64_t used = 0;
        const auto listed = primitives().list();
        ASSERT_EQ(listed.size(), model.size());
        for (const auto& each : listed) {
            ASSERT_TRUE(model.contains(each.name));
            EXPECT_EQ(each.incarnation, model[each.name].incarnation);
            used += each.arena_size;
        }
        ASSERT_EQ(primitives().arena_used(), used);
    }
    EXPECT_GT(refusals, 100);
}

// Fails if numbers are believed because they stand in an entry.
TEST_F(DirectoryModel, AnEntryThatContradictsItselfIsNotThere) {
    std::mt19937_64 random{seed_or(1)};
    const auto made = primitives().create(limiter("login", 40), no_fill);
    ASSERT_TRUE(made);
    layout::directory_entry& entry = primitives().entry(made->index);
    const std::uint64_t wild[] = {0,        ~0ULL,   1ULL << 63, where->parts().size, made->arena_offset + 1,
                                  random(), random()};
    for (layout::word* const field :
         {&entry.kind, &entry.arena_offset, &entry.arena_size, &entry.shape[layout::limiter_shape_buckets],
          &entry.shape[layout::limiter_shape_stripes], &entry.shape[layout::limiter_shape_max_keys]}) {
        const std::uint64_t right = shm::hardware::load_relaxed(*field);
        for (const std::uint64_t wrong : wild) {
            if (field == &entry.shape[layout::limiter_shape_max_keys] && wrong != 0 && wrong < 1 << 20) continue;
            shm::hardware::store_relaxed(*field, wrong);
            EXPECT_FALSE(primitives().at(made->index)) << wrong;
            EXPECT_TRUE(primitives().list().empty());
        }
        shm::hardware::store_relaxed(*field, right);
        EXPECT_TRUE(primitives().at(made->index));
    }
    EXPECT_FALSE(primitives().at(max_primitives));
    EXPECT_FALSE(primitives().at(~0U));
}

// Fails if an index is believed: what lies behind the directory would be overwritten.
TEST_F(DirectoryModel, RemovingWhatThereIsNotChangesNothing) {
    ASSERT_TRUE(primitives().create(limiter("login", 40), no_fill));
    std::memset(static_cast<void*>(where->directory().data() + max_primitives), 0x55, sizeof(layout::directory_entry));
    const auto all = [&] {
        return std::string{reinterpret_cast<const char*>(&where->header()),
                           static_cast<std::size_t>(where->parts().size)};
    };
    const std::string before = all();
    for (const std::uint32_t beyond : {max_primitives, max_primitives + 1, ~0U}) primitives().remove(beyond);
    EXPECT_EQ(all(), before);
    primitives().remove(0);
    EXPECT_TRUE(primitives().list().empty());
}

}  // namespace
}  // namespace seki::test
