#include "primitives/trace_context.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::primitives {
namespace {

using telemetry::TraceContext;

// version "-" trace id "-" span id "-" flags
constexpr std::size_t trace_at = 3, span_at = 36, flags_at = 53, whole = 55;

// Lower case only, as the standard has it.
std::optional<std::uint8_t> digit(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    return std::nullopt;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> into) noexcept {
    for (std::size_t i = 0; i < into.size(); ++i) {
        const auto high = digit(text[2 * i]);
        const auto low = digit(text[2 * i + 1]);
        if (!high || !low) return false;
        into[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) noexcept {
    return std::ranges::all_of(bytes, [](std::uint8_t each) { return each == 0; });
}

// What is wrong; null when nothing is.
const char* read(std::string_view text, TraceContext& into) noexcept {
    std::array<std::uint8_t, 1> version{};
    if (text.size() < whole) return "is too short";
    if (text[2] != '-' || text[span_at - 1] != '-' || text[flags_at - 1] != '-') return "has no dash where one belongs";
    if (!read_hex(text, version)) return "has a version that is not two lower case hex digits";
    if (version[0] == 0xff) return "has the version ff, which there is not";
    if (version[0] == 0 && text.size() > whole) return "is too long";
    if (text.size() > whole && text[whole] != '-') return "has something behind the flags";
    std::array<std::uint8_t, 1> flags{};
    if (!read_hex(text.substr(trace_at), into.trace_id) || !read_hex(text.substr(span_at), into.span_id) ||
        !read_hex(text.substr(flags_at), flags))
        return "has something else than lower case hex digits in it";
    if (all_zero(into.trace_id)) return "has a trace id of zeros";
    if (all_zero(into.span_id)) return "has a span id of zeros";
    into.flags = flags[0];
    return nullptr;
}

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) noexcept {
    std::uint64_t number = 0;
    for (const std::uint8_t each : bytes) number = number << 8 | each;
    return number;
}

void big_endian(std::uint64_t number, std::span<std::uint8_t> into) noexcept {
    for (std::size_t i = into.size(); i-- > 0; number >>= 8) into[i] = static_cast<std::uint8_t>(number);
}

}  // namespace

thread_local constinit current_trace trace_of_thread{};

current_trace pack(const TraceContext& context) noexcept {
    const std::span<const std::uint8_t, 16> id{context.trace_id};
    return {big_endian(id.first<8>()), big_endian(id.last<8>()), big_endian(context.span_id), context.flags};
}

TraceContext unpack(const current_trace& trace) noexcept {
    TraceContext context;
    const std::span<std::uint8_t, 16> id{context.trace_id};
    big_endian(trace.high, id.first<8>());
    big_endian(trace.low, id.last<8>());
    big_endian(trace.span, context.span_id);
    context.flags = trace.flags;
    return context;
}

Result<TraceContext> parse_traceparent(std::string_view text) {
    return shm::contained([&]() -> Result<TraceContext> {
        TraceContext context;
        const char* const wrong = read(text, context);
        if (wrong == nullptr) return context;
        return shm::refuse(Errc::invalid_argument,
                           "traceparent {} {}: accepted is 00-TRACE-SPAN-FLAGS with 32, 16 and 2 lower case hex digits",
                           quoted(text), wrong);
    });
}

}  // namespace seki::primitives
