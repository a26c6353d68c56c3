// What sekid takes into care, and what becomes of what it finds: where somebody else is quicker, too.
#include "daemon/take_up.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "shm/interposed_lock.hpp"
#include "shm/segment_fixture.hpp"

namespace seki::daemon::test {
namespace {

using access = shm::segment::access;
using shm::test::before_locking;
using shm::test::scribble;
using shm::test::small;

class TakeUp : public shm::test::SegmentTest {
protected:
    void SetUp() override {
        SegmentTest::SetUp();
        wanted.segment_path = path;
        wanted.segment = small;
    }
    void TearDown() override {
        before_locking = nullptr;
        SegmentTest::TearDown();
    }
    // As a replacer leaves it that dies before it has renamed the successor.
    void leave_without_successor() const {
        ASSERT_TRUE(shm::segment::create_or_attach(path, small));
        scribble(path, offsetof(layout::header, id.superseded), 1);
    }
    // Just before sekid has the lock, somebody does `first`, and a worker makes a segment.
    void expect_adopted_from_a_worker_after(const std::function<void()>& first) const {
        std::shared_ptr<shm::segment> theirs;
        before_locking = [&] {
            first();
            auto made = shm::segment::create_or_attach(path, small);
            if (made) theirs = *made;
        };
        const auto taken = take_up(wanted);
        ASSERT_TRUE(taken) << taken.error().message;
        ASSERT_NE(theirs, nullptr) << "sekid asked for no lock";
        EXPECT_FALSE(theirs->superseded());
        EXPECT_EQ((*taken)->segment->inode(), theirs->inode());
    }
    config::configuration wanted;
};

// Fails when sekid cannot start where a replacer died half-way, or goes on with what is superseded.
TEST_F(TakeUp, WhatWasSupersededWithoutASuccessorIsReplaced) {
    leave_without_successor();
    const auto taken = take_up(wanted);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_TRUE((*taken)->sound());
    EXPECT_EQ((*shm::segment::attach(path, access::read_only))->inode(), (*taken)->segment->inode());
}

// Fails when the successor that a worker made while sekid waited for the lock is replaced, with the permits that are held there.
TEST_F(TakeUp, ASuccessorThatAWorkerMadeMeanwhileIsAdopted) {
    leave_without_successor();
    expect_adopted_from_a_worker_after([] {});
}

// Fails when what a worker made is replaced, with the permits that are held there, because something useless stood there before that somebody removed.
TEST_F(TakeUp, WhatAWorkerMadeInThePlaceOfSomethingUselessIsAdopted) {
    for (const std::size_t useless : {offsetof(layout::header, id.magic), offsetof(layout::header, id.version),
                                      offsetof(layout::header, id.size)}) {
        ASSERT_TRUE(shm::segment::create_or_attach(path, small));
        scribble(path, useless, 77);
        expect_adopted_from_a_worker_after([&] { std::filesystem::remove(path); });
    }
}

// Fails when sekid cannot start where something useless was removed in that moment, and nobody made another.
TEST_F(TakeUp, WhereSomethingUselessWasRemovedMeanwhileASegmentIsMade) {
    ASSERT_TRUE(shm::segment::create_or_attach(path, small));
    scribble(path, offsetof(layout::header, id.version), 77);
    before_locking = [&] { std::filesystem::remove(path); };
    const auto taken = take_up(wanted);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_FALSE(before_locking);
    EXPECT_EQ((*shm::segment::attach(path, access::read_only))->inode(), (*taken)->segment->inode());
}

}  // namespace
}  // namespace seki::daemon::test
