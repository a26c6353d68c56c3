// What the keys of the keyboard have chosen: which list, in which order, which of it is open. Nothing here knows of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/keys.hpp"
#include "top/order.hpp"

namespace seki::ctl::top {

struct key {
    enum class name : std::uint8_t {
        character,
        up,
        down,
        page_up,
        page_down,
        home,
        end,
        enter,
        escape,
        backspace,
        other
    };
    name is = name::other;
    char32_t code = 0;  // of a character
};

// A line of a list, which is followed wherever it goes when the list is sorted anew.
class selection {
public:
    // `ids`: of the lines as they are listed now. Where the chosen one is there no more, the one that took its place is chosen.
    void settle(const std::vector<std::string>& ids);
    void move(std::ptrdiff_t by, const std::vector<std::string>& ids);
    void choose(std::string id) { id_ = std::move(id); }
    // So that the chosen one is among `room` lines from first() on.
    void scroll_to_it(std::size_t room, std::size_t listed) noexcept;

    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] std::size_t first() const noexcept { return first_; }

private:
    std::string id_;
    std::size_t at_ = 0;
    std::size_t first_ = 0;
};

struct controls {
    enum class list : std::uint8_t { primitives, workers };

    list shown = list::primitives;
    order by = order::denied;
    worker_order workers_by = worker_order::holds;
    report::key_order keys_by = report::key_order::busiest;
    bool reversed = false;
    bool paused = false;
    bool helps = false;
    bool typing = false;  // the filter
    std::string filter{};
    std::string filter_before{};  // what Escape brings back
    std::string opened{};         // the id of the one that is shown alone; empty: none
    std::size_t scrolled = 0;     // lines of what is opened, or of the help, that are above the screen
    selection primitives{};
    selection workers{};

    [[nodiscard]] selection& chosen() noexcept { return shown == list::primitives ? primitives : workers; }
    [[nodiscard]] const selection& chosen() const noexcept { return shown == list::primitives ? primitives : workers; }
    // A list, and not a page that scrolls.
    [[nodiscard]] bool lists() const noexcept { return opened.empty() && !helps; }
};

// False: to quit. `ids`: of the lines that are listed. `page`: how many lines the screen has for them.
[[nodiscard]] bool press(controls& of, const key& pressed, const std::vector<std::string>& ids, std::size_t page);

}  // namespace seki::ctl::top
