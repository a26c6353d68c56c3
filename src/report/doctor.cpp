#include "report/doctor.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "layout/directory.hpp"
#include "primitives/clock.hpp"
#include "primitives/law.hpp"
#include "primitives/limiter_options.hpp"
#include "primitives/limiter_table.hpp"
#include "report/text.hpp"
#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/liveness.hpp"

namespace seki::report {
namespace {

using shm::hardware;

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
        for (const auto& each : sound_) look_at_limiter(each);
        look_at_workers();
        return std::move(found_);
    }

private:
    void add(invariant broken, std::string place, std::string what, std::function<void()> mend) {
        if (found_.size() < most_) found_.push_back({{broken, std::move(place), std::move(what)}, std::move(mend)});
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
            if (!found) {
                const bool known = hardware::load_acquire(directory.entry(index).kind) ==
                                   static_cast<std::uint64_t>(layout::kind::limiter);
                add(known ? invariant::entry_fits : invariant::entry_known, place,
                    "its numbers do not fit together: no process can use it; repair deletes it", removal(index));
                continue;
            }
            if (!primitives::check_name("limiter", found->name))
                add(invariant::name_valid, place,
                    fmt::format("its name {} could not have been given; repair deletes it", for_terminal(found->name)),
                    removal(index));
            else if (!names.emplace(found->kind, found->name).second)
                add(invariant::name_unique, place,
                    fmt::format("the name {} stands twice; repair deletes the second", found->name), removal(index));
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
            if (const auto issued = hardware::load_acquire(where_.header().next_incarnation);
                found->incarnation > issued)
                add(invariant::incarnation_issued, place,
                    fmt::format("incarnation {} was never issued; repair raises the counter", found->incarnation),
                    [this, issued = found->incarnation] {
                        hardware::store_release(where_.header().next_incarnation, issued);
                    });
        }
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
        const auto terms = primitives::unpack(in_force.values);
        if (primitives::pack(terms) != in_force.values && shm::in_force(entry, in_force.version))
            add(invariant::terms_sane, fmt::format("limiter \"{}\"", at.name),
                "its terms are not what any options give; repair puts those in force that it decides by",
                [&entry, terms] { shm::publish_terms(entry, primitives::pack(terms)); });
        look_at_slots(at, terms);
        look_at_stripes(at);
    }

    void look_at_slots(const shm::placement& at, const primitives::limiter_terms& terms) {
        const auto tables = primitives::tables_of(where_, at);
        std::map<std::uint64_t, std::size_t> seen;
        const std::uint64_t now = primitives::read_clock(Clock::precise);
        for (std::size_t index = 0; index < tables.keys.slot_count(); ++index) {
            layout::pair& slot = tables.keys.slot(index);
            const layout::pair_value content{hardware::load_first_acquire(slot), hardware::load_second_acquire(slot)};
            const auto place = [&] { return fmt::format("limiter \"{}\", slot {}", at.name, index); };
            // Only if it still stands there: the two words may have been halves of different contents.
            const auto clear = [&slot, content, stamp = (at.incarnation << 16 | 0xffff) & ~layout::ticket_bit] {
                (void)hardware::cas_pair(slot, content, {0, stamp});
            };
            const bool torn = hardware::load_first_acquire(slot) != content.first ||
                              hardware::load_second_acquire(slot) != content.second;
            if (torn) continue;
            if ((content.first & layout::tag_bit) == 0) {
                if (content.first != 0 || (content.second & layout::ticket_bit) != 0)
                    add(invariant::empty_stamped, place(), "it is neither empty nor a key; repair empties it", clear);
                continue;
            }
            if ((content.second & layout::ticket_bit) != 0) continue;
            if (!tables.keys.belongs(content.first, index)) {
                add(invariant::key_in_bucket, place(), "a key that belongs elsewhere stands here; repair forgets it",
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
                    "its state lies further ahead than any decision reaches; repair forgets it", clear);
            if (const auto [other, first] = seen.emplace(content.first, index);
                !first && still_both(tables.keys, other->second, index, content.first))
                add(invariant::key_unique, place(),
                    fmt::format("the key of slot {} stands here too; repair forgets this one", other->second), clear);
        }
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
                "it names no possible insert; repair makes it idle, with the next sequence number",
                [&stripe, content, now, stamp = at.incarnation] {
                    (void)hardware::cas_pair(stripe, content,
                                             {stamp, layout::pack(layout::transaction{.sequence = now.sequence + 1})});
                });
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
        case invariant::worker_owned: return "worker_owned";
    }
    return "unknown";
}

std::vector<finding> examine(const shm::segment& where, std::size_t most) {
    std::vector<finding> findings;
    for (auto& each : examination{where, most}.run()) findings.push_back(std::move(each.told));
    return findings;
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
