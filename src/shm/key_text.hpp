// The texts of keys, for people: one record a slot, beside the table.
//
// 1. What it is: 30 bytes in two pairs, {up to 29 bytes, length} for a short key; {21 bytes, check, 255} for a longer one.
// 2. Who writes: whoever inserted the key, or admitted it and was sampled, a pair at a time, by a compare-and-swap from what it read; who looks
//    after the table sets the pairs of an empty slot to zero, likewise, from what it read before it found the slot empty.
// 3. Invariant: none. A record is believed only when it hashes to the tag in its slot: a short text is the key itself, a long one carries a
//    check over its beginning and the tag.
// 4. A death in the middle leaves a record that nobody believes, until the key is admitted and sampled again: one admission in 32 is. So does a
//    wiping that met the text of the slot's next key and took a pair away which both have in common, and the loser of two that write at once.
// 5. A stale read: the key is shown as its fingerprint.
// 6. Deletion. The memory may become another limiter's slots while somebody is still about to write a text here. He asks whether his limiter
//    stands after he has read what he will expect; so he expects a text, marked as no slot ever is (layout/key_table.hpp), or what an
//    earlier primitive left, whose tags and stamps stand in no later table: his compare-and-swap fails. Plain stores would not
//    (tests/shm/key_table_reuse_test.cpp). So a piece of the arena need not be kept for one shape, and nobody runs out of pieces
//    who makes limiters of many shapes, as he would if each piece were kept for limiters like its first.
#pragma once

#include <array>
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
    using bytes = std::array<char, layout::text_bytes>;
    static constexpr unsigned char longer = 255;

public:
    // What stands there, whether or not it is a text.
    using record = std::array<layout::pair_value, 2>;

    struct text {
        std::string key;
        bool whole = true;  // false: only how the key begins
    };

    key_texts() = default;
    explicit key_texts(std::span<layout::key_text> records) noexcept : records_{records} {}

    [[nodiscard]] bool kept() const noexcept { return !records_.empty(); }

    // `stands()` says whether the memory is still this limiter's.
    template <class Stands>
    void write(std::size_t slot, std::uint64_t tag, std::string_view key, Stands stands) const noexcept {
        replace(slot, look(slot), packed(bytes_of(tag, key)), stands);
    }

    // For wipe().
    [[nodiscard]] record look(std::size_t slot) const noexcept {
        record found{};
        if (slot >= records_.size()) return found;
        for (std::size_t i = 0; i < found.size(); ++i) found[i] = load(slot, i);
        return found;
    }

    // Forgets what was seen there before the slot turned out to be empty. A text that was written since stays.
    template <class Stands>
    void wipe(std::size_t slot, const record& seen, Stands stands) const noexcept {
        replace(slot, seen, {}, stands);
    }

    // The text of the key in that slot, if the record there is its own.
    [[nodiscard]] std::optional<text> read(std::size_t slot, std::uint64_t tag, const fingerprint& hash) const {
        if (slot >= records_.size()) return std::nullopt;
        const record found = look(slot);
        for (const auto& pair : found)
            if ((pair.first & mark_mask) != layout::text_mark) return std::nullopt;
        const bytes raw = unpacked(found);
        const auto length = static_cast<unsigned char>(raw[at_length]);
        if (length <= layout::text_whole) {
            const std::string_view key{raw.data(), length};
            if (hash(key) != tag) return std::nullopt;
            return text{std::string{key}, true};
        }
        std::uint64_t check = 0;
        std::memcpy(&check, &raw[layout::text_prefix], sizeof(check));
        if (length != longer || check != check_of(raw, tag)) return std::nullopt;
        return text{std::string{raw.data(), layout::text_prefix}, false};
    }

private:
    static constexpr std::size_t at_length = layout::text_bytes - 1;
    static_assert(layout::text_prefix + sizeof(std::uint64_t) == at_length);
    static constexpr std::uint64_t mark_mask = 0xffULL << 56;

    [[nodiscard]] layout::pair_value load(std::size_t slot, std::size_t i) const noexcept {
        const layout::pair& pair = records_[slot].pairs[i];
        return {Memory::load_first_acquire(pair), Memory::load_second_acquire(pair)};
    }

    // A pair that is right already is left alone: its line stays shared among all caches.
    template <class Stands>
    void replace(std::size_t slot, const record& seen, const record& wanted, Stands stands) const noexcept {
        if (slot >= records_.size() || seen == wanted || !stands()) return;
        for (std::size_t i = 0; i < seen.size(); ++i)
            if (seen[i] != wanted[i]) (void)Memory::cas_pair(records_[slot].pairs[i], seen[i], wanted[i]);
    }

    static bytes bytes_of(std::uint64_t tag, std::string_view key) noexcept {
        bytes raw{};
        const bool whole = key.size() <= layout::text_whole;
        raw[at_length] = static_cast<char>(whole ? key.size() : longer);
        key.copy(raw.data(), whole ? key.size() : layout::text_prefix);
        if (!whole) {
            const std::uint64_t check = check_of(raw, tag);
            std::memcpy(&raw[layout::text_prefix], &check, sizeof(check));
        }
        return raw;
    }
    static std::uint64_t check_of(const bytes& raw, std::uint64_t tag) noexcept {
        return XXH3_64bits_withSeed(raw.data(), layout::text_prefix, tag);
    }

    // visit(word, bytes, how many) for the four parts. The first word comes last: so a text begins in one piece, for who looks for it with
    // `strings`.
    template <class Record, class Bytes, class Visit>
    static void each_part(Record& record, Bytes& raw, Visit visit) noexcept {
        visit(record[0].second, &raw[0], 8);
        visit(record[1].first, &raw[8], 7);
        visit(record[1].second, &raw[15], 8);
        visit(record[0].first, &raw[23], 7);
    }
    static record packed(const bytes& raw) noexcept {
        record made{};
        each_part(made, raw,
                  [](std::uint64_t& word, const char* from, std::size_t size) { std::memcpy(&word, from, size); });
        for (auto& pair : made) pair.first |= layout::text_mark;
        return made;
    }
    static bytes unpacked(const record& from) noexcept {
        bytes raw{};
        each_part(from, raw,
                  [](const std::uint64_t& word, char* to, std::size_t size) { std::memcpy(to, &word, size); });
        return raw;
    }

    std::span<layout::key_text> records_;
};

}  // namespace seki::shm
