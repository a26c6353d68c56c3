// Which shapes a piece of the arena can have: each number at its least and its greatest, and one beyond.
#include "shm/shape.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "layout/adaptive.hpp"
#include "layout/hedge.hpp"
#include "layout/key_table.hpp"
#include "layout/permits.hpp"
#include "layout/policy.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/policy_piece.hpp"

namespace seki::test {
namespace {

using layout::kind;
using shm::can_be;

// Fails if a limiter may have fewer buckets than a key has candidates, more than its piece holds, no stripe, too many, no key, or more than it has slots; or a
// piece that is not just as large as its parts.
TEST(Shape, OfALimiter) {
    const auto fits = [](const shm::limiter_shape& of) {
        return can_be(kind::limiter, shm::pack(of), shm::table_bytes(of).total());
    };
    const shm::limiter_shape least{.max_keys = 1, .buckets = 2, .stripes = 1};
    EXPECT_TRUE(fits(least));
    EXPECT_FALSE(can_be(kind::limiter, shm::pack(least), shm::table_bytes(least).total() + layout::page));
    EXPECT_FALSE(can_be(kind::limiter, shm::pack(least), shm::table_bytes(least).total() - layout::page));
    EXPECT_FALSE(fits({.max_keys = 1, .buckets = 1, .stripes = 1}));
    EXPECT_FALSE(fits({.max_keys = 1, .buckets = 2, .stripes = 0}));
    EXPECT_TRUE(fits({.max_keys = 1, .buckets = 2, .stripes = layout::max_stripes}));
    EXPECT_FALSE(fits({.max_keys = 1, .buckets = 2, .stripes = layout::max_stripes + 1}));
    EXPECT_FALSE(fits({.max_keys = 0, .buckets = 2, .stripes = 1}));
    EXPECT_TRUE(fits({.max_keys = 100, .buckets = 200, .stripes = 16, .key_texts = true}));
    EXPECT_EQ(shm::pack(shm::limiter_shape{.key_texts = true})[layout::limiter_shape_key_texts], 1U);
    EXPECT_EQ(shm::pack(least)[layout::limiter_shape_key_texts], 0U);
    const shm::limiter_shape texts{.max_keys = 1, .buckets = 64, .stripes = 1, .key_texts = true};
    EXPECT_EQ(shm::table_bytes(texts).texts_bytes,
              shm::whole_pages(64 * layout::slots_per_bucket * sizeof(layout::key_text)));
    // As many keys as the piece has slots, and one more.
    const std::uint64_t bytes = shm::table_bytes(least).total(), most = bytes / sizeof(layout::bucket);
    EXPECT_TRUE(
        can_be(kind::limiter, shm::pack(shm::limiter_shape{most * layout::slots_per_bucket, 2, 1, false}), bytes));
    EXPECT_FALSE(
        can_be(kind::limiter, shm::pack(shm::limiter_shape{most * layout::slots_per_bucket + 1, 2, 1, false}), bytes));
    EXPECT_FALSE(can_be(kind::limiter, shm::pack(shm::limiter_shape{1, ~0ULL, 1, false}), bytes));
    EXPECT_FALSE(can_be(kind::limiter, shm::pack(shm::limiter_shape{1, 1ULL << 60, 1, false}), bytes))
        << "it runs over";
}

// Fails if one may have no permit, or more than there can be, or a piece that is too small for its tables and what stands before them.
TEST(Shape, OfWhatHasPermits) {
    const auto edges = [](kind of, std::uint64_t before) {
        const shm::bulkhead_shape least{1, 1}, most{layout::max_permits, layout::max_permits};
        const std::uint64_t small = before + shm::permit_bytes(least), large = before + shm::permit_bytes(most);
        EXPECT_TRUE(can_be(of, shm::pack(least), small));
        EXPECT_FALSE(can_be(of, shm::pack(least), small - 1));
        EXPECT_TRUE(can_be(of, shm::pack(most), large));
        EXPECT_FALSE(can_be(of, shm::pack(most), large - 1));
        EXPECT_FALSE(can_be(of, shm::pack(shm::bulkhead_shape{0, 1}), large));
        EXPECT_FALSE(can_be(of, shm::pack(shm::bulkhead_shape{1, 0}), large));
        EXPECT_FALSE(can_be(of, shm::pack(shm::bulkhead_shape{layout::max_permits + 1, 1}), 2 * large));
        EXPECT_FALSE(can_be(of, shm::pack(shm::bulkhead_shape{1, layout::max_permits + 1}), 2 * large));
        EXPECT_FALSE(can_be(of, shm::pack(least), before)) << "nothing is left for its permits";
        EXPECT_FALSE(can_be(of, shm::pack(least), 0));
    };
    edges(kind::bulkhead, 0);
    edges(kind::adaptive, sizeof(layout::adaptive_block));
    edges(kind::shedder, sizeof(layout::shedder_block));
}

// Fails if a breaker may have a ring or places of nothing, or of more than its piece.
TEST(Shape, OfABreaker) {
    const layout::breaker_geometry least{.ring = layout::least_ring, .probes = 1};
    EXPECT_TRUE(can_be(kind::breaker, shm::pack(least), least.bytes()));
    EXPECT_FALSE(can_be(kind::breaker, shm::pack(least), least.bytes() - 1));
    const std::uint64_t bytes = 1 << 20, most = bytes / sizeof(layout::pair);
    EXPECT_FALSE(
        can_be(kind::breaker, shm::pack(layout::breaker_geometry{.ring = layout::least_ring - 1, .probes = 1}), bytes));
    EXPECT_FALSE(
        can_be(kind::breaker, shm::pack(layout::breaker_geometry{.ring = layout::least_ring, .probes = 0}), bytes));
    EXPECT_FALSE(can_be(kind::breaker, shm::pack(layout::breaker_geometry{.ring = most + 1, .probes = 1}), bytes));
    EXPECT_FALSE(
        can_be(kind::breaker, shm::pack(layout::breaker_geometry{.ring = ~0ULL / 16, .probes = ~0ULL / 16}), bytes));
    EXPECT_FALSE(can_be(kind::breaker, shm::pack(layout::breaker_geometry{.ring = 3, .probes = ~0ULL / 16 + 1}), bytes))
        << "it runs over";
}

// Fails if one without a shape may have one, or a piece that does not hold it.
TEST(Shape, OfWhatHasNone) {
    const auto edges = [](kind of, std::uint64_t least) {
        EXPECT_TRUE(can_be(of, {}, least));
        EXPECT_FALSE(can_be(of, {}, least - 1));
    };
    edges(kind::retry, sizeof(layout::retry_block));
    edges(kind::hedge, sizeof(layout::hedge_block));
    edges(kind::policy, sizeof(layout::policy_block));
    EXPECT_FALSE(can_be(kind::retry, {1}, layout::page));
    EXPECT_FALSE(can_be(kind::hedge, {1}, layout::page));
    EXPECT_TRUE(can_be(kind::policy, {1}, layout::page));
    EXPECT_TRUE(can_be(static_cast<kind>(200), {1}, 0)) << "who uses it checks";
}

// Fails if two kinds share a name, or one that a scribbler wrote has none.
TEST(Shape, EveryKindHasAName) {
    std::set<std::string_view> names;
    for (auto each = std::uint64_t{1}; each <= static_cast<std::uint64_t>(layout::last_kind); ++each) {
        EXPECT_TRUE(names.insert(shm::to_string(static_cast<kind>(each))).second) << each;
        EXPECT_TRUE(names.insert(shm::plural(static_cast<kind>(each))).second) << each;
    }
    for (const kind none : {kind::none, static_cast<kind>(200)}) {
        EXPECT_TRUE(names.insert(shm::to_string(none)).second || none != kind::none);
        EXPECT_EQ(shm::to_string(none), "primitive");
        EXPECT_EQ(shm::plural(none), "primitives");
    }
}

// Fails if a kind that hands out permits is taken for one that does not, or a piece has no room for what stands beside the permits.
TEST(Shape, APieceHasRoomForThePermitsAndWhatStandsBeside) {
    const std::set with_permits{layout::kind::bulkhead, layout::kind::adaptive, layout::kind::shedder};
    for (auto kind = std::uint64_t{0}; kind <= static_cast<std::uint64_t>(layout::last_kind) + 1; ++kind)
        EXPECT_EQ(shm::has_permits(layout::kind{kind}), with_permits.contains(layout::kind{kind})) << kind;
    const shm::bulkhead_shape of{.permits = 100, .waiting = 20};
    constexpr std::uint64_t workers = 5;
    const std::uint64_t permits = shm::permit_bytes(of), waits = shm::histogram<>::bytes_for(workers);
    EXPECT_EQ(shm::piece_bytes(of, workers), permits + waits);
    EXPECT_EQ(shm::adaptive_piece_bytes(of, workers), permits + waits + sizeof(layout::adaptive_block));
    EXPECT_EQ(shm::shedder_piece_bytes(of), permits + sizeof(layout::shedder_block));
}

// Fails if names that are in use are written over, or some are written where no set is.
TEST(Shape, NamesOfAPolicyGoWhereNoneAreInUse) {
    for (std::uint64_t one = 0; one < layout::policy_name_sets; ++one)
        for (std::uint64_t another = 0; another < layout::policy_name_sets; ++another) {
            const std::uint64_t free = shm::policy_names::other_than(one, another);
            EXPECT_TRUE(free != one && free != another && free < layout::policy_name_sets) << one << " " << another;
        }
}

}  // namespace
}  // namespace seki::test
