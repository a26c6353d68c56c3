// Arbitrary text where users, callers and peers write a word or a line: times in headers, durations, sizes, patterns, hosts, passwords, traces, the answer of a
// collector. The first byte says which. What is accepted is said again in the same sense; what is shown can be shown.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <seki/deadline.hpp>
#include <seki/telemetry.hpp>

#include "channel.hpp"
#include "config/size.hpp"
#include "daemon/credentials.hpp"
#include "daemon/host_field.hpp"
#include "login.hpp"
#include "must.hpp"
#include "otlp/answer.hpp"
#include "primitives/duration.hpp"
#include "primitives/event_types.hpp"
#include "primitives/quoted.hpp"
#include "report/text.hpp"

namespace {

using namespace seki;
using hostile::must;

// The sentence of who refuses it.
void judge(const Error& why) {
    must(!why.message.empty() && hostile::is_fit_for_terminals(why.message),
         "a refusal is a sentence that can be shown");
}

void read_remaining(std::string_view text) {
    const auto read = Deadline::parse_remaining(text);
    if (!read) return judge(read.error());
    const auto again = Deadline::parse_remaining(Deadline::format_remaining(*read));
    must(again && *again == *read, "x-deadline-remaining is said again as it was read");
}
void read_grpc_timeout(std::string_view text) {
    const auto read = Deadline::parse_grpc_timeout(text);
    if (!read) return judge(read.error());
    const auto again = Deadline::parse_grpc_timeout(Deadline::format_grpc_timeout(*read));
    must(again && (*again <= *read || read->count() == 0), "grpc-timeout is said again, and no longer than it was");
}
void read_duration(std::string_view text) {
    const auto read = primitives::parse_duration(text);
    if (!read) return judge(read.error());
    const auto again = primitives::parse_duration(primitives::format_duration(*read));
    must(again && *again == *read, "a duration is said again as it was read");
}
void read_size(std::string_view text) {
    const auto read = config::parse_size(text);
    if (!read) return judge(read.error());
    const auto again = config::parse_size(config::format_size(*read));
    must(again && *again == *read, "a size is said again as it was read");
}
void read_pattern(std::string_view text) {
    const auto read = primitives::match_events(text);
    if (!read) return judge(read.error());
    must(*read != 0, "a pattern that is accepted matches something");
}
void read_host(std::string_view text) {
    const std::size_t half = text.size() / 2;
    (void)daemon::is_for_this_host(text.substr(0, half), text.substr(half));
    must(!daemon::is_for_this_host(std::string{text.substr(0, text.find(':'))} + ".example", "127.0.0.1:9435") ||
             text.starts_with('['),
         "a name of the DNS is not this host");
}
void read_users(std::string_view text) {
    if (const auto read = daemon::credentials::parse(text, "users"); !read) judge(read.error());
}
void read_netrc(std::string_view text) {
    const auto read = ctl::parse_netrc(text, "127.0.0.1");
    if (!read) return judge(read.error());
    if (*read) (void)ctl::authorization(**read);
}
void read_address(std::string_view text) {
    if (const auto read = ctl::parse_address(std::string{text}); !read) judge(read.error());
}
void read_trace(std::string_view text) {
    const auto read = telemetry::set_trace_context(text);
    telemetry::clear_trace_context();
    if (!read) judge(read.error());
}
void read_answer(std::string_view text) {
    if (text.empty()) return;
    static constexpr std::array statuses{0L, 200L, 400L, 429L, 503L};
    const auto judged = otlp::judge({.status = statuses[static_cast<unsigned char>(text[0]) % statuses.size()],
                                     .error = "none",
                                     .body = std::string{text.substr(1)}});
    must(hostile::is_fit_for_terminals(judged.why), "what a collector says can be shown");
}
void show(std::string_view text) {
    must(hostile::is_fit_for_terminals(report::for_terminal(text)), "a text is made fit for a terminal");
    must(hostile::is_fit_for_terminals(primitives::quoted(text)), "a text is made fit for a sentence");
    const std::string valid = report::valid_utf8(text);
    must(report::is_utf8(valid) && (valid == text) == report::is_utf8(text), "a text is made UTF-8");
    must(!report::is_utf8(text) || report::is_utf8(report::whole_characters(text)), "a text is cut between characters");
}

constexpr std::array readers{read_remaining, read_grpc_timeout, read_duration, read_size,  read_pattern, read_host,
                             read_users,     read_netrc,        read_address,  read_trace, read_answer,  show};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    readers[data[0] % readers.size()]({reinterpret_cast<const char*>(data + 1), size - 1});
    return 0;
}
