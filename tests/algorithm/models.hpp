// The laws a second time: slow, exact, and written from the formulas that users are promised, not from the code. Time, rates and
// shares are rational numbers here; states are what a person would write down.
#pragma once

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "bounds.hpp"

namespace seki::tests {

using rational = boost::multiprecision::cpp_rational;
using integer = boost::multiprecision::cpp_int;

inline integer floor_of(const rational& value) {  // of a value >= 0
    return boost::multiprecision::numerator(value) / boost::multiprecision::denominator(value);
}
inline std::uint64_t whole_below(const rational& value) {
    return value <= 0 ? 0 : static_cast<std::uint64_t>(floor_of(value));
}
inline std::uint64_t whole_above(const rational& value) {
    if (value <= 0) return 0;
    const integer below = floor_of(value);
    return static_cast<std::uint64_t>(rational{below} == value ? below : below + 1);
}

// The generic cell rate algorithm.
//     tat' = max(tat, t) + cost * T        allowed iff tat' <= t + B * T
// with T = window / limit rounded up to a sixteenth of a nanosecond.
class bucket_model {
public:
    struct shape {
        rational interval = 1;    // T, in ns
        std::uint64_t burst = 1;  // B
        [[nodiscard]] rational horizon() const { return interval * burst; }
    };

    static rational interval_of(nanos window, std::uint64_t limit) {
        return rational{whole_above(rational{window, limit} * 16), 16};
    }

    [[nodiscard]] bool allows(nanos t, std::uint64_t cost, const shape& law) const {
        return cost <= law.burst && arrival(t, cost, law) <= t + law.horizon();
    }
    void spend(nanos t, std::uint64_t cost, const shape& law) {
        if (cost > 0) tat_ = arrival(t, cost, law);
    }
    // Never beyond the capacity: a full bucket has tat = t.
    void refund(nanos t, std::uint64_t cost, const shape& law) {
        if (tat_ > t) tat_ = std::max<rational>(tat_ - cost * law.interval, t);
    }

    [[nodiscard]] std::uint64_t remaining(nanos t, const shape& law) const {
        return whole_below((t + law.horizon() - std::max<rational>(tat_, t)) / law.interval);
    }
    [[nodiscard]] nanos retry_after(nanos t, std::uint64_t cost, const shape& law) const {
        return whole_above(arrival(t, cost, law) - (t + law.horizon()));
    }
    [[nodiscard]] nanos reset_after(nanos t) const { return whole_above(tat_ - t); }
    [[nodiscard]] bool idle(nanos t) const { return tat_ <= t; }

private:
    [[nodiscard]] rational arrival(nanos t, std::uint64_t cost, const shape& law) const {
        return std::max<rational>(tat_, t) + cost * law.interval;
    }
    rational tat_ = 0;
};

// Counts per aligned window, kept in a map. A call whose clock is before a window already counted in happens at that window's start.
//     fixed    allowed iff c + cost <= limit
//     sliding  allowed iff p * (W - e) + (c + cost) * W <= limit * W
class window_model {
public:
    window_model(bool sliding, nanos window) : sliding_{sliding}, window_{window} {}

    [[nodiscard]] bool allows(nanos t, std::uint64_t cost, std::uint64_t limit) const {
        return cost <= limit && in_use(t) + cost <= limit;
    }
    void spend(nanos t, std::uint64_t cost) {
        if (cost == 0) return;
        latest_ = at(t).first;
        counts_[latest_] += cost;
        counts_.erase(counts_.begin(), counts_.lower_bound(latest_ - 1));
    }
    // From the current window first. What is left of the cost was spent too long ago to matter.
    void refund(nanos t, std::uint64_t cost) {
        latest_ = at(t).first;
        for (std::int64_t each : {latest_, latest_ - 1}) {
            if (each != latest_ && !sliding_) break;
            if (const auto found = counts_.find(each); found != counts_.end()) {
                const std::uint64_t back = std::min(cost, found->second);
                found->second -= back;
                cost -= back;
            }
        }
    }

    // The window that the latest call counted in, for undo().
    [[nodiscard]] std::int64_t latest() const { return latest_; }
    // As if `cost` had not been spent in that window.
    void undo(std::int64_t window, std::uint64_t cost) {
        if (const auto found = counts_.find(window); found != counts_.end())
            found->second -= std::min(cost, found->second);
    }

    [[nodiscard]] std::uint64_t remaining(nanos t, std::uint64_t limit) const {
        return whole_below(rational{limit} - in_use(t));
    }
    [[nodiscard]] bool idle(nanos t) const { return in_use(t) == 0; }

private:
    // The window of a call, and how far into it the call is.
    [[nodiscard]] std::pair<std::int64_t, nanos> at(nanos t) const {
        const auto index = static_cast<std::int64_t>(t / window_);
        if (index < latest_) return {latest_, 0};
        return {index, t % window_};
    }
    [[nodiscard]] std::uint64_t count(std::int64_t index) const {
        const auto found = counts_.find(index);
        return found == counts_.end() ? 0 : found->second;
    }
    [[nodiscard]] rational in_use(nanos t) const {
        const auto [index, elapsed] = at(t);
        const std::uint64_t current = count(index);
        if (!sliding_) return current;
        return current + rational{count(index - 1)} * (window_ - elapsed) / window_;
    }

    bool sliding_;
    nanos window_;
    std::int64_t latest_ = 0;
    std::map<std::int64_t, std::uint64_t> counts_;
};

}  // namespace seki::tests
