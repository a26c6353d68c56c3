// Threads that attend to connections, each to one at a time, in the order in which they came.
//
// Not the library's: its threads end the process when one of them cannot be started, or when memory runs out in one.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/connection.hpp"

namespace seki::daemon {

class crew {
public:
    using attention = std::function<void(int socket)>;

    // std::system_error where a thread cannot be started: then there is none.
    crew(std::size_t threads, waiting_room& before, attention attend);
    ~crew();  // when those that came were attended to
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    // Those that wait for a thread. Each holds a descriptor, and sekid needs some for itself.
    static constexpr std::size_t most_waiting = 64;

    // Closes it where so many wait already, or there is no memory to note it.
    void take(int socket) noexcept;

private:
    void run();
    void close() noexcept;

    waiting_room& before_;
    attention attend_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<int> sockets_;
    bool closed_ = false;
    std::vector<std::jthread> threads_;  // last: they use all of these
};

}  // namespace seki::daemon
