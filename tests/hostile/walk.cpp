#include "walk.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <nlohmann/json.hpp>

#include "primitives/breaker_status.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "primitives/clock.hpp"
#include "primitives/every_family.hpp"
#include "primitives/registry.hpp"
#include "report/doctor.hpp"
#include "report/event.hpp"
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

using shm::hardware;

constexpr std::uint64_t second = algorithm::breaker::second;

void consume(std::uint64_t value) { sum_of_what_was_read += value; }

void describe(const shm::event_content& event) {
    consume(report::event_line(report::to_json(report::decode(event))).size());
}

void touch(const shm::segment& where) {
    for (const auto& slot : where.processes()) consume(hardware::load_relaxed(slot.reserved.back()));
    for (const auto& entry : where.directory()) consume(hardware::load_relaxed(entry.terms.back().values.back()));
    for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
        consume(hardware::load_relaxed(where.worker(i).hitters.back().denied));
        consume(shm::counts_of(where.worker(i).events).pushed);
        for (const auto& block : where.counters(i)) consume(hardware::load_relaxed(block.counts.back()));
    }
    const auto arena = where.arena(where.parts().arena_offset, where.parts().size - where.parts().arena_offset);
    consume(static_cast<std::uint64_t>(arena.front()) + static_cast<std::uint64_t>(arena.back()));
}

template <class Options>
void look_at_options(const shm::segment& where) {
    using of_kind = primitives::registry<Options>;
    for (const auto& place : shm::directory{where}.list(primitives::family<Options>::kind)) {
        const Options now = of_kind::options_of(where, place);
        consume(of_kind::difference(now, of_kind::creation_options_of(where, place)).size());
        consume(of_kind::may_change(where, place, now).has_value() ? 1 : 0);
    }
}

}  // namespace

void walk(const shm::segment& where) {
    tell(where);
    look(where);
}

void tell(const shm::segment& where) {
    touch(where);
    consume(report::to_json(report::take(where)).dump().size());
}

void look(const shm::segment& where) {
    // What is there at a second look, too, as it may be half of a change.
    for (const auto& finding : report::confirmed(report::examine(where, 100), report::examine(where, 100)))
        consume(report::for_terminal(finding.where + finding.what).size());
    primitives::every_options::each([&]<class Options>() { look_at_options<Options>(where); });
    for (const auto& place : shm::directory{where}.list(layout::kind::limiter))
        for (const auto& key :
             report::keys(where, place, primitives::read_clock(Clock::precise), {.top = 10, .wanted = {}}))
            consume(report::to_json(key).dump().size());
}

void read_events(const shm::segment& where, std::span<const std::byte> known) {
    const auto is_known = [&](const auto& record) {
        const auto at = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&record) -
                                                 reinterpret_cast<const std::byte*>(&where.header()));
        return at + sizeof record <= known.size() && std::memcmp(&known[at], &record, sizeof record) == 0;
    };
    for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
        for (const auto& record : where.worker(i).events.records) {
            if (is_known(record)) continue;
            shm::event_content event{};
            for (std::size_t k = 0; k < event.size(); ++k) event[k] = hardware::load_relaxed(record.content[k]);
            describe(event);
        }
        // They were described.
        shm::event_ring<>{where.worker(i).events}.drain([](const shm::event_content& event) { consume(event.back()); },
                                                        i == where.parts().max_workers);
    }
}

template <class Primitive, class Options>
std::vector<Primitive> worker::handles() const {
    constexpr layout::kind kind = primitives::family<Options>::kind;
    std::vector<Primitive> all;
    if (only_ != layout::kind::none && only_ != kind) return all;
    for (const auto& place : shm::directory{*where_}.list(kind)) all.emplace_back(attached_, place);
    return all;
}

template <class Options, class Change>
void worker::change_all(Change change) const {
    constexpr layout::kind kind = primitives::family<Options>::kind;
    if (only_ != layout::kind::none && only_ != kind) return;
    for (const auto& place : shm::directory{*where_}.list(kind)) {
        const auto changed = primitives::registry<Options>::edit(*where_, place.name, [&](Options options) {
            change(options);
            return Result<Options>{options};
        });
        consume(changed.has_value() ? 1 : 0);
    }
}

worker::worker(const std::shared_ptr<shm::segment>& in, layout::kind only)
    : where_{in},
      only_{only},
      attached_{std::make_shared<shm::attachment>(in)},
      limiters_{handles<primitives::limiter, LimiterOptions>()},
      breakers_{handles<primitives::breaker, BreakerOptions>()},
      bulkheads_{handles<primitives::bulkhead, BulkheadOptions>()},
      adaptives_{handles<primitives::adaptive, AdaptiveOptions>()},
      shedders_{handles<primitives::shedder, ShedderOptions>()},
      retries_{handles<primitives::retry, RetryOptions>()},
      hedges_{handles<primitives::hedge, HedgeOptions>()},
      policies_{handles<primitives::policy, PolicyOptions>()},
      time_{primitives::read_clock(Clock::precise)} {}

worker::~worker() { attached_->let_go(); }

void worker::use(const primitives::limiter& limiter) const {
    for (const char* key : {"alice", "bob", ""}) {
        consume(limiter.check({.key = key}).remaining);
        consume(limiter.check({.key = key, .cost = 7, .spend = false}).remaining);
        consume(static_cast<std::uint64_t>(limiter.refund(key, 1)));
        consume(static_cast<std::uint64_t>(limiter.reset(key)));
    }
}

// Through all of its states, as far as what stands there lets it: more calls than its window holds, failing and good, and waits between.
void worker::use(const primitives::breaker& breaker) {
    const auto clock = [this] { return time_; };
    const auto call = [&](Outcome outcome) {
        detail::breaker_pass pass;
        consume(breaker.admit(pass, clock).retry_after);
        time_ += second / 16;
        if (pass.from != nullptr) breaker.report(pass, outcome, clock);
    };
    const auto look = [&] { consume(primitives::status_of(breaker.shared(), breaker.terms().law, time_).calls); };
    for (int i = 0; i < 30; ++i) call(i % 7 == 0 ? Outcome::slow : Outcome::ok);
    for (int i = 0; i < 30; ++i) call(i % 5 == 0 ? Outcome::ignore : Outcome::error);
    look();
    for (int round = 0; round < 3; ++round) {
        time_ += 700 * second;
        std::array<detail::breaker_pass, 3> probes;
        for (auto& probe : probes) consume(breaker.admit(probe, clock).retry_after);
        look();
        for (auto& probe : probes)
            if (probe.from != nullptr) breaker.report(probe, round == 0 ? Outcome::error : Outcome::ok, clock);
        for (int i = 0; i < 5; ++i) call(Outcome::ok);
    }
    using order = algorithm::breaker::event;
    for (const auto what :
         {order::renew, order::force_open, order::automatic, order::observe, order::force_closed, order::reset}) {
        consume(static_cast<std::uint64_t>(breaker.operate(what)));
        for (int i = 0; i < 6; ++i) call(Outcome::error);
        look();
    }
    // One probe stays under way when the process is done with it.
    time_ += 700 * second;
    detail::breaker_pass last;
    consume(breaker.admit(last, clock).retry_after);
    consume(breaker.durations().sum().total());
}

void worker::use(const primitives::bulkhead& bulkhead) const {
    using patience = primitives::bulkhead::patience;
    std::vector<shm::permit> held;
    // What is configured may be a day.
    const bool briefly = bulkhead.options().max_wait <= std::chrono::milliseconds{1};
    for (int i = 0; i < 6; ++i) {
        patience how{.timeout_ns = i < 4 ? 0 : i == 5 && briefly ? patience::as_configured : 50'000};
        auto answer = bulkhead.take(how);
        if (answer.error == Errc::none) held.push_back(answer.held);
        consume(bulkhead.status().in_use);
    }
    if (!held.empty()) held.pop_back();  // stays, until somebody finds this process dead
    for (shm::permit& each : held) consume(bulkhead.give_back(each) ? 1 : 0);
    consume(static_cast<std::uint64_t>(bulkhead.options().max_wait.count()));
}

// Longer than some windows: so the limit moves.
void worker::use(const primitives::adaptive& adaptive) const {
    for (int i = 0; i < 60; ++i) {
        primitives::bulkhead::patience none;
        auto answer = adaptive.take(none);
        if (answer.error != Errc::none) continue;
        const std::uint64_t started = time_ - static_cast<std::uint64_t>(i) * 1'000'000;
        consume(adaptive.give_back(answer.held, i % 9 == 0 ? Outcome::error : Outcome::ok, started) ? 1 : 0);
    }
    consume(adaptive.status().limit + adaptive.options().max_limit);
}

void worker::use(const primitives::shedder& shedder) const {
    std::vector<shm::permit> held;
    for (unsigned i = 0; i < 40; ++i) {
        const std::uint64_t arrived = i % 3 == 0 ? primitives::shedder::not_known : time_ - 700 * second;
        auto answer = shedder.admit(i % 4, arrived);
        if (answer.held) held.push_back(answer.held);
    }
    if (!held.empty()) held.pop_back();  // stays, until somebody finds this process dead
    for (shm::permit& each : held) consume(shedder.complete(each) ? 1 : 0);
    consume(shedder.status().in_flight + shedder.options().max_in_flight);
}

void worker::use(const primitives::policy& policy) const {
    consume(policy.version());
    const auto options = policy.options();
    if (!options) return;
    for (const auto& each : primitives::policy_members) consume(((*options).*each.name).size());
    consume(static_cast<std::uint64_t>(options->deadline.count()));
}

void worker::use(const primitives::hedge& hedge) const {
    for (std::uint64_t i = 0; i < 30; ++i) {
        detail::hedge_run run;
        if (hedge.begin(run) != Errc::none) return;
        const std::size_t attempts = hedge.may_add() ? 2 : 1;
        primitives::hedge::ending how{
            .attempts = attempts, .first_succeeded = i % 2 == 0, .first_ns = run.delay_ns + i};
        if (i % 3 != 0) how.winner = attempts - 1;
        hedge.end(run, how);
    }
    consume(hedge.status().measured + static_cast<std::uint64_t>(hedge.status().delay.count()));
    consume(hedge.options().max_extra);
}

void worker::use(const primitives::retry& retry) const {
    for (int i = 0; i < 3; ++i) {
        detail::retry_run run;
        if (retry.begin(run) != Errc::none) return;
        for (int attempt = 0; attempt < 4; ++attempt)
            consume(static_cast<std::uint64_t>(retry.fail(run, std::chrono::nanoseconds{attempt}).delay.count()));
        retry.end(run, Errc::none);
    }
    consume(retry.status().budget_left + retry.options().max_attempts);
}

void worker::operate() const {
    change_all<LimiterOptions>([](auto& options) { options.limit = options.limit / 2 + 1; });
    change_all<BreakerOptions>([](auto& options) {
        options.half_open_requests = options.half_open_requests / 2 + 1;
        const bool counts = options.window_type == WindowType::count;
        options.window_type = counts ? WindowType::time : WindowType::count;
        options.window_size = counts ? WindowSize{std::chrono::seconds{20}} : WindowSize{30};
        options.minimum_calls = 3;
    });
    change_all<BulkheadOptions>([](auto& options) {
        options.max_concurrent = options.max_concurrent / 2 + 1;
        options.max_wait = std::chrono::microseconds{20};
    });
    change_all<RetryOptions>([](auto& options) { options.min_per_second = options.min_per_second / 2 + 1; });
    change_all<HedgeOptions>([](auto& options) { options.percentile = options.percentile > 50 ? 0 : 99.9; });
    change_all<AdaptiveOptions>([](auto& options) { options.window = options.window / 2 + 1; });
    change_all<ShedderOptions>([](auto& options) { options.max_in_flight = options.max_in_flight / 2 + 1; });
    change_all<PolicyOptions>([](auto& options) { std::swap(options.breaker, options.limiter); });
    const shm::roster standing{*where_};
    consume(primitives::reclaim_probes(*where_, standing));
    consume(primitives::reclaim_permits(*where_, standing));
    primitives::finish_changes(*where_, standing);
    primitives::settle_changes(*where_, standing);
}

void worker::use() {
    for (int round = 0; round < 2; ++round) {
        for (const auto& each : limiters_) use(each);
        for (const auto& each : breakers_) use(each);
        for (const auto& each : bulkheads_) use(each);
        for (const auto& each : adaptives_) use(each);
        for (const auto& each : shedders_) use(each);
        for (const auto& each : retries_) use(each);
        for (const auto& each : hedges_) use(each);
        for (const auto& each : policies_) use(each);
        if (round == 0) operate();
    }
}

void mend(const shm::segment& where) {
    const auto mended = report::repair(where);
    const auto left = report::examine(where, 10);
    if (!mended || left.empty()) return;
    for (const auto& each : left) std::fprintf(stderr, "repair left: %s: %s\n", each.where.c_str(), each.what.c_str());
    std::abort();
}

}  // namespace seki::hostile
