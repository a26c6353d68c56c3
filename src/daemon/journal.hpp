// sekid's entries in the journal, with fields by which one finds them: journalctl SEKI_LIMITER=login.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/sinks/sink.h>

namespace seki::daemon {

// While one stands, what its thread logs has these fields too: SEKI_EVENT, SEKI_SEGMENT, SEKI_LIMITER and the like. They nest. On standard error
// they are not shown: each message says the same in words.
class log_fields {
public:
    using field = std::pair<std::string_view, std::string>;
    log_fields(std::initializer_list<field> fields);
    log_fields(const log_fields&) = delete;
    log_fields& operator=(const log_fields&) = delete;
    ~log_fields();

private:
    std::size_t before_;
};

inline constexpr std::string_view journal_socket = "/run/systemd/journal/socket";

// Sends each message at once, by its thread, with PRIORITY, SYSLOG_IDENTIFIER and the fields that stand, by the native protocol of the journal
// (systemd.io/JOURNAL_NATIVE_PROTOCOL). What the kernel refuses for another reason than want of room (nobody listens, a message too large for a datagram) is lost.
[[nodiscard]] spdlog::sink_ptr journal_sink(std::string_view path = journal_socket);

}  // namespace seki::daemon
