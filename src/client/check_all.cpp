// Several limits that a request must pass together.
//
// First a look at all of them, at several on one key together, so that a denial writes nothing. Then each is spent from in turn, with a receipt, and counted only when all let it
// through; when one denies, the receipts take back what the others spent. A death in the middle leaves spent what was spent so far.
#include <seki/limiter.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <limits>
#include <memory_resource>
#include <ranges>
#include <utility>
#include <vector>

#include "client/bound_handle.hpp"
#include "primitives/limiter.hpp"

namespace seki {
namespace {

// The answer to several demands that all pass: what is left is what the tightest leaves.
Decision tightest(Decision first, const Decision& second) noexcept {
    Decision both = second.remaining < first.remaining ? second : first;
    both.shadow = first.shadow || second.shadow;
    both.reset_after = std::max(first.reset_after, second.reset_after);
    both.delay = std::max(first.delay, second.delay);
    return both;
}

// Of two denials the longer; an error before everything.
Decision strictest(const Decision& first, const Decision& second) noexcept {
    if (first.error != Errc::none || second.allowed) return first;
    if (second.error != Errc::none || first.allowed) return second;
    return second.retry_after > first.retry_after ? second : first;
}

// One key of one limiter. The fingerprints of two segments have two secrets, and of two limiters of one segment the incarnation is another.
struct bucket {
    std::uint64_t incarnation = 0, tag = 0;
    friend auto operator<=>(const bucket&, const bucket&) = default;
};

// Costs are not negative here. A sum above every capacity is as good as any other such.
std::int64_t sum_of(std::int64_t first, std::int64_t second) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return second > most - first ? most : first + second;
}

}  // namespace

class client::together {
public:
    // A demand on its way.
    struct trial {
        const Demand* of;
        std::int64_t
            asks;  // what a look asks of its key; by gather(): the first of several demands on it asks for all of them, the others for nothing
        const primitives::limiter* asked = nullptr;
        primitives::receipt made{};
        Decision answer{};
        bucket from{};

        [[nodiscard]] primitives::demand wanted() const noexcept { return {.key = of->key, .cost = of->cost}; }
    };
    // So many that need no memory of their own.
    static constexpr std::size_t few = 16;

    // Somebody else may spend between the look and what follows it. Then only this answer is a denial; and where a key is here twice, it may have been told after
    // another demand on that key was spent, which is so no longer.
    [[nodiscard]] static Decision decide(std::span<trial> all) noexcept {
        const bool gathered = may_repeat(all) && gather(all);
        const Decision seen = look(all, true);
        if (!seen.allowed) return seen;
        const Decision decision = spend(all);
        if (decision.allowed || decision.error != Errc::none || !gathered) return decision;
        const Decision now = look(all, false);
        return now.allowed ? decision : now;
    }

private:
    static constexpr auto clock = [](Clock which) { return primitives::read_clock(which); };

    [[nodiscard]] static const primitives::limiter& bound_of(const trial& each) noexcept {
        return each.of->limiter.handle_->bound();
    }

    // Whether a key may be here twice; false when it is not. Among many it is cheaper not to ask.
    [[nodiscard]] static bool may_repeat(std::span<const trial> all) noexcept {
        if (all.size() > few) return true;
        for (std::size_t i = 1; i < all.size(); ++i)
            for (const trial& before : all.first(i))
                if (before.of->key == all[i].of->key &&
                    bound_of(before).place().incarnation == bound_of(all[i]).place().incarnation)
                    return true;
        return false;
    }

    // Several demands on one key must fit into it together, and what one of them would be told alone is not how long to wait for all. So one asks for all of
    // them. Whether there are any. In n log n steps.
    [[nodiscard]] static bool gather(std::span<trial> all) noexcept {
        if (std::ranges::any_of(all, [](const trial& each) { return each.of->cost < 0; })) return false;  // an error
        for (trial& each : all) each.from = {bound_of(each).place().incarnation, bound_of(each).hash()(each.of->key)};
        std::ranges::sort(all, {}, &trial::from);
        bool any = false;
        for (std::size_t first = 0, i = 1; i < all.size(); ++i) {
            if (all[i].from != all[first].from) {
                first = i;
                continue;
            }
            all[first].asks = sum_of(all[first].asks, std::exchange(all[i].asks, 0));
            any = true;
        }
        std::ranges::sort(all, {}, &trial::of);  // in their order again
        return any;
    }

    // Looks at all of them before anything is spent: a denial writes nothing but counts, one for each key of each limiter that denied.
    [[nodiscard]] static Decision look(std::span<const trial> all, bool counts) noexcept {
        Decision worst{.allowed = true};
        for (const trial& each : all) {
            const Limiter& limiter = each.of->limiter;
            const Decision seen = limiter.peek(each.of->key, each.asks);
            if (seen.allowed) continue;
            worst = strictest(worst, seen);
            if (counts && seen.error == Errc::none)
                limiter.handle_->bound().count_denial({.key = each.of->key, .cost = each.asks}, seen);
        }
        return worst;
    }

    // When one denies, those before it are as if they had never been asked.
    [[nodiscard]] static Decision spend(std::span<trial> all) noexcept {
        Decision passed{.allowed = true, .limit = 0, .remaining = ~0ULL};
        for (std::size_t i = 0; i < all.size(); ++i) {
            attempt(all[i]);
            if (!all[i].answer.allowed) {
                for (const trial& each : std::views::reverse(all.first(i))) each.asked->undo(each.made, clock);
                return all[i].answer;
            }
            passed = tightest(passed, all[i].answer);
        }
        for (const trial& each : all) each.asked->keep(each.wanted(), each.made, each.answer);
        return passed;
    }

    static void attempt(trial& each) noexcept {
        each.answer = each.of->limiter.handle_->with([&each](const primitives::limiter& bound) {
            each.asked = &bound;
            return bound.attempt(each.wanted(), each.made, clock);
        });
    }
};

// Memory is taken before anything is looked at, so that nothing is spent when there is none.
Decision check_all(std::span<const Demand> demands) noexcept try {
    using client::together;
    alignas(together::trial) std::array<std::byte, together::few * sizeof(together::trial)> room;
    std::pmr::monotonic_buffer_resource memory{room.data(), room.size()};
    std::pmr::vector<together::trial> all{&memory};
    all.reserve(demands.size());
    for (const Demand& each : demands) all.push_back({.of = &each, .asks = each.cost});
    return together::decide(all);
} catch (...) {
    return {.error = Errc::no_space};
}

}  // namespace seki
