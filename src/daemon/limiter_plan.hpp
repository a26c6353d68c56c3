// From the limiters a segment has to those its configuration declares: looked at as a whole first, then done.
//
// Missing ones are made; those with other options are changed in place, so that buckets and windows survive. Limiters that the configuration does
// not name stay: code may have made them, and deleting one refuses everybody who uses it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <seki/error.hpp>
#include <seki/limiter.hpp>

#include "shm/administration.hpp"
#include "shm/segment.hpp"

namespace seki::daemon {

using declared_limiters = std::vector<std::pair<std::string, LimiterOptions>>;

class limiter_plan {
public:
    // Looks and does under one lock: all of it or none. An error names everything that stands in the way, a line each, and nothing was touched.
    // Answers what was done.
    [[nodiscard]] static Result<limiter_plan> carry_out(const shm::segment& where, const declared_limiters& declared);

    struct change {
        std::string name;
        LimiterOptions options;
        std::string difference;  // "limit is 5, not 10"
    };
    [[nodiscard]] const declared_limiters& missing() const noexcept { return missing_; }
    [[nodiscard]] const std::vector<change>& changes() const noexcept { return changes_; }

private:
    [[nodiscard]] static Result<limiter_plan> draw(const shm::segment& where, const declared_limiters& declared);
    // Makes first, for making may fail for want of room: then what was made is taken away again, and nothing was changed.
    [[nodiscard]] Result<void> do_it(const shm::administration& held, const shm::segment& where) const;

    declared_limiters missing_;
    std::vector<change> changes_;
};

}  // namespace seki::daemon
