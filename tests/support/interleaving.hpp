// Explores the ways in which a few actors may run through each other.
//
// An actor is a function. Actors take turns on one thread: exactly one runs, and before each of its accesses to shared memory (see
// support/stepped_memory.hpp) the schedule decides whether it goes on, another one runs, or it dies there and never runs again.
//
//   explore()           every schedule with at most so many preemptions and so many deaths, depth first, fewest preemptions first.
//                       Few preemptions find nearly everything that can go wrong (Musuvathi and Qadeer, 2007), and say it shortly.
//   explore_randomly()  many schedules drawn from a seed, for what is too large to be explored.
//
// A run is a function of its choices alone: an attempt builds its world anew, and asks nothing that changes (clock, addresses, rand).
// So a failure comes with its schedule, and
//     SEKI_SCHEDULE="31>1 57x 58>0"    runs this one alone and prints each access: at point 31 actor 1 goes on instead; at point 57 the one
//                                      that runs dies, and at the next, where somebody else must go on, it is actor 0
//     SEKI_SEED=7                      starts the random ones there
//
// A state is gone on from once. Who comes to where some run was before, with no more left of the bounds than that one had, goes on by the first of its options, to
// its end, and nothing else is tried from there: it would come to the same. (Godefroid, 1996, and Musuvathi and Qadeer, 2008, tell of such searches.) A state is
//   - of each actor, whether it waits to begin, goes on, has ended or is dead, and all that it did and was told so far: where it is in its code follows from that;
//   - what stands in the words that were changed; with old reads left, also what each may still read, has seen, and brings along (support/weak_memory.hpp);
//   - who runs.
// What an attempt keeps beside the words, it has to tell the explorer of:
//   - hears(): what an actor goes by, and was neither told by a load nor by a compare-and-swap: a clock, or a stamp, that actors share outside of the stepped memory;
//   - remembers(): what is judged by, and is not the same for all orders in which actors may have got to where they are: who came last, say. What is only ever counted
//     up, or kept for each actor alone, is the same for all orders.
// States are known by 64 bits each (support/known_states.hpp), words by their addresses: an attempt whose world is elsewhere each time comes to no state twice.
//
// With no old reads in the bounds what is explored is sequentially consistent: a load sees the latest store. With some, so many loads of a run may see an
// older one, where the orders of C++ allow it, or stores may come under a later one (support/weak_memory.hpp): in a schedule, 31~2 is a load that
// reads the second before the latest, 31~1 also a store that comes under it, or a compare-and-swap of a pair that fails by an old half.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "support/order.hpp"

namespace seki::test {

struct bounds {
    int preemptions = 2;  // switches away from an actor that could have gone on
    int deaths = 0;
    int old_reads = 0;  // of a store that is not the latest
    // Only old reads that the orders which ship would not allow: for who weakened one of them.
    bool only_new_reads = false;
    // For who tries the explorer: each schedule by itself, also those that come to where others were; and what came of each is kept.
    bool every_schedule = false;
    bool keeps_outcomes = false;
};

// Of an access to shared memory.
struct access {
    const char* what;  // for people
    ordered how{};
    ordered failing{};  // of a compare-and-swap that fails
};

class interleaving {
public:
    // Runs the actors, at most eight, until each has ended or died. What stands on the stack of one that dies is never destroyed, so nothing
    // there may own memory. May be called more than once in an attempt; the bounds hold for all calls together.
    void together(std::vector<std::function<void()>> actors);

    // Memory that nobody changes in this attempt: loads of it are not worth a choice. A change of it is a failure.
    void constant(std::span<const std::byte> memory);

    // Whether that actor of the latest together() died; there may be no such actor.
    [[nodiscard]] bool died(std::size_t actor) const;

    // Whether a load may see what is not the latest.
    [[nodiscard]] bool allows_old_reads() const;

    // What makes a difference to what comes, beside the words and what the actors were told; asked at each point. It may itself ask nothing of this.
    void remembers(std::function<std::uint64_t()> what);

    // Why the attempt is a failure; empty if it is none so far. The first reason stays.
    void fail(const std::string& why);

    // The actor that runs hears of this, and may go by it.
    static std::uint64_t hears(std::uint64_t what);
    // It asks the kernel about that word, in one step, and in one order with all others who do. What stands there.
    static std::uint64_t ask(const std::uint64_t& about, const char* what);

    // For the stepped memory: an access is about to happen. What it does is not known: so nor are the states that come after it in this run.
    static void before_unknown_access(const void* address, const char* what);
    // Likewise, and does it.
    static std::uint64_t load(const std::uint64_t& from, const access& by);
    static void store(std::uint64_t& to, std::uint64_t value, const access& by);
    static std::uint64_t fetch_add(std::uint64_t& to, std::uint64_t value, const access& by);
    static bool cas(std::uint64_t& to, std::uint64_t& expected, std::uint64_t desired, const access& by);
    static bool cas_pair(std::uint64_t& first, std::uint64_t& second, std::array<std::uint64_t, 2> expected,
                         std::array<std::uint64_t, 2> desired, const access& by);
    // What a system call is to the memory of who makes it.
    static void barrier();
    // What the kernel says of somebody's death brings along all that he did: its locks stand between the two.
    static void hear_of_death(std::size_t actor);

    interleaving(const interleaving&) = delete;
    interleaving& operator=(const interleaving&) = delete;
    ~interleaving();

private:
    friend class explorer;
    interleaving();
    static void before_access(const void* address, const char* what, bool changes);
    struct state;
    std::unique_ptr<state> state_;
};

using attempt = std::function<void(interleaving&)>;

struct exploration {
    std::uint64_t schedules = 0;
    std::uint64_t states = 0;  // from which it went on
    // What came of the schedules, if it is kept: each stands for what all actors did and were told, how they ended, and what stands in the words.
    std::set<std::uint64_t> outcomes;
    std::string failure;  // empty: none failed. Otherwise why, and how to run it again.
};

exploration explore(bounds within, const attempt& one);

// Prints the seed it starts from. SEKI_SEED overrides `seed`.
exploration explore_randomly(std::uint64_t seed, std::uint64_t runs, bounds within, const attempt& one);

}  // namespace seki::test
