#include "shm/directory.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace seki::shm {
namespace {

bool fits_together(const segment& where, const placement& found) noexcept {
    if (found.kind == layout::kind::none || found.kind > layout::last_kind) return false;
    if (found.arena_offset % layout::page != 0 || found.arena_size % layout::page != 0) return false;
    if (found.arena_size != 0 && where.arena(found.arena_offset, found.arena_size).empty()) return false;
    return can_be(found.kind, found.shape, found.arena_size);
}

shape read_shape(const layout::directory_entry& entry) noexcept {
    shape words{};
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = hardware::load_acquire(entry.shape[i]);
    return words;
}

std::string read_name(const layout::directory_entry& entry) {
    std::array<char, layout::name_size> text{};
    for (std::size_t i = 0; i < entry.name.size(); ++i) {
        const std::uint64_t piece = hardware::load_acquire(entry.name[i]);
        std::memcpy(&text[i * sizeof(piece)], &piece, sizeof(piece));
    }
    return {text.data(), strnlen(text.data(), text.size())};
}

void write_name(layout::directory_entry& entry, std::string_view name) noexcept {
    std::array<char, layout::name_size> text{};
    name.copy(text.data(), text.size() - 1);
    for (std::size_t i = 0; i < entry.name.size(); ++i) {
        std::uint64_t piece = 0;
        std::memcpy(&piece, &text[i * sizeof(piece)], sizeof(piece));
        hardware::store_release(entry.name[i], piece);
    }
}

}  // namespace

std::optional<placement> directory::at(std::uint32_t index) const {
    const auto entries = where_.directory();
    if (index >= entries.size()) return std::nullopt;
    const layout::directory_entry& entry = entries[index];
    const std::uint64_t incarnation = hardware::load_acquire(entry.incarnation);  // pairs with create()
    if (incarnation == 0) return std::nullopt;
    // Acquire, so that `incarnation` is read again after them; pairs with the release stores in create().
    const auto fact = [](const layout::word& word) { return hardware::load_acquire(word); };
    placement found{.index = index,
                    .incarnation = incarnation,
                    .kind = static_cast<layout::kind>(fact(entry.kind)),
                    .name = read_name(entry),
                    .created_unix_ns = fact(entry.created_unix_ns),
                    .shape = read_shape(entry),
                    .arena_offset = fact(entry.arena_offset),
                    .arena_size = fact(entry.arena_size)};
    // The entry may have been deleted and used again while it was copied.
    if (hardware::load_acquire(entry.incarnation) != incarnation || !fits_together(where_, found)) return std::nullopt;
    return found;
}

std::vector<placement> directory::list() const {
    std::vector<placement> all;
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index)
        if (auto found = at(index)) all.push_back(std::move(*found));
    return all;
}

std::vector<placement> directory::list(layout::kind kind) const {
    std::vector<placement> all = list();
    std::erase_if(all, [kind](const placement& each) { return each.kind != kind; });
    return all;
}

std::optional<placement> directory::find(layout::kind kind, std::string_view name) const {
    for (std::uint32_t index = 0; index < where_.directory().size(); ++index)
        if (auto found = at(index); found && found->kind == kind && found->name == name) return found;
    return std::nullopt;
}

std::uint64_t directory::arena_used() const {
    std::uint64_t used = 0;
    for (const placement& each : list()) used += each.arena_size;
    return used;
}

// First fit between the pieces that published entries claim.
Result<std::uint64_t> directory::find_space(const request& wanted, std::uint64_t bytes) const {
    if (bytes == 0) return where_.parts().arena_offset;
    std::vector<placement> taken = list();
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
    return std::unexpected(
        Error{Errc::no_space,
              fmt::format("{} \"{}\": needs {} KiB, and the largest free piece of segment {} has {} KiB: {}, delete a "
                          "primitive, or make the segment anew with a larger [segment] size",
                          to_string(wanted.kind), wanted.name, bytes >> 10, where_.path().string(), largest >> 10,
                          wanted.kind == layout::kind::limiter ? "lower max_keys" : "make it smaller")});
}

Result<placement> directory::create(const request& wanted, const std::function<void(const placement&)>& fill) const {
    const auto entries = where_.directory();
    const auto free =
        std::ranges::find_if(entries, [](const auto& each) { return hardware::load_relaxed(each.incarnation) == 0; });
    if (free == entries.end())
        return std::unexpected(
            Error{Errc::no_space,
                  fmt::format("{} \"{}\": the segment {} holds max_primitives = {} already: delete one, or make "
                              "the segment anew with a larger max_primitives",
                              to_string(wanted.kind), wanted.name, where_.path().string(), entries.size())});
    const std::uint64_t bytes = whole_pages(wanted.arena_bytes);
    const auto offset = find_space(wanted, bytes);
    if (!offset) return std::unexpected(offset.error());

    // Release: a reader that sees one of these in an entry it knew also sees that its incarnation is gone.
    layout::directory_entry& entry = *free;
    const auto created = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
    hardware::store_release(entry.kind, static_cast<std::uint64_t>(wanted.kind));
    hardware::store_release(entry.arena_offset, *offset);
    hardware::store_release(entry.arena_size, bytes);
    hardware::store_release(entry.created_unix_ns, static_cast<std::uint64_t>(created));
    for (std::size_t i = 0; i < wanted.shape.size(); ++i) hardware::store_release(entry.shape[i], wanted.shape[i]);
    write_name(entry, wanted.name);
    for (std::size_t i = 0; i < wanted.initial.size(); ++i)
        hardware::store_release(entry.made_with.values[i], wanted.initial[i]);
    publish_terms(entry, wanted.initial);

    // Raised before it is used: dying here wastes a number and nothing else.
    const std::uint64_t incarnation = hardware::fetch_add_relaxed(where_.header().next_incarnation, 1) + 1;
    const placement made{.index = static_cast<std::uint32_t>(free - entries.begin()),
                         .incarnation = incarnation,
                         .kind = wanted.kind,
                         .name = std::string{wanted.name},
                         .created_unix_ns = static_cast<std::uint64_t>(created),
                         .shape = wanted.shape,
                         .arena_offset = *offset,
                         .arena_size = bytes};
    fill(made);
    hardware::store_release(entry.incarnation, incarnation);  // pairs with at()
    return made;
}

void directory::remove(std::uint32_t index) const noexcept {
    if (index < where_.directory().size()) hardware::store_release(entry(index).incarnation, 0);
}

}  // namespace seki::shm
