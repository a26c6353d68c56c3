#include "daemon/standard_error.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "daemon/brief_sink.hpp"
#include "shm/descriptor.hpp"

namespace seki::daemon {
namespace {

// Once more: whether one waits there belongs to the opening, which other processes share.
shm::descriptor opened_anew(int original) {
    const std::string path = fmt::format("/proc/self/fd/{}", original);
    return shm::away_from_standard_streams(
        shm::descriptor{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)});
}

bool is_ready(int to) noexcept {
    pollfd out{.fd = to, .events = POLLOUT, .revents = 0};
    return ::poll(&out, 1, 0) > 0;
}

class standard_error final : public brief_sink {
public:
    explicit standard_error(int to) : original_{to} {
        struct stat facts{};
        if (::fstat(to, &facts) != 0) return;
        is_socket_ = S_ISSOCK(facts.st_mode);
        if (!S_ISFIFO(facts.st_mode) && !S_ISCHR(facts.st_mode)) return;
        own_ = opened_anew(to);
        asks_first_ = !own_;
    }

private:
    bool put(const spdlog::details::log_msg& said) override {
        if (!rest_.empty()) {
            rest_.erase(0, written_of(rest_));
            if (!rest_.empty()) return false;
        }
        spdlog::memory_buf_t line;
        formatter_->format(said, line);
        const std::string_view text{line.data(), line.size()};
        const std::size_t written = written_of(text);
        if (written > 0) rest_ = text.substr(written);
        return written > 0;
    }
    int outlet() const noexcept override { return own_ ? own_.get() : original_; }

    // All of it, where nobody can ever read it. A pipe takes so much at a time whole or not at all.
    [[nodiscard]] std::size_t written_of(std::string_view text) const noexcept {
        std::size_t done = 0;
        while (done < text.size()) {
            const ssize_t some = write_some(text.substr(done, PIPE_BUF));
            if (some < 0 && errno == EINTR) continue;
            if (some < 0) return errno == EAGAIN ? done : text.size();
            done += static_cast<std::size_t>(some);
        }
        return done;
    }
    [[nodiscard]] ssize_t write_some(std::string_view text) const noexcept {
        if (is_socket_) return ::send(original_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (asks_first_ && !is_ready(original_)) {
            errno = EAGAIN;
            return -1;
        }
        return ::write(outlet(), text.data(), text.size());
    }

    int original_;
    bool is_socket_ = false;
    shm::descriptor own_;      // of a pipe or a terminal, and does not wait
    bool asks_first_ = false;  // whether there is room: where that could not be opened
    std::string rest_;         // of a line of which a part is written
};

}  // namespace

spdlog::sink_ptr standard_error_sink(int to) { return std::make_shared<standard_error>(to); }

}  // namespace seki::daemon
