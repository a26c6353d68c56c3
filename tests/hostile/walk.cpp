#include "walk.hpp"

#include <nlohmann/json.hpp>

#include "primitives/clock.hpp"
#include "primitives/limiter.hpp"
#include "primitives/registry.hpp"
#include "report/doctor.hpp"
#include "report/json.hpp"
#include "report/keys.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"
#include "shm/directory.hpp"
#include "shm/event_ring.hpp"
#include "shm/workers.hpp"

namespace seki::hostile {
// Visible from outside, so that no compiler leaves out what was only read.
std::uint64_t sum_of_what_was_read = 0;

namespace {

void consume(std::uint64_t value) { sum_of_what_was_read += value; }

void touch(const shm::segment& where) {
    using shm::hardware;
    for (const auto& slot : where.processes()) consume(hardware::load_relaxed(slot.reserved.back()));
    for (const auto& entry : where.directory()) consume(hardware::load_relaxed(entry.terms.back().values.back()));
    for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
        consume(hardware::load_relaxed(where.worker(i).hitters.back().denied));
        consume(shm::counts_of(where.worker(i).events).pushed);
        consume(hardware::load_relaxed(where.worker(i).events.records.back().content.back()));
        for (const auto& block : where.counters(i)) consume(hardware::load_relaxed(block.counts.back()));
    }
    const auto arena = where.arena(where.parts().arena_offset, where.parts().size - where.parts().arena_offset);
    consume(static_cast<std::uint64_t>(arena.front()) + static_cast<std::uint64_t>(arena.back()));
}

}  // namespace

void walk(const shm::segment& where) {
    touch(where);
    consume(report::to_json(report::take(where)).dump().size());
    for (const auto& finding : report::examine(where, 100))
        consume(report::for_terminal(finding.where + finding.what).size());
    for (const auto& place : shm::directory{where}.list(layout::kind::limiter)) {
        consume(primitives::limiters::options_of(where, place).limit);
        for (const auto& key :
             report::keys(where, place, primitives::read_clock(Clock::precise), {.top = 10, .wanted = {}}))
            consume(report::to_json(key).dump().size());
    }
}

void use(const std::shared_ptr<shm::segment>& where) {
    const auto attached = std::make_shared<shm::attachment>(where);
    for (const auto& place : shm::directory{*where}.list(layout::kind::limiter)) {
        const primitives::limiter limiter{attached, place};
        for (const char* key : {"alice", "bob", ""}) {
            consume(limiter.check({.key = key}).remaining);
            consume(limiter.check({.key = key, .cost = 7, .spend = false}).remaining);
            consume(static_cast<std::uint64_t>(limiter.refund(key, 1)));
            consume(static_cast<std::uint64_t>(limiter.reset(key)));
        }
    }
    for (std::size_t i = 0; i <= where->parts().max_workers; ++i)
        shm::event_ring<>{where->worker(i).events}.drain(
            [](const shm::event_content& event) { consume(event[layout::event_head]); });
    consume(shm::reap(*where).processes);
    consume(report::repair(*where).value_or(0));
    walk(*where);
}

}  // namespace seki::hostile
