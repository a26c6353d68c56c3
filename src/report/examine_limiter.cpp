#include "report/examine_limiter.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "algorithm/window_number.hpp"
#include "primitives/clock.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_table.hpp"
#include "primitives/registry.hpp"
#include "report/examine_terms.hpp"
#include "shm/workers.hpp"

namespace seki::report {
namespace {

using primitives::limiter_terms;
using shm::hardware;

// The window that `terms` say it is, if a state can hold its number: otherwise time stands still for the limiter.
bool counts_windows(const limiter_terms& terms) {
    if (primitives::is_bucket(terms.algorithm)) return true;
    const unsigned counts =
        terms.algorithm == Algorithm::sliding_window ? 2 * terms.count_bits : algorithm::fixed_window::count_bits;
    const std::uint64_t last = (1ULL << (63 - counts)) - 1;
    const auto at = algorithm::locate(primitives::read_clock(Clock::precise), terms.window_ns, terms.shift, last);
    return at.number >= 0 && static_cast<std::uint64_t>(at.number) < last;
}

primitives::packed_terms first_line(const shm::wide_terms& values) {
    primitives::packed_terms first{};
    std::copy_n(values.begin(), first.size(), first.begin());
    return first;
}

// Whether options that are accepted compile to these terms; the shift and the bits of a count are older than the options.
bool sane(const shm::wide_terms& values, const shm::placement& at) {
    const limiter_terms terms = primitives::unpack(first_line(values));
    if (shm::widen(primitives::pack(terms)) != values || !counts_windows(terms)) return false;
    const LimiterOptions options = primitives::to_options(terms, at.shape);
    if (!primitives::limiters::validate(at.name, options)) return false;
    limiter_terms again = primitives::compile(options);
    again.shift = terms.shift;
    again.count_bits = terms.count_bits;
    return again == terms;
}

// As a worker that found no slot of its own would take it, so that it is nobody else's.
std::uint64_t stamp(const shm::segment& where) { return shm::next_stamp(shm::shared_worker(where)); }

// A worker's number and nonce, which was raised before the stamp was used; read after the stamp.
bool was_issued(const shm::segment& where, std::uint64_t stamp) {
    constexpr std::uint64_t nonce_mask = (1ULL << 47) - 1;
    const std::uint64_t worker = stamp >> 47;
    if (worker == 0 || worker > where.parts().max_workers + 1) return false;
    return (stamp & nonce_mask) <= (hardware::load_acquire(where.worker(worker - 1).nonce) & nonce_mask);
}

// The walk takes time: a key may have left the first place before it came to the second.
bool still_both(const shm::key_table<>& keys, std::size_t one, std::size_t other, std::uint64_t tag) {
    const auto is_key = [&](std::size_t index) {
        return hardware::load_first_acquire(keys.slot(index)) == tag &&
               (hardware::load_second_acquire(keys.slot(index)) & layout::ticket_bit) == 0;
    };
    return is_key(other) && is_key(one) && is_key(other);
}

void examine_slots(examination& into, const shm::placement& at, const limiter_terms& terms) {
    const auto tables = primitives::tables_of(into.where(), at);
    std::unordered_map<std::uint64_t, std::size_t> seen;
    std::uint64_t now = primitives::read_clock(Clock::precise);
    for (std::size_t index = 0; index < tables.keys.slot_count() && !into.full(); ++index) {
        layout::pair& slot = tables.keys.slot(index);
        const layout::pair_value content{hardware::load_first_acquire(slot), hardware::load_second_acquire(slot)};
        const auto place = [&] { return fmt::format("limiter \"{}\", slot {}", at.name, index); };
        // Only if it still stands there: the two words may have been halves of different contents.
        const auto clear = [&into, &slot, content] {
            (void)hardware::cas_pair(slot, content, {stamp(into.where()), 0});
        };
        const bool torn = hardware::load_first_acquire(slot) != content.first ||
                          hardware::load_second_acquire(slot) != content.second;
        if (torn) continue;
        if ((content.first & layout::tag_bit) == 0) {
            if (content.second != 0)
                into.add(invariant::empty_stamped, place(),
                         fmt::format("it is neither empty nor a key: {:016x} {:016x}; repair empties it", content.first,
                                     content.second),
                         clear);
            else if (content.first != tables.keys.stamp() && !was_issued(into.where(), content.first))
                into.add(
                    invariant::stamp_issued, place(),
                    fmt::format("it is empty with stamp {:016x}, which nobody has come to; repair gives it another",
                                content.first),
                    clear);
            continue;
        }
        if ((content.second & layout::ticket_bit) != 0) {
            if (!tables.keys.belongs(content.first, index) || !tables.keys.sound_ticket(content.first, content.second))
                into.add(invariant::ticket_possible, place(),
                         fmt::format("it is being given to key #{:016x} by transaction {:016x}, which is none; repair "
                                     "empties it",
                                     content.first, content.second),
                         clear);
            continue;
        }
        if (!tables.keys.belongs(content.first, index)) {
            into.add(invariant::key_in_bucket, place(),
                     fmt::format("key #{:016x} stands here and belongs elsewhere; repair forgets it", content.first),
                     clear);
            continue;
        }
        const auto is_possible = [&] {
            return primitives::with_law(terms, [&](const auto& law) {
                // The furthest that decisions of this law reach: a backlog of the whole capacity, from a clock a moment ahead.
                constexpr std::uint64_t moment = 60'000'000'000;
                return law.check(content.second, now, 0).reset_after <= law.reach() + moment;
            });
        };
        bool possible = is_possible();
        if (!possible) {
            // By a clock that was read after the slot was, before that is said: whoever was stopped on the way has one of long ago.
            now = primitives::read_clock(Clock::precise);
            possible = is_possible();
        }
        if (!possible)
            into.add(
                invariant::key_possible, place(),
                fmt::format("the state of key #{:016x} lies further ahead than any decision reaches; repair forgets it",
                            content.first),
                clear);
        if (const auto [other, first] = seen.emplace(content.first, index);
            !first && still_both(tables.keys, other->second, index, content.first))
            into.add(invariant::key_unique, place(),
                     fmt::format("key #{:016x} stands here and in slot {}; repair forgets this one", content.first,
                                 other->second),
                     clear);
    }
}

// The states of keys are read by it, so it is the same for every block of terms that there ever is.
void examine_count_bits(examination& into, const shm::placement& at) {
    auto& entry = shm::directory{into.where()}.entry(at.index);
    const auto now = shm::read_wide_terms(entry);
    const auto made_with = shm::read_creation_terms<layout::terms_in_block>(entry);
    const std::uint64_t bits = now.values[layout::term_count_bits], were = made_with[layout::term_count_bits];
    if (bits == were || !sane(now.values, at) || !sane(made_with, at) || !shm::in_force(entry, now.version)) return;
    into.add(invariant::terms_agree, fmt::format("limiter \"{}\"", at.name),
             fmt::format("its counts have {} bits, and had {} when it was made; repair goes back to the terms of its "
                         "creation",
                         bits, were),
             [&entry, made_with] { shm::publish_terms(entry, made_with); });
}

void examine_stripes(examination& into, const shm::placement& at) {
    const auto tables = primitives::tables_of(into.where(), at);
    for (std::size_t index = 0; index < tables.keys.stripe_count(); ++index) {
        layout::pair& stripe = tables.keys.stripe(index);
        const layout::pair_value content{hardware::load_first_acquire(stripe), hardware::load_second_acquire(stripe)};
        if (hardware::load_first_acquire(stripe) != content.first ||
            hardware::load_second_acquire(stripe) != content.second)
            continue;
        if (tables.keys.sound_stripe(index, content)) continue;
        const auto now = layout::unpack_transaction(content.second);
        into.add(invariant::stripe_whole, fmt::format("limiter \"{}\", stripe {}", at.name, index),
                 fmt::format("its transaction {} of key #{:016x} is not possible; repair makes it idle", now.sequence,
                             content.first),
                 [&stripe, content, now, stamp = tables.keys.stamp()] {
                     (void)hardware::cas_pair(stripe, content,
                                              {stamp, layout::pack(layout::transaction{.sequence = now.sequence + 1})});
                 });
    }
}

}  // namespace

void examine_limiter(examination& into, const shm::placement& at) {
    const auto in_force = shm::read_terms(shm::directory{into.where()}.entry(at.index));
    into.judge_by(in_force.version);
    examine_terms(into, at, [&](const shm::wide_terms& values) { return sane(values, at); });
    examine_count_bits(into, at);
    examine_slots(into, at, primitives::unpack(in_force.values));
    examine_stripes(into, at);
    into.judge_by(0);
}

}  // namespace seki::report
