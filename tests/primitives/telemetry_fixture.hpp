// An emitter on a real segment, and what is found in the rings there.
#pragma once

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "limiter_fixture.hpp"
#include "primitives/telemetry.hpp"
#include "primitives/trace_context.hpp"
#include "shm/event_ring.hpp"

namespace seki::test {

using layout::event_kind;
using primitives::emitter;
using shm::hardware;

struct TelemetryTest : LimiterTest {
    ~TelemetryTest() override { primitives::trace_of_thread = {}; }

    // As sekid does it, while somebody listens there.
    void listen(std::chrono::nanoseconds for_so_long = 1s) const {
        hardware::store_relaxed(where().header().id.listening, now + static_cast<std::uint64_t>(for_so_long.count()));
    }
    void sample(double part) const { sample(part, part); }
    void sample(double allowed_checks, double others) const {
        hardware::store_relaxed(where().header().event_sample, layout::pack_event_sample(allowed_checks, others));
    }
    [[nodiscard]] layout::event_ring& mine() const { return in()->me().slot->events; }
    [[nodiscard]] layout::event_ring& shared() const { return where().worker(where().parts().max_workers).events; }
    [[nodiscard]] static std::vector<shm::event_content> drained(layout::event_ring& ring) {
        std::vector<shm::event_content> all;
        shm::event_ring<>{ring}.drain([&](const shm::event_content& each) { all.push_back(each); });
        return all;
    }
    [[nodiscard]] static event_kind kind_of(const shm::event_content& event) {
        return layout::unpack_event_header(event[layout::event_head]).kind;
    }
    [[nodiscard]] std::vector<event_kind> kinds() const {
        std::vector<event_kind> all;
        for (const auto& each : drained(mine())) all.push_back(kind_of(each));
        return all;
    }
    [[nodiscard]] static std::string text_of(const shm::event_content& event) {
        char text[layout::event_text_size + 1]{};
        std::memcpy(text, &event[layout::event_text], layout::event_text_size);
        return text;
    }
    [[nodiscard]] emitter breaker_events() const {
        return {*in(), {.index = 3, .incarnation = 77, .kind = layout::kind::breaker, .name = "payments"}};
    }
};

inline void permit(const emitter& events, event_kind kind, std::uint64_t current, std::uint64_t available) {
    events.bulkhead_call(kind, [=] { return primitives::permits_now{current, available}; });
}

inline constexpr LimiterOptions one_a_minute{.limit = 1, .window = 60s, .max_keys = 64};

}  // namespace seki::test
