#include "acts.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "breaker_scenarios.hpp"
#include "limiter_scenarios.hpp"
#include "shm/administration.hpp"

namespace seki::test {
namespace {

template <class Scenarios>
void add(std::vector<act>& to, const std::string& of, const Scenarios& all) {
    for (const auto& each : all) to.push_back({of, each.name, each.world, each.prepare, {}});
}
void add_bulkheads(std::vector<act>& to, const std::vector<bulkhead_scenario>& all) {
    for (const auto& each : all) to.push_back({"bulkhead", each.name, each.world, each.prepare, each.beside});
}

// These change what is there as who has the administration lock does, and leave it to others to have it.
act under_lock(act each) {
    each.prepare = [inner = each.prepare](const fs::path& folder, answer& told) -> operation {
        return [change = inner(folder, told), path = folder / "a.seg", &told] {
            const auto lock = shm::administration::lock(path);
            lock ? change() : told.tell(lock.error().code);
        };
    };
    return each;
}
bool wants_the_lock(const act& each) {
    constexpr std::string_view changes[] = {"options_", "raising_", "lowering_"};
    return std::ranges::any_of(changes, [&](std::string_view word) { return each.name.starts_with(word); });
}

std::vector<act> collected() {
    std::vector<act> all;
    add(all, "limiter", works_with_limiters());
    for (act& each : all)
        if (each.name == "open_that_makes_the_segment") each.of = "segment";
    add(all, "breaker", calls_of_a_closed_breaker());
    add(all, "breaker", calls_of_an_open_breaker());
    add(all, "breaker", works_of_operators());
    add_bulkheads(all, works_of_workers());
    add_bulkheads(all, works_on_bulkheads());
    for (act& each : all)
        if (wants_the_lock(each)) each = under_lock(each);
    for (const std::vector<act>& more : {acts_with_limits(), acts_with_budgets()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

[[nodiscard]] OpenOptions roomy() {
    OpenOptions options = small(Access::create_or_attach);
    options.segment.max_workers = 6;
    options.segment.size = 3 << 16;
    options.segment.max_primitives = 8;
    return options;
}

}  // namespace

const std::vector<act>& all_acts() {
    static const std::vector<act> all = collected();
    return all;
}

std::function<void(const fs::path&)> world_of(const act& first) {
    if (first.of == "segment") return first.world;
    std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> plain{
        {"limiter", spent(1)}, {"breaker", closed_after(2, 1)}, {"bulkhead", with_dead_holding(0)}};
    for (const std::vector<act>& more : {acts_with_limits(), acts_with_budgets()})
        for (const act& each : more)
            if (plain.back().first != each.of) plain.emplace_back(each.of, each.world);
    return [plain, first](const fs::path& folder) {
        (void)must(open((folder / "a.seg").string(), roomy()));
        for (const auto& [of, make] : plain) of == first.of ? first.world(folder) : make(folder);
    };
}

}  // namespace seki::test
