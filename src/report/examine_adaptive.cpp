#include "report/examine_adaptive.hpp"

#include <fmt/format.h>

#include "primitives/adaptive_family.hpp"
#include "primitives/adaptive_status.hpp"
#include "primitives/clock.hpp"
#include "report/examine_bulkhead.hpp"
#include "report/examine_terms.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

// A limit out of its bounds is one at them, to everybody; but one whose next probe is far away would never again find out what is usual.
void examine_limit(examination& into, const shm::placement& at) {
    const auto window = shm::window_of(into.where(), at);
    const std::uint64_t due = window.at().due;
    const std::uint64_t now = primitives::read_clock(Clock::precise);
    const auto longest = static_cast<std::uint64_t>(primitives::longest_probe_interval.count());
    if (due <= ((now + longest) >> algorithm::adaptive_limit::due_shift) + 1) return;
    into.add(invariant::limit_possible, fmt::format("adaptive \"{}\", its limit", at.name),
             fmt::format("its next probe is due in unit {} of 2^20 ns, days from now; repair begins with initial_limit "
                         "again",
                         due),
             [window, by = primitives::adaptive_law_of(into.where(), at)] { window.fill(by); });
}

void examine_window(examination& into, const shm::placement& at) {
    const auto window = shm::window_of(into.where(), at);
    const auto found = window.window_words();
    if (window.is_open(found) || window.window_words() != found) return;
    const auto of = layout::unpack_adaptive_window(found.first);
    into.add(invariant::adaptive_window_open, fmt::format("adaptive \"{}\", its window", at.name),
             fmt::format("it has {} calls of {}, {} of them drops, and {} ns, which cannot be; repair begins the next",
                         of.calls, of.target, of.drops, found.second),
             [window, found, by = primitives::adaptive_law_of(into.where(), at)] { window.begin_another(found, by); });
}

// Between the limit and this somebody may be, or have died: then the next call that ends a window, or upkeep, sets it. A maximum that the terms never
// allow stays wrong only until then, too, but nothing that ships writes it.
void examine_maximum(examination& into, const shm::placement& at) {
    const auto law = primitives::adaptive_law_of(into.where(), at);
    const std::uint64_t max = shm::permits_of(into.where(), at).max();
    if (max != 0) return;
    into.add(
        invariant::maxima_agree, fmt::format("adaptive \"{}\", the table of its permits", at.name),
        fmt::format("its maximum is 0, and by its terms {} at least; repair sets what its limit allows", law.min_limit),
        [&where = into.where(), at] {
            shm::permits_of(where, at).set_right();
            primitives::enforce(where, at, shm::read_wide_terms(shm::directory{where}.entry(at.index)).values);
        });
}

}  // namespace

void examine_adaptive(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<AdaptiveOptions>(values, at); });
    if (examine_permits(into, at)) examine_maximum(into, at);
    examine_limit(into, at);
    examine_window(into, at);
    into.judge_by(0);
}

}  // namespace seki::report
