// Arbitrary rings of events, and arbitrary answers of a sekid, told to people, to JSON, to who listens and to a collector. The first byte says which:
//   0   the rest is JSON, as a sekid may send it to sekictl
//   1   the rest are words of the rings of the workers, as they come; who listens then takes them
//   2   the same, but each record is sealed as its place wants it, so that all are taken
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <nlohmann/json.hpp>

#include "daemon/event_hub.hpp"
#include "must.hpp"
#include "otlp/logs.hpp"
#include "report/event.hpp"
#include "report/text.hpp"
#include "shm/event_ring.hpp"
#include "small_segment.hpp"

namespace {

using namespace seki;
using hostile::must;
using shm::hardware;

void show(const report::json& event) {
    if (!event.is_object()) return;
    must(hostile::is_fit_for_terminals(report::event_line(event)), "an event is told in characters that can be shown");
}

void fill(layout::event_ring& ring, std::span<const std::uint8_t> words, bool sealed) {
    const std::span<std::byte> all = std::as_writable_bytes(std::span{&ring, 1});
    const std::size_t from = sealed ? offsetof(layout::event_ring, records) : 0;
    const std::size_t some = std::min(words.size(), all.size() - from);
    std::memcpy(&all[from], words.data(), some);
    if (!sealed) return;
    const std::size_t pushed = std::min<std::size_t>(some / sizeof(ring.records[0]) + 1, ring.capacity);
    for (std::size_t number = 0; number < pushed; ++number) {
        auto& record = ring.records[number];
        shm::event_content said;
        for (std::size_t i = 0; i < said.size(); ++i) said[i] = hardware::load_relaxed(record.content[i]);
        hardware::store_relaxed(record.seal, layout::seal_of(number, said));
    }
    hardware::store_relaxed(ring.taken, 0);
    hardware::store_relaxed(ring.pushed, pushed);
}

// So that only what an input adds is told.
void take_all(layout::event_ring& ring) { hardware::store_relaxed(ring.taken, hardware::load_relaxed(ring.pushed)); }

// As sekid does at a tick, and those do who listen to it.
void deliver(const shm::segment& where) {
    daemon::event_hub hub{std::chrono::nanoseconds{0}};
    // As one who subscribes, with room for all that there can be: to make room for thousands takes as long as to tell of a few.
    const auto visitor = hub.enlist({.room = 256});
    const auto exporter =
        hub.enlist({.kinds = otlp::kinds_of_records, .of_them = otlp::is_worth_a_record, .room = 256});
    for (int tick = 0; tick < 3; ++tick) hub.drain(where);
    (void)hub.is_in_a_hurry();
    hub.close();
    for (const auto& each : visitor->wait(std::chrono::milliseconds{0}).events) {
        const report::json told = report::to_json(each);
        (void)told.dump();  // throws for what is no UTF-8
        show(told);
    }
    const auto records = exporter->wait(std::chrono::milliseconds{0}).events;
    static const otlp::origin here = otlp::make_origin({.segment = "/a", .host = "h", .version = "1", .pid = 1}, {});
    (void)otlp::encode_logs(records, here, 1, true);
    (void)hub.remembered_of(primitives::all_events);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const std::uint8_t> rest{data + 1, size - 1};
    if (data[0] % 3 == 0) {
        show(report::json::parse(rest.begin(), rest.end(), nullptr, false));
        return 0;
    }
    static hostile::small_segment segment;
    segment.put_right();
    for (const std::size_t i : {0U, 1U}) take_all(segment.where()->worker(i).events);
    const bool sealed = data[0] % 3 == 2;
    fill(segment.where()->worker(0).events, rest.subspan(rest.size() / 2), sealed);
    fill(segment.where()->worker(1).events, rest.first(rest.size() / 2), sealed);  // the shared one
    deliver(*segment.where());
    return 0;
}
