// The piece of the arena that a policy has: the names of its parts.
//
// 1. What it is. Three sets of names; the terms say which is in force. 2. Who writes: the holder of the administration lock, into a set that neither the
// terms in force nor those of its creation name, before it publishes terms that do. 3. Invariants: a set that is named by terms in force is whole. 4. A
// death: before the publication, nothing refers to what was written. 5. A stale read: who reads names looks at the version of the terms before and after.
#pragma once

#include <new>
#include <string>
#include <string_view>

#include "layout/policy.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"
#include "shm/stored_name.hpp"

namespace seki::shm {

// `at` is a policy, and came from the directory of `where`, which checked that its piece is large enough.
class policy_names {
public:
    policy_names(const segment& where, const placement& at) noexcept
        : block_{std::launder(
              reinterpret_cast<layout::policy_block*>(where.arena(at.arena_offset, at.arena_size).data()))} {}

    // `set` may be any number: it is one of those that there are.
    [[nodiscard]] std::string read(std::uint64_t set, layout::policy_part part) const {
        return read_name(at(set, part));
    }
    void write(std::uint64_t set, layout::policy_part part, std::string_view name) const noexcept {
        write_name(at(set, part), name);
    }
    // One to write into while these two are in use: that in force, and that of the creation.
    [[nodiscard]] static constexpr std::uint64_t other_than(std::uint64_t one, std::uint64_t another) noexcept {
        std::uint64_t set = 0;
        while (set == one || set == another) ++set;
        return set;
    }

private:
    [[nodiscard]] layout::name_words& at(std::uint64_t set, layout::policy_part part) const noexcept {
        return block_->names[set % layout::policy_name_sets][static_cast<std::size_t>(part)];
    }
    layout::policy_block* block_;
};

}  // namespace seki::shm
