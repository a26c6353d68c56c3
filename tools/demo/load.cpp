#include "load.hpp"

#include <array>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <httplib.h>

namespace seki::demo {
namespace {

struct answers {
    std::uint64_t allowed = 0, refused = 0;
};

// What all clients saw. A mutex is good enough here: each answer came over a socket.
class scoreboard {
public:
    void note(int worker, int status) {
        const std::lock_guard held{mutex_};
        if (worker < 1 || worker > 9 || (status != 200 && status != 429 && status != 503)) {
            ++failed_;
            return;
        }
        ++(status == 200 ? by_worker_[static_cast<std::size_t>(worker)].allowed
                         : by_worker_[static_cast<std::size_t>(worker)].refused);
    }

    void print(double at) const {
        const std::lock_guard held{mutex_};
        answers all;
        fmt::print("  {:4.1f} s ", at);
        for (std::size_t worker = 1; worker < by_worker_.size(); ++worker) {
            const answers& each = by_worker_[worker];
            if (each.allowed + each.refused > 0)
                fmt::print(" worker {}: {:5} / {:<6}", worker, each.allowed, each.refused);
            all.allowed += each.allowed;
            all.refused += each.refused;
        }
        fmt::print(" together: {} let through, {} refused\n", all.allowed, all.refused);
        std::fflush(stdout);
    }

    void print_total() const {
        const std::lock_guard held{mutex_};
        answers all;
        for (const answers& each : by_worker_) {
            all.allowed += each.allowed;
            all.refused += each.refused;
        }
        fmt::print("total allowed {} refused {} failed {}\n", all.allowed, all.refused, failed_);
    }

private:
    mutable std::mutex mutex_;
    std::array<answers, 10> by_worker_{};
    std::uint64_t failed_ = 0;
};

void ask(const load_options& options, std::chrono::steady_clock::time_point end, scoreboard& board) {
    // A connection each dozen requests, so that the kernel spreads the clients over all workers.
    while (std::chrono::steady_clock::now() < end) {
        httplib::Client client{"127.0.0.1", options.port};
        client.set_keep_alive(true);
        client.set_tcp_nodelay(true);
        client.set_read_timeout(std::chrono::seconds{2});
        for (int i = 0; i < 12 && std::chrono::steady_clock::now() < end; ++i) {
            const auto reply = client.Get(options.path);
            if (!reply) {
                board.note(0, 0);
                break;
            }
            board.note(std::atoi(reply->get_header_value("X-Worker").c_str()), reply->status);
        }
    }
}

}  // namespace

int load(const load_options& options) {
    const auto start = std::chrono::steady_clock::now();
    const auto end = start + options.lasting;
    scoreboard board;
    {
        std::vector<std::jthread> clients;
        clients.reserve(static_cast<std::size_t>(options.clients));
        for (int i = 0; i < options.clients; ++i) clients.emplace_back([&] { ask(options, end, board); });
        for (auto now = start; now < end;) {
            now += std::chrono::milliseconds{500};
            std::this_thread::sleep_until(std::min(now, end));
            board.print(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
    }
    board.print_total();
    return 0;
}

}  // namespace seki::demo
