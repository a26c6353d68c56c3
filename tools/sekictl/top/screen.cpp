#include "top/screen.hpp"

#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <optional>
#include <string_view>

#define NCURSES_NOMACROS 1
#include <curses.h>

#include "report/text.hpp"
#include "shm/refuse.hpp"
#include "top/terminfo.hpp"

namespace seki::ctl::top {
namespace {

// So long ncurses waits for what follows an escape, to tell the key from the beginning of another.
constexpr int escape_ms = 25;

enum pair : short { green = 1, yellow, red };

Result<shm::descriptor> open_signals() {
    sigset_t ours;
    ::sigemptyset(&ours);
    for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGWINCH}) ::sigaddset(&ours, number);
    if (const int number = ::pthread_sigmask(SIG_BLOCK, &ours, nullptr); number != 0)
        return shm::refuse(Errc::system, "cannot block signals: {}", shm::system_advice(number));
    shm::descriptor made{::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!made) return shm::refuse(Errc::system, "cannot make a signalfd: {}", shm::system_advice(errno));
    return made;
}

// Whether one of them asks to end. That the terminal has another size is seen at the next drawing.
bool read_signals(int from) noexcept {
    bool ends = false;
    signalfd_siginfo next{};
    while (::read(from, &next, sizeof next) == sizeof next) ends = ends || next.ssi_signo != SIGWINCH;
    return ends;
}

attr_t attributes_of(look as, bool colours) noexcept {
    switch (as) {
        case look::plain: return A_NORMAL;
        case look::faint: return A_DIM;
        case look::heading: return A_BOLD;
        case look::good: return colours ? static_cast<attr_t>(COLOR_PAIR(green)) : A_NORMAL;
        case look::warning: return colours ? static_cast<attr_t>(COLOR_PAIR(yellow)) : A_BOLD;
        case look::alarm: return A_BOLD | (colours ? static_cast<attr_t>(COLOR_PAIR(red)) : A_UNDERLINE);
    }
    return A_NORMAL;
}

key::name name_of(wint_t code) noexcept {
    switch (code) {
        case KEY_UP: return key::name::up;
        case KEY_DOWN: return key::name::down;
        case KEY_PPAGE: return key::name::page_up;
        case KEY_NPAGE: return key::name::page_down;
        case KEY_HOME: return key::name::home;
        case KEY_END: return key::name::end;
        case KEY_ENTER: return key::name::enter;
        case KEY_BACKSPACE: return key::name::backspace;
        default: return key::name::other;
    }
}

key of_character(wint_t code) noexcept {
    switch (code) {
        case '\r':
        case '\n': return {.is = key::name::enter};
        case 0x1b: return {.is = key::name::escape};
        case 0x08:
        case 0x7f: return {.is = key::name::backspace};
        default: return {.is = key::name::character, .code = code};
    }
}

}  // namespace

struct screen::terminal {
    SCREEN* is;
};

void screen::closer::operator()(terminal* of) const noexcept {
    ::endwin();
    ::delscreen(of->is);
    delete of;
}

screen::screen(shm::descriptor signals, charset with, bool colours) noexcept
    : signals_{std::move(signals)}, with_{with}, colours_{colours} {}

Result<screen> screen::open(bool colours) {
    // newterm() would keep some memory when it says no.
    if (const char* const named = std::getenv("TERM"); !terminal_can_show_screens())
        return shm::refuse(Errc::invalid_argument,
                           "top: a terminal of TERM \"{}\" cannot show a screen: set TERM to what it is",
                           report::for_terminal(named == nullptr ? "" : named));
    std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): there is one thread
    const bool utf8 = std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
    auto signals = open_signals();
    if (!signals) return std::unexpected(signals.error());
    screen made{std::move(*signals), utf8 ? charset::unicode : charset::ascii, colours};
    SCREEN* const is = ::newterm(nullptr, stdout, stdin);
    if (is == nullptr) return shm::refuse(Errc::system, "top: the terminal cannot be used");
    made.terminal_.reset(new terminal{is});
    made.colours_ = colours && ::has_colors();
    if (made.colours_) {
        ::start_color();
        const short background = ::use_default_colors() == OK ? -1 : COLOR_BLACK;
        ::init_pair(green, COLOR_GREEN, background);
        ::init_pair(yellow, COLOR_YELLOW, background);
        ::init_pair(red, COLOR_RED, background);
    }
    ::set_escdelay(escape_ms);
    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    ::curs_set(0);
    return made;
}

extent screen::size() const {
    winsize has{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &has) == 0 && has.ws_row > 0 && has.ws_col > 0 &&
        ::is_term_resized(has.ws_row, has.ws_col))
        ::resizeterm(has.ws_row, has.ws_col);
    return {.columns = static_cast<std::size_t>(std::max(COLS, 1)),
            .rows = static_cast<std::size_t>(std::max(LINES, 1))};
}

void screen::show(const lines& all) const {
    ::werase(stdscr);
    for (int row = 0; const line& each : all) {
        ::wmove(stdscr, row++, 0);
        for (const piece& next : each.pieces) {
            const attr_t attributes = attributes_of(next.as, colours_);
            ::wattrset(stdscr, static_cast<int>(each.chosen ? A_REVERSE : attributes));
            ::waddstr(stdscr, next.text.c_str());
        }
    }
    ::wattrset(stdscr, A_NORMAL);
    ::wrefresh(stdscr);
}

screen::woken screen::wait(std::chrono::nanoseconds most) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(most, std::chrono::nanoseconds{0}));
    std::array<pollfd, 2> watched{
        {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = signals_.get(), .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(ms.count()));
    if (ready < 0) return errno == EINTR ? woken::by_signal : woken::to_end;
    if (watched[1].revents != 0 && read_signals(signals_.get())) return woken::to_end;
    // Nobody sits there any more.
    if ((watched[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return woken::to_end;
    if (watched[0].revents != 0) return woken::by_key;
    return ready == 0 ? woken::by_time : woken::by_signal;
}

std::optional<key> screen::pressed() {
    wint_t code = 0;
    const int kind = ::wget_wch(stdscr, &code);
    if (kind == KEY_CODE_YES) return key{.is = name_of(code)};
    if (kind == OK) return of_character(code);
    return std::nullopt;
}

}  // namespace seki::ctl::top
