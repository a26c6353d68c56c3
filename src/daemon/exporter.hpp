// Export by OpenTelemetry's protocol, in a thread of its own: the loop hands it settings and events, and waits for neither it nor the collector.
//
// Metrics are read from the segment at each interval. A request with metrics that could not be sent yet makes room for the next, which has all that it had: sums
// are cumulative. Events come through queues of the hub, wait in a queue of their own, and go in batches, in order, one at a time. All of that is bounded, and what
// finds no room is counted in the ledger. The whole of it: docs/design/otlp.md.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/event_hub.hpp"
#include "daemon/guarded_segment.hpp"
#include "otlp/attributes.hpp"
#include "otlp/exemplars.hpp"
#include "otlp/lane.hpp"
#include "otlp/ledger.hpp"
#include "otlp/poster.hpp"

namespace seki::daemon {

class exporter {
public:
    exporter(const board& from, event_hub& hub, otlp::ledger& told, std::string segment_path);
    ~exporter() { stop(), join(); }
    exporter(const exporter&) = delete;
    exporter& operator=(const exporter&) = delete;

    // The files that are named can be read.
    [[nodiscard]] static Result<void> check(const config::configuration& wanted);

    // From now on. What waits goes out by the new settings; where there is no endpoint any more, by the old ones.
    // What can fail of it, before set().
    [[nodiscard]] Result<void> get_ready(const config::otlp_options& wanted);
    void set(const config::otlp_options& wanted);
    // Begins to end; the hub was closed, so no event comes after those that it has.
    void stop();
    void join();  // when it has sent what there was, or flush_timeout is over

private:
    static constexpr std::uint64_t never = ~std::uint64_t{0};

    // All below is of the thread alone, but for what the mutex guards.
    void run();
    [[nodiscard]] bool go_on_if_possible();
    [[nodiscard]] bool go_on();  // false: all is done
    void await();
    void take_back();
    void follow_settings();
    void adopt(const config::otlp_options& next);
    void listen();
    void begin_flush();
    [[nodiscard]] bool is_flushed() const;
    void end_flush();
    void take_events();
    void put_metrics();
    void put_logs();
    void send();
    void settle(const otlp::poster::ended& one);
    otlp::lane::ending end(otlp::signal of, const otlp::judgement& how, std::uint64_t retry_after_ns);
    void complain(otlp::signal of, const std::string& why, const char* then);
    [[nodiscard]] std::uint64_t next_due() const;
    [[nodiscard]] std::optional<otlp::request> measure();
    otlp::lane& lane_of(otlp::signal of) { return lanes_[static_cast<std::size_t>(of)]; }
    [[nodiscard]] const otlp::lane& lane_of(otlp::signal of) const { return lanes_[static_cast<std::size_t>(of)]; }
    [[nodiscard]] bool is_flushing() const noexcept { return flush_until_ != never; }

    const board& from_;
    event_hub& hub_;
    otlp::ledger& ledger_;
    otlp::self self_;
    std::uint64_t own_start_ns_;
    otlp::poster poster_;

    std::mutex mutex_;
    std::optional<config::otlp_options> next_;  // to be adopted
    bool stopping_ = false;

    config::otlp_options options_;
    otlp::origin origin_;
    std::array<otlp::lane, otlp::signals> lanes_;
    std::array<std::string, otlp::signals> complaint_;  // the cause of the last one, until it is well again
    std::shared_ptr<event_hub::subscriber> refusals_, examples_;
    std::deque<report::event_facts> queue_;
    otlp::exemplars exemplars_;
    std::uint64_t now_ = 0;
    std::uint64_t metrics_due_ = never, logs_due_ = never, flush_until_ = never;

    std::jthread thread_;  // once there is something to do
};

}  // namespace seki::daemon
