// A limiter on a real segment in a folder of its own, with a clock that a test moves.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "primitives/limiter.hpp"
#include "primitives/registry.hpp"
#include "shm/counters.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::test {

using namespace std::chrono_literals;

inline constexpr Algorithm every_algorithm[] = {Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                                Algorithm::sliding_window, Algorithm::fixed_window};

class LimiterTest : public testing::Test {
protected:
    LimiterTest() {
        std::string folder = "/dev/shm/seki-limiter-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        SegmentOptions small;
        small.max_workers = 4;
        small.max_primitives = 8;
        small.size = 1 << 20;
        auto made = shm::segment::create_or_attach(path(), small);
        if (!made) throw std::runtime_error(made.error().message);
        where_ = *made;
        in_ = std::make_shared<const shm::attachment>(where_);
        // Starts an hour, so a whole second, minute and window of any test; later than what reset() and refund() read.
        const std::uint64_t hour = static_cast<std::uint64_t>(std::chrono::nanoseconds{1h}.count());
        now = (primitives::read_clock(Clock::precise) / hour + 2) * hour;
    }
    ~LimiterTest() override {
        in_.reset();
        where_.reset();
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "a.seg"; }
    [[nodiscard]] const shm::segment& where() const { return *where_; }
    [[nodiscard]] const std::shared_ptr<const shm::attachment>& in() const { return in_; }

    [[nodiscard]] primitives::limiter make(const LimiterOptions& options, std::string_view name = "it") const {
        const auto place = primitives::limiters::find_or_make(*where_, name, options);
        if (!place) throw std::runtime_error(place.error().message);
        return {in_, *place};
    }

    [[nodiscard]] Decision check(const primitives::limiter& of, std::string_view key, std::int64_t cost = 1) const {
        return of.decide({.key = key, .cost = cost}, [this](Clock) { return now; });
    }
    // At `later` from now.
    [[nodiscard]] Decision peek(const primitives::limiter& of, std::string_view key, std::int64_t cost = 1,
                                std::chrono::nanoseconds later = 0ns) const {
        const std::uint64_t then = now + static_cast<std::uint64_t>(later.count());
        return of.decide({.key = key, .cost = cost, .spend = false}, [then](Clock) { return then; });
    }
    void pass(std::chrono::nanoseconds span) { now += static_cast<std::uint64_t>(span.count()); }

    [[nodiscard]] shm::counter_values counted(const primitives::limiter& by) const {
        return shm::sum(*where_, by.place().index, by.place().incarnation);
    }

    // All that the segment holds.
    [[nodiscard]] std::string_view memory() const {
        return {reinterpret_cast<const char*>(&where_->header()), where_->parts().size};
    }
    // The same, without what belongs to this thread's worker slot alone.
    [[nodiscard]] std::string memory_of_others() const {
        std::string copy{memory()};
        const auto* mine = reinterpret_cast<const char*>(in_->me().slot);
        const auto offset = static_cast<std::size_t>(mine - memory().data());
        std::memset(copy.data() + offset, 0, where_->parts().worker_stride);
        return copy;
    }

    std::uint64_t now = 0;

private:
    std::filesystem::path folder_;
    std::shared_ptr<shm::segment> where_;
    std::shared_ptr<const shm::attachment> in_;
};

// A test for each algorithm.
class EveryLimiterTest : public LimiterTest, public testing::WithParamInterface<Algorithm> {
protected:
    // Six in a minute, one every ten seconds.
    [[nodiscard]] static LimiterOptions six_a_minute() {
        return {.algorithm = GetParam(), .limit = 6, .window = 60s, .max_keys = 64};
    }
};

inline std::string name_of_algorithm(const testing::TestParamInfo<Algorithm>& info) {
    return std::string{primitives::to_string(info.param)};
}

}  // namespace seki::test
