// What a few actors do to the times of calls at once, and what must hold afterwards. For the window that ships, where every interleaving must hold, and
// for one with an error planted, where one must not.
#pragma once

#include <cstdint>
#include <string>

#include "shm/latency_window.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

template <class Window>
struct latency_scenarios {
    static constexpr std::uint64_t now = 40'000;

    // Three record in one bucket, over a slice of long ago: each is counted once, but for the dead.
    static void three_of_one_bucket(interleaving& play) {
        layout::latency_block block{};
        shm::latency_window<>{block}.record(now - 16'000, 1'000'000);  // the slice whose place the next one takes
        const Window window{block};
        const auto records = [&] { window.record(now, 1'000'000); };
        play.together({records, records, records});
        const std::uint64_t dead = count_dead(play, 0);
        expect_counted(play, block, 3, dead);
    }
    // One was stopped for a lap: it finds its place taken, counts for nothing, and takes nothing away.
    static void one_comes_late(interleaving& play) {
        layout::latency_block block{};
        const Window window{block};
        play.together({[&] { window.record(now - 16'000, 1'000'000); }, [&] { window.record(now, 1'000'000); },
                       [&] { window.record(now, 1'000'000); }});
        expect_counted(play, block, 2, count_dead(play, 1));
    }

private:
    static std::uint64_t count_dead(const interleaving& play, std::size_t first) {
        std::uint64_t dead = 0;
        for (std::size_t each = first; each < 3; ++each) dead += play.died(each) ? 1U : 0U;
        return dead;
    }
    static void expect_counted(interleaving& play, layout::latency_block& block, std::uint64_t most,
                               std::uint64_t dead) {
        const std::uint64_t counted = algorithm::latency::total(shm::latency_window<>{block}.look(now));
        if (counted > most) play.fail("a call is counted twice");
        if (counted + dead < most) play.fail("a call is lost");
    }
};

}  // namespace seki::test
