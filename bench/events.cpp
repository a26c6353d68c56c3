// What an event costs, as ratios to a reading of the clock measured in the same run.
//
//     bench/events [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each ratio; exits 1 when one is missed.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <seki/seki.hpp>

#include "client/segment_handle.hpp"
#include "primitives/clock.hpp"
#include "primitives/telemetry.hpp"
#include "shm/event_ring.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using shm::hardware;

std::filesystem::path folder() { return fmt::format("/dev/shm/seki-bench-{}", getpid()); }

const Segment& segment() {
    static const auto made = open((folder() / "events.seg").string());
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        std::exit(2);
    }
    return *made;
}

const shm::attachment& attached() { return *segment().handle()->attachment(); }

primitives::emitter emitter() {
    return {attached(), {.index = 1, .incarnation = 1, .kind = layout::kind::limiter, .name = "login"}, true};
}

// As sekid does it when somebody listens there; a time in the middle of what is believed.
constexpr std::uint64_t now = 1'000'000'000'000;
void listen() { hardware::store_relaxed(attached().where().header().id.listening, now + 1'000'000'000); }

layout::event_ring& empty_ring() {
    layout::event_ring& ring = attached().me().slot->events;
    hardware::store_release(ring.taken, hardware::load_relaxed(ring.pushed));
    hardware::store_relaxed(ring.dropped, 0);
    return ring;
}

void clock_read(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(primitives::read_clock(Clock::precise));
}

// A denial with its key and trace, whole way from the primitive to the ring, which is drained each time it is full.
void push(benchmark::State& state) {
    const auto events = emitter();
    layout::event_ring& ring = empty_ring();
    const telemetry::TraceScope trace{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    const Decision denied{.retry_after = std::chrono::seconds{1}};
    listen();
    std::uint64_t pushed = 0;
    for (auto _ : state) {
        events.limiter_decision(denied, {7, "203.0.113.7"}, 1, now);
        if (++pushed % (layout::event_ring::capacity - layout::event_reserve) == 0)
            hardware::store_release(ring.taken, hardware::load_relaxed(ring.pushed));
    }
    if (shm::counts_of(ring).dropped != 0) state.SkipWithError("the ring was full");
}

void drop(benchmark::State& state) {
    const auto events = emitter();
    (void)empty_ring();
    const Decision denied{.retry_after = std::chrono::seconds{1}};
    listen();
    for (std::size_t i = 0; i <= layout::event_ring::capacity; ++i) events.limiter_decision(denied, {7, "x"}, 1, now);
    for (auto _ : state) events.limiter_decision(denied, {7, "203.0.113.7"}, 1, now);
}

// The bare ring, all rings of a segment in turn, as after sekid drained them and the caches forgot them.
void push_cold(benchmark::State& state) {
    const shm::segment& where = attached().where();
    shm::event_content event{};
    std::size_t i = 0;
    for (auto _ : state) {
        layout::event_ring& ring = where.worker(i).events;
        if (!shm::event_ring<>{ring}.push(event, false))
            hardware::store_release(ring.taken, hardware::load_relaxed(ring.pushed));
        i = i + 1 < where.parts().max_workers ? i + 1 : 0;
    }
}

void push_bare(benchmark::State& state) {
    layout::event_ring& ring = empty_ring();
    shm::event_content event{};
    for (auto _ : state) {
        event[layout::event_time] += 17;
        if (!shm::event_ring<>{ring}.push(event, false))
            hardware::store_release(ring.taken, hardware::load_relaxed(ring.pushed));
    }
}

// What a call pays while nobody listens.
void nobody_listens(benchmark::State& state) {
    const auto events = emitter();
    hardware::store_relaxed(attached().where().header().id.listening, 0);
    for (auto _ : state) benchmark::DoNotOptimize(events.watched(primitives::emitter::limiter_decisions));
}

const std::vector<bench::row> rows{
    {"event pushed, to 30 ns", "push", "", 1, true, 0, 30},
    {"event dropped, to 10 ns", "drop", "", 1, true, 0, 10},
    {"nobody listens, to 1 ns", "nobody listens", "", 1, true, 0, 1},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); };
    add("clock read", clock_read);
    add("push", push);
    add("drop", drop);
    add("push, bare ring", push_bare);
    add("push, all rings in turn", push_cold);
    add("nobody listens", nobody_listens);
    return bench::run(argc, argv, rows, [] { std::filesystem::remove_all(folder()); });
}
