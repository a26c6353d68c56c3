// A violation of each invariant: what somebody writes where nobody should, and what the doctor is to say of it.
#pragma once

#include <string>
#include <vector>

#include "planted_stage.hpp"
#include "report/invariant.hpp"

namespace seki::report {

struct violation {
    invariant of;
    // Breaks it, and answers the place that the doctor is to name.
    std::string (*plant)(const planted_stage&);
};

// In several files, by what they are written into.
[[nodiscard]] std::vector<violation> violations_of_the_directory();
[[nodiscard]] std::vector<violation> violations_of_processes();
[[nodiscard]] std::vector<violation> violations_of_primitives();

}  // namespace seki::report
