#include "shm/hitters.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "shm/process_token.hpp"

namespace seki::shm {

namespace sampling {
namespace {

thread_local constinit std::uint64_t random_state = 0;

constinit word threads;  // of this process that ever drew

// xorshift64 (Marsaglia): never 0 once it is not.
std::uint64_t next_random() noexcept {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

}  // namespace

bool draw() noexcept {
    std::uint32_t& to_skip = attachment::until_sample();
    if (random_state != 0) {
        to_skip = static_cast<std::uint32_t>(next_random() >> 32) % (2 * sampling_rate - 1);
        return true;
    }
    // The token tells the processes apart, their count the threads of a process: those that come one after the other have one address.
    const std::uint64_t before = hardware::fetch_add_relaxed(threads, 1);
    random_state = (claim_process_token() ^ before * 0x9e3779b97f4a7c15ULL) | 1;
    to_skip = static_cast<std::uint32_t>(next_random() >> 32) % sampling_rate;
    if (to_skip == 0) return draw();
    --to_skip;
    return false;
}

}  // namespace sampling

namespace {

using keys_by_tag = std::unordered_map<std::uint64_t, busy_key>;

// Calls visit(incarnation, key) for every entry that is one key's while it is looked at.
template <class Visit>
void for_each_hitter(const segment& where, Visit&& visit) {
    for (std::size_t i = 0; i < where.parts().max_workers; ++i)
        for (const layout::hitter& entry : where.worker(i).hitters)
            if (const auto seen = hitting::look_at<hardware>(entry))
                visit(seen->incarnation,
                      busy_key{seen->tag, seen->allowed * sampling_rate, seen->denied * sampling_rate});
}

void add(const busy_key& seen, keys_by_tag& to) {
    busy_key& key = to[seen.tag];
    key.tag = seen.tag;
    key.allowed += seen.allowed;
    key.denied += seen.denied;
}

std::vector<busy_key> in_order(const keys_by_tag& by_tag) {
    std::vector<busy_key> keys;
    keys.reserve(by_tag.size());
    for (const auto& [tag, key] : by_tag) keys.push_back(key);
    std::ranges::sort(keys, std::greater{}, [](const busy_key& k) { return std::pair{k.allowed + k.denied, k.tag}; });
    return keys;
}

}  // namespace

std::vector<busy_key> busiest(const segment& where, std::uint64_t incarnation) {
    keys_by_tag found;
    for_each_hitter(where, [&](std::uint64_t of, const busy_key& key) {
        if (of == incarnation) add(key, found);
    });
    return in_order(found);
}

std::unordered_map<std::uint64_t, std::vector<busy_key>> busiest_of_all(const segment& where) {
    std::unordered_map<std::uint64_t, keys_by_tag> found;
    for_each_hitter(where, [&](std::uint64_t of, const busy_key& key) { add(key, found[of]); });
    std::unordered_map<std::uint64_t, std::vector<busy_key>> all;
    for (const auto& [incarnation, keys] : found) all.emplace(incarnation, in_order(keys));
    return all;
}

}  // namespace seki::shm
