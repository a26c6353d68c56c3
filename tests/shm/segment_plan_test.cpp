// The geometry: what is planned is sound, and nothing else is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "shm/segment.hpp"

namespace seki::shm {
namespace {

using ::testing::HasSubstr;

SegmentOptions sized(std::uint32_t workers, std::uint32_t primitives, std::uint64_t size) {
    return {.mode = 0660, .group = "", .max_workers = workers, .max_primitives = primitives, .size = size};
}

// Fails when a part is not on a page, overlaps its neighbour or leaves the file, at either end of the ranges.
TEST(SegmentPlan, PartsLieOnPagesInOrderWithRoomForAllTheyPromise) {
    for (const auto& options :
         {sized(1, 1, 0), sized(512, 256, 64ULL << 20), sized(4096, 1, 0), sized(1, 4096, 0), sized(4096, 4096, 0)}) {
        const auto parts = plan(options);
        ASSERT_TRUE(parts) << parts.error().message;
        EXPECT_EQ(parts->directory_offset, layout::page);
        for (const auto offset : {parts->processes_offset, parts->workers_offset, parts->arena_offset, parts->size})
            EXPECT_EQ(offset % layout::page, 0U);
        EXPECT_EQ(parts->worker_stride % 128, 0U);
        EXPECT_GE(parts->processes_offset,
                  parts->directory_offset + parts->max_primitives * sizeof(layout::directory_entry));
        EXPECT_GE(parts->workers_offset, parts->processes_offset + parts->max_workers * sizeof(layout::process_slot));
        EXPECT_GE(parts->arena_offset, parts->workers_offset + (parts->max_workers + 1) * parts->worker_stride);
        EXPECT_LT(parts->arena_offset, parts->size);
        EXPECT_TRUE(sound(*parts, parts->size));
    }
}

// Fails when a part lies elsewhere than in the segments that others have made: then it is another layout.
TEST(SegmentPlan, PartsLieWhereTheyAlwaysDid) {
    const auto parts = plan(sized(5, 8, 1 << 20));
    ASSERT_TRUE(parts);
    EXPECT_EQ(*parts, (layout::geometry{.size = 1 << 20,
                                        .max_primitives = 8,
                                        .max_workers = 5,
                                        .directory_offset = 4096,
                                        .processes_offset = 12'288,
                                        .workers_offset = 16'384,
                                        .worker_stride = 10'496,
                                        .arena_offset = 81'920}));
}

// Fails when what one gets without asking does not fit into the 64 MiB of /dev/shm in a container, with a third of that beside it.
TEST(SegmentPlan, TheDefaultFitsIntoAContainer) {
    const auto parts = plan({});
    ASSERT_TRUE(parts);
    EXPECT_LE(parts->size, (64ULL << 20) * 2 / 3);
}

// Fails when the configuration accepts sizes that no segment can have, or a segment's bound is not its file's.
TEST(SegmentPlan, TheLargestSizeIsPlannedAndNothingAbove) {
    const auto parts = plan(sized(1, 1, max_segment_size));
    ASSERT_TRUE(parts);
    EXPECT_TRUE(sound(*parts, max_segment_size));
    EXPECT_FALSE(plan(sized(1, 1, max_segment_size + 1)));
}

// Fails when "auto" leaves less than 16 MiB for limiters.
TEST(SegmentPlan, AutomaticSizeLeavesAnArena) {
    const auto parts = plan(sized(8, 8, 0));
    ASSERT_TRUE(parts);
    EXPECT_GE(parts->size - parts->arena_offset, 16ULL << 20);
}

// Fails when an odd size is refused, or rounded down below what was asked for.
TEST(SegmentPlan, SizeIsRoundedUpToAPage) { EXPECT_EQ(plan(sized(1, 1, (1 << 20) + 1))->size, (1U << 20) + 4096U); }

// Fails when the error does not name a size that works.
TEST(SegmentPlan, SizeThatLeavesNoArenaIsRefusedAndTheLeastIsNamed) {
    const auto refused = plan(sized(512, 256, 4096));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    const std::string& text = refused.error().message;
    const std::size_t at = text.find("at least ");
    ASSERT_NE(at, std::string::npos) << text;
    const std::uint64_t least = std::stoull(text.substr(at + std::strlen("at least ")));
    EXPECT_TRUE(plan(sized(512, 256, least)));
    EXPECT_FALSE(plan(sized(512, 256, least - layout::page)));
}

// Fails when a count outside of its range is accepted, or the message does not say the range.
TEST(SegmentPlan, CountsOutOfRangeAreRefusedWithTheRange) {
    for (const auto& options :
         {sized(0, 1, 0), sized(4097, 1, 0), sized(1, 0, 0), sized(1, 4097, 0), sized(~0U, ~0U, 0)}) {
        const auto refused = plan(options);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("1 to 4096"));
    }
    EXPECT_THAT(plan(sized(1, 1, ~0ULL)).error().message, HasSubstr("at most"));
}

// Fails when sound() believes a field: each is moved by a little, by a page and to the end of the number line.
TEST(SegmentPlan, AnyFieldThatIsOffMakesTheGeometryUnsound) {
    const auto parts = plan(sized(4, 4, 1 << 20));
    ASSERT_TRUE(parts);
    for (std::size_t field = 0; field < sizeof *parts / sizeof(std::uint64_t); ++field)
        for (const std::uint64_t change : {64ULL, 4096ULL, 1ULL << 40, 1ULL << 63, ~0ULL}) {
            layout::geometry bad = *parts;
            auto* const words = reinterpret_cast<std::uint64_t*>(&bad);
            words[field] ^= change;
            EXPECT_FALSE(sound(bad, parts->size)) << "field " << field << " changed by " << change;
        }
    EXPECT_FALSE(sound(*parts, parts->size - layout::page));
    EXPECT_FALSE(sound(*parts, 0));
    EXPECT_FALSE(sound({}, 0));
}

// Fails when sound() takes a file that is larger than any, that ends within a page, or that has no room for a primitive.
TEST(SegmentPlan, AGeometryThatNoPlanHasIsUnsoundHoweverWellItsPartsLie) {
    const auto parts = plan(sized(4, 4, 1 << 20));
    ASSERT_TRUE(parts && sound(*parts, parts->size));
    const auto of_size = [&](std::uint64_t size) {
        layout::geometry made = *parts;
        made.size = size;
        return sound(made, size);
    };
    EXPECT_TRUE(of_size(parts->size + layout::page));
    EXPECT_TRUE(of_size(max_segment_size));
    EXPECT_FALSE(of_size(max_segment_size + layout::page));
    EXPECT_FALSE(of_size(parts->size + 1));
    EXPECT_TRUE(of_size(parts->arena_offset + layout::page));
    EXPECT_FALSE(of_size(parts->arena_offset));
}

}  // namespace
}  // namespace seki::shm
