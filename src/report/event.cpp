#include "report/event.hpp"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "primitives/event_types.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

using primitives::event_type;
using primitives::unit;

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();

std::string iso_time(std::uint64_t unix_ns) {
    const auto seconds = static_cast<std::time_t>(std::min(unix_ns, longest) / second_ns);
    tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ns % second_ns);
}

void add_measurement(json& to, const primitives::measurement_type& type, std::uint64_t value) {
    const std::string name{type.name};
    const double seconds = static_cast<double>(value) / static_cast<double>(second_ns);
    if (name.empty()) return;
    switch (type.unit) {
        case unit::count: to[name] = value; break;
        // A span that never ends is none.
        case unit::span: to[name] = value < longest ? json(seconds) : json(nullptr); break;
        case unit::wall_time: to[name] = seconds; break;
    }
}

void add_detail(json& to, const primitives::detail_type& type, std::uint8_t value) {
    if (const auto word = type.word(value); !word.empty()) to[std::string{type.name}] = word;
}

json name_of(const event_facts& event) { return event.primitive ? json(valid_utf8(*event.primitive)) : json(nullptr); }

json metadata_of(const event_facts& event, const event_type& type) {
    json out{{"name", name_of(event)}};
    add_detail(out, type.result, event.head.result);
    add_detail(out, type.detail, event.head.detail);
    if (event.made_good) out["reconstructed"] = true;
    if (event.head.key_size == layout::no_key) return out;
    out["tag"] = hex(event.tag);
    const auto key = event.key();
    out["key"] = key ? json(valid_utf8(event.has_whole_key() ? *key : whole_characters(*key))) : json(nullptr);
    out["key_whole"] = key.has_value() && event.has_whole_key();
    if (key && !is_utf8(event.has_whole_key() ? *key : whole_characters(*key))) out["key_hex"] = hex(*key);
    return out;
}

json number_or_null(std::uint64_t number) { return number != 0 ? json(number) : json(nullptr); }

json worker_of(const event_facts& event) {
    if (event.made_good) return nullptr;
    return {{"slot", event.slot}, {"pid", number_or_null(event.pid)}, {"thread", number_or_null(event.thread)}};
}

// A member of an event as a word of its line: a text is shown as it is meant, anything else as JSON writes it.
std::string shown(const json& value) {
    return value.is_string() ? fmt::format("\"{}\"", for_terminal(value.get<std::string>()))
                             : for_terminal(value.dump());
}

}  // namespace

std::optional<std::string_view> event_facts::key() const noexcept {
    if (head.key_size == layout::no_key || !head.has_text) return std::nullopt;
    return std::string_view{text.data(), std::min<std::size_t>(head.key_size, text.size())};
}

event_facts decode(const shm::event_content& words) noexcept {
    event_facts event;
    event.head = layout::unpack_event_header(words[layout::event_head]);
    event.time_ns = words[layout::event_time];
    event.incarnation = words[layout::event_incarnation];
    event.pid = words[layout::event_who] >> 32;
    event.thread = words[layout::event_who] & 0xffff'ffff;
    event.first = words[layout::event_first];
    event.second = words[layout::event_second];
    event.tag = words[layout::event_tag];
    std::memcpy(event.text.data(), &words[layout::event_text], event.text.size());
    event.trace_high = words[layout::event_trace_high];
    event.trace_low = words[layout::event_trace_low];
    event.span = words[layout::event_span];
    return event;
}

json to_json(const event_facts& event) {
    const event_type* const type = primitives::find_event_type(event.head.kind);
    if (type == nullptr) return json::object();
    json measurements = json::object();
    add_measurement(measurements, type->measurements[0], event.first);
    add_measurement(measurements, type->measurements[1], event.second);
    json out{
        {"time", iso_time(event.unix_ns)},      {"name", type->name},         {"kind", type->subject},
        {"primitive", name_of(event)},          {"worker", worker_of(event)}, {"measurements", std::move(measurements)},
        {"metadata", metadata_of(event, *type)}};
    if ((event.trace_high | event.trace_low) != 0) {
        out["trace_id"] = hex(event.trace_high) + hex(event.trace_low);
        out["span_id"] = hex(event.span);
        out["trace_flags"] = event.head.trace_flags;
    }
    return out;
}

std::string event_line(const json& event) {
    const json none;
    const auto member = [&](const json& of, const char* name) -> const json& {
        const auto found = of.find(name);
        return found != of.end() ? *found : none;
    };
    const auto plain = [&](const char* name) {
        const json& value = member(event, name);
        return value.is_string() ? for_terminal(value.get<std::string>()) : std::string{"-"};
    };
    std::string line =
        fmt::format("{} {} {} {}", plain("time"), plain("name"), plain("kind"), shown(member(event, "primitive")));
    for (const char* part : {"metadata", "measurements"})
        for (const auto& [name, value] : member(event, part).items())
            if (name != "name" && name != "tag" && name != "key_whole" && name != "key_hex")
                line += fmt::format(" {}={}", for_terminal(name), shown(value));
    if (const json& pid = member(member(event, "worker"), "pid"); pid.is_number())
        line += fmt::format(" pid={}", pid.dump());
    if (event.contains("trace_id")) line += fmt::format(" trace={} span={}", plain("trace_id"), plain("span_id"));
    return line;
}

}  // namespace seki::report
