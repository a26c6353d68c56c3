// Two processes that act in the same segment, one of which is stopped on its way while the other goes to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "acts.hpp"
#include "reach.hpp"
#include "stage.hpp"
#include "trail.hpp"

namespace seki::test {

// Who waits for the one that stands still waits longer than that; and who is stepped through takes its time.
inline unsigned patience_s = 10;
inline unsigned patience_with_the_watched = 20;          // times that
inline constexpr unsigned patience_with_the_first = 20;  // times that

// What who was killed, or waited too long, was told.
inline const std::string no_end = "that it did not come to its end";

// What each was told, and what is there to be seen when both have come to their ends, and live.
struct outcome {
    std::string first, second, seen;
    friend bool operator==(const outcome&, const outcome&) = default;
};

// What a second reaches while the first stands still.
struct watch {
    std::uint64_t most_touches;  // after these nobody watches
    reach reached{};
    std::uint64_t touches = 0;
};

// One after the other, and what that comes to.
struct order {
    std::string name;
    outcome then;
};

class pair_stage {
public:
    // The world of `first`, and what else it is judged by there.
    using look = std::function<std::string(const Segment&)>;
    pair_stage(const act& first, look seen);

    // The way of the first, so many instructions of it, with nobody beside but who holds something, and the second where there is one, ready.
    [[nodiscard]] trail walk(std::uint64_t at_most, const act* second = nullptr);

    // The one before the other, and after it. None where `second` cannot get ready in this world.
    [[nodiscard]] std::vector<order> orders_with(const act& second);
    // All in which nobody is in the midst of a step: as the second goes to its end while the first is under way with a step, that step is done
    // before the second, after it, or between any two of its own.
    [[nodiscard]] std::vector<order> all_orders_with(const act& second);

    // What each instruction of the first that touches something reaches, with the second beside it, ready and doing nothing: as it got ready it may have
    // taken a place that the first finds free when it is alone. Nothing where the first then goes another way.
    [[nodiscard]] std::vector<reach> reaches_beside(const act& second, const trail& way);

    // Stops the first after so many instructions, which are counted one by one where it did not come that way again (astray()).
    // And watches what the second reaches, where that is asked for: that may be
    // anything where the first went astray, or where the second is not done in time when it is watched, and is then judged by what it does unwatched.
    [[nodiscard]] outcome stop_at(std::uint64_t instruction, const trail& way, const act& second,
                                  watch* of_the_second = nullptr);
    [[nodiscard]] std::uint64_t astray() const noexcept { return astray_; }

private:
    struct play;
    [[nodiscard]] operation bounded(const act& who, answer& told, unsigned seconds) const;

    act first_;
    look look_;
    stage stage_;
    in_common<answer> told_first_, told_second_;
    std::uint64_t astray_ = 0;
};

}  // namespace seki::test
