// A server with so many threads, and callers without end who keep as many calls in flight as the limit allows: a closed queueing model in
// virtual time. Service times are Erlang-4 distributed (the standard deviation is half the mean).
//
// What is best for it. Below c calls in flight nobody queues, above it throughput is c / service time whatever the limit, and latency grows with
// the limit. So Kleinrock's power, throughput / latency, is greatest at c, and c is where throughput is greatest and latency least.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <random>
#include <vector>

#include "algorithm/adaptive_limit.hpp"

namespace seki::tests {

class simulated_server {
public:
    struct answer {
        bool dropped = false;
        std::uint64_t latency = 0;  // ns
    };
    // Where it queues not, it refuses at once what it has no thread for.
    simulated_server(std::uint64_t threads, bool queues, std::uint64_t seed)
        : threads_{threads}, queues_{queues}, random_{seed} {}

    void resize(std::uint64_t threads) { threads_ = threads; }
    void slow_down(double factor) { mean_ns_ *= factor; }

    // Fills up to the limit, and answers the next call that is over.
    answer next(std::uint64_t limit) {
        while (in_flight_ < limit) arrive();
        const call over = running_.top();
        running_.pop();
        now_ = over.ends;
        --in_flight_;
        if (over.dropped) return {true, static_cast<std::uint64_t>(now_ - over.started)};
        --busy_;
        for (; busy_ < threads_ && !queue_.empty(); queue_.pop_front()) begin(queue_.front());
        return {false, static_cast<std::uint64_t>(now_ - over.started)};
    }

    [[nodiscard]] std::uint64_t now() const { return static_cast<std::uint64_t>(now_); }
    [[nodiscard]] std::uint64_t in_flight() const { return in_flight_; }

private:
    struct call {
        double ends;
        double started;
        bool dropped;
        bool operator<(const call& other) const { return ends > other.ends; }  // the earliest is on top
    };
    void arrive() {
        ++in_flight_;
        if (busy_ < threads_)
            begin(now_);
        else if (queues_)
            queue_.push_back(now_);
        else
            running_.push({now_ + 100'000, now_, true});
    }
    void begin(double arrived) {
        ++busy_;
        running_.push({now_ + std::gamma_distribution<>{4, mean_ns_ / 4}(random_), arrived, false});
    }

    std::uint64_t threads_;
    bool queues_;
    std::mt19937_64 random_;
    double mean_ns_ = 10e6;
    double now_ = 1e12;
    std::uint64_t busy_ = 0, in_flight_ = 0;
    std::priority_queue<call> running_;
    std::deque<double> queue_;  // when they arrived
};

// The law, fed by that server.
class simulated_limit {
public:
    simulated_limit(simulated_server& server, const algorithm::adaptive_limit::terms& law)
        : server_{server}, law_{law} {}

    // The mean limit during that many calls; of a probe, the limit that it comes back to.
    double run(std::uint64_t calls) {
        double sum = 0;
        for (std::uint64_t i = 0; i < calls; ++i) {
            sum += at_.come_back != 0 ? static_cast<double>(at_.come_back) / algorithm::adaptive_limit::one
                                      : static_cast<double>(allowed());
            const auto over = server_.next(allowed());
            if (over.dropped)
                ++seen_.drops;
            else {
                ++seen_.answered;
                seen_.latencies += over.latency;
            }
            seen_.in_flight = server_.in_flight() + 1;
            seen_.now = server_.now();
            if (!algorithm::adaptive_limit::ends(at_, seen_.answered + seen_.drops, seen_.now, law_)) continue;
            at_ = moved(at_, seen_, law_);
            seen_ = {};
        }
        return sum / static_cast<double>(calls);
    }
    [[nodiscard]] std::uint64_t allowed() const { return algorithm::adaptive_limit::allowed(at_, law_); }
    [[nodiscard]] const algorithm::adaptive_limit::position& at() const { return at_; }

private:
    simulated_server& server_;
    algorithm::adaptive_limit::terms law_;
    algorithm::adaptive_limit::position at_;
    algorithm::adaptive_limit::sample seen_;
};

}  // namespace seki::tests
