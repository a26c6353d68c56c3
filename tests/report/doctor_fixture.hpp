// A segment with two limiters, two breakers and a bulkhead in it, all of them used; and what is expected of a doctor who is shown it broken.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <seki/seki.hpp>

#include "report/doctor.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

class DoctorTest : public ::testing::Test {
protected:
    DoctorTest() {
        std::string folder = "/dev/shm/seki-doctor-XXXXXX";
        path_ = std::filesystem::path{::mkdtemp(folder.data())} / "test.seg";
        OpenOptions small;
        small.segment.max_workers = 4;
        small.segment.max_primitives = 8;
        small.segment.size = 512 << 10;
        opened_.emplace(*open(path_.native(), small));
        for (const char* name : {"login", "other"}) {
            const Limiter made = *opened_->limiter(name, limiter_options());
            for (int key = 0; key < 20; ++key) (void)made.check(std::to_string(key));
        }
        for (const Breaker& each : {*opened_->breaker("calls", by_calls()), *opened_->breaker("time", by_time())})
            for (int call = 0; call < 30; ++call) (void)each.call([] {});
        (void)opened_->bulkhead("database", bulkhead_options())->try_acquire();
        where_ = *shm::segment::attach(path_, shm::segment::access::read_write);
    }
    ~DoctorTest() override {
        opened_.reset();
        where_.reset();
        std::filesystem::remove_all(path_.parent_path());
    }

    using nanoseconds = std::chrono::nanoseconds;
    static LimiterOptions limiter_options() { return {.limit = 5, .window = std::chrono::hours{1}, .max_keys = 64}; }
    static BreakerOptions by_calls() {
        return {.window_size = 30,
                .wait_duration = std::chrono::milliseconds{1},
                .half_open_requests = 2,
                .max_half_open_duration = std::chrono::hours{1}};
    }
    static BreakerOptions by_time() {
        BreakerOptions options = by_calls();
        options.window_type = WindowType::time;
        options.window_size = std::chrono::minutes{1};
        return options;
    }
    static BulkheadOptions bulkhead_options() { return {.max_concurrent = 3, .max_waiting = 4}; }

    // In the order in which they were made.
    enum entries : std::uint32_t { login, other, calls, time, database };
    [[nodiscard]] layout::directory_entry& entry(std::uint32_t index) const { return where_->directory()[index]; }
    [[nodiscard]] shm::placement place(std::uint32_t index) const { return *shm::directory{*where_}.at(index); }

    void expect_sound() const {
        for (const finding& each : examine(*where_)) ADD_FAILURE() << each.where << ": " << each.what;
    }
    // With nothing else being wrong; and afterwards nothing is.
    void expect_found_and_mended(invariant wanted) const {
        std::vector<invariant> found;
        for (const finding& each : examine(*where_)) found.push_back(each.broken);
        EXPECT_THAT(found, ::testing::Contains(wanted)) << to_string(wanted);
        EXPECT_GT(repair(*where_).value_or(0), 0U);
        expect_sound();
        const auto limiter = opened_->limiter("fresh", limiter_options());
        const auto breaker = opened_->breaker("fresh", by_calls());
        const auto bulkhead = opened_->bulkhead("fresh", bulkhead_options());
        ASSERT_TRUE(limiter && breaker && bulkhead);
        EXPECT_TRUE(limiter->check("key").allowed);
        EXPECT_EQ(limiter->reset("key"), Errc::none);
        EXPECT_TRUE(breaker->call([] {}));
        EXPECT_TRUE(bulkhead->try_acquire());
    }

    std::filesystem::path path_;
    std::optional<Segment> opened_;
    std::shared_ptr<shm::segment> where_;
};

}  // namespace seki::report
