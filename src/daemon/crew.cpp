#include "daemon/crew.hpp"

#include <unistd.h>

#include <exception>
#include <new>
#include <utility>

#include <spdlog/spdlog.h>

namespace seki::daemon {

crew::crew(std::size_t threads, waiting_room& before, attention attend) : before_{before}, attend_{std::move(attend)} {
    threads_.reserve(threads);
    try {
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    } catch (...) {
        close();
        throw;
    }
}

crew::~crew() {
    before_.close();
    close();
}

void crew::close() noexcept {
    const std::scoped_lock hold{mutex_};
    closed_ = true;
    changed_.notify_all();
}

void crew::take(int socket) noexcept try {
    const std::scoped_lock hold{mutex_};
    if (sockets_.size() >= most_waiting) {
        ::close(socket);
        return;
    }
    sockets_.push_back(socket);
    before_.enter();
    changed_.notify_one();
} catch (const std::bad_alloc&) {
    ::close(socket);
}

void crew::run() {
    for (;;) {  // ends by close()
        std::unique_lock hold{mutex_};
        changed_.wait(hold, [this] { return closed_ || !sockets_.empty(); });
        if (sockets_.empty()) return;
        const int socket = sockets_.front();
        sockets_.pop_front();
        hold.unlock();
        before_.leave();
        try {
            attend_(socket);
        } catch (const std::exception& thrown) {
            spdlog::error("a client got no answer: {}", thrown.what());
        }
    }
}

}  // namespace seki::daemon
