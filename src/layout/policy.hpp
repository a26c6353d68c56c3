// What a policy has in its directory entry and in its piece of the arena: the names of its parts. It counts nothing.
#pragma once

#include <array>
#include <cstddef>

#include "layout/directory.hpp"
#include "layout/word.hpp"

namespace seki::layout {

// The terms: all of them in the first line of a block.
enum policy_term : std::size_t {
    policy_deadline = 0,  // ns; 0: none
    policy_names = 1      // which of the sets of names in its piece belongs to these terms
};

enum class policy_part : std::size_t { limiter, shedder, bulkhead, adaptive, breaker, retry };
inline constexpr std::size_t policy_parts = 6;

using name_words = std::array<word, name_size / sizeof(word)>;  // a text that ends with a zero; empty: no such part
using policy_name_set = std::array<name_words, policy_parts>;

// One for the terms of its creation, one for those in force, and one to write the next into.
inline constexpr std::size_t policy_name_sets = 3;
struct alignas(cache_line) policy_block {
    std::array<policy_name_set, policy_name_sets> names;
};
static_assert(sizeof(policy_block) == policy_name_sets * policy_parts * name_size);

}  // namespace seki::layout
