#include "route.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
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

void add_every(std::vector<std::uint64_t>& points, std::uint64_t stride, std::uint64_t length) {
    for (std::uint64_t at = seed() % stride; at < length; at += stride) points.push_back(at);
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

std::vector<std::uint64_t> points_of(const route& way, trying what, std::uint64_t most_steps, std::size_t fewest) {
    constexpr std::size_t most = 100, others = 6;
    std::vector<std::uint64_t> points;
    if (const char* given = std::getenv("SEKI_STRIDE"); given != nullptr) {
        add_every(points, std::max<std::uint64_t>(1, std::strtoull(given, nullptr, 10)), way.length);
    } else {
        points = way.marks;
        points.insert(points.end(), way.sleeps.begin(), way.sleeps.end());
        if (what == trying::to_stand_still) {
            for (const std::uint64_t after : way.marks) points.push_back(after - 1);
        }
        std::ranges::sort(points);
        points.erase(std::ranges::unique(points).begin(), points.end());
        const auto tries = std::clamp<std::size_t>(most_steps / std::max<std::uint64_t>(1, way.length), fewest, most);
        thin(points, tries);
        if (what == trying::to_stand_still && points.size() + others <= tries) {
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
