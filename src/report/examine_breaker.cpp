#include "report/examine_breaker.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "layout/breaker.hpp"
#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/clock.hpp"
#include "report/examine_terms.hpp"
#include "report/names.hpp"
#include "report/steady.hpp"
#include "shm/breaker_piece.hpp"

namespace seki::report {
namespace {

namespace law = algorithm::breaker;
using shm::hardware;

// Each of the first `n` outcomes is one, and nothing stands behind them.
bool holds(std::uint64_t outcomes, std::uint64_t n) noexcept {
    for (std::uint64_t i = 0; i < layout::outcomes_in_block; ++i)
        if ((outcomes >> 2 * i & 3) == 0 ? i < n : i >= n) return false;
    return true;
}

class look_at {
public:
    look_at(examination& into, const shm::placement& at)
        : into_{into},
          at_{at},
          breaker_{shm::breaker_of(into.where(), at)},
          terms_{primitives::unpack_breaker(shm::read_wide_terms(shm::directory{into.where()}.entry(at.index)).values)
                     .law} {}

    void word() {
        const auto seen = steady(breaker_.block().state);
        if (!seen) return;
        const law::position position = law::unpack({seen->first, seen->second});
        const bool meant = law::pack(position).first == seen->first;
        if (meant && law::is_sane(position, now())) {
            if (law::leads(position.came_from, position.state)) return;
            into_.add(
                invariant::origin_possible, named(),
                fmt::format("it is said to have come from state {} to {}, which is no transition; repair closes it",
                            position.came_from, static_cast<unsigned>(position.state)),
                [this_ = *this] { this_.operate(law::event::reset); });
            return;
        }
        into_.add(invariant::breaker_possible, named(),
                  meant ? "it is in its state since a time to come; repair closes it"
                        : fmt::format("its word {:016x} is none; repair closes it", seen->first),
                  [this_ = *this] { this_.operate(law::event::reset); });
    }

    // Of a breaker that counts nothing they mean nothing.
    void windows() {
        const law::position position = breaker_.look();
        if (!law::counts(position.state)) return;
        const std::uint32_t generation = position.generation;
        if (const auto end = steady(breaker_.block().window_end))
            if (const auto block = layout::unpack_outcome_block(*end); block.generation == generation) judge_end(block);
        for (std::size_t i = 0; i < breaker_.ring().size(); ++i) {
            const auto kept = steady(breaker_.ring()[i]);
            if (!kept) continue;
            const auto block = layout::unpack_outcome_block(*kept);
            if (block.generation == generation) judge_block(block, i);
        }
    }

    // What is counted of its transitions, told of them, and asked about its probes.
    void accounts() {
        auto& counted = breaker_.block().transitions;
        for (std::size_t from = 0; from < counted.size(); ++from)
            for (std::size_t to = 0; to < counted.size(); ++to)
                if (!law::leads(from, static_cast<law::state>(to))) judge_count(counted[from][to], from, to);
        judge_told();
        layout::word& looked = breaker_.block().looked;
        if (const std::uint64_t at = hardware::load_acquire(looked); at > now() + law::clock_slack)
            into_.add(invariant::owners_asked, named(),
                      fmt::format("the owners of its probes were asked after at {} ns, which is in the future; repair "
                                  "forgets that",
                                  at),
                      examination::exchange(looked, at, 0));
    }

    void places() {
        const std::uint32_t generation = breaker_.look().generation;
        for (std::size_t i = 0; i < breaker_.all_places().size(); ++i) {
            layout::pair& place = breaker_.all_places()[i];
            const auto seen = steady(place);
            if (!seen || layout::place_generation(seen->first) != generation) continue;
            const name_standing owner = owner_of(*seen);
            if (owner == name_standing::issued) continue;
            const bool nowhere = owner == name_standing::of_no_slot;
            into_.add(nowhere ? invariant::probe_owned : invariant::probe_issued,
                      fmt::format("{}, probe {}", named(), i),
                      nowhere ? "its place belongs to a process slot that there is not; repair gives it back"
                              : fmt::format("its place belongs to generation {} of a process slot that has not come to "
                                            "it; repair gives it back",
                                            layout::owner_generation(seen->second)),
                      examination::exchange(place, *seen, {layout::pack_place(generation, layout::place::free), 0}));
        }
    }

private:
    [[nodiscard]] static std::uint64_t now() noexcept { return primitives::read_clock(Clock::precise); }
    [[nodiscard]] std::string named() const { return fmt::format("breaker \"{}\"", at_.name); }

    void operate(law::event what) const {
        const primitives::emitter events{into_.where(), at_};
        breaker_.operate(what, terms_, primitives::onlooker{into_.where(), at_, events});
    }

    void judge_end(const layout::outcome_block& end) {
        const std::uint64_t in_block = end.number % layout::outcomes_in_block;
        const std::uint64_t n = end.number > 0 && in_block == 0 ? layout::outcomes_in_block : in_block;
        if (!holds(end.outcomes, n)) found_in_window("the latest outcomes are not as many as they are said to be");
    }

    // A block is put there when the window has come to its end, and the window never goes back: so the end is looked at after the block.
    void judge_block(const layout::outcome_block& block, std::size_t index) {
        if (!holds(block.outcomes, layout::outcomes_in_block))
            found_in_window("a full block of outcomes has holes");
        else if (block.number % breaker_.ring().size() != index)
            found_in_window(fmt::format("block {} of its outcomes stands in place {}", block.number, index),
                            invariant::block_placed);
        else if (const auto found = steady(breaker_.block().window_end)) {
            const auto end = layout::unpack_outcome_block(*found);
            if (end.generation == block.generation && end.number / layout::outcomes_in_block <= block.number)
                found_in_window(fmt::format("block {} of its outcomes is full, and there were {} of them", block.number,
                                            end.number),
                                invariant::block_over);
        }
    }

    void judge_count(layout::word& counted, std::size_t from, std::size_t to) {
        const std::uint64_t found = hardware::load_acquire(counted);
        const auto seen = layout::unpack_transition_count(found);
        if (seen.count == 0) return;
        into_.add(invariant::transitions_possible, named(),
                  fmt::format("it is said to have gone {} times from state {} to {}, which is no transition; repair "
                              "counts none",
                              seen.count, from, to),
                  examination::exchange(counted, found, layout::pack(layout::transition_count{seen.generation, 0})));
    }

    // By the same arithmetic as the ledger's (daemon/change_ledger.hpp): of two generations the one that is less than half of all ahead is the later one.
    void judge_told() {
        layout::word& told = breaker_.block().told;
        const std::uint64_t found = hardware::load_acquire(told);
        const std::uint32_t generation = breaker_.look().generation;  // after it: it only rises
        const bool ahead = static_cast<std::int32_t>(static_cast<std::uint32_t>(found) - generation) > 0;
        if (found >> 32 == 0 && !ahead) return;
        into_.add(
            invariant::told_reached, named(),
            fmt::format("its changes are told up to generation {}, and it is in {}; repair takes all that were as "
                        "told",
                        found, generation),
            examination::exchange(told, found, generation));
    }

    void found_in_window(std::string_view what, invariant broken = invariant::window_whole) {
        if (std::exchange(told_of_window_, true)) return;
        into_.add(broken, named(), fmt::format("{}; repair empties the window", what),
                  [this_ = *this] { this_.operate(law::event::renew); });
    }

    // A place that nobody has is as good as one of a process that there was.
    [[nodiscard]] name_standing owner_of(layout::pair_value seen) const {
        const auto standing = layout::place_standing(seen.first);
        if (standing != layout::place::taken) {
            const bool empty = (standing == layout::place::free || standing == layout::place::ok) && seen.second == 0;
            return empty ? name_standing::issued : name_standing::of_no_slot;
        }
        return seen.second == layout::nameless_owner ? name_standing::issued : look_at_name(into_.where(), seen.second);
    }

    examination& into_;
    const shm::placement& at_;
    shm::breaker<> breaker_;
    law::terms terms_;
    bool told_of_window_ = false;
};

}  // namespace

void examine_breaker(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<BreakerOptions>(values, at); });
    into.judge_by(0);
    look_at found{into, at};
    found.word();
    found.windows();
    found.places();
    found.accounts();
}

}  // namespace seki::report
