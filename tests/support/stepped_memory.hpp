// Shared memory for tests: the same functions as shm::hardware, but before each of them the schedule may let another actor run, or let
// this one die (support/interleaving.hpp). A structure instantiated with it is the code that ships, taken through its interleavings.
//
// Sequentially consistent: loads see the latest store, whatever order their name promises.
#pragma once

#include <cstdint>

#include "shm/memory.hpp"
#include "support/interleaving.hpp"

namespace seki::test {

struct stepped {
    using machine = shm::hardware;
    using word = shm::word;
    using pair = shm::pair;
    using pair_value = shm::pair_value;

    static std::uint64_t load_relaxed(const word& w) noexcept { return load(w, "load_relaxed"); }
    static std::uint64_t load_acquire(const word& w) noexcept { return load(w, "load_acquire"); }
    static void store_relaxed(word& w, std::uint64_t value) noexcept { store(w, value, "store_relaxed"); }
    static void store_release(word& w, std::uint64_t value) noexcept { store(w, value, "store_release"); }
    static std::uint64_t fetch_add_relaxed(word& w, std::uint64_t value) noexcept {
        interleaving::before_access(&w, "fetch_add", true);
        return machine::fetch_add_relaxed(w, value);
    }
    static bool cas_acq_rel(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        interleaving::before_access(&w, "cas", true);
        return machine::cas_acq_rel(w, expected, desired);
    }
    static std::uint64_t load_seq_cst(const word& w) noexcept { return load(w, "load_seq_cst"); }
    static void store_seq_cst(word& w, std::uint64_t value) noexcept { store(w, value, "store_seq_cst"); }
    static bool cas_seq_cst(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        return cas_acq_rel(w, expected, desired);
    }
    static std::uint64_t load_first_acquire(const pair& p) noexcept { return load_half(p, true); }
    static std::uint64_t load_second_acquire(const pair& p) noexcept { return load_half(p, false); }
    static bool cas_pair(pair& p, pair_value expected, pair_value desired) noexcept {
        interleaving::before_access(&p, "cas_pair", true);
        return machine::cas_pair(p, expected, desired);
    }
    // Two stores, as in the machine.
    static void store_pair_unshared(pair& p, pair_value value) noexcept {
        store(shm::word_access::first(p), value.first, "store_pair_unshared, first");
        store(shm::word_access::second(p), value.second, "store_pair_unshared, second");
    }
    static void prefetch_for_write(const void* /*address*/) noexcept {}

private:
    static std::uint64_t load(const word& w, const char* what) noexcept {
        interleaving::before_access(&w, what, false);
        return machine::load_relaxed(w);
    }
    static void store(word& w, std::uint64_t value, const char* what) noexcept {
        interleaving::before_access(&w, what, true);
        machine::store_relaxed(w, value);
    }
    static std::uint64_t load_half(const pair& p, bool first) noexcept {
        return first ? load(shm::word_access::first(p), "load_first")
                     : load(shm::word_access::second(p), "load_second");
    }
};

}  // namespace seki::test
