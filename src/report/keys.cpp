#include "report/keys.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "primitives/limiter_table.hpp"
#include "report/rule.hpp"
#include "report/text.hpp"
#include "shm/fingerprint.hpp"

namespace seki::report {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

struct candidate {
    std::uint64_t tag = 0;
    std::uint64_t state = 0;     // 0 for a key that has no slot
    std::size_t slot = nowhere;  // beyond every text
    std::uint64_t allowed = 0;
    std::uint64_t denied = 0;
    std::uint64_t remaining = 0;

    [[nodiscard]] auto rank(key_order by) const noexcept {
        const std::uint64_t first = by == key_order::busiest ? allowed + denied : denied;
        return std::tuple{~first, remaining, ~(allowed + denied), tag};
    }
};

class listing {
public:
    listing(const shm::segment& where, const shm::placement& at, std::uint64_t now) noexcept
        : now_{now},
          rule_{primitives::unpack(shm::read_terms(shm::directory{where}.entry(at.index)).values)},
          tables_{primitives::tables_of(where, at)},
          hash_{where.header(), at.incarnation} {}

    [[nodiscard]] std::vector<candidate> candidates(const std::vector<shm::busy_key>& busy) const {
        std::unordered_map<std::uint64_t, candidate> unseen;
        for (const shm::busy_key& key : busy)
            unseen[key.tag] = {.tag = key.tag, .allowed = key.allowed, .denied = key.denied};
        std::vector<candidate> all;
        tables_.keys.for_each([&](std::uint64_t tag, std::uint64_t state, std::size_t slot) {
            const auto sampled = unseen.find(tag);
            if (sampled == unseen.end() && rule_.as_good_as_new(state, now_)) return;
            candidate found = sampled == unseen.end() ? candidate{.tag = tag} : sampled->second;
            if (sampled != unseen.end()) unseen.erase(sampled);
            found.state = state;
            found.slot = slot;
            all.push_back(found);
        });
        for (const auto& [tag, key] : unseen) all.push_back(key);
        for (candidate& each : all) each.remaining = rule_.outlook(each.state, now_).remaining;
        return all;
    }

    // Where it stands, if it stands anywhere.
    [[nodiscard]] candidate find(const shm::busy_key& key) const noexcept {
        candidate found{.tag = key.tag, .allowed = key.allowed, .denied = key.denied};
        if (const auto at = tables_.keys.find(key.tag)) {
            found.state = at.state;
            found.slot = tables_.keys.index_of(at);
        }
        return found;
    }

    [[nodiscard]] key_facts describe(const candidate& key) const {
        const algorithm::outcome outlook = rule_.outlook(key.state, now_);
        key_facts facts{.tag = key.tag,
                        .limit = outlook.limit,
                        .remaining = outlook.remaining,
                        .reset_after = std::chrono::nanoseconds{static_cast<std::int64_t>(outlook.reset_after)},
                        .allowed = key.allowed,
                        .denied = key.denied};
        if (auto text = tables_.texts.read(key.slot, key.tag, hash_)) {
            facts.whole = text->whole;
            facts.text = text->whole ? std::move(text->key) : std::string{whole_characters(text->key)};
        }
        return facts;
    }

private:
    std::uint64_t now_;
    rule rule_;
    primitives::tables tables_;
    shm::fingerprint hash_;
};

}  // namespace

std::vector<key_facts> keys(const shm::segment& where, const shm::placement& at, std::uint64_t now_ns,
                            const key_query& query) {
    const listing from{where, at, now_ns};
    std::vector<candidate> all = from.candidates(shm::busiest(where, at.incarnation));
    std::ranges::sort(all, {}, [&](const candidate& key) { return key.rank(query.by); });
    std::vector<key_facts> chosen;
    for (const candidate& each : all) {
        if (chosen.size() >= query.top) break;
        key_facts facts = from.describe(each);
        if (!query.wanted || query.wanted(facts)) chosen.push_back(std::move(facts));
    }
    return chosen;
}

std::vector<key_facts> most_denied(const shm::segment& where, const shm::placement& at, std::uint64_t now_ns,
                                   std::vector<shm::busy_key> busy, std::size_t top) {
    std::erase_if(busy, [](const shm::busy_key& key) { return key.denied == 0; });
    if (busy.empty()) return {};
    std::ranges::sort(busy, std::greater{}, [](const shm::busy_key& key) { return std::pair{key.denied, key.tag}; });
    busy.resize(std::min(busy.size(), top));
    const listing from{where, at, now_ns};
    std::vector<key_facts> chosen;
    for (const shm::busy_key& each : busy) chosen.push_back(from.describe(from.find(each)));
    return chosen;
}

}  // namespace seki::report
