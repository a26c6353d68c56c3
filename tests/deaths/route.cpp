#include "route.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "support/seed.hpp"

namespace seki::test {
namespace {

std::uint64_t seed() {
    static const std::uint64_t chosen = seed_or(1);
    return chosen;
}

// Some of many, spread evenly.
void thin(std::vector<std::uint64_t>& points, std::size_t most) {
    if (points.size() <= most) return;
    std::vector<std::uint64_t> some;
    const std::size_t offset = seed() % points.size();
    for (std::size_t i = 0; i < most; ++i) some.push_back(points[(offset + i * points.size() / most) % points.size()]);
    points = std::move(some);
}

void order(std::vector<std::uint64_t>& points) {
    std::ranges::sort(points);
    points.erase(std::ranges::unique(points).begin(), points.end());
}

void add_every(std::vector<std::uint64_t>& points, std::uint64_t stride, std::uint64_t length) {
    for (std::uint64_t at = seed() % stride; at < length; at += stride) points.push_back(at);
}

// All of them, unless the way there is too long.
std::vector<std::uint64_t> changes_to_die_after(const route& way, std::size_t fewest, std::uint64_t for_all) {
    std::vector<std::uint64_t> changes = way.marks;
    const std::uint64_t steps = std::accumulate(changes.begin(), changes.end(), std::uint64_t{0});
    if (steps > for_all) thin(changes, std::max<std::size_t>(fewest, changes.size() * for_all / steps / 5));
    return changes;
}

}  // namespace

route walk(stepped_process& whole, const fs::path& segment, std::size_t sleeps) {
    route way;
    watched_file file{segment};
    while (way.sleeps.size() < sleeps) {
        bool slept = false;
        const bool goes_on = sleeps == any_number ? whole.step(1) : whole.step_during([&] { slept = whole.sleeps(); });
        if (!goes_on) {
            way.ends = true;
            break;
        }
        ++way.length;
        if (slept) way.sleeps.push_back(way.length);
        const bool changed = file.changed();
        way.changed += changed ? 1 : 0;
        if (changed || !file.is_there() || way.length == 1) way.marks.push_back(way.length);
    }
    return way;
}

std::vector<std::uint64_t> points_of(const route& way, trying what, std::uint64_t most_steps, std::size_t fewest,
                                     std::uint64_t for_each_change) {
    constexpr std::size_t most = 100, others = 6;
    std::vector<std::uint64_t> points;
    if (const char* given = std::getenv("SEKI_STRIDE"); given != nullptr) {
        add_every(points, std::max<std::uint64_t>(1, std::strtoull(given, nullptr, 10)), way.length);
    } else {
        const auto tries = std::clamp<std::size_t>(most_steps / std::max<std::uint64_t>(1, way.length), fewest, most);
        const bool dies = what == trying::to_die;
        points = way.sleeps;
        if (!dies) {
            for (const std::uint64_t after : way.marks) points.insert(points.end(), {after - 1, after});
        }
        order(points);
        thin(points, tries);
        if (dies) std::ranges::copy(changes_to_die_after(way, fewest, for_each_change), std::back_inserter(points));
        order(points);
        if (!dies && points.size() + others <= tries) {
            add_every(points, way.length / others + 1, way.length);
        }
    }
    if (way.ends) points.push_back(stepped_process::to_the_end);
    return points;
}

const route& way_of(const std::string& operation, const std::function<route()>& walk_it) {
    static std::map<std::string, route> known;
    const auto found = known.find(operation);
    return found != known.end() ? found->second : known.emplace(operation, walk_it()).first->second;
}

}  // namespace seki::test
