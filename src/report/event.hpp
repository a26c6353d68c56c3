// A telemetry event as it came out of a ring, in plain values. Nothing in it is believed: any process that may write the segment may have made it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "layout/event.hpp"
#include "report/json.hpp"
#include "shm/event_ring.hpp"

namespace seki::report {

struct event_facts {
    layout::event_header head;
    std::uint64_t number = 0;                        // among those that one sekid told
    std::uint64_t time_ns = 0;                       // CLOCK_MONOTONIC
    std::uint64_t unix_ns = 0;                       // the same by the wall clock
    std::shared_ptr<const std::string> primitive{};  // its name; null when it was deleted by then
    std::uint64_t incarnation = 0;                   // of the primitive
    bool made_good = false;                          // by sekid, for who died with it: it is of no worker
    std::uint32_t slot = 0;                          // of the worker; max_workers is the shared one
    std::uint64_t pid = 0;                           // of the process, as it sees itself
    std::uint64_t thread = 0;
    std::uint64_t first = 0, second = 0;
    std::uint64_t tag = 0;
    std::array<char, layout::event_text_size> text{};
    std::uint64_t trace_high = 0, trace_low = 0, span = 0;

    // How the key begins, any bytes; nothing when none was kept.
    [[nodiscard]] std::optional<std::string_view> key() const noexcept;
    [[nodiscard]] bool has_whole_key() const noexcept { return head.key_size <= text.size(); }
};

// What the words say by themselves.
[[nodiscard]] event_facts decode(const shm::event_content& words) noexcept;

[[nodiscard]] json to_json(const event_facts& event);

// One line for people, made fit for a terminal, of what to_json() answered.
[[nodiscard]] std::string event_line(const json& event);

}  // namespace seki::report
