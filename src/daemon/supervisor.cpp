#include "daemon/supervisor.hpp"

#include <sys/stat.h>

#include <spdlog/spdlog.h>

#include "config/plan.hpp"
#include "daemon/bus_guard.hpp"
#include "daemon/journal.hpp"
#include "daemon/log.hpp"
#include "daemon/settings.hpp"
#include "daemon/take_up.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "primitives/clock.hpp"
#include "primitives/limiter_upkeep.hpp"
#include "shm/directory.hpp"
#include "shm/lifecycle.hpp"
#include "shm/process_identity.hpp"
#include "shm/refuse.hpp"
#include "shm/workers.hpp"

namespace seki::daemon {
namespace {

using shm::hardware;

constexpr std::uint64_t look_every_ns = 1'000'000'000;

std::uint64_t now_ns() noexcept { return primitives::read_clock(Clock::precise); }

// A turn asks for all 4096 processes that there can be in this time, unless somebody scribbles.
constexpr std::uint64_t asking_ns = 20'000'000;

// It has its name, and another size than its own: nobody can attach any more.
bool was_cut_short(const shm::segment& ours) noexcept {
    struct stat facts{};
    return ::lstat(ours.path().c_str(), &facts) == 0 && shm::file_identity{facts.st_dev, facts.st_ino} == ours.file() &&
           static_cast<std::uint64_t>(facts.st_size) != ours.parts().size;
}

// Why nobody can use it any more; empty while it stands. One that surely lost its name is given up, if it is so still under the administration lock.
std::string_view what_became_of(const guarded_segment& ours) noexcept {
    if (ours.guard.lost()) return "truncated by another process";
    if (ours.segment->superseded()) return "replaced or destroyed";
    if (!ours.sound() || was_cut_short(*ours.segment)) return "removed or cut short";
    ours.segment->give_up_without_name();
    return ours.segment->superseded() ? "removed or cut short" : "";
}

// Whether it stands as far as can be known, and the path of the configuration leads to something else, or nowhere: something was mounted over its folder, a link was set anew.
bool leads_elsewhere(const std::filesystem::path& path, const shm::segment& ours) noexcept {
    struct stat facts{};
    const bool leads_there =
        ::lstat(path.c_str(), &facts) == 0 && shm::file_identity{facts.st_dev, facts.st_ino} == ours.file();
    return !leads_there && !ours.has_lost_its_name();
}

// SEKI_LIMITER and the like: the name of what an entry is about.
std::string field_of(std::string_view word) {
    std::string name{word};
    for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
    return "SEKI_" + name;
}

void log_plan(const config::plan& done) {
    for (const auto& each : done.missing()) {
        const log_fields about{{"SEKI_EVENT", fmt::format("{}_made", each.word)}, {field_of(each.word), each.name}};
        spdlog::info("made {} \"{}\"", each.word, each.name);
    }
    for (const auto& each : done.changes()) {
        const log_fields about{{"SEKI_EVENT", fmt::format("{}_changed", each.word)}, {field_of(each.word), each.name}};
        spdlog::info("changed {} \"{}\": {}", each.word, each.name, each.in_words);
    }
}

Result<void> declare(const shm::segment& where, const config::declared_primitives& declared) {
    const auto done = config::plan::carry_out(where, declared, config::differing::changed);
    if (!done) return std::unexpected(done.error());
    log_plan(*done);
    return {};
}

}  // namespace

supervisor::supervisor(command_line given, config::configuration settings, owner_lock lock, events happening)
    : given_{std::move(given)},
      settings_{std::move(settings)},
      lock_{std::move(lock)},
      happening_{std::move(happening)},
      exporter_{board_, hub_, exported_, settings_.segment_path.native()} {}

Result<std::unique_ptr<supervisor>> supervisor::start(command_line given, config::configuration settings) {
    auto lock = owner_lock::take(settings.segment_path);
    if (!lock) return std::unexpected(lock.error());
    const auto who = load_access(settings);
    if (!who) return std::unexpected(who.error());
    auto listening = listener::open(settings.daemon.listen, who->tls != nullptr);
    if (!listening) return std::unexpected(settings.at("[sekid] listen", listening.error()));
    if (const auto fine = exporter::check(settings); !fine) return std::unexpected(fine.error());
    if (const auto installed = bus_guard::install(); !installed) return std::unexpected(installed.error());
    auto happening = events::open(settings.daemon.tick);
    if (!happening) return std::unexpected(happening.error());

    std::unique_ptr<supervisor> made{
        new supervisor{std::move(given), std::move(settings), std::move(*lock), std::move(*happening)}};
    if (const auto done = made->take_care(); !done) return std::unexpected(done.error());
    spdlog::info("listening on {}", listening->shown());
    made->lock_.tell(listening->shown());
    auto answering = web::open(std::move(*listening), *who, made->board_, made->hub_, made->exported_);
    if (!answering) return std::unexpected(answering.error());
    made->web_ = std::move(*answering);
    if (const auto fine = made->exporter_.get_ready(made->settings_.otlp); !fine) return std::unexpected(fine.error());
    made->exporter_.set(made->settings_.otlp);
    return made;
}

supervisor::~supervisor() {
    hub_.close();
    exporter_.stop();
    web_.reset();
    exporter_.join();
    let_go();
}

Result<void> supervisor::run() {
    systemd_.ready(status());
    spdlog::info("ready: {}", status());
    for (;;) {  // ends by a signal
        const auto what = happening_.wait();
        if (!what) return std::unexpected(what.error());
        if (what->stop) break;
        if (const auto done = shm::contained([&] { return turn(*what); }); !done)
            log_lines("something was left undone", done.error().message);
        if (ousted_) return std::unexpected(*ousted_);
    }
    systemd_.stopping();
    spdlog::info("stopping: segment {} stays for its workers", settings_.segment_path.native());
    if (hub_.has_subscribers()) drain();  // what waits is for them; else it is for the next sekid
    return {};
}

// What throws, for want of memory, is tried again: at the next tick, or when it is asked for again.
Result<void> supervisor::turn(const happened& what) {
    if (what.lost && owned_ != nullptr && owned_->guard.lost()) look_around(now_ns());
    if (ousted_) return {};
    if (what.reload) static_cast<void>(reload());  // of a signal, the log alone tells
    if (what.tick) tick();
    if (what.drain) drain();
    return {};
}

Result<void> supervisor::take_care() {
    auto taken = take_up(settings_);
    if (!taken) return std::unexpected(taken.error());
    if (const auto done = declare(*(*taken)->segment, settings_.primitives); !done) return done;
    owned_ = std::move(*taken);
    lock_.share();
    layout::header& header = owned_->segment->header();
    reloads_seen_ = hardware::load_relaxed(header.reload_requests);
    const auto me = shm::my_identity();
    hardware::store_relaxed(header.owner_pid, me.pid);
    hardware::store_relaxed(header.owner_start, me.start_time);
    sample();
    beat(now_ns());
    show();
    return {};
}

void supervisor::let_go() noexcept {
    if (owned_ == nullptr) return;
    if (!ousted_) {
        hardware::store_relaxed(owned_->segment->header().owner_pid, 0);
        hardware::store_relaxed(owned_->segment->header().owner_start, 0);
        hardware::store_relaxed(owned_->segment->header().id.listening, 0);
    }
    owned_.reset();
    standing_ = {};
    hub_.forget();
}

void supervisor::tick() {
    const std::uint64_t now = now_ns();
    systemd_.alive(now);
    look_around(now);
    if (ousted_ || owned_ == nullptr) return;
    beat(now);
    drain();  // before the dead lose their names
    listen();
    reap(now);
    sweep();
    reload_if_requested();
}

void supervisor::beat(std::uint64_t now) const noexcept {
    hardware::store_relaxed(owned_->segment->header().heartbeat_ns, now);
}

void supervisor::drain() {
    if (owned_ != nullptr) hub_.drain(*owned_->segment);
}

void supervisor::sample() const noexcept {
    hardware::store_relaxed(
        owned_->segment->header().event_sample,
        layout::pack_event_sample(settings_.daemon.sample_of_allowed_checks, settings_.daemon.sample_of_others));
}

void supervisor::listen() {
    hub_.tell_workers(*owned_->segment, event_hub::listening_time(settings_.daemon.tick));
    if (const auto set = happening_.hurry(hub_.is_in_a_hurry()); !set)
        log_lines("events come late", set.error().message);
}

void supervisor::reap(std::uint64_t now) {
    const shm::reap_report found = shm::reap(*owned_->segment, next_process_, asking_ns);
    next_process_ = found.next;
    standing_.look(*owned_->segment);
    if (found.processes != 0) {
        const log_fields about{{"SEKI_EVENT", "reaped"}, {"SEKI_COUNT", std::to_string(found.processes)}};
        spdlog::info("gave back what {} dead processes held", found.processes);
    }
    if (found.whole && found.lost_locks > lost_locks_) {
        const log_fields about{{"SEKI_EVENT", "lost_lock"}, {"SEKI_COUNT", std::to_string(found.lost_locks)}};
        spdlog::warn(
            "{} processes live without their lock: they closed descriptors that were not theirs, or somebody removed "
            "their lock files",
            found.lost_locks);
    }
    if (found.whole) lost_locks_ = found.lost_locks;
    reclaim(now);
    primitives::finish_changes(*owned_->segment, standing_);
    primitives::settle_changes(*owned_->segment, standing_);
    if (const std::size_t given = primitives::reclaim_probes(*owned_->segment, standing_); given != 0) {
        const log_fields about{{"SEKI_EVENT", "probes_reclaimed"}, {"SEKI_COUNT", std::to_string(given)}};
        spdlog::info("gave back the places of {} probes whose processes died", given);
    }
}

// It takes a look at every permit that there is. What a process that is not listed holds it held when it was taken off the list: so when that has changed, whoever
// did it; and now and then.
void supervisor::reclaim(std::uint64_t now) {
    const std::uint64_t listed = shm::state_of_list(*owned_->segment);
    if (listed == listed_ && now < next_reclaim_ns_) return;
    listed_ = listed;
    next_reclaim_ns_ = now + look_every_ns;
    if (const std::uint64_t given = primitives::reclaim_permits(*owned_->segment, standing_); given != 0) {
        const log_fields about{{"SEKI_EVENT", "reclaimed"}, {"SEKI_COUNT", std::to_string(given)}};
        spdlog::info("gave back {} permits of dead processes", given);
    }
}

void supervisor::sweep() {
    primitives::sweep(*owned_->segment, standing_, next_slot_);
    next_slot_ += primitives::slots_a_turn;
}

// Whether somebody took the file away, put another in its place, or cut off a part that we have not touched since. What cannot be seen for now is there.
// Now and then: it asks the file system.
void supervisor::look_around(std::uint64_t now) {
    const bool lost = owned_ != nullptr && (owned_->guard.lost() || owned_->segment->superseded());
    if (!lost && now < next_look_ns_) return;
    next_look_ns_ = now + look_every_ns;
    keep_lock();
    if (ousted_) {
        // What stands there now is the other's. Workers that still hold what was taken away go over to it.
        if (owned_ != nullptr) owned_->segment->give_up_without_name();
        return;
    }
    standing_ = {};  // from the beginning: an entry that was scribbled on and mended has the incarnation that it had
    const std::string_view lost_by = owned_ != nullptr ? what_became_of(*owned_) : "";
    if (owned_ == nullptr || !lost_by.empty())
        recover(lost_by);
    else if (owned_->segment->put_header_back())
        spdlog::warn("somebody wrote over the header of segment {}: put it back", settings_.segment_path.native());
    systemd_.status(status());
}

// Two sekids on one segment would each say that they look after it, and give back twice as eagerly: who lost the lock to another ends. Where the path leads elsewhere the lock of what
// we look after is the one that we have: one that is taken there would be of what another may look after.
void supervisor::keep_lock() {
    const bool elsewhere = owned_ != nullptr && leads_elsewhere(settings_.segment_path, *owned_->segment);
    const Result<bool> kept =
        elsewhere ? Result<bool>{shm::refuse(Errc::not_found,
                                             "\"{}\" does not lead to it from here: if that is to stay so, start sekid "
                                             "again, and the workers",
                                             settings_.segment_path.native())}
                  : lock_.keep();
    if (kept && *kept)
        spdlog::warn("the lock of segment {} was removed: made it anew", settings_.segment_path.native());
    if (!kept && kept.error().code == Errc::busy) ousted_ = kept.error();
    const std::string why = kept ? std::string{} : kept.error().message;
    if (!kept && why != why_no_lock_) log_lines(elsewhere ? "keeps to its segment" : "goes on without its lock", why);
    why_no_lock_ = why;
}

void supervisor::recover(std::string_view what_became_of_it) {
    if (owned_ != nullptr) {
        const log_fields about{{"SEKI_EVENT", "segment_lost"}};
        spdlog::error("segment {} was {}: taking up what is there now, or making it anew",
                      settings_.segment_path.native(), what_became_of_it);
        shm::supersede(*owned_->segment);
        let_go();
        show();
    }
    const auto done = take_care();
    // Once for each cause: it is tried each second.
    const std::string why = done ? std::string{} : done.error().message;
    if (!done && why != why_not_) log_lines("cannot go on yet", why);
    why_not_ = why;
}

void supervisor::reload_if_requested() {
    const std::uint64_t requests = hardware::load_relaxed(owned_->segment->header().reload_requests);
    if (std::exchange(reloads_seen_, requests) == requests) return;
    const std::uint64_t generation = owned_->segment->generation();
    const auto done = reload();
    lock_.tell({generation, requests, done ? std::string{} : done.error().message});
}

// Not in a segment that another looks after by now.
Result<void> supervisor::reload() {
    next_look_ns_ = 0;
    look_around(now_ns());
    if (ousted_) return std::unexpected(*ousted_);
    systemd_.reloading();
    const auto done = shm::contained([&]() -> Result<void> {
        if (!given_.config) return std::unexpected(Error{Errc::not_found, "sekid was started without --config"});
        const auto next = load_settings(given_);
        if (!next) return std::unexpected(next.error());
        return apply(*next);
    });
    const log_fields about{{"SEKI_EVENT", done ? "reloaded" : "reload_refused"}};
    if (done)
        spdlog::info("reloaded {}", *given_.config);
    else
        log_lines("nothing was reloaded", done.error().message);
    systemd_.ready(status());
    return done;
}

Result<void> supervisor::apply(const config::configuration& next) {
    auto who = load_access(next);
    if (!who) return std::unexpected(who.error());
    if (const auto fine = exporter::check(next); !fine) return fine;
    if (const auto fine = exporter_.get_ready(next.otlp); !fine) return fine;
    if (owned_ != nullptr)
        if (const auto done = declare(*owned_->segment, next.primitives); !done) return done;
    if (const auto set = happening_.set_tick(next.daemon.tick); !set) return set;
    warn_about_restart(next);
    settings_.daemon.tick = next.daemon.tick;
    settings_.daemon.sample_of_allowed_checks = next.daemon.sample_of_allowed_checks;
    settings_.daemon.sample_of_others = next.daemon.sample_of_others;
    if (web_ != nullptr) web_->let_in(std::move(who->users));
    if (owned_ != nullptr) sample();
    settings_.otlp = next.otlp;
    drain();  // what happened until now is for whom it was to go to
    exporter_.set(next.otlp);
    settings_.primitives = next.primitives;
    settings_.segment = next.segment;
    settings_.size_is_ours = next.size_is_ours;
    show();
    return {};
}

void supervisor::warn_about_restart(const config::configuration& next) const {
    if (next.segment_path != settings_.segment_path)
        spdlog::warn("[segment] path {} is used when sekid starts again", next.segment_path.native());
    if (next.daemon.listen != settings_.daemon.listen)
        spdlog::warn("[sekid] listen \"{}\" is used when sekid starts again", next.daemon.listen);
    if (next.daemon.tls_cert != settings_.daemon.tls_cert || next.daemon.tls_key != settings_.daemon.tls_key)
        spdlog::warn("[sekid] tls_cert and tls_key are used when sekid starts again");
    if (next.daemon.log != settings_.daemon.log) spdlog::warn("[sekid] log is used when sekid starts again");
    if (next.segment.mode != settings_.segment.mode || next.segment.group != settings_.segment.group)
        spdlog::warn(
            "[segment] mode and group are used when the segment is made anew: stop sekid, `sekictl destroy` it and "
            "start "
            "sekid again");
    if (owned_ != nullptr) warn_of_other_parts(*owned_->segment, next);
}

std::string supervisor::status() const {
    if (owned_ == nullptr) return fmt::format("no segment at {}", settings_.segment_path.native());
    return fmt::format("segment {}, generation {}, {} primitives", settings_.segment_path.native(),
                       owned_->segment->generation(), shm::directory{*owned_->segment}.list().size());
}

}  // namespace seki::daemon
