#include "daemon/limiter_plan.hpp"

#include <fmt/format.h>

#include "primitives/limiter_options.hpp"
#include "primitives/limiters.hpp"
#include "shm/directory.hpp"

namespace seki::daemon {
namespace {

// A difference to be made; empty when there is none.
Result<std::string> judge(const shm::segment& where, const shm::placement& found, const LimiterOptions& wanted) {
    const LimiterOptions existing = primitives::options_of(where, found);
    std::string difference = primitives::describe_difference(existing, wanted);
    if (difference.empty()) return difference;
    if (const auto fine = primitives::may_change(where, found, wanted); !fine) return std::unexpected(fine.error());
    return difference;
}

}  // namespace

Result<limiter_plan> limiter_plan::draw(const shm::segment& where, const declared_limiters& declared) {
    limiter_plan plan;
    Error mistakes;
    for (const auto& [name, wanted] : declared) {
        const auto found = shm::directory{where}.find(layout::kind::limiter, name);
        if (!found) {
            plan.missing_.emplace_back(name, wanted);
            continue;
        }
        auto difference = judge(where, *found, wanted);
        if (!difference) {
            mistakes.code = difference.error().code;
            mistakes.message += (mistakes.message.empty() ? "" : "\n") + difference.error().message;
        } else if (!difference->empty()) {
            plan.changes_.push_back({name, wanted, std::move(*difference)});
        }
    }
    if (mistakes.code != Errc::none) return std::unexpected(std::move(mistakes));
    return plan;
}

Result<void> limiter_plan::do_it(const shm::administration& held, const shm::segment& where) const {
    for (std::size_t made = 0; made < missing_.size(); ++made) {
        const auto done = primitives::find_or_make_limiter(held, where, missing_[made].first, missing_[made].second);
        if (done) continue;
        while (made > 0) static_cast<void>(primitives::delete_limiter(held, where, missing_[--made].first));
        return std::unexpected(done.error());
    }
    // Each was found possible under the same lock.
    for (const change& each : changes_)
        if (const auto done = primitives::change_limiter(held, where, each.name, each.options); !done)
            return std::unexpected(done.error());
    return {};
}

Result<limiter_plan> limiter_plan::carry_out(const shm::segment& where, const declared_limiters& declared) {
    const auto lock = shm::administration::lock(where.path());
    if (!lock) return std::unexpected(lock.error());
    auto plan = draw(where, declared);
    if (!plan) return plan;
    if (const auto done = plan->do_it(*lock, where); !done) return std::unexpected(done.error());
    return plan;
}

}  // namespace seki::daemon
