#include "daemon/event_hub.hpp"

#include <time.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "primitives/clock.hpp"
#include "shm/directory.hpp"
#include "shm/event_ring.hpp"
#include "shm/workers.hpp"

namespace seki::daemon {
namespace {

using primitives::event_mask;
using primitives::mask_of;
using shm::hardware;

constexpr std::size_t most_names = 8192;  // more than primitives there can be: others are forgotten

event_mask ordinary_events() noexcept {
    event_mask mask = 0;
    for (const auto& each : primitives::event_types())
        if (!primitives::is_rare(each.kind)) mask |= mask_of(each.kind);
    return mask;
}

// From CLOCK_MONOTONIC to the wall clock, now.
std::uint64_t wall_offset() noexcept {
    timespec wall{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    return static_cast<std::uint64_t>(wall.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(wall.tv_nsec) -
           primitives::read_clock(Clock::precise);
}

}  // namespace

event_hub::delivery event_hub::subscriber::wait(std::chrono::milliseconds patience) {
    delivery now;
    bool over = false;
    {
        std::unique_lock hold{mutex_};
        changed_.wait_for(hold, patience, [this] { return ready_ || over_; });
        ready_ = false;
        over = over_;
        now.missed = std::exchange(missed_, 0);
    }
    queue_.consume_all([&](report::event_facts& each) { now.events.push_back(std::move(each)); });
    now.over = over && now.events.empty() && now.missed == 0;
    return now;
}

event_hub::subscription event_hub::subscribe(event_mask wanted) {
    auto made = std::make_shared<subscriber>(wish{.kinds = wanted});
    made->is_visitor_ = true;
    const std::scoped_lock hold{mutex_};
    if (closed_ || visitors_ >= most_subscribers) return {};
    ++visitors_;
    subscribers_.push_back(made);
    subscription all{.to = std::move(made)};
    for (const auto& each : rare_)
        if ((wanted & mask_of(each.head.kind)) != 0) all.before.push_back(each);
    return all;
}

void event_hub::unsubscribe(const std::shared_ptr<subscriber>& who) {
    const std::scoped_lock hold{mutex_};
    if (std::erase(subscribers_, who) != 0 && who->is_visitor_) --visitors_;
}

std::shared_ptr<event_hub::subscriber> event_hub::enlist(const wish& what) {
    auto made = std::make_shared<subscriber>(what);
    const std::scoped_lock hold{mutex_};
    if (closed_) return nullptr;
    subscribers_.push_back(made);
    return made;
}

std::vector<report::event_facts> event_hub::remembered_of(event_mask wanted) const {
    const std::scoped_lock hold{mutex_};
    std::vector<report::event_facts> found;
    for (const auto& each : rare_)
        if ((wanted & mask_of(each.head.kind)) != 0) found.push_back(each);
    return found;
}

bool event_hub::has_subscribers() const {
    const std::scoped_lock hold{mutex_};
    return !subscribers_.empty();
}

bool event_hub::is_in_a_hurry() {
    const bool much = std::exchange(lately_, 0) >= layout::event_ring::capacity / 4;
    const std::scoped_lock hold{mutex_};
    return visitors_ != 0 || (much && !subscribers_.empty());
}

void event_hub::tell_workers(const shm::segment& where, std::chrono::nanoseconds for_so_long) const {
    // Held until it is said: who says later knows of whoever came before. Otherwise one that leaves might silence one that just came.
    const std::scoped_lock hold{mutex_};
    const bool wanted = std::ranges::any_of(
        subscribers_, [](const auto& each) { return (each->wanted_.kinds & ordinary_events()) != 0; });
    shm::word& listening = where.header().id.listening;
    if (wanted)
        hardware::store_relaxed(
            listening, primitives::read_clock(Clock::precise) + static_cast<std::uint64_t>(for_so_long.count()));
    else if (hardware::load_relaxed(listening) != 0)
        hardware::store_relaxed(listening, 0);
}

std::shared_ptr<const std::string> event_hub::name_of(const shm::segment& where, std::uint64_t incarnation,
                                                      std::size_t entry) {
    if (const auto known = names_.find(incarnation); known != names_.end()) return known->second;
    if (entry >= where.parts().max_primitives) return nullptr;
    const auto place = shm::directory{where}.at(static_cast<std::uint32_t>(entry));
    if (!place || place->incarnation != incarnation) return nullptr;
    if (names_.size() >= most_names) names_.clear();
    return names_.emplace(incarnation, std::make_shared<const std::string>(place->name)).first->second;
}

void event_hub::collect(const shm::segment& from, std::size_t slot) {
    taken_.clear();
    taken_.reserve(layout::event_ring::capacity);  // nothing may fail between taking an event and keeping it
    shm::event_ring<>{from.worker(slot).events}.drain(
        [this](const shm::event_content& words) { taken_.push_back(words); }, slot == from.parts().max_workers);
    for (const shm::event_content& words : taken_) {
        report::event_facts event = report::decode(words);
        if (primitives::find_event_type(event.head.kind) == nullptr || !changes_.enter(words)) continue;
        event.primitive = name_of(from, event.incarnation, event.head.entry);
        event.slot = static_cast<std::uint32_t>(slot);
        event.number =
            batch_.size();  // until it is sorted: what one worker told within a nanosecond stays in its order
        batch_.push_back(std::move(event));
    }
}

void event_hub::drain(const shm::segment& from) {
    batch_.clear();
    changes_.look(from);
    for (std::size_t slot = 0; slot <= from.parts().max_workers; ++slot)
        if (shm::was_used(from, slot)) collect(from, slot);
    make_good(from);
    lately_ += batch_.size();
    if (!batch_.empty()) pass_on(from);
    changes_.keep(from);
}

void event_hub::make_good(const shm::segment& from) {
    auto found = changes_.settle(from, primitives::read_clock(Clock::precise));
    if (found.lost != 0) hardware::fetch_add_relaxed(from.header().changes_lost, found.lost);
    if (found.made_good.empty()) return;
    hardware::fetch_add_relaxed(from.header().changes_made_good, found.made_good.size());
    const std::uint64_t offset = wall_offset();
    for (report::event_facts& each : found.made_good) {
        each.primitive = name_of(from, each.incarnation, each.head.entry);
        each.slot = static_cast<std::uint32_t>(from.parts().max_workers);
        each.first = each.time_ns + offset;
        each.number = batch_.size();
        batch_.push_back(std::move(each));
    }
}

void event_hub::pass_on(const shm::segment& from) {
    const std::uint64_t offset = wall_offset();
    std::ranges::sort(batch_, {}, [](const report::event_facts& each) { return std::pair{each.time_ns, each.number}; });
    for (auto& each : batch_) {
        each.unix_ns = each.time_ns + offset;
        each.number = ++number_;
    }
    if (const std::uint64_t missed = hand_out(); missed != 0)
        hardware::fetch_add_relaxed(from.header().events_missed, missed);
}

// Changes of state beside the others: what breakers did while a hundred processes died with a thousand permits is what somebody will look for.
void event_hub::remember(const report::event_facts& event) {
    const auto is_change = [](const report::event_facts& each) {
        return each.head.kind == layout::event_kind::breaker_state_change;
    };
    const auto is_like_it = [&, wanted = is_change(event)](const report::event_facts& each) {
        return is_change(each) == wanted;
    };
    rare_.push_back(event);
    if (std::cmp_greater(std::ranges::count_if(rare_, is_like_it), remembered))
        rare_.erase(std::ranges::find_if(rare_, is_like_it));
}

// How many events came to a full queue.
std::uint64_t event_hub::hand_out() {
    const std::scoped_lock hold{mutex_};
    for (const auto& each : batch_)
        if (primitives::is_rare(each.head.kind)) remember(each);
    std::uint64_t missed_by_all = 0;
    for (const auto& who : subscribers_) {
        std::uint64_t missed = 0;
        for (const auto& each : batch_)
            if (who->wants(each) && !who->queue_.push(each)) ++missed;
        missed_by_all += missed;
        const std::scoped_lock its{who->mutex_};
        who->missed_ += missed;
        who->ready_ = true;
        who->changed_.notify_one();
    }
    return missed_by_all;
}

void event_hub::close() {
    const std::scoped_lock hold{mutex_};
    closed_ = true;
    for (const auto& who : subscribers_) {
        const std::scoped_lock its{who->mutex_};
        who->over_ = true;
        who->changed_.notify_one();
    }
}

}  // namespace seki::daemon
