// Keeps the history of the segment, and tells whoever looks at a dashboard how everything stands: once a second, in a thread of its own, so that the loop
// waits for none of it and workers are not touched.
//
// What is told is made once and shared by all who look. There is no queue: who is too slow for one gets the next. While nobody looks, only a row for each
// primitive is taken. Where looking takes long, because there are very many keys to count, it is done less often: a tenth of a core at most.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/guarded_segment.hpp"
#include "daemon/history.hpp"
#include "report/json.hpp"

namespace seki::daemon {

class recorder {
public:
    static constexpr std::size_t most_viewers = 16;  // each has a thread of the web's for as long as it likes
    static constexpr int share_of_looking = 10;      // one part in so many of its time

    explicit recorder(const board& from, std::chrono::milliseconds every = std::chrono::seconds{1});
    ~recorder();
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    // Any thread.
    // The number of the news that there was last: what comes next is later. Nothing: most_viewers look already, or sekid stops.
    [[nodiscard]] std::optional<std::uint64_t> join();
    void leave();
    struct news {
        std::shared_ptr<const std::string> text{};  // server-sent events; null: none later than what was seen
        std::uint64_t number = 0;
        bool over = false;  // sekid stops
    };
    // Waits for what is later than `seen`, at most so long.
    [[nodiscard]] news wait(std::uint64_t seen, std::chrono::milliseconds patience);
    // As JSON: how each stands now, or what became of one. Nothing: there is no such primitive.
    [[nodiscard]] report::json now() const;
    [[nodiscard]] std::optional<report::json> past_of(layout::kind kind, std::string_view name) const;
    // Ends what is told.
    void close();

private:
    void run();
    void record();
    void tell();

    const board& from_;
    std::chrono::milliseconds every_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;  // for who waits for news, and for the thread when it is to end
    history past_;
    std::size_t viewers_ = 0;
    std::shared_ptr<const std::string> told_{};
    std::uint64_t number_ = 0;
    bool closed_ = false;
    std::thread thread_;  // last: it uses all of these
};

}  // namespace seki::daemon
