// A breaker whose terms were changed by an administrator who was stopped before the window agreed with them (primitives/breaker_family.hpp).
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "client_fixture.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/clock.hpp"
#include "shm/administration.hpp"
#include "shm/breaker.hpp"

namespace seki::test {
namespace {

// How often a file is opened.
class openings {
public:
    explicit openings(const std::string& file) {
        // Both, so that two openings are not one event.
        if (::inotify_add_watch(queue_, file.c_str(), IN_OPEN | IN_CLOSE) < 0) std::abort();
    }
    openings(const openings&) = delete;
    openings& operator=(const openings&) = delete;
    ~openings() { ::close(queue_); }

    [[nodiscard]] std::uint64_t so_far() const {
        std::array<char, 1 << 16> events{};
        std::uint64_t found = 0;
        for (ssize_t size = 0; (size = ::read(queue_, events.data(), events.size())) > 0;)
            for (ssize_t at = 0; at < size;) {
                inotify_event event{};
                std::memcpy(&event, events.data() + at, sizeof event);
                found += (event.mask & IN_OPEN) != 0 ? 1U : 0U;
                at += static_cast<ssize_t>(sizeof event + event.len);
            }
        return found;
    }

private:
    int queue_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
};

class Unsettled : public ClientTest {
protected:
    // Of two calls one fails, and that opens nothing.
    static BreakerOptions lenient() { return {.window_size = 100, .minimum_calls = 100, .failure_threshold = 100}; }
};

// Fails when every outcome that is judged opens the lock file, as long as an administrator stands there with the lock; or when nobody finishes what
// the administrator began once the lock is free. That is waited for as long as the test may last.
TEST_F(Unsettled, OneCallerInAWhileTriesToFinishAChange) {
    const Segment segment = opened();
    const Breaker it = must(segment.breaker("it", lenient()));
    const shm::segment& where = segment.handle()->where();
    const auto at = *shm::directory{where}.find(layout::kind::breaker, "it");
    const auto settled = [&] { return primitives::family<BreakerOptions>::settled(where, at); };
    const auto fail_and_go_on = [&it] { it.admit().error(), it.admit().ok(); };
    const auto clock = [] { return primitives::read_clock(Clock::precise); };

    std::optional stopped = must(shm::administration::lock(path()));
    BreakerOptions changed = lenient();
    changed.minimum_calls = 50;
    shm::publish_terms(shm::directory{where}.entry(at.index), primitives::family<BreakerOptions>::terms_of(changed));
    const openings tries{path() + ".lock"};
    const std::uint64_t began = clock();
    for (int i = 0; i < 2'000; ++i) fail_and_go_on();
    const std::uint64_t lasted = clock() - began, found = tries.so_far();
    EXPECT_GE(found, 1U);
    EXPECT_LE(found, 1 + lasted / shm::look_interval) << "in " << lasted << " ns";
    EXPECT_FALSE(settled());

    stopped.reset();
    while (!settled()) fail_and_go_on();
    EXPECT_EQ(must(it.state()), BreakerState::closed);
}

}  // namespace
}  // namespace seki::test
