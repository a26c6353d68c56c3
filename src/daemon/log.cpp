#include "daemon/log.hpp"

#include <unistd.h>

#include <memory>

#include <spdlog/spdlog.h>

#include "daemon/journal.hpp"
#include "daemon/standard_error.hpp"

namespace seki::daemon {
namespace {

constexpr const char* program = "sekid";

std::shared_ptr<spdlog::logger> to_journal() { return std::make_shared<spdlog::logger>(program, journal_sink()); }

std::shared_ptr<spdlog::logger> to_standard_error() {
    auto made = std::make_shared<spdlog::logger>(program, standard_error_sink());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l: %v");
    return made;
}

// A person who starts sekid in a terminal wants to read there.
bool journal_is_wanted(config::log_target target) noexcept {
    return target == config::log_target::journal && ::access(journal_socket.data(), W_OK) == 0 &&
           ::isatty(STDERR_FILENO) == 0;
}

}  // namespace

void log_to(config::log_target target) {
    auto chosen = journal_is_wanted(target) ? to_journal() : to_standard_error();
    spdlog::set_default_logger(std::move(chosen));
}

void log_lines(std::string_view what, std::string_view lines) {
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        const std::string_view line = lines.substr(0, end);
        if (!line.empty()) spdlog::error("{}: {}", what, line);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
}

}  // namespace seki::daemon
