#include "daemon/history.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace seki::daemon {
namespace {

std::uint32_t cut(std::uint64_t number) noexcept {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

bool is_counted(report::column_of what) noexcept {
    return what == report::column_of::count || what == report::column_of::refusal;
}

}  // namespace

void history::forget() {
    tracks_.clear();
    number_ = 0;
    generation_ = 0;
}

history::track history::open(const report::sample& of, bool has_room) const {
    track made{.incarnation = of.at.incarnation, .kind = of.at.kind, .name = of.at.name, .first = number_ + 1};
    made.seen = of.values;
    if (has_room) made.rows.resize(length);
    return made;
}

void history::enter(track& into, const report::sample& now) noexcept {
    const std::uint64_t at_ms = at_ms_[number_ % length];
    if (into.name != now.at.name) into.name = now.at.name;  // a scribbler's doing: else it could not be asked for
    const auto columns = report::columns_of(into.kind);
    bool refused = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::uint64_t before = std::exchange(into.seen[i], now.values[i]);
        const std::uint64_t more = now.values[i] > before ? now.values[i] - before : 0;
        into.last[i] = cut(is_counted(columns[i].is) ? more : now.values[i]);
        refused = refused || (columns[i].is == report::column_of::refusal && more != 0);
    }
    if (!into.rows.empty()) into.rows[number_ % length] = into.last;
    if (!refused) return;
    if (into.refused.last_ms == 0 || at_ms > into.refused.last_ms + together_ms) into.refused.since_ms = at_ms;
    into.refused.last_ms = at_ms;
}

void history::take(std::uint64_t generation, std::span<const report::sample> now, std::uint64_t unix_ms) {
    if (std::exchange(generation_, generation) != generation) tracks_.clear();
    at_ms_[++number_ % length] = unix_ms;
    std::unordered_map<std::uint64_t, std::size_t> known;
    for (std::size_t i = 0; i < tracks_.size(); ++i) known.emplace(tracks_[i].incarnation, i);
    std::vector<track> next;
    next.reserve(now.size());
    std::size_t kept = 0;
    // Who has rows keeps them, so that room goes to newcomers only where it is free.
    for (const report::sample& each : now)
        if (const auto found = known.find(each.at.incarnation); found != known.end())
            kept += tracks_[found->second].rows.empty() ? 0U : 1U;
    for (const report::sample& each : now) {
        if (const auto found = known.find(each.at.incarnation); found != known.end()) {
            next.push_back(std::move(tracks_[found->second]));
            known.erase(found);
            enter(next.back(), each);
        } else {
            next.push_back(open(each, kept < most_kept));
            kept += next.back().rows.empty() ? 0U : 1U;
        }
    }
    tracks_ = std::move(next);
}

history::refusals history::refusals_of(const track& one) const noexcept {
    const bool of_late = one.refused.last_ms != 0 && at_ms_[number_ % length] <= one.refused.last_ms + together_ms;
    return {.since_ms = of_late ? one.refused.since_ms : 0, .last_ms = one.refused.last_ms};
}

std::optional<history::past> history::of(layout::kind kind, std::string_view name) const {
    const auto one = std::ranges::find_if(tracks_, [&](const track& t) { return t.kind == kind && t.name == name; });
    if (one == tracks_.end()) return std::nullopt;
    past found{.refused = refusals_of(*one), .number = number_, .at_ms = {}, .rows = {}};
    if (one->rows.empty()) return found;
    const std::uint64_t oldest = number_ >= length ? number_ - length + 1 : 1;
    for (std::uint64_t number = std::max(oldest, one->first); number <= number_; ++number) {
        found.at_ms.push_back(at_ms_[number % length]);
        found.rows.push_back(one->rows[number % length]);
    }
    return found;
}

history::moment history::now() const {
    moment all{.number = number_, .at_ms = number_ == 0 ? 0 : at_ms_[number_ % length]};
    all.all.reserve(tracks_.size());
    for (const track& each : tracks_) {
        latest one{.kind = each.kind, .name = each.name, .refused = refusals_of(each)};
        if (each.first <= number_) one.last = each.last;
        all.all.push_back(std::move(one));
    }
    return all;
}

std::size_t history::bytes() const noexcept {
    std::size_t sum = 0;
    for (const track& each : tracks_) sum += sizeof each + each.name.capacity() + each.rows.capacity() * sizeof(row);
    return sum;
}

}  // namespace seki::daemon
