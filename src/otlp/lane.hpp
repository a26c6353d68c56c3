// The way of requests of one kind to the collector: one at a time, each again and again until it is taken, refused or given up.
//
// It knows no clock and no network: times are nanoseconds of any clock that does not go back, and come from whoever calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "algorithm/backoff.hpp"
#include "config/otlp.hpp"
#include "otlp/answer.hpp"
#include "otlp/request.hpp"

namespace seki::otlp {

class lane {
public:
    void configure(const config::otlp_options& by) noexcept;

    [[nodiscard]] bool is_empty() const noexcept { return !held_; }
    [[nodiscard]] bool is_under_way() const noexcept { return under_way_; }
    [[nodiscard]] std::uint64_t items() const noexcept { return held_ ? held_->items : 0; }

    // In the place of one that waits to be sent again, whose turn it takes: that one's items are answered. Not while one is under way.
    std::uint64_t put(request what, std::uint64_t now_ns);

    // When the one that is held may go; nothing when none is, or it is under way.
    [[nodiscard]] std::optional<std::uint64_t> due() const noexcept;

    // It goes, and stays here until it has ended.
    const request& send() noexcept;

    struct ending {
        std::uint64_t sent = 0, failed = 0, dropped = 0;  // items; none of them: it will be sent again
        bool again = false;
    };
    ending end(const judgement& how, std::uint64_t retry_after_ns, std::uint64_t now_ns, std::uint64_t random);

    // Of the one that is held, under way or not: it is forgotten.
    std::uint64_t drop() noexcept;

    // Whoever waits has waited enough: another collector may be there, or sekid stops.
    void hurry(std::uint64_t now_ns) noexcept;

private:
    algorithm::backoff::terms terms_;
    std::uint64_t patience_ns_ = 0;
    std::optional<request> held_;
    bool under_way_ = false;
    std::uint64_t since_ns_ = 0;  // when it was put here
    std::uint64_t due_ns_ = 0;
    std::uint64_t failures_ = 0;  // one after the other, of whatever was sent
    std::uint64_t delay_ns_ = 0;  // before the next try
};

}  // namespace seki::otlp
