#include "top/controls.hpp"

#include <algorithm>

namespace seki::ctl::top {
namespace {

using name = key::name;

constexpr std::size_t longest_filter = 60;

void append_utf8(std::string& to, char32_t code) {
    const auto byte = [&](char32_t value) { to += static_cast<char>(static_cast<unsigned char>(value)); };
    const auto more = [&](unsigned shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xC0U | (code >> 6));
    } else if (code < 0x10000) {
        byte(0xE0U | (code >> 12));
        more(6);
    } else {
        byte(0xF0U | (code >> 18));
        more(12);
        more(6);
    }
    more(0);
}

void remove_last_character(std::string& from) {
    const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; };
    while (!from.empty() && is_continuation(from.back())) from.pop_back();
    if (!from.empty()) from.pop_back();
}

constexpr bool can_be_typed(char32_t code) {
    return code >= 0x20 && (code < 0x7F || code >= 0xA0) && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

void type(controls& of, const key& pressed) {
    switch (pressed.is) {
        case name::enter: of.typing = false; break;
        case name::escape:
            of.filter = of.filter_before;
            of.typing = false;
            break;
        case name::backspace: remove_last_character(of.filter); break;
        case name::character:
            if (can_be_typed(pressed.code) && of.filter.size() < longest_filter) append_utf8(of.filter, pressed.code);
            break;
        default: break;
    }
}

template <class Enum>
void next(Enum& value, std::size_t count) {
    value = static_cast<Enum>((static_cast<std::size_t>(value) + 1) % count);
}

void sort_otherwise(controls& of) {
    if (!of.opened.empty())
        next(of.keys_by, 2);
    else if (of.shown == controls::list::primitives)
        next(of.by, orders.size());
    else
        next(of.workers_by, worker_orders.size());
}

void close(controls& of) {
    of.scrolled = 0;
    if (of.helps)
        of.helps = false;
    else if (!of.opened.empty())
        of.opened.clear();
    else
        of.filter.clear();
}

void open(controls& of) {
    if (!of.lists() || of.chosen().id().empty()) return;
    of.opened = of.chosen().id();
    of.scrolled = 0;
}

void go_to(controls& of, controls::list shown) {
    of.shown = shown;
    of.opened.clear();
    of.helps = false;
    of.scrolled = 0;
}

// Where it ends is known to who draws, and corrected there.
void move(controls& of, std::ptrdiff_t by, const std::vector<std::string>& ids) {
    if (of.lists()) return of.chosen().move(by, ids);
    const auto up = static_cast<std::size_t>(-by);
    if (by >= 0)
        of.scrolled += static_cast<std::size_t>(by);
    else
        of.scrolled -= std::min(of.scrolled, up);
}

bool obey(controls& of, char32_t letter, const std::vector<std::string>& ids) {
    switch (letter) {
        case U'q': return false;
        case U'j': move(of, 1, ids); break;
        case U'k': move(of, -1, ids); break;
        case U's': sort_otherwise(of); break;
        case U'r': of.reversed = !of.reversed; break;
        case U'?':
        case U'h':
            of.helps = !of.helps;
            of.scrolled = 0;
            break;
        case U'p':
        case U' ': of.paused = !of.paused; break;
        case U'\t':
        case U'w':
            go_to(of, of.shown == controls::list::primitives ? controls::list::workers : controls::list::primitives);
            break;
        case U'/':
            if (!of.lists()) break;
            of.filter_before = of.filter;
            of.typing = true;
            break;
        default: break;
    }
    return true;
}

}  // namespace

void selection::settle(const std::vector<std::string>& ids) {
    if (ids.empty()) return;  // it may come back
    const auto found = std::ranges::find(ids, id_);
    at_ = found != ids.end() ? static_cast<std::size_t>(found - ids.begin()) : std::min(at_, ids.size() - 1);
    id_ = ids[at_];
}

void selection::move(std::ptrdiff_t by, const std::vector<std::string>& ids) {
    settle(ids);
    if (ids.empty()) return;
    const auto last = static_cast<std::ptrdiff_t>(ids.size()) - 1;
    const auto from = static_cast<std::ptrdiff_t>(at_);
    at_ = static_cast<std::size_t>(by > 0 ? from + std::min(by, last - from)
                                          : std::max(from + std::max(by, -from), std::ptrdiff_t{0}));
    id_ = ids[at_];
}

void selection::scroll_to_it(std::size_t room, std::size_t listed) noexcept {
    if (room == 0) return;
    first_ = std::min(first_, at_);
    if (at_ >= first_ + room) first_ = at_ - room + 1;
    if (listed >= room)
        first_ = std::min(first_, listed - room);
    else
        first_ = 0;
}

bool press(controls& of, const key& pressed, const std::vector<std::string>& ids, std::size_t page) {
    if (of.typing) {
        type(of, pressed);
        return true;
    }
    const auto screenful = static_cast<std::ptrdiff_t>(std::max<std::size_t>(page, 1));
    constexpr std::ptrdiff_t far = 1 << 20;
    switch (pressed.is) {
        case name::up: move(of, -1, ids); break;
        case name::down: move(of, 1, ids); break;
        case name::page_up: move(of, -screenful, ids); break;
        case name::page_down: move(of, screenful, ids); break;
        case name::home: move(of, -far, ids); break;
        case name::end: move(of, far, ids); break;
        case name::enter: open(of); break;
        case name::escape:
        case name::backspace: close(of); break;
        case name::character: return obey(of, pressed.code, ids);
        case name::other: break;
    }
    return true;
}

}  // namespace seki::ctl::top
