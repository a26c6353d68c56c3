// What bulkheads are stepped through: the worlds that processes find, what others hold, what they do there, and what it comes to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "primitives/bulkhead_family.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {

// Who lives beside the one that is stepped through, and what it holds.
struct neighbour {
    Segment segment;
    std::vector<Permit> held{};

    [[nodiscard]] Bulkhead it() const { return must(segment.bulkhead("it")); }
    void take(std::size_t most) {
        while (most-- > 0) held.push_back(must(it().try_acquire()));
    }
    void give_back_one() {
        held.back().release();
        held.pop_back();
    }
};

struct bulkhead_scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<void(neighbour&)> beside;  // after the one that is stepped through got ready
    std::function<operation(const fs::path&, answer&)> prepare;
    bool keeps = false;                    // what it was allowed it holds
    std::vector<std::uint64_t> maxima{3};  // max_concurrent before, and after
    bool is_there_before = true, is_there_after = true;
};
inline std::ostream& operator<<(std::ostream& to, const bulkhead_scenario& each) { return to << each.name; }

inline constexpr std::uint64_t permits = 3;
[[nodiscard]] inline BulkheadOptions so_many(std::uint64_t max_concurrent) {
    return {.max_concurrent = max_concurrent, .max_waiting = 1};
}

// World: a process died that held so many.
[[nodiscard]] inline auto with_dead_holding(std::size_t held) {
    return [held](const fs::path& folder) {
        const auto* const it = new Bulkhead{must(opened(folder).bulkhead("it", so_many(permits)))};
        for (std::size_t i = 0; i < held; ++i) (void)new Permit{must(it->try_acquire())};
    };
}
[[nodiscard]] inline auto hold(std::size_t held) {
    return [held](neighbour& by) { by.take(held); };
}

// Attached, with a slot of its own, bound.
template <class Act>
[[nodiscard]] auto with_bulkhead(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        const Bulkhead it = must(segment.bulkhead("it"));
        (void)segment.handle()->attachment()->me();
        return [segment, it, &told, act] { told.tell(act(it)); };
    };
}
// And a permit in hand.
template <class Act>
[[nodiscard]] auto with_permit(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        auto held = std::make_shared<Permit>(must(must(opened(folder).bulkhead("it")).try_acquire()));
        return [held, &told, act] { told.tell(act(*held)); };
    };
}
template <class Act>
[[nodiscard]] auto in_the_segment(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}
// By who has the lock already: the way there is a limiter's, too (every_instruction_test.cpp), and long.
[[nodiscard]] inline auto resizing_to(std::uint64_t max_concurrent) {
    return [=](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        const auto at = *shm::directory{segment.handle()->where()}.find(layout::kind::bulkhead, "it");
        return [=, &told] {
            primitives::family<BulkheadOptions>::change(segment.handle()->where(), at, so_many(max_concurrent));
            told.tell(true);
        };
    };
}

// Whoever acquires this way holds what it got as long as it lives.
[[nodiscard]] inline bool keep(Result<Permit> taken) {
    return taken && static_cast<bool>(*new Permit{*std::move(taken)});
}
[[nodiscard]] inline bool try_to_take(const Bulkhead& it) { return keep(it.try_acquire()); }
[[nodiscard]] inline bool wait_for_one(const Bulkhead& it) { return keep(it.acquire(1h)); }

[[nodiscard]] std::vector<bulkhead_scenario> works_of_workers();
[[nodiscard]] std::vector<bulkhead_scenario> works_on_bulkheads();

}  // namespace seki::test
