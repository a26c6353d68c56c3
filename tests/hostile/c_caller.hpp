// What a caller in C gives to the library, drawn from bytes: structs of odd sizes in memory that ends where their size says, texts, nulls and numbers at the edges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace seki::hostile {

class c_caller {
public:
    explicit c_caller(std::span<const std::uint8_t> bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] bool has_more() const noexcept { return !bytes_.empty(); }

    std::uint8_t byte() noexcept {
        if (bytes_.empty()) return 0;
        const std::uint8_t first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }
    // Small ones, powers of two and their neighbours, and any.
    std::int64_t number() noexcept {
        const std::uint8_t how = byte();
        if (how < 128) return how;
        if (how < 192) return static_cast<std::int64_t>((std::uint64_t{1} << (how % 64)) + (byte() % 3) - 1);
        std::uint64_t all = 0;
        for (int i = 0; i < 8; ++i) all = all << 8 | byte();
        return static_cast<std::int64_t>(all);
    }
    std::string text() {
        std::string made(byte() % 32, '\0');
        for (char& each : made) each = static_cast<char>(byte());
        return made;
    }

    // A struct as `usual`, some of whose bytes are changed; sometimes with another size, and then just as much memory; sometimes null. Lives until the next one
    // of its kind.
    template <class Sized>
    class given {
    public:
        Sized* draw(c_caller& from, const Sized& usual, bool may_change_bytes) {
            const std::uint8_t how = from.byte();
            if (how == 255) return nullptr;
            std::uint32_t size = sizeof(Sized);
            if (how >= 240) size = static_cast<std::uint32_t>(from.number());
            const std::size_t room = std::clamp<std::size_t>(size, sizeof size, 8192);
            memory_.reset(static_cast<std::byte*>(std::calloc(1, room)));
            std::memcpy(memory_.get(), &usual, std::min(room, sizeof usual));
            for (std::uint8_t i = may_change_bytes ? how % 8 : 0; i > 0; --i) {
                const std::size_t at = from.byte() % room;
                memory_.get()[at] = static_cast<std::byte>(from.byte());
            }
            std::memcpy(memory_.get(), &size, sizeof size);
            return reinterpret_cast<Sized*>(memory_.get());
        }

    private:
        struct freed {
            void operator()(std::byte* memory) const noexcept { std::free(memory); }
        };
        std::unique_ptr<std::byte, freed> memory_;
    };

private:
    std::span<const std::uint8_t> bytes_;
};

}  // namespace seki::hostile
