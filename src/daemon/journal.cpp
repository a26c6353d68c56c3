#include "daemon/journal.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <memory>

#include <fmt/format.h>

#include "daemon/brief_sink.hpp"
#include "shm/descriptor.hpp"

namespace seki::daemon {
namespace {

// Of the log_fields that stand in this thread.
std::vector<std::pair<std::string, std::string>>& standing() {
    static thread_local std::vector<std::pair<std::string, std::string>> fields;
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

// A field of a message, as the journal's native protocol has it: one whose value goes over several lines says how long it is.
void add_field(std::string& message, std::string_view name, std::string_view value) {
    static_assert(std::endian::native == std::endian::little);
    message += name;
    if (value.find('\n') == value.npos) {
        message += '=';
    } else {
        const std::uint64_t length = value.size();
        message += '\n';
        message.append(reinterpret_cast<const char*>(&length), sizeof length);
    }
    message.append(value) += '\n';
}

// Not by sd_journal_send(): that waits for good while the journal stands still.
class journal final : public brief_sink {
public:
    explicit journal(std::string_view path) {
        at_.sun_family = AF_UNIX;
        path.copy(at_.sun_path, sizeof at_.sun_path - 1);
        connect();
    }

private:
    bool put(const spdlog::details::log_msg& said) override {
        std::string message;
        add_field(message, "MESSAGE", {said.payload.data(), said.payload.size()});
        add_field(message, "PRIORITY", fmt::format("{}", priority_of(said.level)));
        add_field(message, "SYSLOG_IDENTIFIER", "sekid");
        for (const auto& [name, value] : standing()) add_field(message, name, value);
        if (send(message)) return true;
        if (errno == EAGAIN) return false;
        connect();  // the journal is another one since
        return send(message) || errno != EAGAIN;
    }
    int outlet() const noexcept override { return to_.get(); }

    void connect() noexcept {
        to_ = shm::away_from_standard_streams(shm::descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)});
        // Where nobody listens, sending says so.
        (void)::connect(to_.get(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_);
    }
    bool send(const std::string& message) const noexcept {
        return ::send(to_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    }

    sockaddr_un at_{};
    shm::descriptor to_;
};

}  // namespace

log_fields::log_fields(std::initializer_list<field> fields) : before_{standing().size()} {
    for (const auto& [name, value] : fields) standing().emplace_back(name, value);
}

log_fields::~log_fields() { standing().resize(before_); }

spdlog::sink_ptr journal_sink(std::string_view path) { return std::make_shared<journal>(path); }

}  // namespace seki::daemon
