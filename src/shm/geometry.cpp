// plan() and sound(): a geometry follows from three numbers, so whatever else a file claims is refused.
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::shm {
namespace {

constexpr std::uint64_t max_count = 4096;
constexpr std::uint64_t automatic_arena = 20ULL << 20;  // three limiters of the default size

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept {
    return (value + unit - 1) / unit * unit;
}

constexpr bool counts_in_range(std::uint64_t primitives, std::uint64_t workers) noexcept {
    return primitives >= 1 && primitives <= max_count && workers >= 1 && workers <= max_count;
}

// The parts in the order of layout/header.hpp. Cannot overflow: the counts are in range.
constexpr layout::geometry arrange(std::uint64_t primitives, std::uint64_t workers, std::uint64_t size) noexcept {
    layout::geometry parts;
    parts.size = size;
    parts.max_primitives = primitives;
    parts.max_workers = workers;
    parts.directory_offset = layout::page;
    parts.processes_offset =
        round_up(parts.directory_offset + primitives * sizeof(layout::directory_entry), layout::page);
    parts.workers_offset = round_up(parts.processes_offset + workers * sizeof(layout::process_slot), layout::page);
    parts.worker_stride = round_up(layout::worker_stride(primitives), 2 * layout::cache_line);
    parts.arena_offset = round_up(parts.workers_offset + (workers + 1) * parts.worker_stride, layout::page);
    return parts;
}

}  // namespace

Result<layout::geometry> plan(const SegmentOptions& options) {
    return contained([&]() -> Result<layout::geometry> {
        if (options.max_workers < 1 || options.max_workers > max_count)
            return refuse(Errc::invalid_argument, "segment: max_workers {} is out of range: 1 to {}",
                          options.max_workers, max_count);
        if (options.max_primitives < 1 || options.max_primitives > max_count)
            return refuse(Errc::invalid_argument, "segment: max_primitives {} is out of range: 1 to {}",
                          options.max_primitives, max_count);
        if (options.size > max_segment_size)
            return refuse(Errc::invalid_argument, "segment: size {} is too large: at most {} bytes", options.size,
                          max_segment_size);

        const std::uint64_t overhead = arrange(options.max_primitives, options.max_workers, 0).arena_offset;
        const std::uint64_t size =
            options.size == 0 ? overhead + automatic_arena : round_up(options.size, layout::page);
        if (size <= overhead)
            return refuse(
                Errc::invalid_argument,
                "segment: size {} is too small: {} workers and {} primitives need {} bytes before the first limiter; "
                "at least {} bytes, or fewer workers or primitives",
                options.size, options.max_workers, options.max_primitives, overhead, overhead + layout::page);
        return arrange(options.max_primitives, options.max_workers, size);
    });
}

bool sound(const layout::geometry& parts, std::uint64_t file_size) noexcept {
    return counts_in_range(parts.max_primitives, parts.max_workers) && file_size <= max_segment_size &&
           file_size % layout::page == 0 && parts == arrange(parts.max_primitives, parts.max_workers, file_size) &&
           parts.arena_offset < parts.size;
}

}  // namespace seki::shm
