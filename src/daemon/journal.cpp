#include "daemon/journal.hpp"

// Where in our code a message came from tells its reader nothing.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include <mutex>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

namespace seki::daemon {
namespace {

// NAME=value, of the log_fields that stand in this thread.
std::vector<std::string>& standing() {
    static thread_local std::vector<std::string> fields;
    return fields;
}

int priority_of(spdlog::level::level_enum level) noexcept {
    switch (level) {
        case spdlog::level::critical: return LOG_CRIT;
        case spdlog::level::err: return LOG_ERR;
        case spdlog::level::warn: return LOG_WARNING;
        case spdlog::level::info: return LOG_INFO;
        default: return LOG_DEBUG;
    }
}

class journal final : public spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& said) override {
        std::vector<std::string> fields{
            fmt::format("MESSAGE={}", std::string_view{said.payload.data(), said.payload.size()}),
            fmt::format("PRIORITY={}", priority_of(said.level)), "SYSLOG_IDENTIFIER=sekid"};
        fields.insert(fields.end(), standing().begin(), standing().end());
        std::vector<iovec> pieces;
        pieces.reserve(fields.size());
        for (std::string& field : fields) pieces.push_back({.iov_base = field.data(), .iov_len = field.size()});
        ::sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size()));  // nobody to tell when that fails
    }
    void flush_() override {}
};

}  // namespace

log_fields::log_fields(std::initializer_list<field> fields) : before_{standing().size()} {
    for (const auto& [name, value] : fields) standing().push_back(fmt::format("{}={}", name, value));
}

log_fields::~log_fields() { standing().resize(before_); }

spdlog::sink_ptr journal_sink() { return std::make_shared<journal>(); }

}  // namespace seki::daemon
