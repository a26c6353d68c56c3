// What the doctor has found so far, with the remedy of each: examine() tells, repair() mends.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "report/doctor.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct trouble {
    finding told;
    std::function<void()> mend;
};

class examination {
public:
    examination(const shm::segment& where, std::size_t most) : where_{where}, most_{most} {}

    [[nodiscard]] const shm::segment& where() const noexcept { return where_; }
    [[nodiscard]] std::vector<trouble> found() && { return std::move(found_); }

    void add(invariant broken, std::string place, std::string what, std::function<void()> mend) {
        if (found_.size() < most_)
            found_.push_back({{broken, std::move(place), std::move(what), terms_version_}, std::move(mend)});
    }

    // A remedy: deletes the primitive of that entry.
    [[nodiscard]] std::function<void()> removal(std::uint32_t index) const {
        return [this, index] { shm::directory{where_}.remove(index); };
    }

    // What is added from here on was judged by that version of a primitive's terms; 0: by none.
    void judge_by(std::uint64_t terms_version) noexcept { terms_version_ = terms_version; }

private:
    const shm::segment& where_;
    std::size_t most_;
    std::uint64_t terms_version_ = 0;
    std::vector<trouble> found_;
};

}  // namespace seki::report
