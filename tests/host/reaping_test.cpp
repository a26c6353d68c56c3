// What a process held that dies comes back while sekid runs, at its next tick. By default it ticks every 50 ms (tests/config/configuration_test.cpp), so within
// the 100 ms that are promised; how long that takes by the clock measures bench/reclaim.
#include <gtest/gtest.h>

#include "sekid.hpp"

namespace seki::test {
namespace {

constexpr int deaths = 10;
constexpr std::size_t ready = 0;

class Reaping : public testing::Test {
protected:
    // Runs `hold` in a process of its own, and kills it when that is done, and before(pid).
    template <class Hold, class Before>
    void hold_and_die(Hold hold, Before before) const {
        here.set(ready, 0);
        std::fflush(nullptr);
        const pid_t pid = ::fork();
        ASSERT_GE(pid, 0);
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            OpenOptions existing;
            existing.access = Access::attach;
            const Segment segment = must(open(here.path(), existing));
            hold(segment);
            here.set(ready, 1);
            for (;;) ::pause();
        }
        EXPECT_TRUE(comes([&] { return here.read(ready) == 1; }));
        before(pid);
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    template <class Hold>
    void hold_and_die(Hold hold) const {
        hold_and_die(hold, [](pid_t) {});
    }
    // As one who finds it dead does, and dies before it counts that.
    void take_off_the_list(pid_t process) const {
        for (layout::process_slot& slot : here.where().processes()) {
            const layout::process_state found = shm::state_of(slot);
            if (found.stage != layout::stage::live) continue;
            if (shm::hardware::load_acquire(slot.pid) != static_cast<std::uint64_t>(process)) continue;
            EXPECT_TRUE(shm::advance(slot, found, {found.generation, 0, layout::stage::free}));
        }
    }
    // The tick during which it died may have been past it. The next one sees it, and when the one after that begins it is over.
    [[nodiscard]] bool tick_has_come() const { return beside.ticks(2); }

    host here{16};
    sekid beside{here};
};

// Fails if sekid does not give back what the dead held at each of its ticks: not at all, only now and then, or only some of it.
TEST_F(Reaping, PermitsOfTheDeadAreBackAfterTheNextTick) {
    const Bulkhead gate = must(here.segment().bulkhead("it", {.max_concurrent = 8}));
    ASSERT_TRUE(beside.start());
    for (std::uint64_t death = 1; death <= deaths; ++death) {
        hold_and_die([](const Segment& in) {
            const Bulkhead it = must(in.bulkhead("it"));
            for (int i = 0; i < 8; ++i) new Permit{must(it.try_acquire())};
        });
        ASSERT_TRUE(tick_has_come());
        const BulkheadStatus now = must(gate.status());
        EXPECT_EQ(now.in_use, 0U);
        EXPECT_EQ(now.reclaimed, 8 * death);
        EXPECT_EQ(shm::hardware::load_acquire(here.where().header().workers_reaped), death);
        if (HasFailure()) return;
    }
}

// Fails if sekid waits for who took the holder off the list to say so: it may have died.
TEST_F(Reaping, PermitsAreBackThoughNobodyCountedTheDeath) {
    const Bulkhead gate = must(here.segment().bulkhead("it", {.max_concurrent = 8}));
    ASSERT_TRUE(beside.start());
    for (int death = 0; death < deaths; ++death) {
        hold_and_die(
            [](const Segment& in) {
                const Bulkhead it = must(in.bulkhead("it"));
                for (int i = 0; i < 8; ++i) new Permit{must(it.try_acquire())};
            },
            [&](pid_t holder) { take_off_the_list(holder); });
        ASSERT_TRUE(tick_has_come());
        EXPECT_EQ(must(gate.status()).in_use, 0U);
        if (HasFailure()) return;
    }
    EXPECT_EQ(shm::hardware::load_acquire(here.where().header().workers_reaped), 0U);
}

// The same of the places of half_open.
TEST_F(Reaping, ProbesOfTheDeadAreBackAfterTheNextTick) {
    const Breaker it = must(here.segment().breaker("it", {.window_size = 2,
                                                          .minimum_calls = 1,
                                                          .wait_duration = 1ms,
                                                          .half_open_requests = 2,
                                                          .max_half_open_duration = 24h}));
    ASSERT_TRUE(beside.start());
    it.admit().tell(Outcome::error);
    ASSERT_TRUE(comes([&] { return must(it.status()).retry_after == 0ns; }));
    for (int death = 0; death < deaths; ++death) {
        hold_and_die([](const Segment& in) {
            const Breaker same = must(in.breaker("it"));
            for (int i = 0; i < 2; ++i)
                if (auto* const probe = new auto(same.admit()); !*probe) std::abort();
        });
        ASSERT_TRUE(tick_has_come());
        EXPECT_EQ(must(it.status()).state, BreakerState::half_open);
        EXPECT_EQ(must(it.status()).probes, 0U);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace seki::test
