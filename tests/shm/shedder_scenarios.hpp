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
#include "shm/shedder_places.hpp"
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

// Two places, and two more beyond them. Of those in flight with who is counted, no more than one may have come before it.
template <class Places, class Table = shm::permits<stepped>>
struct beyond_scenarios {
    static constexpr std::uint64_t first_owner = 0x10001;

    class world {
    public:
        // `open`: one was beyond before, and is over.
        world(interleaving& play, bool open) : play_{play} {
            const Table within = Table::attach(within_.bytes), beyond = Table::attach(beyond_.bytes);
            (void)within.set_max(2);
            places_ = Places{within, beyond};
            if (!open) return;
            auto one = places_.take_beyond(first_owner + 7, seeker{*this});
            (void)places_.give_back(one);
        }
        struct seeker {
            const world& in;
            static std::uint64_t now() { return 1'000'000'000; }
            bool alive(std::uint64_t owner) const { return !in.play_.died(owner - first_owner); }
            static bool tired() { return false; }
            static void rest() {}
            void reclaimed(std::uint64_t) const {}
        };

        // Who is never refused, and stays.
        void critical(std::size_t actor) {
            if (!places_.take_beyond(first_owner + actor, seeker{*this}))
                play_.fail("there is a place, and it gets none");
            in_[actor] = true;
        }
        // Who may be in with one other. Those who were in before it asked, and are living, are counted by it.
        void counted(std::size_t actor) {
            const std::array<bool, 3> before = in_;
            for (const bool each : before) (void)interleaving::hears(each ? 1 : 0);
            auto taken = places_.take(first_owner + actor, static_cast<std::uint32_t>(actor), seeker{*this});
            if (!taken) return;
            if (!places_.at_most(2)) {
                (void)places_.give_back(taken);
                return;
            }
            if (std::ranges::count(before, true) > 1) play_.fail("it is let in with more than it may have");
            in_[actor] = true;
        }

    private:
        struct alignas(64) room {
            std::array<std::byte, Table::bytes_for(2)> bytes{};
        };
        interleaving& play_;
        room within_, beyond_;
        Places places_;
        std::array<bool, 3> in_{};
    };

    static void two_are_beyond(interleaving& play, bool open) {
        world at{play, open};
        play.together({[&] { at.critical(0); }, [&] { at.critical(1); }, [&] { at.counted(2); }});
    }
    static void from_closed(interleaving& play) { two_are_beyond(play, false); }
    static void from_open(interleaving& play) { two_are_beyond(play, true); }
    // Both who count close it, while one comes.
    static void two_count(interleaving& play) {
        world at{play, true};
        play.together({[&] { at.critical(0); }, [&] { at.counted(1); }, [&] { at.counted(2); }});
    }
};

}  // namespace seki::test
