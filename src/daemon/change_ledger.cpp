#include "daemon/change_ledger.hpp"

#include <algorithm>
#include <utility>

#include "layout/breaker.hpp"
#include "layout/event.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"

namespace seki::daemon {
namespace {

using shm::hardware;

// Generations wrap: later ones are those of the half behind.
bool is_after(std::uint32_t one, std::uint32_t other) noexcept { return static_cast<std::int32_t>(one - other) > 0; }

report::event_facts event_of(const algorithm::breaker::position& made, std::size_t index,
                             std::uint64_t incarnation) noexcept {
    report::event_facts event;
    event.head = {.kind = layout::event_kind::breaker_state_change,
                  .result = made.came_from,
                  .detail = static_cast<std::uint8_t>(made.state),
                  .entry = static_cast<std::uint16_t>(index)};
    event.incarnation = incarnation;
    event.time_ns = made.since;
    event.second = made.generation;
    event.made_good = true;
    return event;
}

}  // namespace

// One that is ahead of its breaker is a scribbler's: it is told, and not accounted for.
bool change_account::enter(std::uint32_t generation, std::uint32_t current) {
    if (is_after(generation, current)) return true;
    if (!is_after(generation, told_)) return false;
    if (ahead_.size() >= most_ahead) {
        advance();
        if (generation != told_ + 1) return false;
    }
    return ahead_.insert(generation).second;
}

void change_account::advance() {
    while (ahead_.erase(told_ + 1) != 0) ++told_;
}

change_account::given_up change_account::settle(const algorithm::breaker::position& at, nanos now, nanos patience) {
    advance();
    if (!is_after(at.generation, told_)) {
        // Told after `at` was read; or `told` was scribbled on: nothing came of what lies between.
        waits_ = false;
        return {};
    }
    if (!waits_ || !is_after(up_to_, told_)) {
        waits_ = true;
        up_to_ = at.generation;
        since_ = now;
        return {};
    }
    const nanos waited = now > since_ ? now - since_ : 0;
    return waited >= patience || ahead_.size() >= most_ahead ? give_up(at) : given_up{};
}

change_account::given_up change_account::give_up(const algorithm::breaker::position& at) {
    given_up all;
    if (at.generation == up_to_ && !ahead_.contains(up_to_)) all.made_good = at;
    const std::size_t told = std::erase_if(ahead_, [this](std::uint32_t each) { return !is_after(each, up_to_); });
    all.lost = up_to_ - told_ - told - (all.made_good ? 1U : 0U);
    told_ = up_to_;
    waits_ = false;
    advance();
    return all;
}

bool change_ledger::stands(const shm::segment& where, const entry& each, std::size_t index) noexcept {
    return hardware::load_acquire(where.directory()[index].incarnation) == each.incarnation;
}

void change_ledger::look(const shm::segment& where) {
    entries_.resize(where.parts().max_primitives);
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        entry& each = entries_[index];
        if (!stands(where, each, index)) open(where, index);
        if (each.account) each.at = each.breaker.look();
    }
}

void change_ledger::open(const shm::segment& where, std::size_t index) {
    entry& each = entries_[index];
    if (each.account) deleted_.push_back(std::move(each));
    each = {};
    const auto place = shm::directory{where}.at(static_cast<std::uint32_t>(index));
    if (!place) return;
    each.incarnation = place->incarnation;
    if (place->kind != layout::kind::breaker) return;
    each.breaker = shm::breaker_of(where, *place);
    each.word = hardware::load_acquire(each.breaker.block().told);
    const auto told = static_cast<std::uint32_t>(each.word);
    const std::uint32_t now = each.breaker.look().generation;
    each.account.emplace(is_after(told, now) ? now : told);  // one ahead is nobody's
}

bool change_ledger::enter(const shm::event_content& event) {
    const auto head = layout::unpack_event_header(event[layout::event_head]);
    if (head.kind != layout::event_kind::breaker_state_change || head.entry >= entries_.size()) return true;
    const auto generation = static_cast<std::uint32_t>(event[layout::event_second]);
    const std::uint64_t incarnation = event[layout::event_incarnation];
    entry& of = entries_[head.entry];
    if (of.account && of.incarnation == incarnation) return of.account->enter(generation, of.breaker.look().generation);
    const auto gone = std::ranges::find(deleted_, incarnation, &entry::incarnation);
    return gone == deleted_.end() || gone->account->enter(generation, gone->at.generation);
}

// None is made good: the word that would say what it came to is another's by now.
std::uint64_t change_ledger::settle_deleted(std::uint64_t now) {
    std::uint64_t lost = 0;
    for (entry& each : deleted_) {
        const auto found = each.account->settle(each.at, now, patience_);
        lost += found.lost + (found.made_good ? 1U : 0U);
    }
    std::erase_if(deleted_, [](const entry& each) { return !is_after(each.at.generation, each.account->told()); });
    return lost;
}

change_ledger::missing change_ledger::settle(const shm::segment& where, std::uint64_t now) {
    missing all{.lost = settle_deleted(now)};
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        entry& each = entries_[index];
        // Another may stand in its memory by now, of which `at` was read.
        if (!each.account || !stands(where, each, index)) continue;
        const auto found = each.account->settle(each.at, now, patience_);
        all.lost += found.lost;
        if (found.made_good) all.made_good.push_back(event_of(*found.made_good, index, each.incarnation));
    }
    return all;
}

void change_ledger::keep(const shm::segment& where) {
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        entry& each = entries_[index];
        if (!each.account || !stands(where, each, index)) continue;
        const std::uint64_t wanted = each.account->told();
        if (wanted != each.word && hardware::cas_acq_rel(each.breaker.block().told, each.word, wanted))
            each.word = wanted;
    }
}

}  // namespace seki::daemon
