#include "report/examine_entry.hpp"

#include <cstring>

#include <fmt/format.h>

#include "report/text.hpp"
#include "shm/stored_name.hpp"

namespace seki::report {
namespace {

using shm::hardware;

// More changes than anybody makes, and far from never_in_force.
constexpr std::uint64_t versions_end = 1ULL << 48;

// The same block is in force, by a number that was not before: who has read the terms of another looks again.
constexpr std::uint64_t another(std::uint64_t version) noexcept {
    constexpr std::uint64_t half = versions_end >> 1;
    return half | (version & (half - 1));
}

void examine_version(examination& into, const shm::placement& at, layout::directory_entry& entry) {
    const std::uint64_t version = shm::terms_version(entry);
    if (version != 0 && version < versions_end) return;
    into.add(invariant::terms_counted, fmt::format("{} \"{}\"", shm::to_string(at.kind), at.name),
             fmt::format("its terms were published {} times; repair counts anew, and leaves them in force", version),
             examination::exchange(entry.terms_version, version, another(version)));
}

// Read_name() stops at the first zero.
void examine_padding(examination& into, const shm::placement& at, layout::directory_entry& entry) {
    for (std::size_t i = 0; i < entry.name.size(); ++i) {
        const std::uint64_t found = hardware::load_acquire(entry.name[i]);
        const std::size_t begin = i * sizeof found;
        std::uint64_t better = found;
        auto* const bytes = reinterpret_cast<char*>(&better);
        for (std::size_t byte = 0; byte < sizeof better; ++byte)
            if (begin + byte >= at.name.size()) bytes[byte] = 0;
        if (found == better) continue;
        into.add(invariant::name_padded, fmt::format("{} \"{}\"", shm::to_string(at.kind), at.name),
                 fmt::format("behind the end of its name stands {:016x}; repair makes it zeros", found),
                 examination::exchange(entry.name[i], found, better));
    }
}

}  // namespace

void examine_entry(examination& into, const shm::placement& at) {
    layout::directory_entry& entry = shm::directory{into.where()}.entry(at.index);
    examine_version(into, at, entry);
    examine_padding(into, at, entry);
}

}  // namespace seki::report
