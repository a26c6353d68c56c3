#include "client/hedge_race.hpp"

#include <algorithm>
#include <utility>

#include "primitives/clock.hpp"

namespace seki {

// Goes with the last copy of its task.
struct HedgeTask::entry {
    std::shared_ptr<client::hedge_race> of;
    std::size_t which;

    entry(std::shared_ptr<client::hedge_race> race, std::size_t attempt) noexcept
        : of{std::move(race)}, which{attempt} {}
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    ~entry() { of->throw_away(which); }
};

void HedgeTask::operator()() const noexcept {
    if (const std::shared_ptr<entry> kept = of_) kept->of->run(kept->which);
}

namespace client {

void hedge_race::start(const detail::hedge_executor& with) noexcept {
    const std::size_t which = started_++;
    {
        const std::lock_guard held{lock_};
        attempts_[which] = standing::waiting;
    }
    try {
        const HedgeTask task{std::make_shared<HedgeTask::entry>(shared_from_this(), which)};
        try {
            with.start(with.of, task);
        } catch (...) {
            lose(which, std::current_exception());  // before the last copy goes, which would say less
        }
    } catch (...) {
        lose(which, std::current_exception());
    }
}

bool hedge_race::wait_until(Deadline::time_point moment) {
    std::unique_lock held{lock_};
    const auto decided = [this] { return winner_ || !(any(standing::waiting) || any(standing::running)); };
    if (moment != Deadline::none) return changed_.wait_until(held, moment, decided);
    changed_.wait(held, decided);
    return true;
}

// Stop callbacks run here, in the caller's thread and without the lock: they may do anything that their attempt's function allows.
void hedge_race::finish() {
    stop_.request_stop();
    std::unique_lock held{lock_};
    for (standing& each : attempts_)
        if (each == standing::waiting) each = standing::withdrawn;
    changed_.wait(held, [this] { return !any(standing::running); });
}

void hedge_race::run(std::size_t which) noexcept {
    {
        const std::lock_guard held{lock_};
        if (attempts_[which] != standing::waiting) return;
        attempts_[which] = standing::running;
    }
    bool succeeded = false;
    {
        const Deadline callers{deadline_};
        const telemetry::TraceScope same{trace_};
        succeeded = work_.make(work_.of, which, stop_.get_token());
    }
    const std::uint64_t now = primitives::read_clock(Clock::precise);
    const std::lock_guard held{lock_};
    attempts_[which] = succeeded ? standing::succeeded : standing::failed;
    if (succeeded && !winner_) winner_ = which;
    if (which == 0 && (succeeded || !stop_.stop_requested())) first_ = {.succeeded = succeeded, .ended_ns = now};
    changed_.notify_all();
}

// Who was withdrawn, or has run, is not lost any more.
void hedge_race::lose(std::size_t which, std::exception_ptr why) noexcept {
    const std::lock_guard held{lock_};
    if (attempts_[which] != standing::waiting) return;
    work_.lose(work_.of, which, std::move(why));
    attempts_[which] = standing::failed;
    changed_.notify_all();
}

bool hedge_race::any(standing what) const noexcept { return std::ranges::find(attempts_, what) != attempts_.end(); }

}  // namespace client
}  // namespace seki
