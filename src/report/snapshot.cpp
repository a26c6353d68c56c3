#include "report/snapshot.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "primitives/clock.hpp"
#include "primitives/limiter_table.hpp"
#include "primitives/limiter_terms.hpp"
#include "primitives/registry.hpp"
#include "report/owner_file.hpp"
#include "report/rule.hpp"
#include "report/times.hpp"
#include "shm/counters.hpp"
#include "shm/event_ring.hpp"

namespace seki::report {
namespace {

using shm::hardware;

std::uint64_t now_ns() noexcept { return primitives::read_clock(Clock::precise); }

std::optional<file_facts> look_at_file(const shm::segment& where) {
    struct stat facts{};
    if (::lstat(where.path().c_str(), &facts) != 0 || facts.st_ino != where.inode()) return std::nullopt;
    return file_facts{.mode = facts.st_mode & 07777U, .uid = facts.st_uid, .gid = facts.st_gid};
}

std::string read_command(const layout::process_slot& slot) {
    std::array<char, sizeof slot.command> text{};
    for (std::size_t i = 0; i < slot.command.size(); ++i) {
        const std::uint64_t piece = hardware::load_relaxed(slot.command[i]);
        std::memcpy(&text[i * sizeof piece], &piece, sizeof piece);
    }
    return {text.data(), strnlen(text.data(), text.size())};
}

using threads_by_owner = std::unordered_map<std::uint64_t, std::vector<std::uint64_t>>;

threads_by_owner find_threads(const shm::segment& where) {
    threads_by_owner found;
    for (std::size_t i = 0; i < where.parts().max_workers; ++i) {
        const layout::worker_slot& slot = where.worker(i);
        const std::uint64_t owner = hardware::load_acquire(slot.owner);
        if (owner != 0) found[owner].push_back(hardware::load_relaxed(slot.thread));
    }
    return found;
}

process_facts look_at_process(const shm::segment& where, shm::process_owner who, threads_by_owner& threads,
                              holdings& holds) {
    const layout::process_slot& slot = where.processes()[who.slot];
    process_facts facts{.slot = who.slot,
                        .pid = hardware::load_relaxed(slot.pid),
                        .command = read_command(slot),
                        .attached = since(hardware::load_relaxed(slot.attached_ns), now_ns())};
    const std::uint64_t name = layout::pack_worker_owner(who.slot, who.generation);
    if (const auto own = threads.find(name); own != threads.end()) facts.threads = std::move(own->second);
    if (const auto has = holds.find(name); has != holds.end()) facts.holds = std::move(has->second);
    facts.state = shm::is_live(where, who);  // last: `gone` says that the rest may be somebody else's
    return facts;
}

std::uint64_t count_keys(const shm::segment& where, const shm::placement& at, const rule& by) {
    std::uint64_t keys = 0;
    const std::uint64_t now = now_ns();
    primitives::tables_of(where, at).keys.for_each([&](std::uint64_t, std::uint64_t state, std::size_t) {
        if (!by.as_good_as_new(state, now)) ++keys;
    });
    return keys;
}

limiter_counters name_counters(const shm::counter_values& sum) noexcept {
    return {.allow = sum[layout::count_allow],
            .deny = sum[layout::count_deny],
            .shadow_deny = sum[layout::count_shadow],
            .cost_allow = sum[layout::cost_allow],
            .cost_deny = sum[layout::cost_deny],
            .cost_shadow_deny = sum[layout::cost_shadow],
            .evictions = sum[layout::count_evicted],
            .full = sum[layout::count_full],
            .resets = sum[layout::count_reset],
            .refunds = sum[layout::count_refund]};
}

}  // namespace

std::uint64_t snapshot::threads() const noexcept {
    return std::accumulate(processes.begin(), processes.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const process_facts& each) { return sum + each.threads.size(); });
}

segment_facts look_at_segment(const shm::segment& where) {
    const layout::header& header = where.header();
    return {.path = where.path().native(),
            .size = where.parts().size,
            .used = where.parts().arena_offset + shm::directory{where}.arena_used(),
            .generation = where.generation(),
            .version = hardware::load_relaxed(header.id.version),
            .layout_hash = hardware::load_relaxed(header.id.layout_hash),
            .max_workers = where.parts().max_workers,
            .max_primitives = where.parts().max_primitives,
            .created = unix_time(header.created_unix_ns),
            .superseded = where.superseded(),
            .file = look_at_file(where)};
}

owner_facts look_at_owner(const shm::segment& where) {
    constexpr std::chrono::seconds fresh{10};
    const std::uint64_t beat = hardware::load_relaxed(where.header().heartbeat_ns);
    owner_facts facts{.pid = hardware::load_relaxed(where.header().owner_pid)};
    if (beat != 0) facts.heartbeat_age = since(beat, now_ns());
    // Who may not look at the lock judges by the heartbeat, which comes every tick.
    facts.running = is_owned(where.path()).value_or(facts.pid != 0 && facts.heartbeat_age.value_or(fresh) < fresh);
    return facts;
}

std::vector<process_facts> look_at_processes(const shm::segment& where) {
    std::vector<process_facts> all;
    threads_by_owner threads = find_threads(where);
    holdings holds = find_holdings(where);
    for (std::uint32_t slot = 0; slot < where.processes().size(); ++slot) {
        const auto owner = shm::owner_of(where, slot);
        if (!owner) continue;
        process_facts facts = look_at_process(where, *owner, threads, holds);
        if (facts.state != shm::verdict::gone) all.push_back(std::move(facts));
    }
    return all;
}

limiter_facts look_at_limiter(const shm::segment& where, const shm::placement& at) {
    const layout::directory_entry& entry = shm::directory{where}.entry(at.index);
    const auto terms = primitives::unpack(shm::read_terms(entry).values);
    return {.place = at,
            .options = primitives::to_options(terms, at.shape),
            .made_with = primitives::limiters::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .keys = count_keys(where, at, rule{terms}),
            .counters = name_counters(shm::sum(where, at.index, at.incarnation))};
}

limiter_facts look_at_limiter_with_keys(const shm::segment& where, const shm::placement& at) {
    limiter_facts facts = look_at_limiter(where, at);
    facts.most_denied = most_denied(where, at, now_ns(), shm::busiest(where, at.incarnation), most_denied_shown);
    return facts;
}

event_totals look_at_events(const shm::segment& where) noexcept {
    const layout::header& header = where.header();
    const std::uint64_t lost = hardware::load_relaxed(header.changes_lost);
    event_totals sum{.all = lost + hardware::load_relaxed(header.changes_made_good),
                     .dropped = lost + hardware::load_relaxed(header.events_missed)};
    for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
        const shm::event_counts each = shm::counts_of(where.worker(i).events);
        sum.all += each.pushed + each.dropped;
        sum.dropped += each.dropped + each.torn;
    }
    return sum;
}

snapshot take(const shm::segment& where) {
    snapshot all{.segment = look_at_segment(where),
                 .owner = look_at_owner(where),
                 .processes = look_at_processes(where),
                 .reaped = hardware::load_relaxed(where.header().workers_reaped),
                 .events = look_at_events(where)};
    for (const shm::placement& at : shm::directory{where}.list()) {
        if (at.kind == layout::kind::limiter) all.limiters.push_back(look_at_limiter(where, at));
        if (at.kind == layout::kind::breaker) all.breakers.push_back(look_at_breaker(where, at));
        if (at.kind == layout::kind::bulkhead) all.bulkheads.push_back(look_at_bulkhead(where, at));
        if (at.kind == layout::kind::adaptive) all.adaptives.push_back(look_at_adaptive(where, at));
        if (at.kind == layout::kind::shedder) all.shedders.push_back(look_at_shedder(where, at));
        if (at.kind == layout::kind::retry) all.retries.push_back(look_at_retry(where, at));
        if (at.kind == layout::kind::hedge) all.hedges.push_back(look_at_hedge(where, at));
        if (at.kind == layout::kind::policy) all.policies.push_back(look_at_policy(where, at));
    }
    return all;
}

snapshot take_with_keys(const shm::segment& where) {
    snapshot all = take(where);
    auto busy = shm::busiest_of_all(where);
    for (limiter_facts& each : all.limiters)
        if (const auto its = busy.find(each.place.incarnation); its != busy.end())
            each.most_denied = most_denied(where, each.place, now_ns(), std::move(its->second), most_denied_shown);
    return all;
}

std::string_view to_string(shm::verdict state) noexcept {
    switch (state) {
        case shm::verdict::live: return "live";
        case shm::verdict::dead: return "dead";
        case shm::verdict::lost_lock: return "lost_lock";
        case shm::verdict::gone: return "gone";
    }
    return "gone";
}

}  // namespace seki::report
