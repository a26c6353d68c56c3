// The texts of keys, for people: one record a slot, beside the table.
//
// 1. What it is: 32 bytes, {length, up to 31 bytes} for a short key; {255, 23 bytes, check} for a longer one.
// 2. Who writes: whoever inserted the key, or admitted it and was sampled, by plain relaxed stores, several at once for all we know; who looks
//    after the table sets the words of an empty slot to zero, each by a compare-and-swap from what it read before it found the slot empty.
// 3. Invariant: none. A record is believed only when it hashes to the tag in its slot: a short text is the key itself, a long one carries a
//    check over its beginning and the tag.
// 4. A death in the middle leaves a record that nobody believes, until the key is admitted and sampled again: one admission in 32 is. So does a
//    wiping that met the text of the slot's next key and took words away which both have in common.
// 5. A stale read: the key is shown as its fingerprint.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "layout/key_table.hpp"
#include "shm/fingerprint.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

template <class Memory = hardware>
class key_texts {
    using bytes = std::array<char, sizeof(layout::key_text)>;
    static constexpr unsigned char longer = 255;

public:
    struct text {
        std::string key;
        bool whole = true;  // false: only how the key begins
    };

    key_texts() = default;
    explicit key_texts(std::span<layout::key_text> records) noexcept : records_{records} {}

    [[nodiscard]] bool kept() const noexcept { return !records_.empty(); }

    void write(std::size_t slot, std::uint64_t tag, std::string_view key) const noexcept {
        if (slot >= records_.size()) return;
        bytes raw{};
        const bool whole = key.size() <= layout::text_whole;
        raw[0] = static_cast<char>(whole ? key.size() : longer);
        key.copy(&raw[1], whole ? key.size() : layout::text_prefix);
        if (!whole) {
            const std::uint64_t check = check_of(raw, tag);
            std::memcpy(&raw[1 + layout::text_prefix], &check, sizeof(check));
        }
        for (std::size_t i = 0; i < 4; ++i) {
            std::uint64_t value = 0;
            std::memcpy(&value, &raw[8 * i], sizeof(value));
            // A text that stands already is left alone: its line stays shared among all caches.
            if (Memory::load_relaxed(records_[slot].words[i]) != value)
                Memory::store_relaxed(records_[slot].words[i], value);
        }
    }

    using record = std::array<std::uint64_t, 4>;

    // What stands there, whether or not it is a text: for wipe().
    [[nodiscard]] record look(std::size_t slot) const noexcept {
        record found{};
        if (slot >= records_.size()) return found;
        for (std::size_t i = 0; i < found.size(); ++i) found[i] = Memory::load_relaxed(records_[slot].words[i]);
        return found;
    }

    // Forgets what was seen there before the slot turned out to be empty. A text that was written since stays.
    void wipe(std::size_t slot, const record& seen) const noexcept {
        if (slot >= records_.size()) return;
        for (std::size_t i = 0; i < seen.size(); ++i)
            if (std::uint64_t expected = seen[i]; expected != 0)
                (void)Memory::cas_acq_rel(records_[slot].words[i], expected, 0);
    }

    // The text of the key in that slot, if the record there is its own.
    [[nodiscard]] std::optional<text> read(std::size_t slot, std::uint64_t tag, const fingerprint& hash) const {
        if (slot >= records_.size()) return std::nullopt;
        bytes raw{};
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint64_t value = Memory::load_relaxed(records_[slot].words[i]);
            std::memcpy(&raw[8 * i], &value, sizeof(value));
        }
        const auto length = static_cast<unsigned char>(raw[0]);
        if (length <= layout::text_whole) {
            const std::string_view key{&raw[1], length};
            if (hash(key) != tag) return std::nullopt;
            return text{std::string{key}, true};
        }
        std::uint64_t check = 0;
        std::memcpy(&check, &raw[1 + layout::text_prefix], sizeof(check));
        if (length != longer || check != check_of(raw, tag)) return std::nullopt;
        return text{std::string{&raw[1], layout::text_prefix}, false};
    }

private:
    static_assert(1 + layout::text_prefix + sizeof(std::uint64_t) == sizeof(layout::key_text));

    static std::uint64_t check_of(const bytes& raw, std::uint64_t tag) noexcept {
        return XXH3_64bits_withSeed(raw.data(), 1 + layout::text_prefix, tag);
    }

    std::span<layout::key_text> records_;
};

}  // namespace seki::shm
