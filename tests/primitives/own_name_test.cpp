// Whether who holds something is known by its name still.
#include "primitives/own_name.hpp"

#include <gtest/gtest.h>

#include "shm/processes.hpp"

namespace seki::test {
namespace {

// Fails if who has a name in a segment that was replaced is taken for one who has lost it: nobody looks after names there.
TEST(OwnName, IsKeptInASegmentThatWasReplaced) {
    const scratch_segment segment;
    const shm::attachment attached{segment.get()};
    EXPECT_TRUE(primitives::keep_name(attached));
    shm::hardware::store_relaxed(segment->header().id.superseded, 1);
    EXPECT_TRUE(primitives::keep_name(attached));
}

}  // namespace
}  // namespace seki::test
