#include "daemon/recorder.hpp"

#include <pthread.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "daemon/history_json.hpp"
#include "report/sample.hpp"
#include "report/snapshot.hpp"

namespace seki::daemon {
namespace {

using std::chrono::steady_clock;

std::uint64_t unix_ms() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

std::string message(std::string_view name, const report::json& data) {
    return fmt::format("event: {}\ndata: {}\n\n", name,
                       data.dump(-1, ' ', false, report::json::error_handler_t::replace));
}

}  // namespace

recorder::recorder(const board& from, std::chrono::milliseconds every)
    : from_{from}, every_{every}, thread_{[this] { run(); }} {}

recorder::~recorder() {
    close();
    thread_.join();
}

void recorder::close() {
    const std::scoped_lock hold{mutex_};
    closed_ = true;
    changed_.notify_all();
}

std::optional<std::uint64_t> recorder::join() {
    const std::scoped_lock hold{mutex_};
    if (closed_ || viewers_ == most_viewers) return std::nullopt;
    ++viewers_;
    return number_;
}

void recorder::leave() {
    const std::scoped_lock hold{mutex_};
    if (--viewers_ == 0) told_.reset();
}

recorder::news recorder::wait(std::uint64_t seen, std::chrono::milliseconds patience) {
    std::unique_lock hold{mutex_};
    changed_.wait_for(hold, patience, [&] { return closed_ || number_ > seen; });
    return {.text = number_ > seen ? told_ : nullptr, .number = number_, .over = closed_};
}

report::json recorder::now() const {
    std::unique_lock hold{mutex_};
    const history::moment at = past_.now();
    const std::size_t bytes = past_.bytes();
    hold.unlock();
    return to_json(at, bytes);
}

std::optional<report::json> recorder::past_of(layout::kind kind, std::string_view name) const {
    std::unique_lock hold{mutex_};
    const auto found = past_.of(kind, name);
    hold.unlock();
    if (!found) return std::nullopt;
    return to_json(kind, name, *found);
}

// Ends by close(). What goes wrong, memory that is short, is tried again a second later.
void recorder::run() {
    ::pthread_setname_np(::pthread_self(), "recorder");  // bench/dashboard.py looks for it
    auto next = steady_clock::now();
    auto look_next = next;
    for (;;) {
        try {
            record();
            const auto begun = steady_clock::now();
            if (begun >= look_next) {
                tell();
                look_next = begun + share_of_looking * (steady_clock::now() - begun);
            }
        } catch (const std::exception& what) {
            spdlog::error("no history of this second: {}", what.what());
        }
        next = std::max(next + every_, steady_clock::now());
        std::unique_lock hold{mutex_};
        if (changed_.wait_until(hold, next, [this] { return closed_; })) return;
    }
}

void recorder::record() {
    const published now = from_.look();
    std::vector<report::sample> samples;
    if (now.owned != nullptr) samples = report::take_samples(*now.owned->segment);
    const std::scoped_lock hold{mutex_};
    if (now.owned == nullptr) return past_.forget();
    past_.take(now.owned->segment->generation(), samples, unix_ms());
}

// To whoever looks.
void recorder::tell() {
    {
        const std::scoped_lock hold{mutex_};
        if (viewers_ == 0) return;
    }
    const published at = from_.look();
    std::string text = message("history", now());
    text += at.owned == nullptr ? message("gone", report::json::object())
                                : message("state", report::to_json(report::take_with_keys(*at.owned->segment)));
    auto made = std::make_shared<const std::string>(std::move(text));
    const std::scoped_lock hold{mutex_};
    told_ = std::move(made);
    ++number_;
    changed_.notify_all();
}

}  // namespace seki::daemon
