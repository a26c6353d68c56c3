// What a kill storm rages on: a segment with one of each primitive that lets somebody in, and what its workers write down for the judge, in memory that
// no death takes away.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "fleet.hpp"
#include "ledger.hpp"
#include "shm/breaker_piece.hpp"

namespace seki::test {

// What a worker does wrong, for who wants to see that the judge finds it.
enum class carelessness : std::uint8_t {
    none,
    holds_in_a_counter,    // its permits are a number that all share, beside Seki: what the dead held stays taken
    looks_before_it_acts,  // takes what it saw free before: too many hold it
    leaves_too_late,       // gives its permit back, and goes on as if it had it
    gives_nothing_back,    // now and then, though it lives
    spends_in_two_steps,   // of a budget beside the limiter's: reads it, and then writes it
    counts_by_itself,      // in memory that is emptied after its death
    forces_it_open         // the breaker, and dies before it lifts that
};

struct storm_tools {
    static constexpr std::size_t limiter_count = 3;
    static constexpr std::uint64_t keys = 16,
                                   budget = 64;  // in each round, for each limiter: so many keys, each with so much
    static constexpr std::uint64_t gate_places = 5, adaptive_most = 6, shedder_places = 5, probes = 3;

    explicit storm_tools(const Segment& in)
        : segment{in},
          limiters{must(in.limiter("bucket", limit(Algorithm::gcra))),
                   must(in.limiter("sliding", limit(Algorithm::sliding_window))),
                   must(in.limiter("fixed", limit(Algorithm::fixed_window)))},
          gate{must(in.bulkhead("gate", {.max_concurrent = gate_places, .max_waiting = 8}))},
          adaptive{must(in.adaptive("adaptive", {.algorithm = AdaptiveLaw::aimd,
                                                 .min_limit = 2,
                                                 .max_limit = adaptive_most,
                                                 .initial_limit = 4,
                                                 .window = 16}))},
          shedder{must(in.shedder("door", {.max_in_flight = shedder_places}))},
          patient{must(in.breaker("patient", guard(2, 24h)))},
          rough{must(in.breaker("rough", guard(10, 20ms)))} {}

    [[nodiscard]] shm::breaker<> patient_inside() const {
        const shm::segment& where = segment.handle()->where();
        return shm::breaker_of(where, must(primitives::breakers::find(where, "patient")));
    }
    [[nodiscard]] static std::string key_of(std::uint64_t round, std::uint64_t key) {
        return std::to_string(round) + '/' + std::to_string(key);
    }

    Segment segment;
    std::array<Limiter, limiter_count> limiters;
    Bulkhead gate;
    Adaptive adaptive;
    Shedder shedder;
    Breaker patient;  // no probe of it ever fails
    Breaker rough;    // many do

private:
    // Nothing comes back while a storm lasts: what is let in for a key is its budget, no more and no less.
    static LimiterOptions limit(Algorithm by) {
        return {.algorithm = by, .limit = budget, .window = 366 * 24h, .max_keys = 64, .on_full = OnFull::deny};
    }
    static BreakerOptions guard(std::int64_t window, std::chrono::nanoseconds longest_half_open) {
        return {.window_size = window,
                .minimum_calls = 1,
                .slow_call_duration = 24h,
                .wait_duration = 1ms,
                .half_open_requests = probes,
                .max_half_open_duration = longest_half_open};
    }
};

struct storm_ground {
    static constexpr std::size_t most_workers = 64;
    static_assert(most_workers <= ledger::records);
    static constexpr std::uint64_t calm = 1;  // of `round`, beside its number

    // Words that all share.
    enum shared : std::size_t { round, let_in, too_many, refused_release, counter, plain_budget = 64 };

    // Of each worker; it alone writes there while it lives.
    enum of_worker : std::size_t {
        owner,    // its name in the segment
        resting,  // the round, when it has seen that all is to be calm
        steps,
        order,    // what it is told to die of
        in_call,  // limiter + 1 while it asks one: what came of it, nobody may live to tell
        admitted  // by each limiter, in this round
    };
    [[nodiscard]] static std::size_t word_of(std::size_t worker, std::size_t which) {
        return 256 + worker * 16 + which;
    }

    // Before the segment is opened: a life is over before what it held is given back (ledger.hpp).
    ledger gate_book, adaptive_book, shedder_book, probe_book;
    host here{512, 16, 16 << 20};
};

}  // namespace seki::test
