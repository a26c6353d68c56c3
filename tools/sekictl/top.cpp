// top: a live view of the whole segment in the terminal.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.hpp"
#include "primitives/clock.hpp"
#include "primitives/duration.hpp"
#include "report/text.hpp"
#include "top/screen.hpp"

namespace seki::ctl {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds quickest = 100ms, slowest = 1min;
constexpr std::size_t keys_shown = 10;

struct question {
    std::string every = "1s";
    std::string sort{top::orders.front()};
    std::string filter;
};

nanoseconds now() { return nanoseconds{static_cast<nanoseconds::rep>(primitives::read_clock(Clock::precise))}; }

std::string time_of_day() {
    const time_t seconds = ::time(nullptr);
    tm local{};
    ::localtime_r(&seconds, &local);
    return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

// Looks at the segment again and again, each time by its name: one that took its place is found, and one that is gone may come back.
class watcher {
public:
    watcher(const context& with, nanoseconds every) : with_{&with} { scene_.every = every; }

    // The error says why there is nothing new to see; what was seen last stays.
    Result<void> look(const top::controls& by) {
        const nanoseconds at = now();
        segment_.reset();  // two copies at once would be twice the memory
        auto copy = with_->look();
        if (!copy) {
            tell(copy.error());
            return std::unexpected(std::move(copy.error()));
        }
        segment_ = *std::move(copy);
        scene_.all = report::take(*segment_);
        scene_.past.add(scene_.all, at);
        scene_.clock = time_of_day();
        scene_.trouble.clear();
        trouble_ = Errc::none;
        look_at_keys(by);
        return {};
    }

    // Of the limiter that is opened, as they were at the last look.
    void look_at_keys(const top::controls& by) {
        if (segment_ == nullptr) return;  // what was seen last stays
        scene_.busiest.clear();
        scene_.most_denied.clear();
        for (const auto& each : scene_.all.limiters) {
            if (top::id_of(layout::kind::limiter, report::for_terminal(each.place.name)) != by.opened) continue;
            scene_.busiest = keys_by(each.place, report::key_order::busiest, {});
            scene_.most_denied =
                keys_by(each.place, report::key_order::most_denied, [](const auto& key) { return key.denied != 0; });
        }
    }

    top::scene& scene() noexcept { return scene_; }

private:
    // Once, with the time of it: who comes back later wants to know since when.
    void tell(const Error& why) {
        if (trouble_ == why.code) return;
        trouble_ = why.code;
        scene_.trouble = why.code == Errc::not_found
                             ? fmt::format("gone since {}: waiting for it", time_of_day())
                             : fmt::format("unreadable since {}: {}", time_of_day(), why.message);
    }

    std::vector<report::key_facts> keys_by(const shm::placement& at, report::key_order by,
                                           std::function<bool(const report::key_facts&)> wanted) const {
        return report::keys(*segment_, at, primitives::read_clock(Clock::precise),
                            {.by = by, .top = keys_shown, .wanted = std::move(wanted)});
    }

    const context* with_;
    std::shared_ptr<shm::segment> segment_;
    top::scene scene_;
    Errc trouble_ = Errc::none;
};

// Until it is told to end.
void show(top::screen& on, watcher& from, top::controls by) {
    from.scene().with = on.with();
    const nanoseconds every = from.scene().every;
    nanoseconds next = now() + std::min<nanoseconds>(every, 500ms);  // rates come soon
    for (;;) {
        on.show(top::draw(from.scene(), by, on.size()));
        const auto why = on.wait(by.paused ? slowest : next - now());
        if (why == top::screen::woken::to_end) return;
        for (auto key = on.pressed(); key; key = on.pressed()) {  // ends: nobody types that fast
            if (!top::press(by, *key, top::listed(from.scene(), by), top::room_in(on.size()))) return;
            from.look_at_keys(by);
        }
        if (by.paused || now() < next) continue;
        (void)from.look(by);  // what is wrong stands on the screen
        next = now() + every;
    }
}

ending watch(const context& with, const question& asked) {
    if (::isatty(STDOUT_FILENO) == 0 || ::isatty(STDIN_FILENO) == 0)
        return with.wrong_usage(
            "top: a live view needs a terminal to show it and to read keys from: see sekictl status");
    if (with.as_json) return with.wrong_usage("top: a live view is no JSON: see sekictl --json status");
    const auto every = primitives::parse_duration(asked.every);
    if (!every) return with.wrong_usage("top: --interval: " + every.error().message);
    if (*every < quickest || *every > slowest)
        return with.wrong_usage(fmt::format("top: --interval: {} is out of range: {} to {}", asked.every,
                                            primitives::format_duration(quickest),
                                            primitives::format_duration(slowest)));
    watcher from{with, *every};
    top::controls by{.by = static_cast<top::order>(std::ranges::find(top::orders, asked.sort) - top::orders.begin()),
                     .filter = asked.filter};
    if (const auto seen = from.look(by); !seen) return with.fail(seen.error());
    const char* const refused = std::getenv("NO_COLOR");
    auto on = top::screen::open(!with.no_color && (refused == nullptr || *refused == '\0'));
    if (!on && on.error().code == Errc::invalid_argument) return with.wrong_usage(on.error().message);
    if (!on) return with.fail(on.error());
    show(*on, from, std::move(by));
    return ending::fine;
}

}  // namespace

void add_top(const app& program, const context& with, ending& end) {
    const app command =
        program.add_subcommand("top", "a live view in the terminal: rates, denials, states, keys and workers");
    const auto asked = std::make_shared<question>();
    command.add_option("--interval", asked->every, "how often to look").type_name("DURATION").capture_default_str();
    command.add_option("--sort", asked->sort, "what puts a primitive first")
        .check([](const std::string& given) {
            if (std::ranges::find(top::orders, given) != top::orders.end()) return std::string{};
            return fmt::format("there is no \"{}\": {}", given, fmt::join(top::orders, ", "));
        })
        .type_name(fmt::format("{}", fmt::join(top::orders, "|")))
        .capture_default_str();
    command.add_option("--filter", asked->filter, "only primitives of whose kind, name or state this is a part");
    command.callback([&with, &end, asked] { end = watch(with, *asked); });
}

}  // namespace seki::ctl
