#include "stops.hpp"

#include <algorithm>

namespace seki::test {
namespace {

constexpr unsigned most_unwatched = 15;

}  // namespace

std::size_t stops::end_of_the_same(std::span<const reach> all, std::size_t as, const reach& second) {
    while (as < all.size() && !all[as].meets(second)) ++as;
    return as + 1;
}

void stops::tried(const watch* second) {
    if (second == nullptr) {
        ++next_;
        if (unwatched_ > 0) --unwatched_;
        return;
    }
    const std::size_t end = end_of_the_same(reaches_, next_, second->reached), left_out = end - next_ - 1;
    const bool is_in_vain = left_out * touches_for_a_stop < second->touches;
    in_vain_ = is_in_vain ? std::min(2 * in_vain_ + 1, most_unwatched) : 0;
    unwatched_ = in_vain_;
    next_ = end;
}

}  // namespace seki::test
