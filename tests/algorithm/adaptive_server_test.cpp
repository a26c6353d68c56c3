// The laws of an adaptive limit on a simulated server, whose best concurrency is known (simulated_server.hpp). With the default terms.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "simulated_server.hpp"
#include "support/seed.hpp"

namespace seki::tests {
namespace {

namespace adaptive = algorithm::adaptive_limit;

struct kind {
    const char* name;
    adaptive::law law;
    bool queues;                   // aimd knows only of drops, so its server refuses what it has no thread for
    std::uint64_t settles_within;  // calls
};
constexpr kind aimd{"aimd", adaptive::law::aimd, false, 10'000};
constexpr kind gradient{"gradient", adaptive::law::gradient, true, 10'000};
constexpr kind vegas{"vegas", adaptive::law::vegas, true, 10'000};

adaptive::terms terms_of(const kind& of) {
    adaptive::terms law;
    law.law = of.law;
    return law;
}

void expect_near(simulated_limit& limit, std::uint64_t best, const std::string& when) {
    for (int thousand = 0; thousand < 10; ++thousand) {
        const double mean = limit.run(1'000) / static_cast<double>(best);
        EXPECT_GE(mean, 0.8) << when << ", thousand " << thousand;
        EXPECT_LE(mean, 1.2) << when << ", thousand " << thousand;
    }
}

class AdaptiveServer : public testing::TestWithParam<kind> {};

// Fails if a law aims beside the best, oscillates around it, is slow to find it, or loses it when capacity doubles or halves.
TEST_P(AdaptiveServer, LimitSettlesAtTheBestAndFollowsIt) {
    const std::uint64_t seed = test::seed_or(1);
    for (const std::uint64_t capacity : {20U, 50U, 100U}) {
        simulated_server server{capacity, GetParam().queues, seed + capacity};
        simulated_limit limit{server, terms_of(GetParam())};
        for (const std::uint64_t best : {capacity, 2 * capacity, capacity}) {
            server.resize(best);
            limit.run(GetParam().settles_within);
            expect_near(limit, best, std::string{GetParam().name} + ", best is " + std::to_string(best));
        }
    }
}

// Fails if a limit that begins far above the best takes the latency of the queue that it makes for the usual one.
TEST_P(AdaptiveServer, LimitThatBeginsTenTimesTooHighComesDown) {
    simulated_server server{20, GetParam().queues, test::seed_or(2)};
    adaptive::terms law = terms_of(GetParam());
    law.initial_limit = 200;
    simulated_limit limit{server, law};
    limit.run(GetParam().settles_within);
    expect_near(limit, 20, GetParam().name);
}

// Fails if the reference follows latencies that rise slowly: here the server loses a thread at a time, as with a leak, for as long as ten probes.
TEST_P(AdaptiveServer, SlowDriftIsNotTheNewNormal) {
    simulated_server server{100, GetParam().queues, test::seed_or(3)};
    adaptive::terms law = terms_of(GetParam());
    law.probe_interval = 5'000'000'000;
    simulated_limit limit{server, law};
    limit.run(20'000);
    for (std::uint64_t threads = 99; threads >= 20; --threads) {
        server.resize(threads);
        limit.run(2'000);
    }
    expect_near(limit, 20, GetParam().name);
}

// Fails if the limit stays down, or up, when calls take longer, or less long, whatever their number.
TEST_P(AdaptiveServer, CallsThatBecomeSlowerOrQuickerAreNoQueue) {
    const std::uint64_t seed = test::seed_or(4);
    for (const double factor : {1.4, 3.0, 0.3}) {
        simulated_server server{50, GetParam().queues, seed};
        adaptive::terms law = terms_of(GetParam());
        law.probe_interval = 10'000'000'000;
        simulated_limit limit{server, law};
        limit.run(10'000);
        server.slow_down(factor);
        limit.run(100'000);
        expect_near(limit, 50, std::string{GetParam().name} + ", times " + std::to_string(factor));
    }
}

INSTANTIATE_TEST_SUITE_P(, AdaptiveServer, testing::Values(aimd, gradient, vegas),
                         [](const auto& of) { return std::string{of.param.name}; });

// Fails if `best` in the tests above is not what maximises throughput / latency in their server.
TEST(SimulatedServer, PowerIsGreatestWhereItSaysThatTheBestIs) {
    const std::uint64_t seed = test::seed_or(5);
    double greatest = 0;
    std::uint64_t best = 0;
    for (std::uint64_t limit = 10; limit <= 40; ++limit) {
        simulated_server server{20, true, seed};
        const double start = static_cast<double>(server.now());
        double latencies = 0;
        constexpr int calls = 100'000;
        for (int i = 0; i < calls; ++i) latencies += static_cast<double>(server.next(limit).latency);
        const double power = calls / (static_cast<double>(server.now()) - start) / (latencies / calls);
        if (power > greatest) {
            greatest = power;
            best = limit;
        }
    }
    EXPECT_NEAR(static_cast<double>(best), 20, 1);
}

}  // namespace
}  // namespace seki::tests
