#include "trail.hpp"

#include "touches.hpp"

namespace seki::test {
namespace {

// That nothing is overlooked is looked at here: to compare the segment takes as long as a step.
constexpr std::uint64_t most_watched = 5'000;

}  // namespace

trail::trail(stepped_process& whole, const fs::path& segment, std::uint64_t at_most,
             const std::function<bool()>& done) {
    watched_file file{segment};
    test::touches by_touches{whole};
    while (length() < at_most && !done()) {
        const std::uint64_t at = whole.at();
        steps_.note(at);
        if (!by_touches.step()) break;
        if (by_touches.touched()) {
            touches_.push_back(length() - 1);
            addresses_.push_back(at);
        }
        if (length() <= most_watched && file.changed() && !by_touches.touched()) ++unseen_;
    }
}

}  // namespace seki::test
