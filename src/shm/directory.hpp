// The directory: which primitives there are, of which kind, and where in the arena their tables lie.
//
// 1. What it is. A row of entries. An entry is the only record of its piece of the arena: what is free is whatever no entry claims, so nothing
//    can be leaked and no list can be left half-linked. An entry claims its piece while it is published; one of a kind whose memory must not
//    become anything else (keeps_its_piece) claims it for ever, and serves the next of that kind and shape.
// 2. Who writes which word. All of it the holder of the administration lock:
//      incarnation    0 -> i (release) when everything else of the entry, and its table, is complete; i -> 0 (release) to delete
//      kind           k -> 0 before a free entry is given another piece, 0 -> k when its piece and shape are written
//      terms[k]       the block that is not in force; release stores, so that a reader who saw one of them also sees the version
//      terms_version  v -> v+1 (release): puts the other block in force
//    Everything else is immutable while `incarnation` stands.
// 3. Invariants. Incarnations come from one counter that is raised before use: none is used twice, and a handle that remembers one can tell
//    its own limiter from another at the same place. The block in force is whole.
// 4. A death after each step leaves an entry that is free, whole and published, or deleted. A half-written block is not in force, and the next
//    administrator overwrites it. An entry with a kind and without an incarnation has a whole piece, and its memory is of that kind.
// 5. A stale read: a decision by the terms of a moment ago; an entry found and then deleted, which the incarnation tells.
// What is done with the words of an entry stands in shm/directory_entry.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <seki/error.hpp>

#include "layout/directory.hpp"
#include "shm/memory.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::shm {

// Terms as plain values, in one of two sizes: a kind whose terms fit the first line of a block reads and writes that line alone.
template <std::size_t count>
    requires(count == layout::terms_in_line || count == layout::terms_in_block)
using values_of = std::array<std::uint64_t, count>;
using terms = values_of<layout::terms_in_line>;
using wide_terms = values_of<layout::terms_in_block>;

// The block in force. The values may come from a scribbler: who uses them clamps them (primitives/limiter_terms.hpp).
template <std::size_t count>
struct values_in_force {
    values_of<count> values{};
    std::uint64_t version = 0;
};
using terms_in_force = values_in_force<layout::terms_in_line>;
using wide_terms_in_force = values_in_force<layout::terms_in_block>;
inline constexpr std::uint64_t never_in_force = ~std::uint64_t{0};

// For reading terms piece by piece: read the version, then what is wanted, then ask in_force(version). Each value is read with acquire, so that
// the version is looked at after it, and a value of a later block brings its version with it.
template <class Memory = hardware>
[[nodiscard]] std::uint64_t terms_version(const layout::directory_entry& entry) noexcept {
    return Memory::load_acquire(entry.terms_version);  // pairs with publish_terms
}
template <class Memory = hardware>
[[nodiscard]] std::uint64_t read_term(const layout::directory_entry& entry, std::uint64_t version,
                                      std::size_t which) noexcept {
    return Memory::load_acquire(entry.terms[version & 1].values[which]);
}
// One by one and not in a loop: so they stay in registers.
template <class Memory = hardware, std::size_t count = layout::terms_in_line>
[[nodiscard, gnu::always_inline]] inline values_of<count> read_values(const layout::directory_entry& entry,
                                                                      std::uint64_t version) noexcept {
    return [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
        return values_of<count>{read_term<Memory>(entry, version, i)...};
    }(std::make_index_sequence<count>{});
}

// Ends by the administrators' progress; should they publish faster than it reads, with a mixture whose version is never_in_force.
template <class Memory = hardware, std::size_t count = layout::terms_in_line>
[[nodiscard]] inline values_in_force<count> read_terms(const layout::directory_entry& entry) noexcept {
    values_in_force<count> found{.version = terms_version<Memory>(entry)};
    for (int round = 0; round < 8; ++round) {
        found.values = read_values<Memory, count>(entry, found.version);
        const std::uint64_t again = terms_version<Memory>(entry);
        if (again == found.version) return found;
        found.version = again;
    }
    found.version = never_in_force;
    return found;
}
template <class Memory = hardware>
[[nodiscard]] wide_terms_in_force read_wide_terms(const layout::directory_entry& entry) noexcept {
    return read_terms<Memory, layout::terms_in_block>(entry);
}

// Whether those terms are still in force.
template <class Memory = hardware>
[[nodiscard]] bool in_force(const layout::directory_entry& entry, std::uint64_t version) noexcept {
    return Memory::load_acquire(entry.terms_version) == version;
}

// The terms of its creation; they never change.
template <std::size_t count = layout::terms_in_line, class Memory = hardware>
[[nodiscard]] inline values_of<count> read_creation_terms(const layout::directory_entry& entry) noexcept {
    values_of<count> values{};
    for (std::size_t i = 0; i < count; ++i) values[i] = Memory::load_acquire(entry.made_with.values[i]);
    return values;
}

template <class Memory = hardware, std::size_t count>
void publish_terms(layout::directory_entry& entry, const std::array<std::uint64_t, count>& values) noexcept {
    static_assert(count == layout::terms_in_line || count == layout::terms_in_block);
    const std::uint64_t version = Memory::load_relaxed(entry.terms_version);
    auto& block = entry.terms[(version + 1) & 1].values;
    // Release: a reader that sees one of these also sees that `version` is in force, and looks again.
    for (std::size_t i = 0; i < count; ++i) Memory::store_release(block[i], values[i]);
    Memory::store_release(entry.terms_version, version + 1);  // pairs with read_terms
}

// As directory::request wants them: the second line of a kind that has none is zeros.
constexpr wide_terms widen(const terms& values) noexcept {
    wide_terms wide{};
    std::ranges::copy(values, wide.begin());
    return wide;
}

// What stands in an entry, copied to private memory and found sane: its kind is one that there is, its piece lies inside the arena, and its
// shape is one that a piece of that size can have (shm/shape.hpp; kinds of which nothing is known there are as they are).
struct placement {
    std::uint32_t index = 0;
    std::uint64_t incarnation = 0;
    layout::kind kind = layout::kind::none;
    std::string name{};
    std::uint64_t created_unix_ns = 0;
    shm::shape shape{};
    std::uint64_t arena_offset = 0;
    std::uint64_t arena_size = 0;
};

// Whether a piece that once was of this kind may never be anything else: there may be processes that were stopped on their way into it, and go
// on to write there. What comes late to a limiter's table or to its texts is a compare-and-swap from what stands in nothing that follows, never from zeros
// (shm/key_table.hpp, shm/key_text.hpp, each at 6.). Permits cannot tell, so theirs stay permits; and who records a duration does so by plain stores, which
// would be keys or permits elsewhere, so a histogram stays that histogram (shm/histogram.hpp, at 5.). The budget of a retry is a pair that could stand in
// another kind's piece, and stands in no later budget (shm/retry_budget.hpp, 3.); the window of an adaptive limit could likewise, and in a later limit it is one call, or one window that moves it by its own terms, as it is
// one call in the times of the calls of a hedge. These kinds come in few shapes, so what is kept
// is bounded: of each shape no more than there ever were at once.
[[nodiscard]] constexpr bool keeps_its_piece(layout::kind kind) noexcept {
    return kind == layout::kind::bulkhead || kind == layout::kind::adaptive || kind == layout::kind::breaker ||
           kind == layout::kind::shedder || kind == layout::kind::retry || kind == layout::kind::hedge;
}

class directory {
public:
    explicit directory(const segment& where) noexcept : where_{where} {}

    // Any process, any time. nullopt: no such primitive, or its entry contradicts itself.
    [[nodiscard]] std::optional<placement> find(layout::kind kind, std::string_view name) const;
    [[nodiscard]] std::optional<placement> at(std::uint32_t index) const;
    // Every published primitive, or all of one kind, in the order of the entries.
    [[nodiscard]] std::vector<placement> list() const;
    [[nodiscard]] std::vector<placement> list(layout::kind kind) const;

    [[nodiscard]] layout::directory_entry& entry(std::uint32_t index) const noexcept {
        return where_.directory()[index];
    }
    // Pieces that deleted primitives keep for others of their kind and shape. Incarnations are 0, and there are no names.
    [[nodiscard]] std::vector<placement> list_kept() const;
    // By both.
    [[nodiscard]] std::uint64_t arena_used() const;

    struct request {
        layout::kind kind = layout::kind::none;
        std::string_view name;
        shm::shape shape{};
        std::uint64_t arena_bytes = 0;  // rounded up to pages
        wide_terms initial{};
    };
    // The rest needs the administration lock. `fill` makes what stands in the arena, before anybody can see it: what an earlier primitive
    // left there is not cleared; but a piece that keeps its kind is all zeros when it is new, and otherwise as the last of that kind left it, held by
    // nobody. That the name is free among its kind is for the caller to know: find() under the same lock.
    [[nodiscard]] Result<placement> create(const request& wanted,
                                           const std::function<void(const placement&)>& fill) const;
    void remove(std::uint32_t index) const noexcept;

private:
    // What stands in the entry, whether or not it is published; nullopt when it contradicts itself.
    [[nodiscard]] std::optional<placement> read(std::uint32_t index) const;
    [[nodiscard]] bool kept(std::uint32_t index) const;
    [[nodiscard]] std::vector<placement> claimed() const;
    [[nodiscard]] std::string what_is_kept() const;
    [[nodiscard]] std::optional<placement> find_kept(const request& wanted, std::uint64_t bytes) const;
    [[nodiscard]] Result<placement> find_place(const request& wanted, std::uint64_t bytes) const;
    [[nodiscard]] Result<std::uint64_t> find_space(const request& wanted, std::uint64_t bytes) const;
    const segment& where_;
};

}  // namespace seki::shm
