// The directory: which primitives there are, and where in the arena their tables lie.
//
// 1. What it is. A row of entries. An entry is the only record of its piece of the arena: what is free is whatever no entry claims, so nothing
//    can be leaked and no list can be left half-linked.
// 2. Who writes which word. All of it the holder of the administration lock:
//      incarnation    0 -> i (release) when everything else of the entry, and its table, is complete; i -> 0 (release) to delete
//      terms[k]       the block that is not in force; release stores, so that a reader who saw one of them also sees the version
//      terms_version  v -> v+1 (release): puts the other block in force
//    Everything else is immutable while `incarnation` stands.
// 3. Invariants. Incarnations come from one counter that is raised before use: none is used twice, and a handle that remembers one can tell
//    its own limiter from another at the same place. The block in force is whole.
// 4. A death after each step leaves an entry that is free, whole and published, or deleted. A half-written block is not in force, and the next
//    administrator overwrites it.
// 5. A stale read: a decision by the terms of a moment ago; an entry found and then deleted, which the incarnation tells.
#pragma once

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

namespace seki::shm {

using terms = std::array<std::uint64_t, 8>;

// The block in force. The values may come from a scribbler: who uses them clamps them (primitives/limiter_terms.hpp).
struct terms_in_force {
    terms values{};
    std::uint64_t version = 0;
};
inline constexpr std::uint64_t never_in_force = ~std::uint64_t{0};

// Ends by the administrators' progress; should they publish faster than it reads, with a mixture whose version is never_in_force.
template <class Memory = hardware>
[[nodiscard]] inline terms_in_force read_terms(const layout::directory_entry& entry) noexcept {
    terms_in_force found{.version = Memory::load_acquire(entry.terms_version)};  // pairs with publish_terms
    for (int round = 0; round < 8; ++round) {
        const auto& block = entry.terms[found.version & 1].values;
        // Acquire, so that the version is read again after the values: a value of a later block brings its version with it.
        // One by one and not in a loop: so they stay in registers, and those that the caller does not use are not kept.
        [&]<std::size_t... i>(std::index_sequence<i...>) {
            ((found.values[i] = Memory::load_acquire(block[i])), ...);
        }(std::make_index_sequence<std::tuple_size_v<terms>>{});
        const std::uint64_t again = Memory::load_acquire(entry.terms_version);
        if (again == found.version) return found;
        found.version = again;
    }
    found.version = never_in_force;
    return found;
}

// Whether those terms are still in force.
template <class Memory = hardware>
[[nodiscard]] bool in_force(const layout::directory_entry& entry, std::uint64_t version) noexcept {
    return Memory::load_acquire(entry.terms_version) == version;
}

// The terms of its creation; they never change.
[[nodiscard]] inline terms read_creation_terms(const layout::directory_entry& entry) noexcept {
    terms values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = hardware::load_acquire(entry.made_with.values[i]);
    return values;
}

template <class Memory = hardware>
void publish_terms(layout::directory_entry& entry, const terms& values) noexcept {
    const std::uint64_t version = Memory::load_relaxed(entry.terms_version);
    auto& block = entry.terms[(version + 1) & 1].values;
    // Release: a reader that sees one of these also sees that `version` is in force, and looks again.
    for (std::size_t i = 0; i < values.size(); ++i) Memory::store_release(block[i], values[i]);
    Memory::store_release(entry.terms_version, version + 1);  // pairs with read_terms
}

// What stands in an entry, copied to private memory and found sane: the geometry lies inside the arena and its numbers fit together.
struct placement {
    std::uint32_t index = 0;
    std::uint64_t incarnation = 0;
    layout::kind kind = layout::kind::none;
    std::string name;
    std::uint64_t created_unix_ns = 0;
    bool key_texts = false;
    std::uint64_t max_keys = 0;
    std::uint64_t buckets = 0;
    std::uint64_t stripes = 0;
    std::uint64_t arena_offset = 0;
    std::uint64_t arena_size = 0;
};

struct table_size {
    std::uint64_t stripes_bytes = 0, buckets_bytes = 0, texts_bytes = 0;
    [[nodiscard]] std::uint64_t total() const noexcept { return stripes_bytes + buckets_bytes + texts_bytes; }
};
// Each part a whole number of pages.
[[nodiscard]] table_size table_bytes(std::uint64_t buckets, std::uint64_t stripes, bool key_texts) noexcept;

class directory {
public:
    explicit directory(const segment& where) noexcept : where_{where} {}

    // Any process, any time. nullopt: no such primitive, or its entry contradicts itself.
    [[nodiscard]] std::optional<placement> find(layout::kind kind, std::string_view name) const;
    [[nodiscard]] std::optional<placement> at(std::uint32_t index) const;
    // Every published primitive, in the order of the entries.
    [[nodiscard]] std::vector<placement> list() const;

    [[nodiscard]] layout::directory_entry& entry(std::uint32_t index) const noexcept {
        return where_.directory()[index];
    }
    [[nodiscard]] std::uint64_t arena_used() const;

    struct request {
        layout::kind kind = layout::kind::none;
        std::string_view name;
        bool key_texts = false;
        std::uint64_t max_keys = 0;
        std::uint64_t buckets = 0;
        std::uint64_t stripes = 0;
        terms initial{};
    };
    // The rest needs the administration lock. `fill` makes the table, before anybody can see it.
    [[nodiscard]] Result<placement> create(const request& wanted,
                                           const std::function<void(const placement&)>& fill) const;
    void remove(std::uint32_t index) const noexcept;

private:
    [[nodiscard]] Result<std::uint64_t> find_space(std::string_view name, std::uint64_t bytes) const;
    const segment& where_;
};

}  // namespace seki::shm
