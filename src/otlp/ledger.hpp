// What became of everything that was to be exported: each data point and each log record is sent, failed or dropped, once.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "otlp/poster.hpp"

namespace seki::otlp {

struct counts {
    std::uint64_t sent = 0;     // and taken by the collector
    std::uint64_t failed = 0;   // the collector would not have it
    std::uint64_t dropped = 0;  // no room, no time, or no answer for too long
    std::uint64_t retries = 0;  // requests sent again
};

// Any thread.
class ledger {
public:
    void add(signal of, const counts& more) {
        const std::scoped_lock hold{mutex_};
        counts& all = all_[static_cast<std::size_t>(of)];
        all.sent += more.sent;
        all.failed += more.failed;
        all.dropped += more.dropped;
        all.retries += more.retries;
    }
    [[nodiscard]] counts of(signal which) const {
        const std::scoped_lock hold{mutex_};
        return all_[static_cast<std::size_t>(which)];
    }

private:
    mutable std::mutex mutex_;
    std::array<counts, signals> all_{};
};

}  // namespace seki::otlp
