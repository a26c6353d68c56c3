// The breaker that workers call, on a real segment in a folder of its own, with a clock that a test moves.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "primitives/breaker.hpp"
#include "primitives/clock.hpp"
#include "primitives/registry.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::test {

using namespace std::chrono_literals;
using nanos = algorithm::nanos;

class BreakerClock : public testing::Test {
protected:
    BreakerClock() {
        std::string folder = "/dev/shm/seki-breaker-clock-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        where_ =
            shm::segment::create_or_attach(folder_ / "a.seg", {.max_workers = 2, .max_primitives = 4, .size = 1 << 19})
                .value();
        in_ = std::make_shared<const shm::attachment>(where_);
    }
    ~BreakerClock() override {
        in_.reset();
        where_.reset();
        std::filesystem::remove_all(folder_);
    }

    // From then on the time is the test's, and later than that of the making.
    [[nodiscard]] primitives::breaker make(const BreakerOptions& options, std::string_view name = "it") {
        const auto place = primitives::breakers::find_or_make(*where_, name, options).value();
        now = primitives::read_clock(Clock::precise) + algorithm::breaker::second;
        return {in_, place};
    }
    [[nodiscard]] auto clock() const {
        return [this] { return now; };
    }
    [[nodiscard]] bool is_let_in(const primitives::breaker& it) { return it.admit(pass, clock()).error == Errc::none; }
    void fails(const primitives::breaker& it) {
        ASSERT_TRUE(is_let_in(it));
        it.report(pass, Outcome::error, clock());
    }
    // Refused to the last nanosecond of the wait, each time with what is left of it; then the next call is let in.
    void expect_refused_for(const primitives::breaker& it, std::chrono::nanoseconds wait) {
        const auto whole = static_cast<nanos>(wait.count());
        const nanos opened = now;
        for (const nanos passed : {nanos{0}, nanos{1}, whole / 2, whole - 1}) {
            now = opened + passed;
            const auto answer = it.admit(pass, clock());
            EXPECT_EQ(answer.error, Errc::circuit_open);
            EXPECT_EQ(answer.retry_after, whole - passed) << passed << " ns of " << whole;
        }
        now = opened + whole;
    }

    [[nodiscard]] const shm::segment& where() const { return *where_; }
    [[nodiscard]] const shm::attachment& in() const { return *in_; }

    nanos now = 0;
    detail::breaker_pass pass;

private:
    std::filesystem::path folder_;
    std::shared_ptr<shm::segment> where_;
    std::shared_ptr<const shm::attachment> in_;
};

}  // namespace seki::test
