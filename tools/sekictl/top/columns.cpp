#include "top/columns.hpp"

#include <algorithm>

namespace seki::ctl::top {
namespace {

std::size_t taken_by(const std::vector<placed>& some) {
    std::size_t sum = some.empty() ? 0 : some.size() - 1;
    for (const placed& each : some) sum += each.width;
    return sum;
}

}  // namespace

std::vector<placed> lay_out(std::span<const column> all, std::size_t width) {
    std::vector<placed> some;
    some.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) some.push_back({i, all[i].least});
    const auto worth = [&](const placed& each) { return all[each.which].worth; };
    while (some.size() > 1 && taken_by(some) > width) some.erase(std::ranges::min_element(some, {}, worth));
    if (some.size() == 1) some.front().width = std::min(some.front().width, width);

    std::vector<placed*> growing;
    growing.reserve(some.size());
    for (placed& each : some) growing.push_back(&each);
    std::ranges::sort(growing, std::ranges::greater{}, [&](const placed* each) { return worth(*each); });
    for (placed* each : growing) {
        const std::size_t most = std::max(all[each->which].most, each->width);
        each->width += std::min(most - each->width, width - taken_by(some));
    }
    return some;
}

}  // namespace seki::ctl::top
