// The whole screen as lines of text: what there is to show, and what the controls have chosen of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "report/keys.hpp"
#include "report/snapshot.hpp"
#include "top/controls.hpp"
#include "top/history.hpp"
#include "top/text.hpp"

namespace seki::ctl::top {

// What the last look at the segment found.
struct scene {
    report::snapshot all;
    history past{};
    std::string clock{};                       // when that was
    std::string trouble{};                     // why there is nothing newer; empty: there is
    std::vector<report::key_facts> busiest{};  // of the limiter that is opened
    std::vector<report::key_facts> most_denied{};
    std::chrono::nanoseconds every{std::chrono::seconds{1}};
    charset with = charset::unicode;
};

struct extent {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

inline constexpr extent smallest{.columns = 20, .rows = 5};

// How many lines of it are for the list, or the page, in the middle.
[[nodiscard]] std::size_t room_in(extent screen) noexcept;

// The ids of what is listed, in its order.
[[nodiscard]] std::vector<std::string> listed(const scene& from, const controls& by);

// As many lines as the screen has rows, each as wide as it is. Settles what is chosen and how far it is scrolled.
[[nodiscard]] lines draw(const scene& from, controls& by, extent screen);

// The parts of it. Lists: a line of headings, and `room` lines at most. Pages: all their lines, however many.
[[nodiscard]] lines list_primitives(const scene& from, controls& by, extent room);
[[nodiscard]] lines list_workers(const scene& from, controls& by, extent room);
[[nodiscard]] lines page_of_primitive(const scene& from, const controls& by, std::size_t columns);
[[nodiscard]] lines page_of_worker(const scene& from, const controls& by, std::size_t columns);
[[nodiscard]] lines page_of_help(std::size_t columns, charset with);

// Who it is, as a list names it.
[[nodiscard]] std::string id_of(const report::process_facts& process);

}  // namespace seki::ctl::top
