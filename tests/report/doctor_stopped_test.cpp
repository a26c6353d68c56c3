// A doctor who is stopped after each time that it looks at the clock, for longer than it allows for: a clock of its own, which stands still but for that.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <utility>

#include "doctor_fixture.hpp"
#include "primitives/limiter_options.hpp"

namespace {

std::uint64_t stands_at = 0;  // 0: it is the machine's clock
const std::function<void()>* after_each_reading = nullptr;

}  // namespace

// The library's calls find this before that of libc.
extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (which != CLOCK_MONOTONIC || stands_at == 0) return static_cast<int>(::syscall(SYS_clock_gettime, which, time));
    *time = {.tv_sec = static_cast<time_t>(stands_at / 1'000'000'000),
             .tv_nsec = static_cast<long>(stands_at % 1'000'000'000)};
    if (const auto* stop = std::exchange(after_each_reading, nullptr)) {
        (*stop)();
        after_each_reading = stop;
    }
    return 0;
}

namespace seki::report {
namespace {

using namespace std::chrono_literals;

class StoppedDoctor : public DoctorTest, public testing::WithParamInterface<Algorithm> {
protected:
    ~StoppedDoctor() override { stands_at = 0; }
};
INSTANTIATE_TEST_SUITE_P(, StoppedDoctor,
                         testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                         Algorithm::sliding_window, Algorithm::fixed_window),
                         [](const auto& each) { return std::string{primitives::to_string(each.param)}; });

// Fails if a key is judged by the clock of before it was spent: it lies far ahead of that, and would be forgotten, with all that it has spent.
TEST_P(StoppedDoctor, ForgetsNoKeyThatWasSpentMeanwhile) {
    const Limiter gate =
        *opened_->limiter("gate", {.algorithm = GetParam(), .limit = 100, .window = 1s, .max_keys = 64});
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    stands_at = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000;
    const std::function<void()> stop = [&gate] {
        stands_at += 70'000'000'000;
        while (gate.check("key").allowed) {
        }
    };
    stop();
    after_each_reading = &stop;
    EXPECT_EQ(repair(*where_), 0U);
    after_each_reading = nullptr;
    EXPECT_FALSE(gate.check("key").allowed) << "a second time in the same window";
}

}  // namespace
}  // namespace seki::report
