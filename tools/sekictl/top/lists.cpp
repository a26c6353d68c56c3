// The two lists: primitives, and workers.
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "primitives/duration.hpp"
#include "report/text.hpp"
#include "shm/shape.hpp"
#include "top/columns.hpp"
#include "top/frame.hpp"
#include "words.hpp"

namespace seki::ctl::top {
namespace {

constexpr std::size_t mark_width = 2;

line headings(std::span<const column> all, const std::vector<placed>& at, charset with) {
    std::string text(mark_width, ' ');
    for (const placed& each : at) text += fit(all[each.which].heading, each.width, with, all[each.which].at) + " ";
    line out;
    return out.add(text, look::heading);
}

std::size_t widest(const std::vector<std::string>& texts, std::size_t least, std::size_t most, charset with) {
    std::size_t width = least;
    for (const std::string& each : texts) width = std::max(width, columns_of(printable(each, with)));
    return std::min(width, most);
}

// The lines from selection.first() on, each made by make(index, line).
template <class Make>
void add_shown(lines& to, selection& chosen, std::size_t count, std::size_t room, Make make) {
    chosen.scroll_to_it(room, count);
    for (std::size_t i = chosen.first(); i < std::min(count, chosen.first() + room); ++i) {
        line each{.chosen = i == chosen.at()};
        each.add(each.chosen ? "> " : "  ");
        make(i, each);
        to.push_back(std::move(each));
    }
}

line nothing(const controls& by, std::string_view what) {
    line out;
    return out.add(
        by.filter.empty() ? fmt::format("  no {}", what) : fmt::format("  no {} of that filter: Esc shows all", what),
        look::faint);
}

enum which : std::size_t { kind, name, state, calls, denied, use, minute };

std::array<column, 7> columns_for(std::size_t longest_name, std::chrono::nanoseconds minute) {
    return {{{"KIND", 8, 8, 3, side::left},
             {"NAME", 8, longest_name, 9, side::left},
             {"STATE", 9, 13, 6, side::left},
             {"CALLS/s", 7, 7, 7, side::right},
             {"DENIED/s", 8, 8, 8, side::right},
             {"IN USE", 9, 26, 2, side::left},
             {"LAST " + primitives::format_duration(minute), 11, history::longest, 1, side::left}}};
}

std::string use_of(const reading& now, std::size_t width, charset with) {
    if (!now.filled) return "-";
    const std::string_view said = now.filled->said;
    const std::size_t picture = width > said.size() + 1 ? std::min<std::size_t>(width - said.size() - 1, 12) : 0;
    if (picture < 3) return std::string{said};
    return bar(now.filled->used, now.filled->of, picture, with) + " " + std::string{said};
}

look look_of_use(const reading& now) {
    if (!now.filled || now.filled->of == 0) return look::faint;
    const double part = static_cast<double>(now.filled->used) / static_cast<double>(now.filled->of);
    return part >= 1 ? look::alarm : part >= 0.8 ? look::warning : look::plain;
}

// As high as there were calls, and alarming where some were refused.
void add_minute(line& to, const record& of, std::uint64_t looks, std::size_t width, charset with) {
    const auto values = squeeze(of.past, looks, width);
    double peak = 0;
    for (const rate& each : values) peak = std::max(peak, each.calls);
    to.add(std::string(width - std::min(width, values.size()), ' '));
    for (const rate& each : values)
        to.add(sparkline({each.calls}, peak, with), each.refused > 0 ? look::alarm : look::good);
}

std::string pace_of(const record& of, double rate::* which) { return of.pace ? per_second((*of.pace).*which) : "-"; }

void add_cell(line& to, const record& of, std::size_t which, std::size_t width, const scene& from) {
    const charset with = from.with;
    const bool refuses = of.pace && of.pace->refused > 0;
    switch (which) {
        case kind: to.add(fit(shm::to_string(of.now.kind), width, with), look::faint); break;
        case name: to.add(fit(of.now.name, width, with)); break;
        case state: to.add(fit(of.now.state, width, with), of.now.mood); break;
        case calls: to.add(fit(pace_of(of, &rate::calls), width, with, side::right)); break;
        case denied:
            to.add(fit(pace_of(of, &rate::refused), width, with, side::right), refuses ? look::alarm : look::plain);
            break;
        case use: to.add(fit(use_of(of.now, width, with), width, with), look_of_use(of.now)); break;
        case minute: add_minute(to, of, from.past.looks(), width, with); break;
        default: break;
    }
    to.add(" ");
}

std::string cell_of(const report::process_facts& process, std::size_t which) {
    switch (which) {
        case 0: return std::to_string(process.pid);
        case 1: return report::for_terminal(process.command);
        case 2: return std::string{report::to_string(process.state)};
        case 3: return std::to_string(process.threads.size());
        case 4: return about(process.attached);
        default: return held_in_words(process.holds);
    }
}

}  // namespace

lines list_primitives(const scene& from, controls& by, extent room) {
    const auto some = choose(from.past.records(), by.by, by.reversed, by.filter);
    std::vector<std::string> names;
    names.reserve(some.size());
    for (const record* each : some) names.push_back(each->now.name);
    const auto all = columns_for(widest(names, 8, 40, from.with), from.every * history::longest);
    const auto at = lay_out(all, room.columns - mark_width);
    lines out{headings(all, at, from.with)};
    if (some.empty()) out.push_back(nothing(by, "primitives"));
    add_shown(out, by.primitives, some.size(), room.rows, [&](std::size_t i, line& to) {
        for (const placed& each : at) add_cell(to, *some[i], each.which, each.width, from);
    });
    return out;
}

lines list_workers(const scene& from, controls& by, extent room) {
    const auto some = choose(from.all.processes, by.workers_by, by.reversed, by.filter);
    std::vector<std::string> pids, commands, holds;
    for (const auto* each : some) {
        pids.push_back(cell_of(*each, 0));
        commands.push_back(cell_of(*each, 1));
        holds.push_back(cell_of(*each, 5));
    }
    const std::array<column, 6> all{{{"PID", 6, widest(pids, 6, 10, from.with), 9, side::right},
                                     {"COMMAND", 8, widest(commands, 8, 15, from.with), 6, side::left},
                                     {"STATE", 5, 9, 3, side::left},
                                     {"THREADS", 7, 7, 4, side::right},
                                     {"ATTACHED", 8, 9, 2, side::right},
                                     {"HOLDS", 12, widest(holds, 12, 200, from.with), 7, side::left}}};
    const auto at = lay_out(all, room.columns - mark_width);
    lines out{headings(all, at, from.with)};
    if (some.empty()) out.push_back(nothing(by, "workers"));
    add_shown(out, by.workers, some.size(), room.rows, [&](std::size_t i, line& to) {
        const bool lives = some[i]->state == shm::verdict::live;
        for (const placed& each : at)
            to.add(fit(cell_of(*some[i], each.which), each.width, from.with, all[each.which].at) + " ",
                   lives ? look::plain : look::warning);
    });
    return out;
}

}  // namespace seki::ctl::top
