#include "top/history.hpp"

#include <unordered_map>
#include <utility>

namespace seki::ctl::top {

rate rate_between(const reading& before, const reading& now, std::chrono::nanoseconds took) noexcept {
    if (took.count() <= 0) return {};
    const auto each = [&](std::uint64_t was, std::uint64_t is) {
        return is > was ? static_cast<double>(is - was) / std::chrono::duration<double>(took).count() : 0;
    };
    const double refused = each(before.refused, now.refused);
    return {.calls = each(before.let_in, now.let_in) + refused, .refused = refused};
}

void history::forget_another(const report::segment_facts& segment) {
    const std::pair is{segment.generation, segment.created.time_since_epoch().count()};
    if (segment_ && *segment_ != is) records_.clear();
    segment_ = is;
}

void history::add(const report::snapshot& all, std::chrono::nanoseconds at) {
    forget_another(all.segment);
    std::unordered_map<std::string, record> before;
    for (record& each : records_) {
        std::string id = each.now.id();
        before.emplace(std::move(id), std::move(each));
    }
    records_.clear();
    ++looks_;
    for (reading& now : read(all)) {
        record next{.now = std::move(now)};
        if (const auto was = before.find(next.now.id());
            was != before.end() && was->second.now.incarnation == next.now.incarnation) {
            next.past = std::move(was->second.past);
            next.pace = rate_between(was->second.now, next.now, at - at_);
            next.past.push_back(*next.pace);
            if (next.past.size() > longest) next.past.pop_front();
        }
        records_.push_back(std::move(next));
    }
    at_ = at;
}

const record* history::find(const std::string& id) const {
    for (const record& each : records_)
        if (each.now.id() == id) return &each;
    return nullptr;
}

}  // namespace seki::ctl::top
