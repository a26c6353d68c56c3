#include "report/examine_breaker.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "layout/breaker.hpp"
#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/clock.hpp"
#include "report/examine_terms.hpp"
#include "shm/breaker_piece.hpp"

namespace seki::report {
namespace {

namespace law = algorithm::breaker;
using shm::hardware;

// Of a pair that stands still while it is looked at; nothing otherwise, as its halves may be of different contents.
std::optional<layout::pair_value> steady(const layout::pair& pair) noexcept {
    const auto seen = shm::read_halves<hardware>(pair);
    return shm::read_halves<hardware>(pair) == seen ? std::optional{seen} : std::nullopt;
}

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
        if (meant && law::is_sane(position, now())) return;
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
        for (const layout::pair& place : breaker_.ring()) {
            const auto kept = steady(place);
            if (!kept) continue;
            const auto block = layout::unpack_outcome_block(*kept);
            if (block.generation == generation && !holds(block.outcomes, layout::outcomes_in_block))
                found_in_window("a full block of outcomes has holes");
        }
    }

    void places() {
        const std::uint32_t generation = breaker_.look().generation;
        for (std::size_t i = 0; i < breaker_.all_places().size(); ++i) {
            layout::pair& place = breaker_.all_places()[i];
            const auto seen = steady(place);
            if (!seen || layout::place_generation(seen->first) != generation || is_possible(*seen)) continue;
            into_.add(invariant::probe_owned, fmt::format("{}, probe {}", named(), i),
                      "its place belongs to a process slot that there is not; repair gives it back",
                      [&place, seen = *seen, generation] {
                          (void)hardware::cas_pair(place, seen,
                                                   {layout::pack_place(generation, layout::place::free), 0});
                      });
        }
    }

private:
    [[nodiscard]] static std::uint64_t now() noexcept { return primitives::read_clock(Clock::precise); }
    [[nodiscard]] std::string named() const { return fmt::format("breaker \"{}\"", at_.name); }

    void operate(law::event what) const {
        const primitives::emitter events{into_.where(), at_};
        breaker_.operate(what, terms_, primitives::onlooker{into_.where(), events});
    }

    void judge_end(const layout::outcome_block& end) {
        const std::uint64_t in_block = end.number % layout::outcomes_in_block;
        const std::uint64_t n = end.number > 0 && in_block == 0 ? layout::outcomes_in_block : in_block;
        if (!holds(end.outcomes, n)) found_in_window("the latest outcomes are not as many as they are said to be");
    }

    void found_in_window(const char* what) {
        if (std::exchange(told_of_window_, true)) return;
        into_.add(invariant::window_whole, named(), fmt::format("{}; repair empties the window", what),
                  [this_ = *this] { this_.operate(law::event::renew); });
    }

    [[nodiscard]] bool is_possible(layout::pair_value seen) const {
        const auto standing = layout::place_standing(seen.first);
        if (standing != layout::place::taken)
            return (standing == layout::place::free || standing == layout::place::ok) && seen.second == 0;
        return seen.second == layout::nameless_owner ||
               layout::owner_process(seen.second) < into_.where().processes().size();
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
}

}  // namespace seki::report
