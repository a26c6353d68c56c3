#include "daemon/exporter.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "daemon/metrics.hpp"
#include "daemon/process_metrics.hpp"
#include "daemon/readable.hpp"
#include "daemon/version.hpp"
#include "otlp/logs.hpp"
#include "otlp/metrics.hpp"
#include "otlp/start_times.hpp"
#include "primitives/clock.hpp"
#include "primitives/quoted.hpp"
#include "primitives/random.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

using otlp::signal;
using std::chrono::nanoseconds;

// How often the hub's queues are emptied into ours: 4096 events in that time are 40 000 a second.
constexpr nanoseconds pace = std::chrono::milliseconds{100};
constexpr std::uint64_t longest_wait_ns = 3600'000'000'000;
constexpr std::size_t room_for_examples = 1024;

std::uint64_t ns(nanoseconds time) noexcept { return static_cast<std::uint64_t>(time.count()); }

std::uint64_t unix_now() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t process_start_ns() {
    for (const auto& each : process_metrics())
        if (each.name == "process_start_time_seconds")
            return static_cast<std::uint64_t>(each.metric.front().gauge.value * 1e9);
    return unix_now();
}

otlp::self who_we_are(std::string segment_path) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    return {
        .segment = std::move(segment_path), .host = host.data(), .version = std::string{version}, .pid = ::getpid()};
}

bool is_worth_an_example(const report::event_facts& event) noexcept { return otlp::has_trace(event); }

}  // namespace

exporter::exporter(const board& from, event_hub& hub, otlp::ledger& told, std::string segment_path)
    : from_{from},
      hub_{hub},
      ledger_{told},
      self_{who_we_are(std::move(segment_path))},
      own_start_ns_{process_start_ns()},
      poster_{fmt::format("sekid/{}", version)} {}

void exporter::join() {
    if (thread_.joinable()) thread_.join();
}

Result<void> exporter::check(const config::configuration& wanted) {
    if (wanted.otlp.ca_file.empty()) return {};
    const std::string why = why_unreadable(wanted.otlp.ca_file);
    if (why.empty()) return {};
    const auto refused =
        shm::refuse(Errc::invalid_argument, "[otlp]: ca_file {}: {}", primitives::quoted(wanted.otlp.ca_file), why);
    return std::unexpected(wanted.at("[otlp] ca_file", refused.error()));
}

Result<void> exporter::get_ready(const config::otlp_options& wanted) try {
    if (!thread_.joinable() && !wanted.endpoint.empty()) thread_ = std::jthread{[this] { run(); }};
    return {};
} catch (const std::system_error& failed) {
    return shm::refuse(Errc::system, "[otlp]: cannot start the thread that exports to {}: {}", wanted.endpoint,
                       shm::system_advice(failed.code().value()));
}

void exporter::set(const config::otlp_options& wanted) {
    {
        const std::scoped_lock hold{mutex_};
        next_ = wanted;
    }
    if (thread_.joinable()) poster_.wake();
}

void exporter::stop() {
    {
        const std::scoped_lock hold{mutex_};
        stopping_ = true;
    }
    poster_.wake();
}

void exporter::run() {
    while (go_on_if_possible()) {  // ends by stop()
    }
}

// Memory that runs out is no reason for sekid to end: it tries again in a while.
bool exporter::go_on_if_possible() {
    now_ = primitives::read_clock(Clock::precise);
    try {
        if (!go_on()) return false;
        await();
        return true;
    } catch (const std::exception& thrown) {
        spdlog::error("the export failed: {}", thrown.what());
        take_back();
        poster_.rest(std::chrono::seconds{1});
        const std::scoped_lock hold{mutex_};
        return !stopping_;
    }
}

bool exporter::go_on() {
    follow_settings();
    take_events();
    put_metrics();
    put_logs();
    send();
    if (is_flushing()) {
        if (!is_flushed()) return true;
        end_flush();
    } else if (!options_.endpoint.empty()) {
        return true;
    }
    const std::scoped_lock hold{mutex_};
    return !stopping_;
}

void exporter::await() {
    const std::uint64_t due = std::min(next_due(), now_ + longest_wait_ns);
    const nanoseconds left{due > now_ ? static_cast<std::int64_t>(due - now_) : 0};
    const auto ended = poster_.wait(std::chrono::ceil<std::chrono::milliseconds>(left));
    now_ = primitives::read_clock(Clock::precise);
    for (const auto& each : ended) settle(each);
}

// What did not begin, or whose end was lost on the way: it was not answered.
void exporter::take_back() {
    for (const signal of : {signal::metrics, signal::logs})
        if (lane_of(of).is_under_way() && !poster_.is_under_way(of)) (void)end(of, {}, 0);
}

// Settings without an endpoint wait until what there was has been sent by the ones before.
void exporter::follow_settings() {
    if (is_flushing()) return;
    std::optional<config::otlp_options> next;
    {
        const std::scoped_lock hold{mutex_};
        const bool ends = stopping_ || (next_ && next_->endpoint.empty());
        if (!ends || options_.endpoint.empty()) next.swap(next_);
        if (ends) begin_flush();
    }
    if (next) adopt(*next);
}

void exporter::adopt(const config::otlp_options& next) {
    const config::otlp_options before = std::exchange(options_, next);
    poster_.configure(options_);
    origin_ = otlp::make_origin(self_, options_.resource);
    const bool elsewhere = before.endpoint != options_.endpoint || before.headers != options_.headers ||
                           before.ca_file != options_.ca_file;
    for (otlp::lane& each : lanes_) {
        each.configure(options_);
        if (elsewhere) each.hurry(now_);
    }
    const bool on = !options_.endpoint.empty();
    if (!on || !options_.metrics)
        metrics_due_ = never;
    else
        metrics_due_ =
            std::min(metrics_due_, now_ + (before.metrics && !elsewhere ? ns(options_.metrics_interval) : 0));
    listen();
}

void exporter::listen() {
    const bool on = !options_.endpoint.empty() && options_.events && !is_flushing();
    const auto change = [this](std::shared_ptr<event_hub::subscriber>& who, bool wanted, const event_hub::wish& what) {
        if (wanted && who == nullptr) who = hub_.enlist(what);
        if (wanted || who == nullptr) return;
        hub_.unsubscribe(who);
        take_events();  // the last
        who.reset();
    };
    change(refusals_, on, {.kinds = otlp::kinds_of_records, .of_them = otlp::is_worth_a_record});
    change(examples_, on && options_.metrics,
           {.kinds = otlp::kinds_of_examples, .of_them = is_worth_an_example, .room = room_for_examples});
}

void exporter::begin_flush() {
    if (options_.endpoint.empty()) return;
    flush_until_ = now_ + ns(options_.flush_timeout);
    if (options_.metrics) metrics_due_ = now_;
    for (otlp::lane& each : lanes_) each.hurry(now_);
    listen();  // no longer: else there would always be something left
}

bool exporter::is_flushed() const {
    const bool empty = metrics_due_ == never && queue_.empty() &&
                       std::ranges::all_of(lanes_, [](const auto& each) { return each.is_empty(); });
    return empty || now_ >= flush_until_;
}

void exporter::end_flush() {
    for (const signal of : {signal::metrics, signal::logs}) {
        poster_.abandon(of);
        const std::uint64_t left = lane_of(of).drop() + (of == signal::logs ? queue_.size() : 0);
        if (left == 0) continue;
        ledger_.add(of, {.dropped = left});
        spdlog::warn("{} {} were not exported: {} did not take them in time", left,
                     of == signal::logs ? "log records" : "data points", options_.endpoint);
    }
    queue_.clear();
    metrics_due_ = flush_until_ = never;
    adopt({});
}

void exporter::take_events() {
    if (examples_ != nullptr)
        for (const auto& each : examples_->wait(std::chrono::milliseconds{0}).events) exemplars_.add(each);
    if (refusals_ == nullptr) return;
    event_hub::delivery now = refusals_->wait(std::chrono::milliseconds{0});
    std::uint64_t dropped = now.missed;
    if (queue_.empty() && !now.events.empty()) logs_due_ = now_ + ns(options_.events_interval);
    const std::uint64_t held = lane_of(signal::logs).items();
    for (auto& each : now.events)
        if (queue_.size() + held < options_.max_queue)
            queue_.push_back(std::move(each));
        else
            ++dropped;
    if (dropped != 0) ledger_.add(signal::logs, {.dropped = dropped});
}

// Nothing where there is no segment now.
std::optional<otlp::request> exporter::measure() {
    const published now = from_.look();
    if (now.owned == nullptr) return std::nullopt;
    const report::snapshot all = report::take(*now.owned->segment);
    const auto families = all_metrics(all, ledger_);
    const otlp::start_times starts{all, own_start_ns_};
    return otlp::encode_metrics(families, starts, exemplars_, origin_,
                                {.unix_ns = unix_now(), .own_start_ns = own_start_ns_});
}

void exporter::put_metrics() {
    otlp::lane& lane = lane_of(signal::metrics);
    if (now_ < metrics_due_ || lane.is_under_way()) return;
    metrics_due_ = is_flushing() ? never : std::max(metrics_due_ + ns(options_.metrics_interval), now_);
    auto made = measure();
    if (!made) return;
    exemplars_.clear();
    if (const std::uint64_t replaced = lane.put(std::move(*made), now_); replaced != 0)
        ledger_.add(signal::metrics, {.dropped = replaced});
}

void exporter::put_logs() {
    otlp::lane& lane = lane_of(signal::logs);
    if (queue_.empty() || !lane.is_empty()) return;
    const bool due = queue_.size() >= options_.max_batch || now_ >= logs_due_ || is_flushing() || refusals_ == nullptr;
    if (!due) return;
    const auto count = static_cast<std::ptrdiff_t>(std::min<std::size_t>(queue_.size(), options_.max_batch));
    const std::vector<report::event_facts> batch{queue_.begin(), queue_.begin() + count};
    lane.put(otlp::encode_logs(batch, origin_, unix_now(), options_.keys), now_);
    queue_.erase(queue_.begin(), queue_.begin() + count);
    logs_due_ = now_ + ns(options_.events_interval);
}

void exporter::send() {
    for (const signal of : {signal::metrics, signal::logs})
        if (const auto due = lane_of(of).due(); due && now_ >= *due) poster_.begin(of, lane_of(of).send().body);
}

otlp::lane::ending exporter::end(signal of, const otlp::judgement& how, std::uint64_t retry_after_ns) {
    const auto end = lane_of(of).end(how, retry_after_ns, now_, primitives::next_random());
    ledger_.add(of, {.sent = end.sent, .failed = end.failed, .dropped = end.dropped, .retries = end.again ? 1U : 0U});
    return end;
}

void exporter::settle(const otlp::poster::ended& one) {
    const otlp::judgement how = otlp::judge(one.answer);
    const auto ended = end(one.of, how, ns(one.answer.retry_after));
    if (how.verdict != otlp::verdict::taken || ended.failed != 0)
        complain(one.of, how.why, ended.again ? "trying again" : ended.failed != 0 ? "not again" : "giving up");
    else if (!std::exchange(complaint_[static_cast<std::size_t>(one.of)], {}).empty())
        spdlog::info("exports {} to {}", to_string(one.of), options_.endpoint);
}

// Once for each cause, not for each request, nor for what becomes of each.
void exporter::complain(signal of, const std::string& why, const char* then) {
    std::string cause = fmt::format("{} to {}: {}", to_string(of), options_.endpoint, why);
    std::string& last = complaint_[static_cast<std::size_t>(of)];
    if (last == cause) return;
    spdlog::warn("cannot export {}; {}", cause, then);
    last = std::move(cause);
}

std::uint64_t exporter::next_due() const {
    std::uint64_t due = flush_until_;
    if (!lane_of(signal::metrics).is_under_way()) due = std::min(due, metrics_due_);
    if (refusals_ != nullptr) due = std::min(due, now_ + ns(std::min(pace, options_.events_interval)));
    if (!queue_.empty() && lane_of(signal::logs).is_empty()) due = std::min(due, logs_due_);
    for (const otlp::lane& each : lanes_) due = std::min(due, each.due().value_or(never));
    return due;
}

}  // namespace seki::daemon
