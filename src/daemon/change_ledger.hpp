// Which changes of the states of breakers were told: each of them once, or it is counted as dropped, whoever died on its way.
//
// 1. What it is. A change raises the generation of its breaker by one, and its event carries the generation that begins with it. So generations that no
//    event came of are changes that nobody told: the process that made them died between its swap of the word and its ring, found no room
//    there, or stands still; or a sekid died between taking events and handing them out. The word `told` of a breaker names the generation up to which
//    all are accounted for: told, made good, or lost. It lies in the segment, so the next sekid goes on from there.
//
// 2. Who writes which word, from what to what.
//      told                g -> h     sekid, by CAS from what it found, when everything up to h was handed out or counted
//      changes_lost        n -> n+k   sekid, before that: none of these is told any more
//      changes_made_good   n -> n+1   sekid, before that: the latest change, told as the word of the breaker has it
//    Who fills a breaker begins `told` with its first generation. Who pushes does not count a change that finds no room: the gap does.
//
// 3. Invariants. (a) Each generation is accounted for once: an event of one that is not after `told`, or was handed out already, is not told. So whoever was
//    stopped for longer than we have patience, and then tells, tells in vain. (b) A gap is given up when it stood for as long as we have patience, and all
//    rings were drained after it was seen, or so many were told beyond it that no more are kept in mind: then an event of another, but for the next in turn, is not
//    told either, and counted as lost with what lies before it. Of those that are given up the latest is made good if it is what the breaker is now; others cannot be, for
//    what they were stands nowhere.
//
// 4. A death of sekid. Before it handed out what it took: that is a gap for the next one. After that and before `told`: the next one makes good or
//    counts again what was told, to listeners that are gone. Between counting and `told`: counted twice. What was missing of a breaker that is deleted
//    is lost when it has not come within our patience; but a breaker that is deleted while no sekid runs, or whose sekid ends within that time, takes its
//    gaps with it, and so do changes after the last look at it whose makers died.
//
// 5. A stale read. Of the word: what is later is seen next time. A `told` that only a scribbler writes, ahead of the word: all is taken as told. The
//    CAS of `told` of a breaker that is deleted meanwhile finds another generation there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "algorithm/breaker.hpp"
#include "layout/breaker.hpp"
#include "report/event.hpp"
#include "shm/breaker.hpp"
#include "shm/segment.hpp"

namespace seki::daemon {

// The account of one breaker.
class change_account {
public:
    using nanos = algorithm::nanos;

    explicit change_account(std::uint32_t told) noexcept : told_{told} {}

    // Whether an event that came out of a ring is to be told.
    [[nodiscard]] bool enter(std::uint32_t generation, std::uint32_t current);

    struct given_up {
        std::uint64_t lost = 0;
        std::optional<algorithm::breaker::position> made_good{};
    };
    // After all rings were drained; the breaker was as `at` says before that.
    [[nodiscard]] given_up settle(const algorithm::breaker::position& at, nanos now, nanos patience);

    [[nodiscard]] std::uint32_t told() const noexcept { return told_; }

private:
    // Then a gap has lasted long enough; and no more are taken, whatever a scribbler lets a breaker look like between two looks at it.
    static constexpr std::size_t most_ahead = 65'536;

    void advance();
    [[nodiscard]] given_up give_up(const algorithm::breaker::position& at);

    std::uint32_t told_;
    std::unordered_set<std::uint32_t> ahead_;  // told, and beyond a gap
    bool waits_ = false;                       // for what is missing up to here, since then
    std::uint32_t up_to_ = 0;
    nanos since_ = 0;
};

// Of all breakers of a segment. The loop's alone.
class change_ledger {
public:
    explicit change_ledger(std::chrono::nanoseconds patience) noexcept
        : patience_{static_cast<std::uint64_t>(patience.count())} {}

    // Before the rings are drained: which breakers there are, and how far they have come.
    void look(const shm::segment& where);
    // Whether this event of a change, out of a ring, is to be told.
    [[nodiscard]] bool enter(const shm::event_content& event);
    // After that: the changes that are made good, and how many are lost.
    struct missing {
        std::vector<report::event_facts> made_good{};
        std::uint64_t lost = 0;
    };
    [[nodiscard]] missing settle(const shm::segment& where, std::uint64_t now);
    // When all of it was handed out and counted.
    void keep(const shm::segment& where);

    // Of a segment that is gone.
    void forget() {
        entries_.clear();
        deleted_.clear();
    }

private:
    struct entry {
        std::uint64_t incarnation = 0;
        std::uint64_t word = 0;  // `told` as it stands in the segment
        shm::breaker<> breaker{};
        std::optional<change_account> account{};  // nothing: it is no breaker
        algorithm::breaker::position at{};
    };
    void open(const shm::segment& where, std::size_t index);
    [[nodiscard]] std::uint64_t settle_deleted(std::uint64_t now);
    static bool stands(const shm::segment& where, const entry& each, std::size_t index) noexcept;

    std::uint64_t patience_;
    std::vector<entry> entries_;
    std::vector<entry> deleted_;  // of which something is missing that may still come; `at` is how it was seen last
};

}  // namespace seki::daemon
