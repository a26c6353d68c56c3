// A worker for tests of what a neighbour can do to it: live_worker PATH SEED [careless]. Calls whatever primitives of the segment there are, until standard input ends,
// and says how long each kind of call took at most: by the clock, and of its own processor time. Every call is under a deadline of a millisecond, so none may wait
// for longer, whatever the segment says. `careless` believes what it reads, in one way more.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <time.h>

#include <seki/seki.hpp>

#include "shm/segment.hpp"

// Visible from outside, so that no compiler leaves out what was only read.
thread_local std::size_t characters_read = 0;

namespace {

using namespace seki;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

nanoseconds now(clockid_t by) {
    timespec read{};
    ::clock_gettime(by, &read);
    return std::chrono::seconds{read.tv_sec} + nanoseconds{read.tv_nsec};
}

struct times {
    std::uint64_t calls = 0;
    nanoseconds by_clock{0}, of_processor{0};
};

class stopwatch {
public:
    template <class Act>
    void call(std::string_view what, Act&& act) {
        const Deadline soon{1ms};
        const nanoseconds clock = now(CLOCK_MONOTONIC), processor = now(CLOCK_THREAD_CPUTIME_ID);
        act();
        const nanoseconds used = now(CLOCK_THREAD_CPUTIME_ID) - processor, passed = now(CLOCK_MONOTONIC) - clock;
        times& of = all_[what];
        ++of.calls;
        of.by_clock = std::max(of.by_clock, passed);
        of.of_processor = std::max(of.of_processor, used);
    }
    void tell() const {
        for (const auto& [what, each] : all_)
            std::cout << what << ' ' << each.calls << ' ' << each.by_clock.count() << ' ' << each.of_processor.count()
                      << '\n';
    }

private:
    std::map<std::string_view, times> all_;
};

class worker {
public:
    worker(const Segment& in, std::uint64_t seed) : in_{in}, random_{seed} {}

    void turn() {
        take_handles();
        for (int i = 0; i < 20; ++i) {
            if (limiter_) limit(*limiter_);
            if (breaker_) protect(*breaker_);
            if (bulkhead_) hold(*bulkhead_);
            if (adaptive_) adapt(*adaptive_);
            if (shedder_) shed(*shedder_);
            if (retry_) try_again(*retry_);
            if (policy_) follow(*policy_);
        }
        if (hedge_) hedge(*hedge_);
        if (limiter_ && breaker_ && bulkhead_) look();
    }
    void tell() const { watch_.tell(); }
    // Counts what a word of the segment tells it to.
    void believe(const shm::segment& where) {
        watch_.call("careless", [&] {
            const std::uint64_t told = shm::hardware::load_relaxed(where.directory()[0].arena_size) % 100'000'000;
            std::uint64_t sum = 0;
            for (std::uint64_t i = 0; i < told; ++i) sum += random_();
            kept_ += sum;
        });
    }

private:
    template <class Handle>
    static void put(std::optional<Handle>& into, Result<Handle> found) {
        into = found ? std::optional<Handle>{std::move(*found)} : std::nullopt;
    }
    void take_handles() {
        watch_.call("find limiter", [&] { put(limiter_, in_.limiter("login")); });
        watch_.call("find breaker", [&] { put(breaker_, in_.breaker("payments")); });
        watch_.call("find bulkhead", [&] { put(bulkhead_, in_.bulkhead("database")); });
        watch_.call("find adaptive", [&] { put(adaptive_, in_.adaptive("api")); });
        watch_.call("find shedder", [&] { put(shedder_, in_.shedder("front")); });
        watch_.call("find retry", [&] { put(retry_, in_.retry("call")); });
        watch_.call("find hedge", [&] { put(hedge_, in_.hedge("mirror")); });
        watch_.call("find policy", [&] { put(policy_, in_.policy("checkout")); });
    }
    void limit(const Limiter& limiter) {
        const std::string key = "key " + std::to_string(random_() % 50);
        watch_.call("limiter.check", [&] { kept_ += limiter.check(key).remaining; });
        watch_.call("limiter.peek", [&] { kept_ += limiter.peek(key, 3).remaining; });
        watch_.call("limiter.refund", [&] { kept_ += static_cast<std::uint64_t>(limiter.refund(key, 1)); });
        watch_.call("limiter.acquire", [&] { kept_ += limiter.acquire(key, 1h).remaining; });
        if (random_() % 16 == 0)
            watch_.call("limiter.reset", [&] { kept_ += static_cast<std::uint64_t>(limiter.reset(key)); });
        const std::array<Demand, 2> both{{{limiter, key, 1}, {limiter, "all", 1}}};
        watch_.call("check_all", [&] { kept_ += check_all(both).remaining; });
    }
    void protect(const Breaker& breaker) {
        static constexpr std::array outcomes{Outcome::ok, Outcome::error, Outcome::slow, Outcome::ignore};
        watch_.call("breaker.admit and tell", [&] {
            Admission admission = breaker.admit();
            if (admission) admission.tell(outcomes[random_() % outcomes.size()]);
        });
        if (random_() % 16 != 0) return;
        watch_.call("breaker.reset", [&] { kept_ += static_cast<std::uint64_t>(breaker.reset()); });
        watch_.call("breaker.observe", [&] { kept_ += static_cast<std::uint64_t>(breaker.observe()); });
        watch_.call("breaker.automatic", [&] { kept_ += static_cast<std::uint64_t>(breaker.automatic()); });
    }
    void hold(const Bulkhead& bulkhead) {
        watch_.call("bulkhead.try_acquire", [&] { kept_ += bulkhead.try_acquire() ? 1U : 0U; });
        watch_.call("bulkhead.acquire", [&] { kept_ += bulkhead.acquire() ? 1U : 0U; });
    }
    void adapt(const Adaptive& adaptive) {
        watch_.call("adaptive.acquire and release", [&] {
            if (auto permit = adaptive.acquire()) kept_ += permit->release(Outcome::ok) ? 1U : 0U;
        });
    }
    void shed(const Shedder& shedder) {
        watch_.call("shedder.admit", [&] { kept_ += shedder.admit(static_cast<unsigned>(random_() % 4)) ? 1U : 0U; });
    }
    void try_again(const Retry& retry) {
        watch_.call("retry.call", [&] {
            (void)retry.call([&]() -> std::expected<void, int> {
                if (random_() % 2 == 0) return std::unexpected(1);
                return {};
            });
        });
    }
    void follow(const Policy& policy) {
        watch_.call("policy.execute", [&] {
            (void)policy.execute({.key = "alice"}, [&]() -> std::expected<void, int> {
                if (random_() % 4 == 0) return std::unexpected(1);
                return {};
            });
        });
    }
    void hedge(const Hedge& hedge) {
        watch_.call("hedge.call", [&] { (void)hedge.call([]() -> std::expected<void, int> { return {}; }); });
    }
    void look() {
        watch_.call("status", [&] {
            kept_ += bulkhead_->status() ? 1U : 0U;
            kept_ += breaker_->status() ? 1U : 0U;
            kept_ += limiter_->options() ? 1U : 0U;
        });
    }

    const Segment& in_;
    std::mt19937_64 random_;
    stopwatch watch_;
    std::uint64_t kept_ = 0;
    std::optional<Limiter> limiter_;
    std::optional<Breaker> breaker_;
    std::optional<Bulkhead> bulkhead_;
    std::optional<Adaptive> adaptive_;
    std::optional<Shedder> shedder_;
    std::optional<Retry> retry_;
    std::optional<Hedge> hedge_;
    std::optional<Policy> policy_;
};

void read_all(const telemetry::Event& event) {
    characters_read += event.name.size() + event.primitive.size() + event.key.value_or("").size();
    for (const telemetry::Metadata& each : event.metadata) characters_read += each.name.size() + each.value.size();
}

bool was_told_to_stop() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    return ::poll(&input, 1, 0) != 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const auto opened = open(arguments[1], {.access = Access::attach});
    if (!opened) {
        std::cerr << opened.error().message << '\n';
        return 1;
    }
    const auto listening = telemetry::attach("*", read_all);
    worker one{*opened, std::strtoull(arguments[2], nullptr, 0)};
    std::shared_ptr<shm::segment> believed;
    if (count > 3) believed = shm::segment::attach(arguments[1], shm::segment::access::read_only).value();
    std::cout << "began" << std::endl;
    while (!was_told_to_stop()) {
        one.turn();
        if (believed) one.believe(*believed);
    }
    one.tell();
    return listening ? 0 : 1;
}
