// The segment of a bench: in memory, of this process, and gone afterwards.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <seki/seki.hpp>

namespace seki::bench {

template <class T>
T must(Result<T> made) {
    if (made) return *std::move(made);
    fmt::print(stderr, "{}\n", made.error().message);
    std::exit(2);
}

inline std::filesystem::path own_folder() { return fmt::format("/dev/shm/seki-bench-{}", getpid()); }

inline const Segment& own_segment() {
    static const Segment opened = must(open((own_folder() / "bench.seg").native()));
    return opened;
}

inline void remove_own_segment() {
    std::error_code ignored;
    std::filesystem::remove_all(own_folder(), ignored);
}

}  // namespace seki::bench
