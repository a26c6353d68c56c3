#include "route.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <utility>

#include "leavings.hpp"
#include "support/seed.hpp"
#include "survivors.hpp"

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

// Not one of every so many, for which any other will do.
bool is_chosen(const route& way, std::uint64_t at) {
    return std::ranges::binary_search(way.marks, at) || std::ranges::binary_search(way.marks, at + 1) ||
           std::ranges::binary_search(way.sleeps, at);
}

}  // namespace

bool place::lead(stepped_process& one) const {
    if (way->singly || is_end()) return one.step(instructions);
    if (way->steps.lead(one, instructions)) return true;
    way->astray = true;
    return one.is_there();
}

route walk(stepped_process& whole, const fs::path& folder, std::size_t sleeps) {
    route way;
    leavings left{folder};
    way.marks.push_back(0);
    way.steps.note(whole.at());
    while (way.sleeps.size() < sleeps) {
        bool slept = false;
        const bool calls = whole.is_before_a_call();
        const bool goes_on = sleeps == any_number ? whole.step(1) : whole.step_during([&] { slept = whole.sleeps(); });
        if (!goes_on) {
            way.ends = true;
            break;
        }
        ++way.length;
        way.steps.note(whole.at());
        if (slept) way.sleeps.push_back(way.length);
        if (left.changed(calls)) way.marks.push_back(way.length);
    }
    return way;
}

std::vector<std::uint64_t> points_of(const route& way, trying what) {
    std::vector<std::uint64_t> points = way.sleeps;
    for (const std::uint64_t after : way.marks) {
        if (what == trying::to_stand_still && after > 0) points.push_back(after - 1);
        points.push_back(after);
    }
    order(points);
    if (const char* given = std::getenv("SEKI_STRIDE"); given != nullptr)
        add_every(points, std::max<std::uint64_t>(1, std::strtoull(given, nullptr, 10)), way.length);
    else
        thin(points, what == trying::to_die ? most_deaths : most_standstills);
    order(points);
    if (way.ends) points.push_back(stepped_process::to_the_end);
    return points;
}

route& way_of(const std::string& operation, const std::function<route()>& walk_it) {
    static std::map<std::string, route> known;
    const auto found = known.find(operation);
    return found != known.end() ? found->second : known.emplace(operation, walk_it()).first->second;
}

void play_at(const std::vector<std::uint64_t>& points, route& way, const std::string& what,
             const std::function<void(const place&)>& play) {
    std::size_t played = 0, astray = 0;
    for (const std::uint64_t at : points) {
        SCOPED_TRACE(at == stepped_process::to_the_end ? "at its end" : "at instruction " + std::to_string(at));
        way.astray = false;
        play({&way, at});
        ++played;
        if (testing::Test::HasFailure()) break;
        if (!std::exchange(way.astray, false)) continue;
        ++astray;
        if (is_chosen(way, at)) {
            way.singly = true;
            play({&way, at});
            way.singly = false;
        }
        if (testing::Test::HasFailure()) break;
    }
    const bool all = std::ranges::includes(points, way.marks);
    std::printf("%s at %zu of %llu instructions, of which %zu changed what it leaves%s; %zu went another way%s\n",
                what.c_str(), played, static_cast<unsigned long long>(way.length), way.marks.size() - 1,
                all ? " and the others nothing" : "", astray, take_delays().c_str());
    std::fflush(stdout);
}

}  // namespace seki::test
