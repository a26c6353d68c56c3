// All that can be seen of a segment, as lines of text: counters, states, keys, what is held, and what the doctor finds.
#pragma once

#include <string>

#include "stage.hpp"

namespace seki::test {

[[nodiscard]] std::string seen_in(const Segment& segment);

}  // namespace seki::test
