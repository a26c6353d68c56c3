// What is known of a kind of terminal, before anything is sent to it. Apart from screen.hpp: <term.h> makes macros of short words.
#pragma once

namespace seki::ctl::top {

// Whether that of $TERM is known, and can place its cursor.
[[nodiscard]] bool terminal_can_show_screens() noexcept;

}  // namespace seki::ctl::top
