// From totals to rates: what two looks at a segment differ by, and the last minute of that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "top/graph.hpp"
#include "top/reading.hpp"

namespace seki::ctl::top {

// One primitive, and how it went.
struct record {
    reading now;
    std::optional<rate> pace{};  // nothing at the first look at it
    std::deque<rate> past{};     // the oldest first; each is between two looks
};

class history {
public:
    static constexpr std::size_t longest = 60;  // looks: a minute of one a second

    // `at` never goes back. Of another segment, or of another primitive by the same name, all that was known is forgotten.
    void add(const report::snapshot& all, std::chrono::nanoseconds at);

    // In the order of the snapshot, by kinds.
    [[nodiscard]] const std::vector<record>& records() const noexcept { return records_; }
    [[nodiscard]] const record* find(const std::string& id) const;
    // The number of the last look, which every `past` ends with.
    [[nodiscard]] std::uint64_t looks() const noexcept { return looks_; }

private:
    void forget_another(const report::segment_facts& segment);

    std::vector<record> records_;
    std::uint64_t looks_ = 0;
    std::chrono::nanoseconds at_{0};
    std::optional<std::pair<std::uint64_t, std::int64_t>> segment_;  // generation, and when it was created
};

// Per second. A counter that went down, which only a scribbler does, stood still.
[[nodiscard]] rate rate_between(const reading& before, const reading& now, std::chrono::nanoseconds took) noexcept;

}  // namespace seki::ctl::top
