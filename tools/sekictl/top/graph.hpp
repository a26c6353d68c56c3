// Numbers as pictures of text: how something went, and how full something is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "top/text.hpp"

namespace seki::ctl::top {

// A second's calls, and how many of them were refused.
struct rate {
    double calls = 0;
    double refused = 0;
};

// The same past in fewer columns: where it has more looks than there are columns, each column is the peak of several. `last` is the number of the
// look that came last; columns end at multiples, so that a look does not move from one to another as time goes on.
[[nodiscard]] std::vector<rate> squeeze(const std::deque<rate>& past, std::uint64_t last, std::size_t columns);

// A column each, as high as it is of `peak`. What is not zero is seen, however little it is.
[[nodiscard]] std::string sparkline(const std::vector<double>& values, double peak, charset with);

// So many columns, filled as `used` is of `of`; not empty while something is used, and not full before all is.
[[nodiscard]] std::string bar(std::uint64_t used, std::uint64_t of, std::size_t columns, charset with);

// At most six columns: 0, 0.2, 12, 1234, 12.3k, 4.5M.
[[nodiscard]] std::string per_second(double number);

}  // namespace seki::ctl::top
