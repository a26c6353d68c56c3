// The texts of keys, for people: one record a slot, beside the table.
//
// 1. What it is: 30 bytes in two pairs, {up to 29 bytes, length} for a short key; {21 bytes, check, 255} for a longer one.
// 2. Who writes, a pair at a time: fill() makes empty records; whoever inserted the key, or admitted it and was sampled, swaps what it read for its
//    text; who looks after the table swaps the text of an empty slot for an empty record, likewise, from what it read before it found the slot empty, and holding
//    the administration lock a pair that lost its mark for one of an empty record.
// 3. Invariant: each pair has its mark, from fill() on (6.). A record is believed only when it hashes to the tag
//    in its slot: a short text is the key itself, a long one carries a check over its beginning and the tag.
// 4. A death in the middle leaves a record that nobody believes, until the key is admitted and sampled again: one admission in 32 is. So does a
//    wiping that met the text of the slot's next key and took a pair away which both have in common, and the loser of two that write at once.
// 5. A stale read: the key is shown as its fingerprint.
// 6. Deletion. The memory may become anything while somebody is still about to write here: a limiter's slots, or permits, counts and limits, which begin as zeros.
//    So nobody expects zeros. He swaps only what has the mark, and asks whether his limiter stands after he has read it: then it is a record of this
//    limiter. As a slot is never marked (layout/key_table.hpp), and what else there is says nothing with that mark and those bytes, his compare-and-swap
//    fails, but in the texts of a later limiter, where it may leave a record that nobody believes (4.). Plain stores would not
//    (tests/shm/key_table_reuse_test.cpp). An empty record is ones, which no count comes to. A text is somebody's choice: one that is made to be
//    what an adaptive limit, its window or a bell comes to say, in all 16 bytes, would be taken for it by who is stopped from before until that very moment.
//    A pair without a mark (of a library that did not set them, or scribbled) has no text until it is marked. That swap expects anything, zeros too: so it is made
//    under the lock without which nothing can follow this limiter.
//    So a piece of the arena need not be kept for one shape, and nobody runs out of pieces who makes limiters of many shapes, as he would if each
//    piece were kept for limiters like its first.
#pragma once

#include <algorithm>
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

    // Makes the records empty ones, before the limiter is published.
    void fill() const noexcept {
        const record none = empty();
        for (auto& each : records_)
            for (std::size_t i = 0; i < none.size(); ++i) Memory::store_pair_release(each.pairs[i], none[i]);
    }

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
        replace(slot, seen, empty(), stands);
    }

    // Whether somebody has to mark() it before it can have a text.
    [[nodiscard]] bool lacks_mark(const record& seen) const noexcept {
        return kept() && !std::ranges::all_of(seen, is_marked);
    }

    // By the holder of the administration lock, who has seen that the limiter stands.
    void mark(std::size_t slot) const noexcept {
        const record seen = look(slot);
        for (std::size_t i = 0; i < seen.size(); ++i)
            if (!is_marked(seen[i])) swap(slot, i, seen[i], empty()[i]);
    }

    // The text of the key in that slot, if the record there is its own.
    [[nodiscard]] std::optional<text> read(std::size_t slot, std::uint64_t tag, const fingerprint& hash) const {
        if (slot >= records_.size()) return std::nullopt;
        const record found = look(slot);
        if (lacks_mark(found)) return std::nullopt;
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
    static constexpr unsigned char of_none = 254;  // the length of no key

    static bool is_marked(const layout::pair_value& pair) noexcept {
        return (pair.first & 0xffULL << 56) == layout::text_mark;
    }
    static record empty() noexcept {
        bytes ones{};
        ones.fill(static_cast<char>(0xff));
        ones[at_length] = static_cast<char>(of_none);
        return packed(ones);
    }

    [[nodiscard]] layout::pair_value load(std::size_t slot, std::size_t i) const noexcept {
        const layout::pair& pair = records_[slot].pairs[i];
        return {Memory::load_first_acquire(pair), Memory::load_second_acquire(pair)};
    }

    // A pair that is right already is left alone: its line stays shared among all caches.
    void swap(std::size_t slot, std::size_t i, const layout::pair_value& seen,
              const layout::pair_value& wanted) const noexcept {
        if (seen != wanted) (void)Memory::cas_pair(records_[slot].pairs[i], seen, wanted);
    }
    template <class Stands>
    void replace(std::size_t slot, const record& seen, const record& wanted, Stands stands) const noexcept {
        if (slot >= records_.size() || seen == wanted || !stands()) return;
        for (std::size_t i = 0; i < seen.size(); ++i)
            if (is_marked(seen[i])) swap(slot, i, seen[i], wanted[i]);
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
