// A breaker in memory of its own, and callers that remember what they were told.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <numeric>
#include <set>
#include <vector>

#include "shm/breaker.hpp"
#include "shm/constant_terms.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

namespace law = algorithm::breaker;

// What a breaker asks of its callers; `Memory` is that of the clock, so that reading it is a step like others.
template <class Memory>
struct breaker_caller {
    layout::word* clock = nullptr;
    std::uint64_t name = 0;
    const std::set<std::uint64_t>* dead = nullptr;
    std::vector<shm::transition>* told = nullptr;
    // Of the one that is called; `of` 0: it stands.
    const layout::word* incarnation = nullptr;
    std::uint64_t of = 0;
    [[nodiscard]] algorithm::nanos now() const { return Memory::load_acquire(*clock); }
    [[nodiscard]] bool alive(std::uint64_t owner) const { return !dead->contains(owner); }
    [[nodiscard]] static bool tired() { return false; }
    [[nodiscard]] bool stands() const { return of == 0 || Memory::load_acquire(*incarnation) == of; }
    // Of a breaker with an error planted, transitions are of a type of their own.
    template <class Transition>
    void moved(Transition made) const {
        told->push_back({made.from, made.to, made.generation, made.at});
    }
    [[nodiscard]] std::uint64_t owner() const { return name; }
};

// `Breaker` is the one that ships on `Memory`, or one with an error planted.
template <class Breaker, class Memory, std::size_t Ring = 3, std::size_t Places = 3>
struct breaker_world {
    using admission = typename Breaker::admission;
    using result = typename Breaker::report_result;

    explicit breaker_world(const law::terms& wanted, algorithm::nanos now = law::second) : terms{wanted} {
        set_time(now);
        subject.fill(0, law::state::closed, now);
    }
    breaker_world(const breaker_world&) = delete;
    breaker_world& operator=(const breaker_world&) = delete;

    void set_time(algorithm::nanos now) { Memory::store_release(clock, now); }
    [[nodiscard]] algorithm::nanos time() const { return Memory::load_acquire(clock); }
    void pass(algorithm::nanos span) { set_time(time() + span); }
    breaker_caller<Memory> by(std::uint64_t name, std::uint64_t of = 0) {
        return {&clock, name, &dead, &told, &incarnation, of};
    }

    admission admit(std::uint64_t name, std::uint64_t of = 0) { return subject.admit(unchanging(terms), by(name, of)); }
    // The straight path first, as primitives/breaker.hpp goes.
    result report(const admission& let_in, law::outcome outcome, std::uint64_t name, std::uint64_t of = 0) {
        if (outcome == law::outcome::ok && terms.window_type == law::window_type::count &&
            subject.count_ok_at_once(let_in.generation, let_in.place, law::least_calls(terms)))
            return result::counted;
        return subject.report(let_in, outcome, time(), terms, by(name, of));
    }
    // A whole call.
    admission call(std::uint64_t name, law::outcome outcome) {
        const admission let_in = admit(name);
        if (let_in) (void)report(let_in, outcome, name);
        return let_in;
    }
    // To half_open's door: the next call is the first probe.
    void open_and_wait() {
        while (subject.look().state == law::state::closed) (void)call(1, law::outcome::error);
        pass(terms.wait_duration);
    }
    [[nodiscard]] law::state state() const { return subject.look().state; }
    [[nodiscard]] std::uint64_t counted_transitions() const {
        std::uint64_t counted = 0;
        for (const auto& from : subject.transitions()) counted = std::accumulate(from.begin(), from.end(), counted);
        return counted;
    }

    law::terms terms;
    layout::word clock;
    layout::word incarnation;
    layout::breaker_block block{};
    std::array<layout::pair, Ring> ring{};
    std::array<layout::pair, Places> places{};
    Breaker subject{block, ring, places};
    std::set<std::uint64_t> dead;
    std::vector<shm::transition> told;
};

}  // namespace seki::test
