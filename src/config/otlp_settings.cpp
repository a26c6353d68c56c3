// The keys of [otlp], each with its parser.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "config/settings.hpp"
#include "primitives/duration.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::config {
namespace {

using primitives::quoted;
using primitives::value_kind;
using std::chrono::milliseconds;

constexpr std::size_t longest_pair = 4096;
constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;  // in milliseconds

Result<void> refuse(const setting& key, std::string_view value, std::string_view why) {
    return shm::refuse(Errc::invalid_argument, "{} {} {}: {}", key.name, value, why, key.accepted);
}

// Letters and digits, and these.
bool consists_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.contains(c);
    });
}

// Characters that end a line, or that no header and no URL may hold.
bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    return problem == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// HOST, HOST:PORT, or an IPv6 address in brackets.
std::string_view authority_mistake(std::string_view text) {
    std::string_view host = text;
    if (const std::size_t colon = text.rfind(':'); colon != text.npos && text.find(']', colon) == text.npos) {
        if (!is_port(text.substr(colon + 1))) return "has a port that is not 1 to 65535";
        host = text.substr(0, colon);
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host.empty() || !consists_of(host, bracketed ? ":." : "-._")) return "does not name a host";
    return {};
}

Result<void> parse_endpoint(configuration& into, const setting& key, std::string_view text) {
    const bool plain = text.starts_with("http://");
    if (!plain && !text.starts_with("https://"))
        return refuse(key, quoted(text), "does not begin with http:// or https://");
    const std::string_view rest = text.substr(plain ? 7 : 8);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::string_view path = rest.substr(authority.size());
    if (const auto wrong = authority_mistake(authority); !wrong.empty()) return refuse(key, quoted(text), wrong);
    if (path.find_first_of("?# \\") != path.npos || has_control(path))
        return refuse(key, quoted(text), "has more than a path after the host");
    for (const std::string_view end : {"/v1/metrics", "/v1/logs", "/v1/traces"})
        if (path.ends_with(end)) return refuse(key, quoted(text), "ends in what is added to it");
    into.otlp.endpoint = text;
    while (into.otlp.endpoint.ends_with('/')) into.otlp.endpoint.pop_back();
    return {};
}

Result<void> parse_ca_file(configuration& into, const setting& key, std::string_view text) {
    if (text.empty()) return refuse(key, "\"\"", "is empty");
    if (text.find('\0') != text.npos) return refuse(key, quoted(text), "has a zero byte in it");
    into.otlp.ca_file = text;
    return {};
}

template <auto Member>
Result<void> parse_flag(configuration& into, const setting&, std::string_view text) {
    into.otlp.*Member = text == "true";
    return {};
}

Result<void> parse_compression(configuration& into, const setting& key, std::string_view text) {
    if (text != "gzip" && text != "none") return refuse(key, quoted(text), "is unknown");
    into.otlp.gzip = text == "gzip";
    return {};
}

template <auto Member, std::int64_t shortest_ms, std::int64_t longest_ms>
Result<void> parse_time(configuration& into, const setting& key, std::string_view text) {
    const auto time = primitives::parse_duration(text);
    if (!time)
        return shm::refuse(Errc::invalid_argument, "{} {}; accepted are {}", key.name, time.error().message,
                           key.accepted);
    if (*time < milliseconds{shortest_ms}) return refuse(key, text, "is too short");
    if (*time > milliseconds{longest_ms}) return refuse(key, text, "is too long");
    into.otlp.*Member = *time;
    return {};
}

template <auto Member, std::int64_t most>
Result<void> parse_count(configuration& into, const setting& key, std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size())
        return refuse(key, quoted(text), "is not a whole number");
    if (number < 1) return refuse(key, text, "is too small");
    if (number > most) return refuse(key, text, "is too large");
    into.otlp.*Member = static_cast<std::uint32_t>(number);
    return {};
}

// Those with sections of their own are not written as a value.
Result<void> refuse_value(configuration&, const setting& key, std::string_view text) {
    return refuse(key, quoted(text), "is text");
}

Result<void> add_header(configuration& into, const setting& key, std::string_view name, std::string_view value) {
    if (name.empty() || !consists_of(name, "!#$%&'*+-.^_`|~"))
        return shm::refuse(Errc::invalid_argument, "{}: {} is no name of a header: {}", key.name, quoted(name),
                           key.accepted);
    std::string lower{name};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const std::string_view ours :
         {"content-type", "content-length", "content-encoding", "host", "expect", "transfer-encoding"})
        if (lower == ours)
            return shm::refuse(Errc::invalid_argument, "{}: {} is sekid's to set: leave it out", key.name, name);
    // What it is stays out of the message: it may be a password.
    if (has_control(value) || value.size() > longest_pair)
        return shm::refuse(Errc::invalid_argument,
                           "{}: the value of {} has a control character in it, or is longer than {} bytes", key.name,
                           name, longest_pair);
    into.otlp.headers.emplace_back(name, value);
    return {};
}

Result<void> add_attribute(configuration& into, const setting& key, std::string_view name, std::string_view value) {
    if (name.empty() || name.size() > 255)
        return shm::refuse(Errc::invalid_argument, "{}: {} is no name of an attribute: {}", key.name, quoted(name),
                           key.accepted);
    if (value.size() > longest_pair)
        return shm::refuse(Errc::invalid_argument, "{}: the value of {} is longer than {} bytes", key.name,
                           quoted(name), longest_pair);
    into.otlp.resource.emplace_back(name, value);
    return {};
}

constexpr auto up_to_an_hour = "10ms to 1h";
using o = otlp_options;
constexpr std::array<setting, 17> table{{
    {"endpoint", value_kind::word, R"(a URL such as "http://127.0.0.1:4318")", parse_endpoint},
    {"headers", value_kind::word, R"(pairs such as { Authorization = "Bearer ..." })", refuse_value, add_header},
    {"resource", value_kind::word, R"(pairs such as { "service.name" = "shop" })", refuse_value, add_attribute},
    {"ca_file", value_kind::word, "the path of a PEM file", parse_ca_file},
    {"metrics", value_kind::flag, "true or false", parse_flag<&o::metrics>},
    {"events", value_kind::flag, "true or false", parse_flag<&o::events>},
    {"keys", value_kind::flag, "true or false", parse_flag<&o::keys>},
    {"compression", value_kind::word, R"("gzip" or "none")", parse_compression},
    {"metrics_interval", value_kind::duration, up_to_an_hour, parse_time<&o::metrics_interval, 10, hour>},
    {"events_interval", value_kind::duration, up_to_an_hour, parse_time<&o::events_interval, 10, hour>},
    {"max_batch", value_kind::number, "1 to 10000", parse_count<&o::max_batch, 10'000>},
    {"max_queue", value_kind::number, "1 to 1000000", parse_count<&o::max_queue, 1'000'000>},
    {"timeout", value_kind::duration, "10ms to 5m", parse_time<&o::timeout, 10, 5 * minute>},
    {"base_delay", value_kind::duration, up_to_an_hour, parse_time<&o::base_delay, 10, hour>},
    {"max_delay", value_kind::duration, up_to_an_hour, parse_time<&o::max_delay, 10, hour>},
    {"retry_for", value_kind::duration, "0s to 1d", parse_time<&o::retry_for, 0, 24 * hour>},
    {"flush_timeout", value_kind::duration, "0s to 10s", parse_time<&o::flush_timeout, 0, 10 * second>},
}};

}  // namespace

std::span<const setting> otlp_settings() noexcept { return table; }

}  // namespace seki::config
