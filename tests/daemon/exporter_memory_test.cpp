// Memory that runs out while something is exported. A program of its own, because it replaces operator new, as the sanitizers do.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "client/client_fixture.hpp"
#include "daemon/exporter.hpp"
#include "shm/descriptor.hpp"

// Of all threads but the test's own: the so-manieth allocation fails. Not inlined: g++ would see half of a pair, and warn of it.
namespace {
constinit std::atomic<int> until_failure{0};  // 0: none is about to fail
thread_local constinit bool is_of_the_test = false;
}  // namespace
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (!is_of_the_test && until_failure.load() > 0 && until_failure.fetch_sub(1) == 1) throw std::bad_alloc{};
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace seki::daemon {
namespace {

using namespace std::chrono_literals;

// Asks to be left alone by everybody who posts something. Its thread allocates nothing.
class busy_collector {
public:
    busy_collector() {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        auto* const address = reinterpret_cast<sockaddr*>(&here);
        EXPECT_EQ(::bind(socket_.get(), address, size), 0);
        EXPECT_EQ(::listen(socket_.get(), 8), 0);
        EXPECT_EQ(::getsockname(socket_.get(), address, &size), 0);
        port_ = ntohs(here.sin_port);
        thread_ = std::jthread{[this] { run(); }};
    }
    ~busy_collector() { ::shutdown(socket_.get(), SHUT_RDWR); }

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    void run() const noexcept {
        for (;;) {  // ends by a shutdown of the socket
            const int client = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            constexpr std::string_view busy =
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 61\r\nConnection: close\r\n\r\n"
                "a body that is longer than what a string holds without memory";
            (void)!::send(client, busy.data(), busy.size(), MSG_NOSIGNAL);
            ::shutdown(client, SHUT_WR);
            for (char some[4096]; ::recv(client, some, sizeof some, 0) > 0;) {
            }
            ::close(client);
        }
    }
    shm::descriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

struct ExporterMemory : test::ClientTest {};

// Fails if one allocation that failed ends the export for good, ends the process, or loses what it was for.
TEST_F(ExporterMemory, OneFailedAllocationEndsNoExport) {
    is_of_the_test = true;
    const Segment segment = opened();
    board shown;
    shown.show({std::make_shared<const guarded_segment>(
                    test::must(shm::segment::attach(path(), shm::segment::access::read_write))),
                50ms});
    const busy_collector collector;
    event_hub hub;
    otlp::ledger told;
    exporter tested{shown, hub, told, path()};
    config::otlp_options options;
    options.endpoint = collector.url();
    options.events = false;
    options.metrics_interval = 1h;
    options.base_delay = options.max_delay = 10ms;
    options.retry_for = 24h;
    options.flush_timeout = 0s;
    ASSERT_TRUE(tested.get_ready(options));
    tested.set(options);
    const auto tries = [&] { return told.of(otlp::signal::metrics).retries; };
    const auto eventually = [](const auto& condition) {
        for (const auto end = std::chrono::steady_clock::now() + 60s; !condition(); std::this_thread::sleep_for(1ms))
            if (std::chrono::steady_clock::now() > end) return false;
        return true;
    };
    ASSERT_TRUE(eventually([&] { return tries() > 0; }));
    for (int nth = 1; nth <= 40; ++nth) {
        until_failure = nth;
        ASSERT_TRUE(eventually([] { return until_failure == 0; })) << nth;
        const std::uint64_t before = tries();
        tested.set(options);  // wakes it
        ASSERT_TRUE(eventually([&] { return tries() > before + 2; })) << nth;
    }
    EXPECT_EQ(told.of(otlp::signal::metrics).dropped, 0U);
    hub.close();
    tested.stop();
    tested.join();
    EXPECT_GT(told.of(otlp::signal::metrics).dropped, 0U);
}

}  // namespace
}  // namespace seki::daemon
