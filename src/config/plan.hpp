// From the primitives a segment has to those its configuration declares: looked at as a whole first, then done.
//
// Missing ones are made. Primitives that the configuration does not name stay: code may have made them, and deleting one refuses everybody
// who uses it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::config {

// What becomes of a primitive that has other options than those declared.
enum class differing : std::uint8_t {
    changed,  // in place, so that buckets and windows survive: sekid, whose configuration is the host's
    refused,  // unless it was made with those declared, and changed since: a worker, one of many
};

class plan {
public:
    // Looks and does under one lock: all of it or none. An error names everything that stands in the way, a line each, and nothing was touched.
    // Answers what was done. Where nothing is to be done it takes no lock, so that who may only read the segment can ask for what it has.
    [[nodiscard]] static Result<plan> carry_out(const shm::segment& where, const declared_primitives& all,
                                                differing treated);

    struct missing_one {
        std::string_view word;  // "limiter"
        std::string name;
        std::function<Result<shm::placement>(const shm::administration&)> make;
        std::function<void(const shm::administration&, const shm::placement&)> undo;  // needs no memory
    };
    struct changed_one {
        std::string_view word;
        std::string name;
        std::string in_words;  // "limit 5 -> 10"
        std::function<Result<void>(const shm::administration&)> change;
    };
    [[nodiscard]] const std::vector<missing_one>& missing() const noexcept { return missing_; }
    [[nodiscard]] const std::vector<changed_one>& changes() const noexcept { return changes_; }

private:
    [[nodiscard]] static Result<plan> draw(const shm::segment& where, const declared_primitives& all,
                                           differing treated);
    template <class Options>
    [[nodiscard]] Result<void> consider(const shm::segment& where, const std::string& name, const Options& wanted,
                                        differing treated);
    // Makes first, for making may fail for want of room or of memory: then what was made is taken away again, and nothing was changed.
    [[nodiscard]] Result<void> do_it(const shm::administration& held) const;
    [[nodiscard]] Result<void> make_missing(const shm::administration& held) const;

    std::vector<missing_one> missing_;
    std::vector<changed_one> changes_;
};

}  // namespace seki::config
