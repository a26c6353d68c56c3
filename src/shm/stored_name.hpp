// A name in shared memory, word by word.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "layout/directory.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

using stored_name = std::array<layout::word, layout::name_size / sizeof(layout::word)>;

// Acquire, so that what says whether it may have changed is read after it. May hold any bytes.
template <class Memory = hardware>
[[nodiscard]] std::string read_name(const stored_name& from) {
    std::array<char, layout::name_size> text{};
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::uint64_t piece = Memory::load_acquire(from[i]);
        std::memcpy(&text[i * sizeof(piece)], &piece, sizeof(piece));
    }
    return {text.data(), strnlen(text.data(), text.size())};
}

// Release: who sees a piece of it also sees what was written before.
template <class Memory = hardware>
void write_name(stored_name& to, std::string_view name) noexcept {
    std::array<char, layout::name_size> text{};
    name.copy(text.data(), text.size() - 1);
    for (std::size_t i = 0; i < to.size(); ++i) {
        std::uint64_t piece = 0;
        std::memcpy(&piece, &text[i * sizeof(piece)], sizeof(piece));
        Memory::store_release(to[i], piece);
    }
}

}  // namespace seki::shm
