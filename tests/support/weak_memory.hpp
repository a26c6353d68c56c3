// What the words of shared memory may look like to each of a few actors, by the rules of C++: for support/interleaving.hpp.
//
// A machine of views. Each word has a history: its stores, in the order on which all agree, none of which is gone. Each actor has a view: of each word
// the oldest store that it may still read. Who reads a store, or stores, sees nothing older of that word any more.
//   release    a store takes its writer's view along; an acquiring load of it adds that to the reader's. So what was seen before is seen after
//   relaxed    takes nothing along. But who changes a word in one step (fetch_add, cas) hands on what the store that it replaces took along
//   seq_cst    besides, there is a view of all: such a store adds itself, and such a load reads nothing older than that says
//   barrier    a 16-byte compare-and-swap: adds the view of all to its actor's, and that to the view of all
// What is read and replaced in one step is the latest store; a compare-and-swap that fails may have read an older one.
//
// So an old store is read after newer ones of other words, two who store and then look may both look too early (store buffering), and two readers may not
// agree on which of two stores came first. A store may also come under the latest that its writer has not seen, as if it had been made before;
// under one that replaced another in one step only if it says the same as that other, and brings nothing along: then it is what was replaced.
// Not to be seen here: a load that reads what is stored only after it (load buffering), and whatever follows from a store that others see before an earlier
// seq_cst one of the same actor. No machine that Seki runs on turns round a load and a store that depends on it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "support/order.hpp"

namespace seki::test {

class weak_memory {
public:
    static constexpr unsigned most_readable = 6;

    // So many actors begin, and everything that was stored has been seen by all. `only_new`: what the orders that ship allow as well is left out.
    void begin(std::size_t actors, bool only_new);

    // Stores of the word that the actor may read, but for the latest: those from `first` to before `end`, counted from the latest.
    struct old_stores {
        unsigned first = 1;
        unsigned end = 1;
    };
    old_stores readable(std::size_t actor, const std::uint64_t& at, const ordered& how);
    [[nodiscard]] std::uint64_t value(const std::uint64_t& at, unsigned back);
    std::uint64_t read(std::size_t actor, const std::uint64_t& at, unsigned back, const ordered& how);

    // Whether a store of that value by the actor may come under the latest.
    bool may_come_under(std::size_t actor, const std::uint64_t& at, std::uint64_t value, const ordered& how);
    void store(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how, bool under);
    // Reads the latest, and puts another on top of it.
    void replace(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how);
    // Both words in one step.
    void replace_pair(std::size_t actor, std::uint64_t& first, std::uint64_t& second,
                      std::array<std::uint64_t, 2> values, const ordered& how);
    void barrier(std::size_t actor);
    // All that the other has seen and done is seen by the actor, too.
    void hear_of(std::size_t actor, std::size_t other);

    // Stands for all that makes a difference from here on, but for what stands latest in each word: what those who go on may still read, what they and the dead (of
    // whom they may hear) have seen, and what comes with it. Bits are actors.
    [[nodiscard]] std::uint64_t fingerprint(std::uint32_t going_on, std::uint32_t dead);

private:
    using stamp = std::uint32_t;             // larger is later, among the stores of a word
    using view = std::vector<stamp>;         // of each word, by its number; what is not there is 0
    using kept_view = std::int32_t;          // -1: none
    static constexpr stamp step = 1U << 10;  // leaves room for what comes under

    // Who has seen what, by one set of orders.
    struct machine {
        std::vector<view> of_actors;
        std::vector<view> kept;  // that messages take along
        std::size_t kept_used = 0;
        view of_all;

        void begin(std::size_t actors);
        kept_view keep(const view& seen);
        void barrier(std::size_t actor);
    };
    static constexpr std::size_t now = 0, as_shipped = 1;

    struct message {
        std::uint64_t value;
        stamp at;
        bool replaces;  // the one below, in one step: nothing comes between that says something else
        std::array<kept_view, 2> takes_along{-1, -1};
    };
    struct history {
        const std::uint64_t* of = nullptr;
        std::vector<message> stores;
    };

    std::size_t number_of(const std::uint64_t& at);
    [[nodiscard]] std::size_t place_of(const std::uint64_t& at) const;
    history& of(const std::uint64_t& at) { return words_[number_of(at)]; }
    static stamp look_up(const view& in, std::size_t word) { return word < in.size() ? in[word] : 0; }
    static void raise(view& in, std::size_t word, stamp to);
    static void add(view& to, const view& from);
    static unsigned count_readable(const machine& by, std::size_t actor, std::size_t word, const history& of,
                                   const order& how);
    [[nodiscard]] stamp oldest_for(const machine& by, std::size_t word, std::uint32_t actors) const;
    [[nodiscard]] std::uint64_t fingerprint(const view& seen, std::size_t which) const;
    [[nodiscard]] std::uint64_t fingerprint(const history& of, std::size_t word) const;
    void put(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how,
             std::array<kept_view, 2> inherited, bool replaces);
    // Calls do_it(machine, its order, which of them).
    template <class DoIt>
    void each_machine(const ordered& how, DoIt do_it) {
        do_it(machines_[now], how.now, now);
        if (only_new_) do_it(machines_[as_shipped], how.as_shipped, as_shipped);
    }

    static constexpr std::uint32_t no_word = ~std::uint32_t{0};
    std::vector<std::uint32_t> numbers_ =
        std::vector<std::uint32_t>(1024, no_word);  // by their addresses, at most half full
    std::vector<history> words_;                    // those in use first: what they own is kept for the next attempt
    std::size_t words_used_ = 0;
    std::array<machine, 2> machines_;
    std::array<view, 2> oldest_;  // that anybody who goes on may read: for fingerprints
    bool only_new_ = false;
};

}  // namespace seki::test
