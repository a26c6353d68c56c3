// Every access to shared memory, and the only file that names an atomic instruction.
//
// The structures of this layer take a memory policy as a template parameter. `hardware` is the machine. Tests put a stepped
// memory in its place (tests/support/stepped_memory.hpp), which may switch to another actor, stop it or kill it before each of
// these functions: what is explored there is the code that ships.
//
// The order is in the name. A 16-byte pair is changed by one instruction (cmpxchg16b, casp), which is a full barrier: two who each swap a
// pair and then look at the other's rely on it (shm/breaker.hpp, shm/outcome_window.hpp; tests/shm/breaker_orders_test.cpp notices). It
// is read as two words: readers that map the segment read-only cannot execute a compare-and-swap on it. Who reads both words must be able
// to live with halves of different pairs; each caller says why it can.
#pragma once

#include <atomic>
#include <cstdint>

#include "layout/word.hpp"

#ifndef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
#error "Seki needs a 16-byte compare-and-swap instruction: compile with -mcx16 on x86-64, -march=armv8.1-a on arm64"
#endif

namespace seki::shm {

using layout::pair;
using layout::pair_value;
using layout::word;

struct word_access {
    static std::uint64_t& value(word& w) noexcept { return w.value_; }
    static std::uint64_t& value(const word& w) noexcept {
        return const_cast<word&>(w).value_;
    }  // atomic_ref takes no const in C++23
    static word& first(pair& p) noexcept { return p.first_; }
    static word& second(pair& p) noexcept { return p.second_; }
    static const word& first(const pair& p) noexcept { return p.first_; }
    static const word& second(const pair& p) noexcept { return p.second_; }
};

struct hardware {
    static std::uint64_t load_relaxed(const word& w) noexcept {
        return std::atomic_ref(word_access::value(w)).load(std::memory_order_relaxed);
    }
    static std::uint64_t load_acquire(const word& w) noexcept {
        return std::atomic_ref(word_access::value(w)).load(std::memory_order_acquire);
    }
    static void store_relaxed(word& w, std::uint64_t value) noexcept {
        std::atomic_ref(word_access::value(w)).store(value, std::memory_order_relaxed);
    }
    static void store_release(word& w, std::uint64_t value) noexcept {
        std::atomic_ref(word_access::value(w)).store(value, std::memory_order_release);
    }
    // Adds and returns what was there before.
    static std::uint64_t fetch_add_relaxed(word& w, std::uint64_t value) noexcept {
        return std::atomic_ref(word_access::value(w)).fetch_add(value, std::memory_order_relaxed);
    }
    // On failure `expected` is what was found.
    static bool cas_acq_rel(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        return std::atomic_ref(word_access::value(w))
            .compare_exchange_strong(expected, desired, std::memory_order_acq_rel, std::memory_order_acquire);
    }
    // For "I wrote mine, then I looked at yours" by two at once: all of these by all processes have one order (shm/permits.hpp).
    static std::uint64_t load_seq_cst(const word& w) noexcept {
        return std::atomic_ref(word_access::value(w)).load(std::memory_order_seq_cst);
    }
    static void store_seq_cst(word& w, std::uint64_t value) noexcept {
        std::atomic_ref(word_access::value(w)).store(value, std::memory_order_seq_cst);
    }
    static bool cas_seq_cst(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        return std::atomic_ref(word_access::value(w))
            .compare_exchange_strong(expected, desired, std::memory_order_seq_cst, std::memory_order_seq_cst);
    }

    static std::uint64_t load_first_acquire(const pair& p) noexcept { return load_acquire(word_access::first(p)); }
    static std::uint64_t load_second_acquire(const pair& p) noexcept { return load_acquire(word_access::second(p)); }

    static bool cas_pair(pair& p, pair_value expected, pair_value desired) noexcept {
        __extension__ typedef unsigned __int128 wide __attribute__((may_alias));
        const auto join = [](pair_value v) { return static_cast<wide>(v.second) << 64 | v.first; };
        return __sync_bool_compare_and_swap(reinterpret_cast<wide*>(&p), join(expected), join(desired));
    }
    // Two stores, for memory that is not published. It may have been a deleted structure's: who is still on the way into that one, and reads a word
    // of the new, finds by this order that his own stands no more.
    static void store_pair_release(pair& p, pair_value value) noexcept {
        store_release(word_access::first(p), value.first);
        store_release(word_access::second(p), value.second);
    }
    static void prefetch_for_write(const void* address) noexcept { __builtin_prefetch(address, 1); }
};

}  // namespace seki::shm
