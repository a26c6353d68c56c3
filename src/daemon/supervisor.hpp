// sekid itself: one loop that looks after one segment.
//
// Each tick it shows that it lives, gives back what dead processes held, clears some of the keys that nobody needs, and looks whether somebody asked for a reload. It is on nobody's
// path: workers go on without it, and what it has to know stands in the segment, so that the next sekid carries on where this one was.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/command_line.hpp"
#include "daemon/event_hub.hpp"
#include "daemon/events.hpp"
#include "daemon/exporter.hpp"
#include "daemon/guarded_segment.hpp"
#include "daemon/notify.hpp"
#include "daemon/owner_lock.hpp"
#include "daemon/web.hpp"
#include "shm/roster.hpp"

namespace seki::daemon {

class supervisor {
public:
    // Everything that can be refused is refused here, before it says that it is ready.
    [[nodiscard]] static Result<std::unique_ptr<supervisor>> start(command_line given, config::configuration settings);

    // Until SIGTERM or SIGINT. The segment stays for its workers.
    [[nodiscard]] Result<void> run();

    supervisor(const supervisor&) = delete;
    supervisor& operator=(const supervisor&) = delete;
    ~supervisor();

private:
    supervisor(command_line given, config::configuration settings, owner_lock lock, events happening);

    [[nodiscard]] Result<void> take_care();  // of the segment at the path: takes it up, declares the primitives
    void let_go() noexcept;
    void show() { board_.show({owned_, settings_.daemon.tick}); }

    [[nodiscard]] Result<void> turn(const happened& what);
    void tick();
    void beat(std::uint64_t now_ns) const noexcept;
    void reap(std::uint64_t now);
    void reclaim(std::uint64_t now);
    void sweep();
    void drain();
    void listen();
    void sample() const noexcept;
    void look_around(std::uint64_t now_ns);
    void keep_lock();
    void recover(std::string_view what_became_of_it);
    void reload_if_requested();
    [[nodiscard]] Result<void> reload();
    [[nodiscard]] Result<void> apply(const config::configuration& next);
    void warn_about_restart(const config::configuration& next) const;
    [[nodiscard]] std::string status() const;

    command_line given_;
    config::configuration settings_;
    owner_lock lock_;
    events happening_;
    notifier systemd_;
    std::shared_ptr<guarded_segment> owned_;  // null while there is none
    board board_;
    event_hub hub_;
    otlp::ledger exported_;
    exporter exporter_;         // reads the board and the hub until it has stopped
    std::unique_ptr<web> web_;  // reads these and the ledger until it goes
    std::uint64_t reloads_seen_ = 0;
    std::uint64_t next_look_ns_ = 0;
    std::string why_not_;             // there is no segment, as the log has it; empty while there is one
    std::string why_no_lock_;         // likewise
    std::optional<Error> ousted_;     // another sekid looks after it: why this one ends
    shm::roster standing_;            // of owned_, as of this tick
    std::uint64_t next_slot_ = 0;     // to sweep
    std::uint32_t next_process_ = 0;  // to ask for
    std::uint32_t lost_locks_ = 0;
    std::uint64_t listed_ = 0;  // which processes, when permits were last looked at
    std::uint64_t next_reclaim_ns_ = 0;
};

}  // namespace seki::daemon
