#include "shm/roster.hpp"

#include <utility>

#include "shm/memory.hpp"

namespace seki::shm {

// The incarnations are read before the entries. One that changes in between is listed as it is then, and seen to differ at the next look.
void roster::look(const segment& where) {
    const auto entries = where.directory();
    bool same = incarnations_.size() == entries.size();
    incarnations_.resize(entries.size());
    for (std::size_t index = 0; index < entries.size(); ++index) {
        // Acquire: pairs with what publishes an entry.
        const std::uint64_t now = hardware::load_acquire(entries[index].incarnation);
        same = std::exchange(incarnations_[index], now) == now && same;
    }
    if (same) return;
    for (auto& kind : standing_) kind.clear();
    for (placement& each : directory{where}.list())
        standing_[static_cast<std::size_t>(each.kind)].push_back(std::move(each));
}

}  // namespace seki::shm
