#include "config/settings.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "config/size.hpp"
#include "primitives/duration.hpp"
#include "primitives/quoted.hpp"
#include "shm/creation.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::config {
namespace {

using primitives::value_kind;
using std::chrono::nanoseconds;

constexpr std::uint64_t most_slots = 4096;
constexpr std::uint64_t smallest_segment = 1ULL << 20;
constexpr nanoseconds shortest_tick = std::chrono::milliseconds{1};
constexpr nanoseconds longest_tick = std::chrono::seconds{10};
constexpr std::size_t longest_socket_path = 107;  // sun_path of sockaddr_un without its terminating zero

Result<void> refuse(const setting& key, std::string_view value, std::string_view why) {
    return shm::refuse(Errc::invalid_argument, "{} {} {}: {}", key.name, value, why, key.accepted);
}

Result<void> parse_path(configuration& into, const setting& key, std::string_view text) {
    if (text.empty()) return refuse(key, "\"\"", "is empty");
    if (text.find('\0') != std::string_view::npos)
        return refuse(key, primitives::quoted(text), "has a zero byte in it");
    into.segment_path = text;
    return {};
}

Result<void> parse_mode(configuration& into, const setting& key, std::string_view text) {
    unsigned mode = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (problem != std::errc{} || end != text.data() + text.size())
        return refuse(key, primitives::quoted(text), "is not a mode in octal digits");
    if (const auto wrong = shm::mistake_in_mode(mode); !wrong.empty())
        return refuse(key, primitives::quoted(text), wrong);
    into.segment.mode = mode;
    return {};
}

Result<void> parse_group(configuration& into, const setting& key, std::string_view text) {
    if (text.empty()) return refuse(key, "\"\"", "is empty");
    if (text.find('\0') != std::string_view::npos)
        return refuse(key, primitives::quoted(text), "has a zero byte in it");
    into.segment.group = text;
    return {};
}

template <auto Member>
Result<void> parse_slots(configuration& into, const setting& key, std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size())
        return refuse(key, primitives::quoted(text), "is not a whole number");
    if (number < 1) return refuse(key, text, "is too small");
    if (number > static_cast<std::int64_t>(most_slots)) return refuse(key, text, "is too large");
    into.segment.*Member = static_cast<std::uint32_t>(number);
    return {};
}

Result<void> parse_segment_size(configuration& into, const setting& key, std::string_view text) {
    if (text == "auto") {
        into.segment.size = 0;
        return {};
    }
    const auto size = parse_size(text);
    if (!size)
        return shm::refuse(Errc::invalid_argument, "{} {}; accepted are {}", key.name, size.error().message,
                           key.accepted);
    if (*size < smallest_segment) return refuse(key, text, "is too small");
    if (*size > shm::max_segment_size) return refuse(key, text, "is too large");
    into.segment.size = *size;
    return {};
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    return problem == std::errc{} && end == text.data() + text.size() && port <= 65535;
}

bool is_host(std::string_view text) {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) return text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
    constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
    return !text.empty() && text.find_first_not_of(letters) == text.npos;
}

Result<void> parse_listen(configuration& into, const setting& key, std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix)) {
        const std::string_view path = text.substr(unix_prefix.size());
        if (!path.starts_with('/') || path.find('\0') != path.npos)
            return refuse(key, primitives::quoted(text), "does not name an absolute path");
        if (path.size() > longest_socket_path)
            return refuse(key, primitives::quoted(text), "is longer than the 107 bytes of a socket's path");
    } else {
        const std::size_t colon = text.rfind(':');
        if (colon == text.npos) return refuse(key, primitives::quoted(text), "has no port");
        if (!is_port(text.substr(colon + 1)))
            return refuse(key, primitives::quoted(text), "has a port that is not 0 to 65535");
        if (!is_host(text.substr(0, colon)))
            return refuse(key, primitives::quoted(text), "has no address before the port");
    }
    into.daemon.listen = text;
    return {};
}

Result<void> parse_tick(configuration& into, const setting& key, std::string_view text) {
    const auto tick = primitives::parse_duration(text);
    if (!tick)
        return shm::refuse(Errc::invalid_argument, "{} {}; accepted are {}", key.name, tick.error().message,
                           key.accepted);
    if (*tick < shortest_tick) return refuse(key, text, "is too short");
    if (*tick > longest_tick) return refuse(key, text, "is too long");
    into.daemon.tick = *tick;
    return {};
}

Result<void> parse_log(configuration& into, const setting& key, std::string_view text) {
    if (text != "journal" && text != "stderr") return refuse(key, primitives::quoted(text), "is unknown");
    into.daemon.log = text == "journal" ? log_target::journal : log_target::standard_error;
    return {};
}

template <auto Member>
Result<void> parse_file(configuration& into, const setting& key, std::string_view text) {
    if (text.empty()) return refuse(key, "\"\"", "is empty");
    if (text.find('\0') != std::string_view::npos)
        return refuse(key, primitives::quoted(text), "has a zero byte in it");
    into.daemon.*Member = text;
    return {};
}

Result<void> parse_event_sample(configuration& into, const setting& key, std::string_view text) {
    double part = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (problem != std::errc{} || end != text.data() + text.size() || !std::isfinite(part))
        return refuse(key, primitives::quoted(text), "is not a number");
    if (part < 0) return refuse(key, text, "is too small");
    if (part > 1) return refuse(key, text, "is too large");
    into.daemon.sample_of_allowed_checks = part;
    into.daemon.sample_of_others = part;
    return {};
}

// docs/design/segment.md says why there is no other.
Result<void> parse_sealed(configuration& /*into*/, const setting& key, std::string_view text) {
    if (text == "false") return {};
    if (text != "true") return refuse(key, primitives::quoted(text), "is unknown");
    return refuse(
        key, text,
        "cannot be had, for processes find the segment by its path: let nobody into its group who might truncate it");
}

constexpr std::array<setting, 7> segment_table{{
    {"path", value_kind::word, "a path, or a name without a slash", parse_path},
    {"mode", value_kind::word, R"("0660", "0640" or "0600")", parse_mode},
    {"group", value_kind::word, "the name of a group", parse_group},
    {"max_workers", value_kind::number, "1 to 4096", parse_slots<&SegmentOptions::max_workers>},
    {"max_primitives", value_kind::number, "1 to 4096", parse_slots<&SegmentOptions::max_primitives>},
    {"size", value_kind::word, R"("auto", or "1MiB" to "1TiB")", parse_segment_size},
    {"sealed", value_kind::flag, "false", parse_sealed},
}};

constexpr std::array<setting, 7> sekid_table{{
    {"listen", value_kind::word, R"("127.0.0.1:9435" or "unix:/run/seki/http.sock")", parse_listen},
    {"tick", value_kind::duration, "1ms to 10s", parse_tick},
    {"log", value_kind::word, R"("journal" or "stderr")", parse_log},
    {"basic_auth_file", value_kind::word, "the path of a file of USER:HASH lines",
     parse_file<&daemon_options::basic_auth_file>},
    {"tls_cert", value_kind::word, "the path of a PEM file, with tls_key", parse_file<&daemon_options::tls_cert>},
    {"tls_key", value_kind::word, "the path of a PEM file, with tls_cert", parse_file<&daemon_options::tls_key>},
    {"event_sample", value_kind::fraction, "0 to 1", parse_event_sample},
}};

}  // namespace

std::string_view name_of(value_kind kind) noexcept {
    switch (kind) {
        case value_kind::number: return "a whole number";
        case value_kind::duration: return "a duration in quotes such as \"30s\"";
        case value_kind::flag: return "a switch";
        case value_kind::fraction: return "a number";
        case value_kind::number_or_duration: return "a whole number or a duration in quotes such as \"30s\"";
        default: return "text in quotes";
    }
}

std::span<const setting> segment_settings() noexcept { return segment_table; }
std::span<const setting> sekid_settings() noexcept { return sekid_table; }

}  // namespace seki::config
