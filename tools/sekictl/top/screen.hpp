// The terminal, by ncurses: the one place that knows of it. Gives it back as it was, however the program goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"
#include "top/frame.hpp"

namespace seki::ctl::top {

class screen {
public:
    // One a process. Refused where there is no terminal, or one that cannot place a cursor.
    [[nodiscard]] static Result<screen> open(bool colours);

    [[nodiscard]] charset with() const noexcept { return with_; }
    [[nodiscard]] extent size() const;
    void show(const lines& all) const;

    enum class woken : std::uint8_t { by_time, by_key, by_signal, to_end };
    // Sleeps until something happens: a key, another size, a signal to end, or the time. Not longer than `most`.
    [[nodiscard]] woken wait(std::chrono::nanoseconds most);
    // The next of those pressed; nothing when there is none any more.
    [[nodiscard]] std::optional<key> pressed();

private:
    struct terminal;
    struct closer {
        void operator()(terminal* of) const noexcept;
    };
    screen(shm::descriptor signals, charset with, bool colours) noexcept;

    shm::descriptor signals_;
    charset with_;
    bool colours_;
    std::unique_ptr<terminal, closer> terminal_;
};

}  // namespace seki::ctl::top
