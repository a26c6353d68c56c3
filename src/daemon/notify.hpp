// What systemd is told, in the words of sd_notify(3). Without systemd all of it does nothing; where nobody listens, it takes no more than a second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seki::daemon {

class notifier {
public:
    notifier();

    void ready(std::string_view status);
    void reloading() const;
    void stopping() const;
    void status(std::string_view text);  // where it is another than before

    // Tells the watchdog that we live, no more often than it needs to hear it. Call it every tick.
    void alive(std::uint64_t now_ns);

private:
    std::string status_;
    std::uint64_t watchdog_ns_ = 0;  // between two signs of life; 0: nobody waits for them
    std::uint64_t next_ns_ = 0;
};

}  // namespace seki::daemon
