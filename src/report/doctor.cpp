#include "report/doctor.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "algorithm/window_number.hpp"
#include "layout/directory.hpp"
#include "primitives/clock.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_table.hpp"
#include "primitives/name.hpp"
#include "primitives/registry.hpp"
#include "report/text.hpp"
#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/liveness.hpp"
#include "shm/workers.hpp"

namespace seki::report {
namespace {

using shm::hardware;

// Incarnations stamp what is empty in a table, and below this they are never the stamp of a worker (shm/workers.hpp, next_stamp).
constexpr std::uint64_t incarnations_end = 1ULL << 47;

using primitives::limiter_terms;

// The window that `terms` say it is, if a state can hold its number: otherwise time stands still for the limiter.
bool counts_windows(const limiter_terms& terms) {
    if (primitives::is_bucket(terms.algorithm)) return true;
    const unsigned counts =
        terms.algorithm == Algorithm::sliding_window ? 2 * terms.count_bits : algorithm::fixed_window::count_bits;
    const std::uint64_t last = (1ULL << (63 - counts)) - 1;
    const auto at = algorithm::locate(primitives::read_clock(Clock::precise), terms.window_ns, terms.shift, last);
    return at.number >= 0 && static_cast<std::uint64_t>(at.number) < last;
}

// Whether options that are accepted compile to these terms; the shift and the bits of a count are older than the options.
bool sane(const shm::terms& values, const shm::placement& at) {
    const limiter_terms terms = primitives::unpack(values);
    if (primitives::pack(terms) != values || !counts_windows(terms)) return false;
    const LimiterOptions options = primitives::to_options(terms, at.shape);
    if (!primitives::limiters::validate(at.name, options)) return false;
    limiter_terms again = primitives::compile(options);
    again.shift = terms.shift;
    again.count_bits = terms.count_bits;
    return again == terms;
}

// One broken invariant with its remedy. examine() tells, repair() mends.
struct trouble {
    finding told;
    std::function<void()> mend;
};

class examination {
public:
    examination(const shm::segment& where, std::size_t most) : where_{where}, most_{most} {}

    std::vector<trouble> run() {
        look_at_entries();
        look_at_issue();
        for (const auto& each : sound_)
            if (each.kind == layout::kind::limiter) look_at_limiter(each);
        look_at_processes();
        look_at_workers();
        return std::move(found_);
    }

private:
    void add(invariant broken, std::string place, std::string what, std::function<void()> mend) {
        if (found_.size() < most_)
            found_.push_back({{broken, std::move(place), std::move(what), terms_version_}, std::move(mend)});
    }

    [[nodiscard]] std::function<void()> removal(std::uint32_t index) const {
        return [this, index] { shm::directory{where_}.remove(index); };
    }

    void look_at_entries() {
        const shm::directory directory{where_};
        std::set<std::pair<layout::kind, std::string>> names;
        std::set<std::uint64_t> incarnations;
        for (std::uint32_t index = 0; index < where_.directory().size(); ++index) {
            const std::uint64_t incarnation = hardware::load_acquire(directory.entry(index).incarnation);
            if (incarnation == 0) continue;
            const std::string place = fmt::format("directory entry {}", index);
            const auto found = directory.at(index);
            // Deleted while it was looked at?
            if (hardware::load_acquire(directory.entry(index).incarnation) != incarnation) continue;
            if (!found || incarnation >= incarnations_end) {
                const std::uint64_t kind = hardware::load_acquire(directory.entry(index).kind);
                const bool known = kind != 0 && kind <= static_cast<std::uint64_t>(layout::last_kind);
                add(known ? invariant::entry_fits : invariant::entry_known, place,
                    "its numbers do not fit together: no process can use it; repair deletes it", removal(index));
                continue;
            }
            if (!primitives::check_name(shm::to_string(found->kind), found->name))
                add(invariant::name_valid, place,
                    fmt::format("its name {} could not have been given; repair deletes it", for_terminal(found->name)),
                    removal(index));
            else if (!names.emplace(found->kind, found->name).second)
                add(invariant::name_unique, place,
                    fmt::format("the {} \"{}\" stands twice; repair deletes the second", shm::to_string(found->kind),
                                found->name),
                    removal(index));
            else if (!incarnations.insert(found->incarnation).second)
                add(invariant::incarnation_unique, place,
                    fmt::format("incarnation {} stands twice; repair deletes the second", found->incarnation),
                    removal(index));
            else if (overlaps(*found))
                add(invariant::arena_disjoint, place,
                    fmt::format("the tables of {} overlap those of another; repair deletes it", found->name),
                    removal(index));
            else
                sound_.push_back(*found);
        }
    }

    void look_at_issue() {
        const std::uint64_t issued = hardware::load_acquire(where_.header().next_incarnation);
        std::uint64_t latest = 0;
        for (const auto& each : sound_) latest = std::max(latest, each.incarnation);
        if (latest <= issued && issued < incarnations_end) return;
        // Beyond what the deleted ones may have had, whose handles are still about.
        constexpr std::uint64_t margin = 1U << 20;
        add(invariant::incarnation_issued, "header",
            fmt::format("incarnation {} was issued, and the latest in use is {}; repair sets the counter anew", issued,
                        latest),
            [this, latest] { hardware::store_release(where_.header().next_incarnation, latest + margin); });
    }

    [[nodiscard]] bool overlaps(const shm::placement& one) const {
        return std::ranges::any_of(sound_, [&](const shm::placement& other) {
            return one.arena_offset < other.arena_offset + other.arena_size &&
                   other.arena_offset < one.arena_offset + one.arena_size;
        });
    }

    void look_at_limiter(const shm::placement& at) {
        auto& entry = shm::directory{where_}.entry(at.index);
        const auto in_force = shm::read_terms(entry);
        terms_version_ = in_force.version;
        look_at_terms(at, entry, in_force);
        look_at_slots(at, primitives::unpack(in_force.values));
        look_at_stripes(at);
        terms_version_ = 0;
    }

    void look_at_terms(const shm::placement& at, layout::directory_entry& entry, const shm::terms_in_force& now) {
        const auto made_with = shm::read_creation_terms(entry);
        const bool sane_now = sane(now.values, at);
        const bool sane_then = sane(made_with, at);
        const auto place = fmt::format("limiter \"{}\"", at.name);
        if (!shm::in_force(entry, now.version)) return;
        if (!sane_now && !sane_then)
            add(invariant::terms_sane, place,
                "neither its terms nor those of its creation are what any options give; "
                "repair deletes it",
                removal(at.index));
        else if (!sane_now)
            add(invariant::terms_sane, place,
                "its terms are not what any options give; repair goes back to those of "
                "its creation",
                [&entry, made_with] { shm::publish_terms(entry, made_with); });
        else if (!sane_then)
            add(invariant::terms_sane, place,
                "the terms of its creation are not what any options give; repair writes "
                "those that are in force",
                [&entry, values = now.values] {
                    for (std::size_t i = 0; i < values.size(); ++i)
                        hardware::store_release(entry.made_with.values[i], values[i]);
                });
    }

    void look_at_slots(const shm::placement& at, const primitives::limiter_terms& terms) {
        const auto tables = primitives::tables_of(where_, at);
        std::unordered_map<std::uint64_t, std::size_t> seen;
        const std::uint64_t now = primitives::read_clock(Clock::precise);
        for (std::size_t index = 0; index < tables.keys.slot_count(); ++index) {
            layout::pair& slot = tables.keys.slot(index);
            const layout::pair_value content{hardware::load_first_acquire(slot), hardware::load_second_acquire(slot)};
            const auto place = [&] { return fmt::format("limiter \"{}\", slot {}", at.name, index); };
            // Only if it still stands there: the two words may have been halves of different contents.
            const auto clear = [this, &slot, content] { (void)hardware::cas_pair(slot, content, {stamp(), 0}); };
            const bool torn = hardware::load_first_acquire(slot) != content.first ||
                              hardware::load_second_acquire(slot) != content.second;
            if (torn) continue;
            if ((content.first & layout::tag_bit) == 0) {
                if (content.second != 0)
                    add(invariant::empty_stamped, place(),
                        fmt::format("it is neither empty nor a key: {:016x} {:016x}; repair empties it", content.first,
                                    content.second),
                        clear);
                continue;
            }
            if ((content.second & layout::ticket_bit) != 0) continue;
            if (!tables.keys.belongs(content.first, index)) {
                add(invariant::key_in_bucket, place(),
                    fmt::format("key #{:016x} stands here and belongs elsewhere; repair forgets it", content.first),
                    clear);
                continue;
            }
            const bool possible = primitives::with_law(terms, [&](const auto& law) {
                // The furthest that decisions of this law reach: a backlog of the whole capacity, from a clock a moment ahead.
                constexpr std::uint64_t moment = 60'000'000'000;
                return law.check(content.second, now, 0).reset_after <= law.reach() + moment;
            });
            if (!possible)
                add(invariant::key_possible, place(),
                    fmt::format(
                        "the state of key #{:016x} lies further ahead than any decision reaches; repair forgets it",
                        content.first),
                    clear);
            if (const auto [other, first] = seen.emplace(content.first, index);
                !first && still_both(tables.keys, other->second, index, content.first))
                add(invariant::key_unique, place(),
                    fmt::format("key #{:016x} stands here and in slot {}; repair forgets this one", content.first,
                                other->second),
                    clear);
        }
    }

    // As a worker that found no slot of its own would take it, so that it is nobody else's.
    [[nodiscard]] std::uint64_t stamp() const {
        const std::size_t shared = where_.parts().max_workers;
        return shm::next_stamp(
            {.slot = &where_.worker(shared), .stamp_base = (std::uint64_t{shared} + 1) << 47, .shared = true});
    }

    // The walk takes time: a key may have left the first place before it came to the second.
    [[nodiscard]] static bool still_both(const shm::key_table<>& keys, std::size_t one, std::size_t other,
                                         std::uint64_t tag) {
        const auto is_key = [&](std::size_t index) {
            return hardware::load_first_acquire(keys.slot(index)) == tag &&
                   (hardware::load_second_acquire(keys.slot(index)) & layout::ticket_bit) == 0;
        };
        return is_key(other) && is_key(one) && is_key(other);
    }

    void look_at_stripes(const shm::placement& at) {
        const auto tables = primitives::tables_of(where_, at);
        for (std::size_t index = 0; index < tables.keys.stripe_count(); ++index) {
            layout::pair& stripe = tables.keys.stripe(index);
            const layout::pair_value content{hardware::load_first_acquire(stripe),
                                             hardware::load_second_acquire(stripe)};
            if (hardware::load_first_acquire(stripe) != content.first ||
                hardware::load_second_acquire(stripe) != content.second)
                continue;
            if (tables.keys.sound_stripe(index, content)) continue;
            const auto now = layout::unpack_transaction(content.second);
            add(invariant::stripe_whole, fmt::format("limiter \"{}\", stripe {}", at.name, index),
                fmt::format("its transaction {} of key #{:016x} is not possible; repair makes it idle", now.sequence,
                            content.first),
                [&stripe, content, now, stamp = at.incarnation] {
                    (void)hardware::cas_pair(stripe, content,
                                             {stamp, layout::pack(layout::transaction{.sequence = now.sequence + 1})});
                });
        }
    }

    void look_at_processes() {
        for (std::size_t index = 0; index < where_.processes().size(); ++index) {
            layout::process_slot& slot = where_.processes()[index];
            const layout::process_state state = shm::state_of(slot);
            if (state.stage == layout::stage::free || state.stage == layout::stage::live ||
                state.stage == layout::stage::claimed)
                continue;
            add(invariant::process_staged, fmt::format("process slot {}", index),
                "it is neither free nor taken; repair frees it",
                [&slot, state] { shm::advance(slot, state, {state.generation, 0, layout::stage::free}); });
        }
    }

    void look_at_workers() {
        for (std::size_t index = 0; index < where_.parts().max_workers; ++index) {
            layout::worker_slot& slot = where_.worker(index);
            const std::uint64_t owner = hardware::load_acquire(slot.owner);
            if (owner == 0) continue;
            const std::uint64_t process = layout::owner_process(owner);
            if (process >= where_.processes().size())
                add(invariant::worker_owned, fmt::format("worker slot {}", index),
                    "it belongs to a process slot that there is not; repair frees it", [&slot, owner] {
                        std::uint64_t expected = owner;
                        (void)hardware::cas_acq_rel(slot.owner, expected, 0);
                    });
        }
    }

    const shm::segment& where_;
    std::size_t most_;
    std::uint64_t terms_version_ = 0;  // of the limiter that is looked at
    std::vector<trouble> found_;
    std::vector<shm::placement> sound_;
};

}  // namespace

std::string_view to_string(invariant broken) noexcept {
    switch (broken) {
        case invariant::entry_fits: return "entry_fits";
        case invariant::entry_known: return "entry_known";
        case invariant::name_valid: return "name_valid";
        case invariant::name_unique: return "name_unique";
        case invariant::incarnation_issued: return "incarnation_issued";
        case invariant::incarnation_unique: return "incarnation_unique";
        case invariant::arena_disjoint: return "arena_disjoint";
        case invariant::terms_sane: return "terms_sane";
        case invariant::key_in_bucket: return "key_in_bucket";
        case invariant::key_unique: return "key_unique";
        case invariant::key_possible: return "key_possible";
        case invariant::empty_stamped: return "empty_stamped";
        case invariant::stripe_whole: return "stripe_whole";
        case invariant::process_staged: return "process_staged";
        case invariant::worker_owned: return "worker_owned";
    }
    return "unknown";
}

std::vector<finding> examine(const shm::segment& where, std::size_t most) {
    std::vector<finding> findings;
    for (auto& each : examination{where, most}.run()) findings.push_back(std::move(each.told));
    return findings;
}

std::vector<finding> confirmed(std::vector<finding> now, const std::vector<finding>& before) {
    std::erase_if(now, [&](const finding& each) { return std::ranges::find(before, each) == before.end(); });
    return now;
}

Result<std::size_t> repair(const shm::segment& where) {
    const auto lock = shm::administration::lock(where.path());
    if (!lock) return std::unexpected(lock.error());
    std::size_t mended = 0;
    // Deleting one primitive can bring another to light, so until nothing is left; each round mends something or is the last.
    for (int round = 0; round < 64; ++round) {
        examination look{where, ~std::size_t{0}};
        const auto found = look.run();
        if (found.empty()) break;
        for (const auto& each : found) each.mend();
        mended += found.size();
    }
    (void)shm::reap(where);
    return mended;
}

}  // namespace seki::report
