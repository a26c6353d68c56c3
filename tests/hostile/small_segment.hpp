// A segment in private memory, as small as one of every kind of primitive lets it be, for targets that make a million of them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <span>

#include "layout/header.hpp"
#include "shm/segment.hpp"

namespace seki::hostile {

inline constexpr std::size_t small_size = 64 * layout::page;

struct freed {
    void operator()(std::byte* memory) const noexcept { ::operator delete(memory, std::align_val_t{layout::page}); }
};
// From the heap, so that the address sanitizer guards both ends.
using memory = std::unique_ptr<std::byte, freed>;

[[nodiscard]] memory pages(std::size_t size);

// Where its lock files are: in a folder of this process, that goes when the process ends.
[[nodiscard]] const std::filesystem::path& segment_name();

// As this host would have written it: the identity, the boot and the clock; the geometry, too, of a segment of that size.
void make_right(layout::header& header, std::size_t size, bool geometry_too);

// Its seed is fixed, so that an input means the same in every run, as far as times do. Everything in it has been used.
[[nodiscard]] std::span<const std::byte> good_segment();

// A copy of it that may be written on; put_right() makes it good again.
class small_segment {
public:
    small_segment();
    void put_right() noexcept;
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {bytes_.get(), small_size}; }
    [[nodiscard]] const std::shared_ptr<shm::segment>& where() const noexcept { return where_; }

private:
    memory bytes_;
    std::shared_ptr<shm::segment> where_;
};

}  // namespace seki::hostile
