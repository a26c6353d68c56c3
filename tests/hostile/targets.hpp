// Words of a segment that somebody aims at, and what he writes there: words that are nearly right.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::hostile {

// Words of shared memory that somebody aims at.
class targets {
public:
    // What primitives keep, what workers count and tell.
    explicit targets(const shm::segment& where) {
        for (const auto& at : shm::directory{where}.list()) {
            const auto bytes = where.arena(at.arena_offset, at.arena_size);
            add(bytes);
            if (at.kind != layout::kind::bulkhead) continue;
            const auto of = shm::unpack_bulkhead_shape(at.shape);
            add(bytes.first(256));                                                                         // bell, room
            add(bytes.subspan(sizeof(layout::permit_bell) + shm::permits<>::bytes_for(of.waiting), 256));  // permits
        }
        for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
            add(std::as_writable_bytes(where.counters(i)));
            add(std::as_writable_bytes(std::span{&where.worker(i).events, 1}));
        }
    }

    // What leads to all of it, too: the directory, the processes, the slots of the workers.
    void add_all_that_leads_there(const shm::segment& where) {
        add(std::as_writable_bytes(where.directory()));
        add(std::as_writable_bytes(where.processes()));
        for (std::size_t i = 0; i <= where.parts().max_workers; ++i)
            add(std::as_writable_bytes(std::span{&where.worker(i), 1}));
    }
    void add_header(const shm::segment& where) { add(std::as_writable_bytes(std::span{&where.header(), 1})); }

    // Where it did.
    layout::word& scribble(std::mt19937_64& random) const {
        using shm::hardware;
        const std::span<layout::word> part = parts_[random() % parts_.size()];
        const std::size_t some = std::min<std::size_t>(part.size(), 40);
        const std::array among{part.first(some), part.last(some), part, part};  // heads, what stands behind tables, all
        const std::span<layout::word> near = among[random() % among.size()];
        layout::word& at = near[random() % near.size()];
        hardware::store_relaxed(at, nearly_right(random, hardware::load_relaxed(at), part));
        return at;
    }

private:
    static std::uint64_t nearly_right(std::mt19937_64& random, std::uint64_t there, std::span<layout::word> part) {
        const std::uint64_t drawn = random();
        switch (random() % 5) {
            case 0: return drawn >> (random() % 64);
            case 1: return there ^ 1ULL << (drawn % 64);
            case 2: return there + drawn % 5 - 2;
            case 3: return drawn % 2 == 0 ? 0 : ~std::uint64_t{0};
            // What stands elsewhere, where it means something.
            default: return shm::hardware::load_relaxed(part[drawn % part.size()]);
        }
    }

    void add(std::span<std::byte> bytes) {
        parts_.push_back({reinterpret_cast<layout::word*>(bytes.data()), bytes.size() / sizeof(layout::word)});
    }
    std::vector<std::span<layout::word>> parts_;
};

}  // namespace seki::hostile
