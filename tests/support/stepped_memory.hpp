// Shared memory for tests: the same functions as shm::hardware, but before each of them the schedule may let another actor run, or let
// this one die (support/interleaving.hpp). A structure instantiated with it is the code that ships, taken through its interleavings.
//
// A load sees the latest store, whatever order its name promises, unless the bounds of the exploration allow old reads: then whatever the orders allow
// (support/weak_memory.hpp). Each function knows who calls it, so that its order can be weakened at one place of the code (support/order_book.hpp).
#pragma once

#include <cstdint>
#include <source_location>

#include "shm/memory.hpp"
#include "support/interleaving.hpp"
#include "support/order_book.hpp"

namespace seki::test {

// What each function asks for, and with what less it is tried.
namespace asks_for {

inline constexpr order relaxed{}, acquire{.acquires = true}, release{.releases = true}, acq_rel{true, true},
    load_in_order{.acquires = true, .in_one_order = true}, store_in_order{.releases = true, .in_one_order = true},
    in_order{true, true, true}, full{.acquires = true, .releases = true, .is_barrier = true};

inline constexpr ordered_access load_relaxed{"load_relaxed"};
inline constexpr ordered_access load_acquire{"load_acquire", acquire, {}, {{{"acquire -> relaxed", relaxed}}}};
inline constexpr ordered_access load_seq_cst{"load_seq_cst", load_in_order, {}, {{{"seq_cst -> acquire", acquire}}}};
inline constexpr ordered_access store_relaxed{"store_relaxed"};
inline constexpr ordered_access store_release{"store_release", release, {}, {{{"release -> relaxed", relaxed}}}};
inline constexpr ordered_access store_seq_cst{"store_seq_cst", store_in_order, {}, {{{"seq_cst -> release", release}}}};
inline constexpr ordered_access fetch_add_relaxed{"fetch_add_relaxed"};
inline constexpr ordered_access cas_acq_rel{"cas_acq_rel",
                                            acq_rel,
                                            acquire,
                                            {{{"acq_rel -> acquire", acquire, acquire},
                                              {"acq_rel -> release", release, acquire},
                                              {"acquire -> relaxed when it fails", acq_rel, relaxed}}}};
inline constexpr ordered_access cas_seq_cst{
    "cas_seq_cst",
    in_order,
    load_in_order,
    {{{"seq_cst -> acq_rel", acq_rel, load_in_order}, {"seq_cst -> acquire when it fails", in_order, acquire}}}};
inline constexpr ordered_access load_first_acquire{
    "load_first_acquire", acquire, {}, {{{"acquire -> relaxed", relaxed}}}};
inline constexpr ordered_access load_second_acquire{
    "load_second_acquire", acquire, {}, {{{"acquire -> relaxed", relaxed}}}};
inline constexpr ordered_access cas_pair{"cas_pair", full, acquire, {{{"full barrier -> acq_rel", acq_rel, acquire}}}};
inline constexpr ordered_access store_first{
    "store_pair_release, first", release, {}, {{{"release -> relaxed, first", relaxed}}}};
inline constexpr ordered_access store_second{
    "store_pair_release, second", release, {}, {{{"release -> relaxed, second", relaxed}}}};

}  // namespace asks_for

struct stepped {
    using machine = shm::hardware;
    using word = shm::word;
    using pair = shm::pair;
    using pair_value = shm::pair_value;
    using here = std::source_location;

    static std::uint64_t load_relaxed(const word& w, here at = here::current()) noexcept {
        return load(w, asks_for::load_relaxed, at);
    }
    static std::uint64_t load_acquire(const word& w, here at = here::current()) noexcept {
        return load(w, asks_for::load_acquire, at);
    }
    static std::uint64_t load_seq_cst(const word& w, here at = here::current()) noexcept {
        return load(w, asks_for::load_seq_cst, at);
    }
    static void store_relaxed(word& w, std::uint64_t value, here at = here::current()) noexcept {
        store(w, value, asks_for::store_relaxed, at);
    }
    static void store_release(word& w, std::uint64_t value, here at = here::current()) noexcept {
        store(w, value, asks_for::store_release, at);
    }
    static void store_seq_cst(word& w, std::uint64_t value, here at = here::current()) noexcept {
        store(w, value, asks_for::store_seq_cst, at);
    }
    static std::uint64_t fetch_add_relaxed(word& w, std::uint64_t value, here at = here::current()) noexcept {
        return interleaving::fetch_add(of(w), value, order_book::look_up(asks_for::fetch_add_relaxed, at));
    }
    static bool cas_acq_rel(word& w, std::uint64_t& expected, std::uint64_t desired,
                            here at = here::current()) noexcept {
        return interleaving::cas(of(w), expected, desired, order_book::look_up(asks_for::cas_acq_rel, at));
    }
    static bool cas_seq_cst(word& w, std::uint64_t& expected, std::uint64_t desired,
                            here at = here::current()) noexcept {
        return interleaving::cas(of(w), expected, desired, order_book::look_up(asks_for::cas_seq_cst, at));
    }
    static std::uint64_t load_first_acquire(const pair& p, here at = here::current()) noexcept {
        return load(shm::word_access::first(p), asks_for::load_first_acquire, at);
    }
    static std::uint64_t load_second_acquire(const pair& p, here at = here::current()) noexcept {
        return load(shm::word_access::second(p), asks_for::load_second_acquire, at);
    }
    static bool cas_pair(pair& p, pair_value expected, pair_value desired, here at = here::current()) noexcept {
        return interleaving::cas_pair(of(shm::word_access::first(p)), of(shm::word_access::second(p)),
                                      {expected.first, expected.second}, {desired.first, desired.second},
                                      order_book::look_up(asks_for::cas_pair, at));
    }
    // Two stores, as in the machine.
    static void store_pair_release(pair& p, pair_value value, here at = here::current()) noexcept {
        store(shm::word_access::first(p), value.first, asks_for::store_first, at);
        store(shm::word_access::second(p), value.second, asks_for::store_second, at);
    }
    static void prefetch_for_write(const void* /*address*/) noexcept {}

private:
    static std::uint64_t& of(word& w) noexcept { return shm::word_access::value(w); }
    static std::uint64_t load(const word& w, const ordered_access& how, const here& at) noexcept {
        return interleaving::load(shm::word_access::value(w), order_book::look_up(how, at));
    }
    static void store(word& w, std::uint64_t value, const ordered_access& how, const here& at) noexcept {
        interleaving::store(of(w), value, order_book::look_up(how, at));
    }
};

}  // namespace seki::test
