#include "top/order.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "report/text.hpp"
#include "shm/shape.hpp"

namespace seki::ctl::top {
namespace {

// Of ASCII alone: what another locale calls capital is no matter of a filter.
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has(std::string_view text, std::string_view part) {
    return !std::ranges::search(text, part, {}, small, small).empty() || part.empty();
}

// The greater comes first.
double rank(const record& each, order by) {
    const rate pace = each.pace.value_or(rate{});
    const auto& filled = each.now.filled;
    switch (by) {
        case order::denied: return pace.refused;
        case order::calls: return pace.calls;
        case order::use:
            return filled && filled->of != 0 ? static_cast<double>(filled->used) / static_cast<double>(filled->of) : -1;
        case order::state: return static_cast<double>(each.now.mood);
        case order::name: return 0;
    }
    return 0;
}

double rank(const report::process_facts& each, worker_order by) {
    std::uint64_t held = 0;
    for (const auto& has : each.holds) held += has.permits + has.waiting + has.probes;
    switch (by) {
        case worker_order::holds: return static_cast<double>(held);
        case worker_order::threads: return static_cast<double>(each.threads.size());
        case worker_order::age: return static_cast<double>(each.attached.count());
        case worker_order::pid: return 0;
    }
    return 0;
}

// No two have the same key.
template <class T, class Wanted, class Key>
std::vector<const T*> sorted(const std::vector<T>& from, bool reversed, Wanted wanted, Key key) {
    std::vector<const T*> some;
    for (const T& each : from)
        if (wanted(each)) some.push_back(&each);
    std::ranges::sort(some, {}, [&](const T* each) { return key(*each); });
    if (reversed) std::ranges::reverse(some);
    return some;
}

}  // namespace

bool is_wanted(const reading& each, std::string_view filter) {
    return has(fmt::format("{} {} {}", shm::to_string(each.kind), each.name, each.state), filter);
}

bool is_wanted(const report::process_facts& each, std::string_view filter) {
    if (has(fmt::format("{} {}", each.pid, report::for_terminal(each.command)), filter)) return true;
    return std::ranges::any_of(each.holds,
                               [&](const auto& holding) { return has(report::for_terminal(holding.name), filter); });
}

std::vector<const record*> choose(const std::vector<record>& from, order by, bool reversed, std::string_view filter) {
    return sorted(
        from, reversed, [&](const record& each) { return is_wanted(each.now, filter); },
        [&](const record& each) {
            const double calls = by == order::name ? 0 : each.pace.value_or(rate{}).calls;
            return std::tuple{-rank(each, by), -calls, std::string_view{each.now.name}, each.now.kind};
        });
}

std::vector<const report::process_facts*> choose(const std::vector<report::process_facts>& from, worker_order by,
                                                 bool reversed, std::string_view filter) {
    return sorted(
        from, reversed, [&](const report::process_facts& each) { return is_wanted(each, filter); },
        [&](const report::process_facts& each) { return std::tuple{-rank(each, by), each.pid, each.slot}; });
}

}  // namespace seki::ctl::top
