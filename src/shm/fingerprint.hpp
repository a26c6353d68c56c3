// From a key to the 63 bits that stand for it in a table.
//
// XXH3 with a secret of its own for each incarnation of each limiter, derived from the segment's random seed: nobody outside can choose keys
// that collide, and the tags of a deleted limiter mean nothing in the memory that another one takes over.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "layout/header.hpp"
#include "layout/key_table.hpp"

namespace seki::shm {

class fingerprint {
public:
    fingerprint(const layout::header& header, std::uint64_t incarnation) noexcept {
        std::array<std::byte, sizeof(header.seed) + sizeof(incarnation)> material{};
        std::memcpy(material.data(), header.seed.data(), sizeof(header.seed));
        std::memcpy(material.data() + sizeof(header.seed), &incarnation, sizeof(incarnation));
        XXH3_generateSecret(secret_.data(), secret_.size(), material.data(), material.size());
    }

    [[nodiscard, gnu::always_inline]] std::uint64_t operator()(std::string_view key) const noexcept {
        // Inlined for the sizes that keys have; the rest of XXH3 is a kilobyte of code.
        if (key.size() > 128) [[unlikely]]
            return hash_long(key) | layout::tag_bit;
        return hash(key) | layout::tag_bit;
    }

    // What stands in the empties and idle stripes of a new table: not small, as counts are, so that it is found in the memory of no other
    // primitive either.
    [[nodiscard]] std::uint64_t table_stamp() const noexcept {
        return XXH3_64bits(secret_.data(), secret_.size()) & ~layout::tag_bit;
    }

private:
    [[nodiscard, gnu::always_inline]] std::uint64_t hash(std::string_view key) const noexcept {
        return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size());
    }
    [[nodiscard, gnu::noinline]] std::uint64_t hash_long(std::string_view key) const noexcept { return hash(key); }

    std::array<std::byte, XXH3_SECRET_DEFAULT_SIZE> secret_;
};

}  // namespace seki::shm
