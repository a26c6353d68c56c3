// The window of calls of an adaptive limit, and the limit that follows from each.
//
// 1. What it is. Two pairs (layout/adaptive.hpp). Who gives back a permit adds its call to the window; who adds the last one opens the next window in the
//    same step, has read the whole old one, and moves the limit by the law (algorithm/adaptive_limit.hpp).
//
// 2. Who writes which word, from what to what, each by one 16-byte CAS:
//      window  {n, t, calls, drops}{sum} -> {n, t, calls+1, drops+d}{sum+l}   by who gives back, not the last of the window
//      window  {n, t, t-1, drops}{sum}   -> {n+1, t', 0, 0}{0}                by the last
//      limit   any -> moved(that, what the window came to)                    by the last, after that
//    And then the max of the permits: allowed(limit), by the last, who reads limit and terms after he has read what he then swaps (shm/permits.hpp, set_max_by).
//
// 3. Invariants. Each call stands in one window, once. Each window moves the limit once at most: only the CAS that ended it gives it to anybody. The max
//    of the permits is what the last limit allows as soon as nobody is between its CAS of the limit and that of the max, and never what an older limit, or terms that are over, allowed when
//    another has set it since: of two, the later one to set max read the limit and the terms after the other had set it.
//
// 4. A death after each step. Before its CAS of the window: a call is missing. After it: that window's calls move nothing; the next one is open. After its
//    CAS of the limit: max is that of the limit before, until the next window ends or upkeep comes by (primitives/bulkhead_upkeep.hpp).
//
// 5. A stale read. The halves of different pairs: the CAS fails. An old limit in the target of the next window: that one is shorter or longer. A
//    window whose words recur, after 32768 others, with as many calls and the same latencies, is the same window to everybody. Scribbled words
//    make a limit within the bounds of the terms, as everything does that the law answers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/adaptive_limit.hpp"
#include "layout/adaptive.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

template <class Memory = hardware>
class adaptive_window {
public:
    using terms = algorithm::adaptive_limit::terms;
    using position = algorithm::adaptive_limit::position;
    using sample = algorithm::adaptive_limit::sample;

    // Somebody else's CAS came first so often: then the call is left out. Scribblers aside, hundreds of threads would have to release at once.
    static constexpr int max_rounds = 1'000;

    adaptive_window() = default;
    explicit adaptive_window(layout::adaptive_block& block) noexcept : block_{&block} {}

    // Before anybody can see it.
    void fill(const terms& by) const noexcept {
        Memory::store_pair_release(block_->window,
                                   {layout::pack(layout::adaptive_window{.target = target(position{}, by)}), 0});
        Memory::store_pair_release(block_->limit, {});
    }

    struct call {
        bool dropped = false;
        std::uint64_t latency = 0;  // ns
        std::uint64_t now = 0;
    };
    struct change {
        std::uint64_t from = 0;  // as many were allowed; 0: this call did not end a window
        std::uint64_t to = 0;
    };

    // law() answers the terms, in_flight() how many permits are out, set_max(most) puts in force what most() answers, as permits::set_max_by() does: asked when a window
    // ends.
    template <class Law, class InFlight, class SetMax>
    change add(const call& over, Law law, InFlight in_flight, SetMax set_max) const noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            const pair_value found{Memory::load_first_acquire(block_->window),
                                   Memory::load_second_acquire(block_->window)};
            layout::adaptive_window window = layout::unpack_adaptive_window(found.first);
            const std::uint64_t latencies =
                found.second + (over.dropped ? 0 : std::min(over.latency, algorithm::adaptive_limit::greatest_latency));
            ++window.calls;
            window.drops += over.dropped ? 1U : 0U;
            if (window.calls < window.target && !(window.measuring && is_over(window, over.now, law()))) [[likely]] {
                if (Memory::cas_pair(block_->window, found, {layout::pack(window), latencies})) return {};
                continue;
            }
            const sample seen{.answered = window.calls - std::min(window.drops, window.calls),
                              .latencies = latencies,
                              .drops = window.drops,
                              .in_flight = in_flight(),
                              .now = over.now};
            const terms by = law();
            if (Memory::cas_pair(block_->window, found, {layout::pack(next_after(window, seen, by)), 0}))
                return follow(seen, law, set_max);
        }
        return {};
    }

    [[nodiscard]] position at() const noexcept { return unpack(load()); }
    [[nodiscard]] layout::adaptive_window window() const noexcept {
        return layout::unpack_adaptive_window(Memory::load_first_acquire(block_->window));
    }

    // For the doctor: both words of the window, and whether they are such as add() leaves.
    [[nodiscard]] pair_value window_words() const noexcept {
        const std::uint64_t first = Memory::load_first_acquire(block_->window);
        return {first, Memory::load_second_acquire(block_->window)};
    }
    [[nodiscard]] static bool is_open(const pair_value& words) noexcept {
        const layout::adaptive_window of = layout::unpack_adaptive_window(words.first);
        return of.calls < of.target && of.drops <= of.calls &&
               words.second <= (of.calls - of.drops) * algorithm::adaptive_limit::greatest_latency;
    }
    // The next window, in the place of that one.
    void begin_another(const pair_value& found, const terms& by) const noexcept {
        const layout::adaptive_window of = layout::unpack_adaptive_window(found.first);
        const position now = at();
        const layout::adaptive_window next{
            .number = of.number + 1, .measuring = now.come_back != 0 && !now.settling, .target = target(now, by)};
        (void)Memory::cas_pair(block_->window, found, {layout::pack(next), 0});
    }

    // Puts the limit in force, whatever others do meanwhile. For who changes the terms, and upkeep, too.
    template <class Law, class SetMax>
    std::uint64_t enforce(Law law, SetMax set_max) const noexcept {
        std::uint64_t allowed = 0;
        set_max([&] {
            const std::uint64_t limit = Memory::load_first_acquire(block_->limit);
            return allowed = algorithm::adaptive_limit::allowed(unpack({limit, 0}), law());
        });
        return allowed;
    }

private:
    static position unpack(pair_value words) noexcept {
        return algorithm::adaptive_limit::unpack({words.first, words.second});
    }
    // Its halves may be of different pairs: then the CAS that this is for fails.
    [[nodiscard]] pair_value load() const noexcept {
        return {Memory::load_first_acquire(block_->limit), Memory::load_second_acquire(block_->limit)};
    }
    [[nodiscard]] bool is_over(const layout::adaptive_window& window, std::uint64_t now,
                               const terms& by) const noexcept {
        return algorithm::adaptive_limit::ends(at(), window.calls, now, by);
    }
    [[nodiscard]] layout::adaptive_window next_after(const layout::adaptive_window& window, const sample& seen,
                                                     const terms& by) const noexcept {
        const position next = moved(at(), seen, by);
        return {.number = window.number + 1,
                .measuring = next.come_back != 0 && !next.settling,
                .target = target(next, by)};
    }
    [[nodiscard]] static std::uint64_t target(const position& at, const terms& by) noexcept {
        return std::min(calls_to_end(at, by), layout::greatest_target);
    }
    template <class Law, class SetMax>
    change follow(const sample& seen, Law law, SetMax set_max) const noexcept {
        change made;
        for (int round = 0; round < max_rounds; ++round) {
            const pair_value found = load();
            const terms by = law();
            const position before = unpack(found);
            const auto next = algorithm::adaptive_limit::pack(moved(before, seen, by));
            if (!Memory::cas_pair(block_->limit, found, {next.first, next.second})) continue;
            made.from = algorithm::adaptive_limit::allowed(before, by);
            break;
        }
        made.to = enforce(law, set_max);
        return made;
    }

    layout::adaptive_block* block_ = nullptr;
};

}  // namespace seki::shm
