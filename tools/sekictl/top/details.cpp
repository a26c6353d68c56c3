// What is opened, alone on the screen: a primitive, or a worker.
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/text.hpp"
#include "shm/shape.hpp"
#include "top/columns.hpp"
#include "top/frame.hpp"
#include "words.hpp"

namespace seki::ctl::top {
namespace {

constexpr std::size_t name_columns = 7;

// "calls    123/s ▁▂▃  peak 200"
void add_pace(lines& to, std::string_view name, const record& of, double rate::* which, const scene& from,
              std::size_t columns) {
    constexpr std::size_t number = 9;
    const std::size_t beside = name_columns + number + 15;  // the peak's
    const std::size_t room = std::clamp<std::size_t>(columns - std::min(columns, beside), 8, history::longest);
    const auto past = squeeze(of.past, from.past.looks(), room);
    std::vector<double> values;
    values.reserve(past.size());
    for (const rate& each : past) values.push_back(each.*which);
    const double peak = values.empty() ? 0 : std::ranges::max(values);
    const bool alarms = which == &rate::refused && peak > 0;
    line next;
    next.add(fit(name, name_columns, from.with), look::faint);
    next.add(fit(of.pace ? per_second((*of.pace).*which) + "/s" : "-", number, from.with, side::right) + " ");
    next.add(std::string(room - values.size(), ' '));
    next.add(sparkline(values, peak, from.with), alarms ? look::alarm : look::good);
    if (peak > 0) next.add(fmt::format(" peak {}", per_second(peak)), look::faint);
    to.push_back(std::move(next));
}

void add_level(lines& to, const record& of, std::size_t columns, charset with) {
    if (!of.now.filled) return;
    const level& filled = *of.now.filled;
    const std::size_t width = std::clamp<std::size_t>(columns / 2, 8, 40);
    line next;
    next.add(fit(of.now.kind == layout::kind::breaker ? "failed" : "in use", name_columns, with), look::faint);
    next.add(bar(filled.used, filled.of, width, with), filled.used >= filled.of ? look::alarm : look::good);
    to.push_back(std::move(next.add(" " + filled.said)));
}

void add_keys(lines& to, std::string_view heading, const std::vector<report::key_facts>& keys, const scene& from,
              std::size_t columns) {
    std::size_t longest = 8;
    for (const auto& each : keys) longest = std::max(longest, columns_of(printable(in_words(each), from.with)));
    const std::array<column, 5> all{{{std::string{heading}, 8, std::max<std::size_t>(longest, 16), 9, side::left},
                                     {"LEFT", 9, 21, 5, side::right},
                                     {"RESET", 7, 9, 4, side::right},
                                     {"~ALLOWED", 8, 12, 6, side::right},
                                     {"~DENIED", 8, 12, 7, side::right}}};
    const auto at = lay_out(all, columns);
    const auto add = [&](look as, auto cell) {
        line next;
        for (const placed& each : at)
            next.add(fit(cell(each.which), each.width, from.with, all[each.which].at) + " ", as);
        to.push_back(std::move(next));
    };
    add(look::heading, [&](std::size_t which) { return all[which].heading; });
    for (const auto& key : keys)
        add(look::plain, [&](std::size_t which) -> std::string {
            switch (which) {
                case 0: return in_words(key);
                case 1: return fmt::format("{}/{}", key.remaining, key.limit);
                case 2: return about(key.reset_after);
                case 3: return std::to_string(key.allowed);
                default: return std::to_string(key.denied);
            }
        });
    if (keys.empty()) to.push_back(line{}.add("none", look::faint));
}

void add_both_orders(lines& to, const scene& from, report::key_order first, std::size_t columns) {
    const bool denied_first = first == report::key_order::most_denied;
    to.emplace_back();
    if (!denied_first) add_keys(to, "BUSIEST", from.busiest, from, columns);
    if (denied_first) add_keys(to, "MOST DENIED", from.most_denied, from, columns);
    to.emplace_back();
    if (denied_first) add_keys(to, "BUSIEST", from.busiest, from, columns);
    if (!denied_first) add_keys(to, "MOST DENIED", from.most_denied, from, columns);
}

void add_holders(lines& to, const record& of, const scene& from, std::size_t columns) {
    lines who;
    for (const auto& process : from.all.processes)
        for (const auto& has : process.holds)
            if (id_of(has.kind, report::for_terminal(has.name)) == of.now.id())
                add_entry(who, fmt::format("{} {}", process.pid, report::for_terminal(process.command)),
                          held_in_words({has}), columns, from.with);
    if (who.empty()) return;
    to.emplace_back();
    to.push_back(line{}.add("HELD BY", look::heading));
    std::ranges::move(who, std::back_inserter(to));
}

void add_rows(lines& to, std::string_view heading, const table_rows& told, std::size_t columns, charset with) {
    if (told.empty()) return;
    to.emplace_back();
    to.push_back(line{}.add(std::string{heading}, look::heading));
    for (const auto& each : told) add_entry(to, each.at(0), each.at(1), columns, with);
}

line gone(std::string_view what) { return line{}.add(fmt::format("{}: there is none any more", what), look::warning); }

}  // namespace

lines page_of_primitive(const scene& from, const controls& by, std::size_t columns) {
    lines out;
    const record* const of = from.past.find(by.opened);
    if (of == nullptr) return {gone(by.opened)};
    line head;
    head.add(by.opened, look::heading).add("  ");
    out.push_back(std::move(head.add(of->now.state, of->now.mood)));
    if (of->now.kind != layout::kind::policy) {
        add_pace(out, "calls", *of, &rate::calls, from, columns);
        add_pace(out, "denied", *of, &rate::refused, from, columns);
    }
    add_level(out, *of, columns, from.with);
    if (of->now.kind == layout::kind::limiter) add_both_orders(out, from, by.keys_by, columns);
    add_holders(out, *of, from, columns);
    each_primitive(from.all, [&](const auto& facts) {
        if (id_of(facts.place.kind, report::for_terminal(facts.place.name)) != by.opened) return;
        add_rows(out, "STATE", state_in_words(facts), columns, from.with);
        add_rows(out, "OPTIONS", options_in_words(facts), columns, from.with);
    });
    return out;
}

lines page_of_worker(const scene& from, const controls& by, std::size_t columns) {
    const auto& all = from.all.processes;
    const auto found = std::ranges::find_if(all, [&](const auto& each) { return id_of(each) == by.opened; });
    if (found == all.end()) return {gone("process " + by.opened)};
    lines out{
        line{}.add(fmt::format("process {}  {}", found->pid, report::for_terminal(found->command)), look::heading)};
    const auto add = [&](std::string_view name, const std::string& said) {
        add_entry(out, name, said, columns, from.with);
    };
    add("state", std::string{report::to_string(found->state)});
    add("attached", about(found->attached) + " ago");
    add("threads", found->threads.empty() ? "none" : fmt::format("{}", fmt::join(found->threads, ", ")));
    table_rows held;
    for (const auto& has : found->holds)
        held.push_back(
            {fmt::format("{} {}", shm::to_string(has.kind), report::for_terminal(has.name)), held_in_words({has})});
    if (held.empty()) held.push_back({"nothing", "-"});
    add_rows(out, "HOLDS", held, columns, from.with);
    return out;
}

}  // namespace seki::ctl::top
