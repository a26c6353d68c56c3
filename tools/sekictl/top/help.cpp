// The page that ? opens.
#include <array>

#include "top/frame.hpp"

namespace seki::ctl::top {
namespace {

struct entry {
    const char* name;  // none: a heading
    const char* said;
};

constexpr std::array<entry, 22> entries{{
    {"", "Keys"},
    {"Up Down j k", "choose a line, or scroll"},
    {"PgUp PgDn Home End", "a screen at a time; the first, the last"},
    {"Enter", "open what is chosen"},
    {"Esc", "back; in a list: no filter"},
    {"/", "filter by kind, name and state; by command, pid and what is held"},
    {"s", "sort otherwise"},
    {"r", "the other way round"},
    {"p Space", "pause, go on"},
    {"w Tab", "workers, primitives"},
    {"? h", "this page"},
    {"q", "quit"},
    {"", "Columns"},
    {"CALLS/s", "between the last two looks, refused ones too"},
    {"DENIED/s", "denied, rejected, shed, or without budget"},
    {"IN USE", "permits, requests in flight, keys; of a breaker the failures in its window"},
    {"LAST 1m", "calls of 60 looks; where some were refused in red"},
    {"", "States"},
    {"full, N wait", "all permits are out; so many callers wait for one"},
    {"spent, N left", "the budget of a retry or hedge"},
    {"sheds", "CoDel sheds: requests waited too long"},
    {"probing", "an adaptive limit measures the usual latency"},
}};

}  // namespace

lines page_of_help(std::size_t columns, charset with) {
    lines out;
    for (const auto& [name, said] : entries) {
        if (const bool is_heading = *name == '\0'; is_heading)
            out.push_back(line{}.add(said, look::heading));
        else
            add_entry(out, name, said, columns, with);
    }
    return out;
}

}  // namespace seki::ctl::top
