#include "shm/directory.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "shm/bulkhead_piece.hpp"
#include "shm/directory_entry.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::shm {
namespace {

bool fits_together(const segment& where, const placement& found) noexcept {
    if (found.kind == layout::kind::none || found.kind > layout::last_kind) return false;
    if (found.arena_offset % layout::page != 0 || found.arena_size % layout::page != 0) return false;
    if (found.arena_size != 0 && where.arena(found.arena_offset, found.arena_size).empty()) return false;
    return can_be(found.kind, found.shape, found.arena_size);
}

std::span<word> words_of(std::span<std::byte> bytes) noexcept {
    return {reinterpret_cast<word*>(bytes.data()), bytes.size() / sizeof(word)};
}

}  // namespace

std::optional<placement> directory::read(std::uint32_t index) const {
    placement found = entry_words{where_.directory()[index]}.read();
    found.index = index;
    if (!fits_together(where_, found)) return std::nullopt;
    return found;
}

std::optional<placement> directory::at(std::uint32_t index) const {
    const auto entries = where_.directory();
    if (index >= entries.size()) return std::nullopt;
    auto found = entry_words{entries[index]}.read_published();
    if (!found || !fits_together(where_, *found)) return std::nullopt;
    found->index = index;
    return found;
}

std::vector<placement> directory::list() const {
    std::vector<placement> all;
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index)
        if (auto found = at(index)) all.push_back(std::move(*found));
    return all;
}

std::vector<placement> directory::list(layout::kind kind) const {
    std::vector<placement> all;
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index) {
        // Most of what others list is of other kinds, and looking at an entry means to copy its name.
        if (static_cast<layout::kind>(hardware::load_acquire(where_.directory()[index].kind)) != kind) continue;
        if (auto found = at(index); found && found->kind == kind) all.push_back(std::move(*found));
    }
    return all;
}

std::optional<placement> directory::find(layout::kind kind, std::string_view name) const {
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index)
        if (auto found = at(index); found && found->kind == kind && found->name == name) return found;
    return std::nullopt;
}

bool directory::kept(std::uint32_t index) const {
    const layout::directory_entry& entry = where_.directory()[index];
    return hardware::load_acquire(entry.incarnation) == 0 &&
           keeps_its_piece(static_cast<layout::kind>(hardware::load_acquire(entry.kind))) && read(index);
}

std::vector<placement> directory::list_kept() const {
    std::vector<placement> all;
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index)
        if (kept(index))
            if (auto found = read(index)) all.push_back(std::move(*found));
    return all;
}

std::vector<placement> directory::claimed() const {
    std::vector<placement> all = list();
    std::ranges::move(list_kept(), std::back_inserter(all));
    return all;
}

// For who found no room: some of it waits for others.
std::string directory::what_is_kept() const {
    const std::vector<placement> all = list_kept();
    if (all.empty()) return {};
    std::uint64_t bytes = 0;
    for (const placement& each : all) bytes += each.arena_size;
    return fmt::format(" ({} KiB in {} entries are kept of what was deleted, for others of the same kind and size)",
                       bytes >> 10, all.size());
}

std::uint64_t directory::arena_used() const {
    std::uint64_t used = 0;
    for (const placement& each : claimed()) used += each.arena_size;
    return used;
}

// First fit between the pieces that published entries claim.
Result<std::uint64_t> directory::find_space(const request& wanted, std::uint64_t bytes) const {
    std::vector<placement> taken = claimed();
    std::ranges::sort(taken, {}, &placement::arena_offset);
    std::uint64_t start = where_.parts().arena_offset;
    std::uint64_t largest = 0;
    const auto consider = [&](std::uint64_t end) {
        const std::uint64_t gap = end > start ? end - start : 0;
        largest = std::max(largest, gap);
        return gap >= bytes;
    };
    for (const placement& each : taken) {
        if (consider(each.arena_offset)) return start;
        start = std::max(start, each.arena_offset + each.arena_size);
    }
    if (consider(where_.parts().size)) return start;
    return std::unexpected(Error{
        Errc::no_space,
        fmt::format("{} \"{}\": needs {} KiB, and the largest free piece of segment {} has {} KiB{}: {}, delete a "
                    "primitive, or make the segment anew with a larger [segment] size",
                    to_string(wanted.kind), wanted.name, bytes >> 10, where_.path().string(), largest >> 10,
                    what_is_kept(), wanted.kind == layout::kind::limiter ? "lower max_keys" : "make it smaller")});
}

namespace {

// Asks of holders until one lives.
struct seeker_of_one {
    const segment& where;
    bool somebody = false;
    static std::uint64_t now() noexcept { return process_seeker::now(); }
    [[nodiscard]] bool alive(std::uint64_t owner) noexcept { return somebody = holder_lives(where, owner); }
    [[nodiscard]] bool tired() const noexcept { return somebody; }
    static void rest() noexcept {}  // one is enough, wherever
    static void reclaimed(std::uint64_t /*owner*/) noexcept {}
};

// Whether nobody holds anything in it. A holder of a permit that lives keeps the piece from being used: it would count among the holders of the next
// bulkhead. What is held in a breaker names its generation, and means nothing to the next.
bool is_deserted(const segment& where, const placement& kept) {
    if (!has_permits(kept.kind)) return true;
    const auto permits = permits_of(where, kept);
    permits.reclaim(seeker_of_one{where});
    return permits.deserted();
}

}  // namespace

// A piece of the same kind and shape that an earlier one left, if nobody is in it any more.
std::optional<placement> directory::find_kept(const request& wanted, std::uint64_t bytes) const {
    if (!keeps_its_piece(wanted.kind)) return std::nullopt;
    const std::vector<placement> published = list();
    for (placement& each : list_kept()) {
        if (each.kind != wanted.kind || each.shape != wanted.shape || each.arena_size != bytes) continue;
        const bool anothers = std::ranges::any_of(published, [&](const placement& other) {  // a scribbler's entry
            return each.arena_offset < other.arena_offset + other.arena_size &&
                   other.arena_offset < each.arena_offset + each.arena_size;
        });
        if (!anothers && is_deserted(where_, each)) return each;
    }
    return std::nullopt;
}

Result<placement> directory::find_place(const request& wanted, std::uint64_t bytes) const {
    if (auto found = find_kept(wanted, bytes)) return *std::move(found);
    const auto entries = where_.directory();
    std::uint32_t index = 0;
    while (index < entries.size() && (hardware::load_relaxed(entries[index].incarnation) != 0 || kept(index))) ++index;
    if (index == entries.size())
        return std::unexpected(Error{
            Errc::no_space,
            fmt::format("{} \"{}\": the segment {} holds max_primitives = {} already{}: delete one, or make "
                        "the segment anew with a larger max_primitives",
                        to_string(wanted.kind), wanted.name, where_.path().string(), entries.size(), what_is_kept())});
    const auto offset = find_space(wanted, bytes);
    if (!offset) return std::unexpected(offset.error());
    return placement{
        .index = index, .kind = wanted.kind, .shape = wanted.shape, .arena_offset = *offset, .arena_size = bytes};
}

Result<placement> directory::create(const request& wanted, const std::function<void(const placement&)>& fill) const {
    auto made = find_place(wanted, whole_pages(wanted.arena_bytes));
    if (!made) return made;
    const entry_words entry{where_.directory()[made->index]};
    if (!kept(made->index)) entry.give_piece(*made, words_of(where_.arena(made->arena_offset, made->arena_size)));

    made->name = wanted.name;
    made->created_unix_ns = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
    entry.publish(*made, wanted.initial, where_.header().next_incarnation, fill);
    return made;
}

void directory::remove(std::uint32_t index) const noexcept {
    if (index < where_.directory().size()) entry_words{entry(index)}.withdraw();
}

}  // namespace seki::shm
