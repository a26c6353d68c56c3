// What the doctor has found so far, with the remedy of each: examine() tells, repair() mends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "report/doctor.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
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
        if (!full()) found_.push_back({{broken, std::move(place), std::move(what), terms_version_}, std::move(mend)});
    }

    // Of what is found from here on, nothing is added: who has much to look at may leave it at that.
    [[nodiscard]] bool full() const noexcept { return found_.size() >= most_; }

    // A remedy: deletes the primitive of that entry.
    [[nodiscard]] std::function<void()> removal(std::uint32_t index) const {
        return [this, index] { shm::directory{where_}.remove(index); };
    }

    // A remedy: the word says `better`, if it still says what was found.
    [[nodiscard]] static std::function<void()> exchange(layout::word& at, std::uint64_t found, std::uint64_t better) {
        return [&at, found, better] {
            std::uint64_t expected = found;
            (void)shm::hardware::cas_acq_rel(at, expected, better);
        };
    }
    [[nodiscard]] static std::function<void()> exchange(layout::pair& at, layout::pair_value found,
                                                        layout::pair_value better) {
        return [&at, found, better] { (void)shm::hardware::cas_pair(at, found, better); };
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
