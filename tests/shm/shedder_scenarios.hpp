// What a few requests do to a shedder at once, and what must hold afterwards. For what ships, where every interleaving must hold, and for those with an error
// planted, where one must not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "algorithm/codel.hpp"
#include "layout/shedder.hpp"
#include "shm/permit_scenarios.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Requests that come through a queue at the same time. CoDel is the law of one after the other: what several make of it must be what they would in some order.
template <class State>
class codel_world {
public:
    static constexpr std::uint64_t tick = 1U << algorithm::codel::tick_shift;
    static constexpr std::uint64_t now = 1'000'000 * tick, late = 100 * tick, quick = 1;
    static constexpr algorithm::codel::terms law{.target = 10 * tick, .interval = 100 * tick};

    // A queue has stood for longer than an interval: who waited long is dropped.
    explicit codel_world(interleaving& play) : play_{play} {
        state_.fill();
        (void)state_.drops(now - 200 * tick, late, true, law);
        before_ = state_.at();
    }

    void play(const std::vector<std::uint64_t>& sojourns) {
        std::vector<std::function<void()>> requests;
        for (const std::uint64_t sojourn : sojourns)
            requests.emplace_back([this, sojourn] { dropped_ += state_.drops(now, sojourn, true, law) ? 1U : 0U; });
        play_.together(requests);
        std::uint64_t dead = 0;
        for (std::size_t i = 0; i < sojourns.size(); ++i) dead += play_.died(i) ? 1U : 0U;
        expect_some_order(sojourns, dead);
    }

private:
    // Of those who died each may have been counted or not, and was not told.
    void expect_some_order(std::vector<std::uint64_t> sojourns, std::uint64_t dead) {
        std::ranges::sort(sojourns);
        do {
            for (std::uint64_t made = sojourns.size() - dead; made <= sojourns.size(); ++made) {
                auto at = before_;
                std::uint64_t dropped = 0;
                for (std::uint64_t i = 0; i < made; ++i) {
                    const auto judged = algorithm::codel::judge(at, now, sojourns[i], law);
                    at = judged.next;
                    dropped += judged.drop ? 1U : 0U;
                }
                if (at == state_.at() && dropped_ <= dropped && dropped <= dropped_ + dead) return;
            }
        } while (std::ranges::next_permutation(sojourns).found);
        play_.fail("it is what no order gives");
    }

    interleaving& play_;
    layout::shedder_block block_{};
    State state_{block_};
    algorithm::codel::position before_{};
    std::uint64_t dropped_ = 0;
};

template <class State>
struct codel_scenarios {
    using world = codel_world<State>;
    static void all_are_late(interleaving& play) { world{play}.play({world::late, world::late, world::late}); }
    static void one_is_quick(interleaving& play) { world{play}.play({world::quick, world::late, world::late}); }
};

// Requests of a priority that may have two of three places. That each sees the others before it gives way, and nobody is let in, is allowed.
template <class Permits>
struct priority_scenarios {
    static void three_come_at_once(interleaving& play) {
        tiny_permits<Permits> world{play, 3};
        std::uint64_t let_in = 0;
        const auto request = [&](std::size_t actor) {
            auto taken = world.take(actor, static_cast<std::uint32_t>(actor));
            if (!taken) return;
            if (!world.table.at_most(2)) return world.give_back(actor, taken);
            if (++let_in > 2) play.fail("more are let in than their priority may have");
        };
        play.together({[&] { request(0); }, [&] { request(1); }, [&] { request(2); }});
    }
};

}  // namespace seki::test
