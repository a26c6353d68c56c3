#include "stops.hpp"

#include <algorithm>

namespace seki::test {
namespace {

constexpr unsigned most_unwatched = 15;

}  // namespace

std::size_t stops::end_of_the_same(const trail& of, std::size_t as, const reach& second) {
    while (as < of.touches().size() && !of.reach_of(as).meets(second)) ++as;
    return as + 1;
}

void stops::tried(const reach* second) {
    if (second == nullptr) {
        ++next_;
        --unwatched_;
        return;
    }
    const std::size_t end = end_of_the_same(*of_, next_, *second);
    in_vain_ = end > next_ + 1 ? 0 : std::min(2 * in_vain_ + 1, most_unwatched);
    unwatched_ = in_vain_;
    next_ = end;
}

}  // namespace seki::test
