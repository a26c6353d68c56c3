// A segment that is replaced again and again, under the hands of somebody who stays.
#include <fcntl.h>
#include <sys/stat.h>

#include <iterator>

#include "client_fixture.hpp"
#include "shm/descriptor.hpp"

namespace seki::test {
namespace {

class ReplacedOften : public ClientTest {
protected:
    const Segment& segment() const { return segment_; }
    // The next one stands there, and its handle has moved over.
    void replace() const {
        (void)must(shm::segment::replace(path(), small().segment));
        EXPECT_TRUE(must(segment_.limiter("login", six_a_year())).check("alice").allowed);
    }
    // Of the segment that stands there now, for when it has no name any more.
    [[nodiscard]] shm::descriptor open_file() const {
        return shm::descriptor{::open(path().c_str(), O_RDONLY | O_CLOEXEC)};
    }
    static std::uint64_t memory_of(const shm::descriptor& file) {
        struct stat facts{};
        EXPECT_EQ(::fstat(file.get(), &facts), 0);
        return static_cast<std::uint64_t>(facts.st_blocks) * 512;
    }
    static auto open_descriptors() {
        return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                             std::filesystem::directory_iterator{});
    }

private:
    Segment segment_ = opened();
};

// Fails if a worker holds the memory of every segment that was ever replaced, or a lock in it, for as long as it runs.
TEST_F(ReplacedOften, NoMoreIsKeptThanTheLastTwo) {
    const shm::descriptor first = open_file();
    replace();
    EXPECT_GT(memory_of(first), layout::page) << "somebody may be in the midst of a call";
    replace();
    EXPECT_EQ(memory_of(first), layout::page);
    const auto descriptors = open_descriptors();
    for (int again = 0; again < 4; ++again) replace();
    EXPECT_EQ(open_descriptors(), descriptors);
}

// Fails if what is held in a segment that was replaced, or under way there, is more than nobody's: it crashes who gives it back, or comes out of another segment.
TEST_F(ReplacedOften, WhatIsHeldSinceBeforeTheLastIsNobodys) {
    const BulkheadOptions one_at_a_time{.max_concurrent = 1};
    const Bulkhead first = must(segment().bulkhead("database", one_at_a_time));
    Permit early = must(first.try_acquire());
    replace();
    const Bulkhead second = must(segment().bulkhead("database", one_at_a_time));
    Permit late = must(second.try_acquire());
    replace();
    const Bulkhead third = must(segment().bulkhead("database", one_at_a_time));
    const Permit held = must(third.try_acquire());
    EXPECT_FALSE(early.release());
    EXPECT_TRUE(late.release());
    EXPECT_EQ(third.try_acquire().error().code, Errc::bulkhead_full);
    EXPECT_EQ(must(third.status()).in_use, 1U);
}

}  // namespace
}  // namespace seki::test
