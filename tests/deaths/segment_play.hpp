// One who acts in a furnished segment and may die there, one who lives on beside him, and what must be true afterwards.
#pragma once

#include <memory>

#include "in_common.hpp"
#include "route.hpp"
#include "segment_scenarios.hpp"
#include "stage.hpp"
#include "stepped_process.hpp"

namespace seki::test {

class segment_play {
public:
    explicit segment_play(segment_scenario played);

    // Both ready, in the world anew.
    struct actors {
        stepped_process dying;
        Segment survivor;
    };
    [[nodiscard]] std::unique_ptr<actors> begin();
    [[nodiscard]] route walk();
    // He dies there, and is judged.
    void die_at(const place& at);

private:
    void judge(const Segment& survivor) const;

    segment_scenario played_;
    stage stage_;
    in_common<answer> told_;
};

}  // namespace seki::test
