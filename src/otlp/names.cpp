#include "otlp/names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace seki::otlp {
namespace {

// Of OpenTelemetry's semantic conventions, version 1.45. Its time of the processor, by mode, and its uptime come from elsewhere (metrics.cpp).
constexpr std::array<std::pair<std::string_view, naming>, 4> conventions{{
    {"process_resident_memory_bytes", {"process.memory.usage", "By", shape::up_and_down}},
    {"process_virtual_memory_bytes", {"process.memory.virtual", "By", shape::up_and_down}},
    {"process_threads", {"process.thread.count", "{thread}", shape::up_and_down}},
    {"process_open_fds", {"process.unix.file_descriptor.count", "{file_descriptor}", shape::up_and_down}},
}};

// By the end of a name of Prometheus, where base units stand.
std::string_view unit_of(std::string_view name) noexcept {
    if (name.ends_with("_total")) name.remove_suffix(6);
    if (name.ends_with("_seconds")) return "s";
    if (name.ends_with("_bytes")) return "By";
    return "1";
}

}  // namespace

naming name_of(std::string_view name, prometheus::MetricType type) noexcept {
    if (name.starts_with("process_")) {
        const auto* const found = std::ranges::find(conventions, name, &decltype(conventions)::value_type::first);
        return found != conventions.end() ? found->second : naming{};
    }
    return {name, unit_of(name), type == prometheus::MetricType::Counter ? shape::sum : shape::gauge};
}

}  // namespace seki::otlp
