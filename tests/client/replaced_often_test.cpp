// A segment that is replaced again and again, under the hands of somebody who stays.
#include <fcntl.h>
#include <sys/stat.h>

#include <future>
#include <iterator>
#include <thread>

#include "client_fixture.hpp"
#include "shm/descriptor.hpp"
#include "shm/processes.hpp"

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

    // What a thread has in a segment in which it counted, until it ends.
    class counting_thread {
    public:
        explicit counting_thread(const Segment& in) : thread_{[this, &in] { count_and_stay(in); }} {
            has_counted_.get_future().wait();
        }
        void end() {
            may_end_.set_value();
            thread_.join();
        }

    private:
        void count_and_stay(const Segment& in) {
            EXPECT_TRUE(must(in.limiter("login", six_a_year())).check("bob").allowed);
            has_counted_.set_value();
            may_end_.get_future().wait();
        }
        std::promise<void> has_counted_, may_end_;
        std::thread thread_;
    };

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

// Fails if what ends late, in a segment of which the memory was given back, takes a page of it again: where there is none left that is a SIGBUS.
TEST_F(ReplacedOften, WhatEndsLateTakesNoMemoryBack) {
    const shm::descriptor first = open_file();
    Permit permit = must(must(segment().bulkhead("database", BulkheadOptions{})).try_acquire());
    AdaptivePermit adaptive = must(must(segment().adaptive("backend", AdaptiveOptions{})).try_acquire());
    InFlight request = must(must(segment().shedder("requests", ShedderOptions{})).admit());
    Admission admission = must(segment().breaker("payments", BreakerOptions{})).admit();
    const Retry retry = must(segment().retry("fetch", RetryOptions{}));
    RetryLoop fails = retry.begin(), succeeds = retry.begin();
    EXPECT_TRUE(succeeds.failed());
    counting_thread thread{segment()};
    const auto ended = [&](const char* what) {
        EXPECT_EQ(memory_of(first), layout::page) << what;
        return memory_of(first) == layout::page;
    };
    const HedgeOptions seldom{.delay = 1h};
    const auto hedged = must(segment().hedge("search", seldom)).call([&](std::stop_token) {
        replace();
        replace();
        return ended("nothing yet");
    });
    ASSERT_TRUE(hedged);
    ended("a hedged call");
    EXPECT_FALSE(permit.release());
    ended("a permit");
    EXPECT_FALSE(adaptive.release());
    ended("a permit of an adaptive limit");
    EXPECT_FALSE(request.complete());
    ended("a request in flight");
    admission.ok();
    ended("a call through a breaker");
    succeeds.succeeded();
    ended("an attempt that went well");
    EXPECT_EQ(fails.failed().why, Errc::call_failed);
    ended("an attempt that failed");
    thread.end();
    ended("a thread that had counted there");
}

// Fails if a process that has not moved over yet takes a page again of what another one gave back, by what it ends there or by going on.
TEST_F(ReplacedOften, WhoStayedBehindTakesNoMemoryBack) {
    const shm::descriptor first = open_file();
    child behind{[&](const line& parent) {
        const Segment its = opened();
        Permit permit = must(must(its.bulkhead("database", BulkheadOptions{})).try_acquire());
        counting_thread thread{its};
        parent.tell();
        while (const auto step = parent.listen()) {
            if (*step == 1 && permit.release()) return false;
            if (*step == 2) thread.end();
            if (*step == 3) its.handle()->attachment()->look_again();
            if (*step == 4 && !its.maintain()) return false;
            parent.tell();
        }
        return true;
    }};
    ASSERT_EQ(behind.talk().hear(), 1U);
    child also_behind{[&](const line& parent) {
        const Segment its = opened();
        EXPECT_TRUE(must(its.limiter("login", six_a_year())).check("carol").allowed);
        parent.tell();
        return parent.listen().has_value();
    }};
    ASSERT_EQ(also_behind.talk().hear(), 1U);
    replace();
    replace();
    EXPECT_EQ(memory_of(first), layout::page);
    for (std::uint64_t step = 1; step <= 4; ++step) {
        behind.talk().tell(step);
        ASSERT_EQ(behind.talk().hear(), 1U) << step;
        EXPECT_EQ(memory_of(first), layout::page) << step;
    }
    also_behind.talk().tell();
    EXPECT_TRUE(also_behind.succeeded());
    EXPECT_EQ(memory_of(first), layout::page) << "by an attachment that ended";
}

}  // namespace
}  // namespace seki::test
