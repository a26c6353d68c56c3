// Hedged calls in one process. Delays are 0, or so long that a test which waits for one runs into its limit.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

#include "client_fixture.hpp"

namespace seki::test {

using Own = std::expected<int, std::string>;

// Until it is told to stop; for ever when nobody does.
inline void wait_for(const std::stop_token& stop) {
    std::mutex lock;
    std::condition_variable_any never;
    std::unique_lock held{lock};
    never.wait(held, stop, [] { return false; });
}

class HedgeTest : public ClientTest {
protected:
    [[nodiscard]] static HedgeOptions at_once(std::uint64_t extra = 1) {
        return {.max_extra = extra, .delay = 0ns, .min_per_second = 1000};
    }
    // Who waited for its delay would wait for an hour.
    [[nodiscard]] static HedgeOptions an_hour(std::uint64_t extra = 1) { return {.max_extra = extra, .delay = 1h}; }

    const Segment segment_ = opened();
    [[nodiscard]] Hedge made(const HedgeOptions& options, std::string_view name = "it") const {
        return must(segment_.hedge(name, options));
    }
};

}  // namespace seki::test
