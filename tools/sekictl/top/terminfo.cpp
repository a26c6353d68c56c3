#include "top/terminfo.hpp"

#include <unistd.h>

// clang-format off: the second needs the first.
#include <curses.h>
#include <term.h>
// clang-format on

namespace seki::ctl::top {

bool terminal_can_show_screens() noexcept {
    int known = 0;
    if (::setupterm(nullptr, STDOUT_FILENO, &known) != OK) return false;
    const bool can = ::tigetstr("cup") != nullptr;
    ::del_curterm(cur_term);
    return can;
}

}  // namespace seki::ctl::top
