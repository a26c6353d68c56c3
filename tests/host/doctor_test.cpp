// A doctor who looks at a segment while all that there is goes on in it: every kind of primitive in use, an operator who makes, changes and deletes some, and
// processes that are killed. What he finds then is a false alarm.
//
//     SEKI_SECONDS=1200 build/tests/host/doctor_host_test     twenty minutes of looks, instead of four seconds
//     SEKI_SEED=7                                             another storm
#include <random>

#include "fleet.hpp"
#include "report/doctor.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 5, threads = 2;

enum what : std::size_t { calls, acts, stop = 64 };

using dice = std::mt19937_64;

LimiterOptions limit(Algorithm by) { return {.algorithm = by, .limit = 5, .window = 50ms, .max_keys = 64}; }
BreakerOptions guard() {
    return {.window_size = 30,
            .minimum_calls = 5,
            .wait_duration = 2ms,
            .half_open_requests = 3,
            .max_half_open_duration = 20ms};
}
BreakerOptions guard_by_time() {
    BreakerOptions options = guard();
    options.window_type = WindowType::time;
    options.window_size = 1s;
    return options;
}
BulkheadOptions gate(std::uint64_t most) { return {.max_concurrent = most, .max_wait = 2ms, .max_waiting = 3}; }
AdaptiveOptions moving(std::uint64_t most) {
    return {.algorithm = AdaptiveLaw::aimd, .max_limit = most, .initial_limit = 4, .window = 20};
}
ShedderOptions door(std::uint64_t most) { return {.max_in_flight = most, .target = 1ms, .interval = 1ms}; }
RetryOptions again() { return {.max_attempts = 3, .base_delay = 0ns, .max_delay = 0ns, .min_per_second = 5}; }
HedgeOptions beside() { return {.delay = 0ns, .min_delay = 0ns, .min_per_second = 5}; }

// Uses all of them, once each.
class user {
public:
    explicit user(const Segment& in)
        : limiters_{must(in.limiter("l0", limit(Algorithm::gcra))),
                    must(in.limiter("l1", limit(Algorithm::sliding_window))),
                    must(in.limiter("l2", limit(Algorithm::fixed_window))),
                    must(in.limiter("l3", limit(Algorithm::leaky_bucket)))},
          breakers_{must(in.breaker("b0", guard())), must(in.breaker("b1", guard_by_time()))},
          gate_{must(in.bulkhead("k", gate(5)))},
          moving_{must(in.adaptive("a", moving(8)))},
          door_{must(in.shedder("d", door(6)))},
          again_{must(in.retry("y", again()))},
          beside_{must(in.hedge("h", beside()))},
          segment_{in} {}

    void once(dice& any) const {
        for (const Limiter& each : limiters_) use(each, any);
        for (const Breaker& each : breakers_) use(each, any);
        {
            const auto permit = any() % 3 != 0 ? gate_.try_acquire() : gate_.acquire(1ms);
        }
        if (auto permit = moving_.try_acquire()) (void)permit->release(any() % 10 == 0 ? Outcome::error : Outcome::ok);
        if (auto request = door_.admit(static_cast<unsigned>(any() % 4))) (void)request->complete();
        (void)again_.begin().failed();
        if (any() % 20 == 0)
            (void)beside_.call([&](const std::stop_token&, std::uint64_t) -> std::expected<int, int> { return 1; },
                               [](const HedgeTask& task) { task(); });
        if (any() % 2000 == 0) (void)segment_.maintain();
    }

private:
    static void use(const Limiter& it, dice& any) {
        const std::string key = std::to_string(any() % 200);
        (void)it.check(key, 1 + static_cast<std::int64_t>(any() % 2));
        if (any() % 50 == 0) (void)it.reset(key);
        if (any() % 20 == 0) (void)it.refund(key, 1);
    }
    static void use(const Breaker& it, dice& any) {
        if (Admission admitted = it.admit()) (void)(any() % 4 == 0 ? admitted.error() : admitted.ok());
        if (any() % 500 != 0) return;
        (void)(any() % 2 == 0 ? it.open() : it.observe());
        (void)it.automatic();
    }

    std::array<Limiter, 4> limiters_;
    std::array<Breaker, 2> breakers_;
    Bulkhead gate_;
    Adaptive moving_;
    Shedder door_;
    Retry again_;
    Hedge beside_;
    Segment segment_;
};

// Makes, changes and deletes, one at a time.
void operate(const Segment& in, dice& any) {
    const std::string name = "t" + std::to_string(any() % 3);
    switch (any() % 12) {
        case 0: (void)in.limiter(name, limit(any() % 2 == 0 ? Algorithm::gcra : Algorithm::fixed_window)); break;
        case 1: (void)in.remove_limiter(name); break;
        case 2: (void)in.breaker(name, guard_by_time()); break;
        case 3: (void)in.remove_breaker(name); break;
        case 4: (void)in.bulkhead(name, gate(1 + any() % 9)); break;
        case 5: (void)in.remove_bulkhead(name); break;
        case 6: (void)in.adaptive(name, moving(8)); break;
        case 7: (void)in.remove_adaptive(name); break;
        case 8: (void)in.change("k", gate(1 + any() % 9)); break;
        case 9: (void)in.change("a", moving(4 + any() % 8)); break;
        case 10: (void)in.change("d", door(4 + any() % 9)); break;
        default: (void)in.hedge(name, beside()), (void)in.remove_hedge(name);
    }
}

// As sekictl has them: what still stands at a second look.
std::vector<report::finding> findings(const shm::segment& in) {
    auto found = report::examine(in);
    return found.empty() ? found : report::confirmed(report::examine(in), found);
}

// Fails when what a living or a killed process left half done looks to the doctor as if somebody had scribbled.
TEST(DoctorStorm, FindsNothingWhereNobodyScribbles) {
    const host here{32, 24};
    dice random{seed_or(13)};
    {
        const user makes_them_all{here.segment()};
    }
    const std::uint64_t seed = random();
    fleet storm{here, stop, processes, threads, [&](const Segment& segment, std::size_t which) -> fleet::step {
                    auto any = dice{seed + which + here.read(acts) + here.read(calls)};
                    if (which == 0)
                        return [&here, segment, any](bool last) mutable {
                            operate(segment, any);
                            here.add(acts, 1);
                            return !last;
                        };
                    return [&here, it = user{segment}, any](bool last) mutable {
                        it.once(any);
                        here.add(calls, 1);
                        return !last;
                    };
                }};
    const auto end = std::chrono::steady_clock::now() + duration_or(4s);
    std::uint64_t looks = 0, kills = 0;
    while (std::chrono::steady_clock::now() < end) {
        for (int i = 0; i < 5; ++i, ++looks)
            for (const auto& found : findings(here.where())) ADD_FAILURE() << found.where << ": " << found.what;
        storm.kill_and_replace(random() % storm.size());
        ++kills;
        if (HasFailure()) break;
    }
    ASSERT_TRUE(storm.finish());
    here.maintain();
    EXPECT_TRUE(report::examine(here.where()).empty());
    EXPECT_GT(here.read(calls), 0U);
    EXPECT_GT(here.read(acts), 0U);
    std::printf("%llu looks, %llu kills, %llu rounds of calls, %llu acts of the operator\n",
                static_cast<unsigned long long>(looks), static_cast<unsigned long long>(kills),
                static_cast<unsigned long long>(here.read(calls)), static_cast<unsigned long long>(here.read(acts)));
}

}  // namespace
}  // namespace seki::test
