// A worker of a kill storm: asks limiters, takes and gives back, until it is killed.
#pragma once

#include <random>

#include "storm_ground.hpp"

namespace seki::test {

// What it dies of when it is told to; all else comes from outside.
enum class end_of_life : std::uint64_t { none, bad_address, no_memory };

class storm_worker {
public:
    // In its process, once. With tools of its parent's that were there before the fork, or of its own.
    storm_worker(const storm_ground& on, const storm_tools& tools, std::size_t which, std::uint64_t seed,
                 carelessness how);
    [[noreturn]] void run();

private:
    struct place {
        const ledger& book;
        std::uint64_t life;
        std::uint64_t most;
    };

    void step();
    void spend();
    void pass_gate();
    void pass_counter();
    void pass_by_a_look();
    void pass_adaptive();
    void pass_shedder();
    void call_patient();
    void call_rough();

    void stay(const place& in);
    void given_back(bool first, bool again) const;
    void die_if_told() const;
    void nap(std::chrono::microseconds longest);
    [[nodiscard]] bool is_one_in(std::uint64_t of) { return random_() % of == 0; }
    [[nodiscard]] bool spend_in_two_steps(std::uint64_t key) const;
    [[nodiscard]] bool take_of_counter();

    [[nodiscard]] std::uint64_t mine(storm_ground::of_worker what) const {
        return on_.here.read(storm_ground::word_of(which_, what));
    }
    void set_mine(std::size_t what, std::uint64_t value) const {
        on_.here.set(storm_ground::word_of(which_, what), value);
    }

    const storm_ground& on_;
    const storm_tools& tools_;
    const std::size_t which_;
    std::mt19937_64 random_;
    const carelessness how_;
    const shm::breaker<> patient_inside_ = tools_.patient_inside();
    const place gate_{on_.gate_book, on_.gate_book.begin_life(), storm_tools::gate_places};
    const place adaptive_{on_.adaptive_book, on_.adaptive_book.begin_life(), storm_tools::adaptive_most};
    const place shedder_{on_.shedder_book, on_.shedder_book.begin_life(), ~0ULL};
    const place probe_{on_.probe_book, on_.probe_book.begin_life(), storm_tools::probes};
    std::uint64_t round_ = 0;
};

}  // namespace seki::test
