#include "top/frame.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "report/text.hpp"
#include "words.hpp"

namespace seki::ctl::top {
namespace {

constexpr std::size_t title_lines = 2, heading_lines = 1, foot_lines = 1;

line title(const scene& from, const controls& by, std::size_t columns) {
    const std::string right = fmt::format(" {}{}", by.paused ? "PAUSED " : "", from.clock);
    const std::size_t left = columns - std::min(columns, columns_of(right));
    std::string name = report::for_terminal(from.all.segment.path);
    if (columns_of(printable(name, from.with)) > left)
        name = report::for_terminal(std::filesystem::path{from.all.segment.path}.filename().string());
    line out;
    out.add(fit(name, left, from.with), look::heading);
    out.add(right, by.paused ? look::warning : look::faint);
    return out;
}

line summary(const scene& from) {
    line out;
    if (!from.trouble.empty()) return out.add(report::for_terminal(from.trouble), look::alarm);
    rate sum;
    for (const record& each : from.past.records()) {
        sum.calls += each.pace.value_or(rate{}).calls;
        sum.refused += each.pace.value_or(rate{}).refused;
    }
    out.add(fmt::format("{} calls/s, ", per_second(sum.calls)));
    out.add(fmt::format("{} denied/s", per_second(sum.refused)), sum.refused > 0 ? look::alarm : look::plain);
    out.add(fmt::format("; {} processes, {} threads; ", from.all.processes.size(), from.all.threads()));
    return out.add(in_words(from.all.owner), from.all.owner.running ? look::plain : look::warning);
}

std::string sorted_by(const controls& by) {
    const auto word = by.shown == controls::list::primitives ? orders[static_cast<std::size_t>(by.by)]
                                                             : worker_orders[static_cast<std::size_t>(by.workers_by)];
    return fmt::format("s sort: {}{}", word, by.reversed ? ", reversed" : "");
}

std::vector<std::string> hints(const controls& by) {
    if (by.helps) return {"Esc back", "q quit"};
    if (!by.opened.empty()) {
        std::vector<std::string> some{"Esc back", "q quit", "? help", by.paused ? "p go on" : "p pause"};
        if (by.opened.starts_with("limiter ")) some.emplace_back("s most denied keys first, or last");
        return some;
    }
    const bool primitives = by.shown == controls::list::primitives;
    return {"? help",
            "q quit",
            sorted_by(by),
            "/ filter",
            "Enter open",
            by.paused ? "p go on" : "p pause",
            primitives ? "w workers" : "w primitives",
            "r reverse"};
}

line foot(const scene& from, const controls& by, std::size_t columns) {
    line out;
    if (by.typing) return out.add("filter: ", look::heading).add(report::for_terminal(by.filter) + "_");
    std::string text;
    if (!by.filter.empty() && by.lists()) text = fmt::format("filter: {}", report::for_terminal(by.filter));
    for (const std::string& each : hints(by)) {
        const std::string more = (text.empty() ? "" : "  ") + each;
        if (columns_of(printable(text + more, from.with)) <= columns) text += more;
    }
    return out.add(text, look::faint);
}

lines middle(const scene& from, controls& by, extent room) {
    if (by.lists())
        return by.shown == controls::list::primitives ? list_primitives(from, by, room) : list_workers(from, by, room);
    lines page = by.helps                                 ? page_of_help(room.columns, from.with)
                 : by.shown == controls::list::primitives ? page_of_primitive(from, by, room.columns)
                                                          : page_of_worker(from, by, room.columns);
    const std::size_t shown = room.rows + heading_lines;
    by.scrolled = std::min(by.scrolled, page.size() > shown ? page.size() - shown : 0);
    page.erase(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(by.scrolled));
    return page;
}

}  // namespace

std::string id_of(const report::process_facts& process) { return fmt::format("{} {}", process.slot, process.pid); }

std::size_t room_in(extent screen) noexcept {
    constexpr std::size_t others = title_lines + heading_lines + foot_lines;
    return screen.rows > others ? screen.rows - others : 0;
}

std::vector<std::string> listed(const scene& from, const controls& by) {
    std::vector<std::string> ids;
    if (by.shown == controls::list::primitives)
        for (const record* each : choose(from.past.records(), by.by, by.reversed, by.filter))
            ids.push_back(each->now.id());
    else
        for (const auto* each : choose(from.all.processes, by.workers_by, by.reversed, by.filter))
            ids.push_back(id_of(*each));
    return ids;
}

lines draw(const scene& from, controls& by, extent screen) {
    by.chosen().settle(listed(from, by));
    lines all;
    if (screen.columns < smallest.columns || screen.rows < smallest.rows) {
        line said;
        all.push_back(said.add(fmt::format("at least {}x{}", smallest.columns, smallest.rows), look::warning));
    } else {
        all.push_back(title(from, by, screen.columns));
        all.push_back(summary(from));
        std::ranges::move(middle(from, by, {screen.columns, room_in(screen)}), std::back_inserter(all));
        all.resize(screen.rows - foot_lines);
        all.push_back(foot(from, by, screen.columns));
    }
    all.resize(screen.rows);
    for (line& each : all) each = fit(each, screen.columns, from.with);
    return all;
}

}  // namespace seki::ctl::top
