#include "serve.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <expected>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

#include <seki/seki.hpp>

namespace seki::demo {
namespace {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::seconds;

// What all workers share.
struct protection {
    Limiter login;
    Limiter api;
    Breaker payments;
    Bulkhead reports;
};

// As the configuration of sekid made them, or else as follows.
Result<protection> protect(const Segment& segment) {
    const auto per = [](std::uint64_t limit, std::chrono::nanoseconds window) {
        return LimiterOptions{.algorithm = Algorithm::sliding_window, .limit = limit, .window = window};
    };
    auto login = segment.limiter("login");
    if (!login) login = segment.limiter("login", per(500, 24h));
    if (!login) return std::unexpected(login.error());
    auto api = segment.limiter("api");
    if (!api) api = segment.limiter("api", per(200, 1s));
    if (!api) return std::unexpected(api.error());
    auto payments = segment.breaker("payments");
    if (!payments) payments = segment.breaker("payments", {.window_size = 10, .wait_duration = 1s});
    if (!payments) return std::unexpected(payments.error());
    auto reports = segment.bulkhead("reports");
    if (!reports) reports = segment.bulkhead("reports", {.max_concurrent = 3});
    if (!reports) return std::unexpected(reports.error());
    return protection{std::move(*login), std::move(*api), std::move(*payments), std::move(*reports)};
}

// What a front end does with a decision: the fields of the IETF draft, and Retry-After rounded up to whole seconds.
void answer(const Decision& decision, httplib::Response& response) {
    response.set_header("RateLimit", fmt::format("limit={}, remaining={}, reset={}", decision.limit, decision.remaining,
                                                 ceil<seconds>(decision.reset_after).count()));
    if (decision.allowed) {
        response.set_content("welcome\n", "text/plain");
        return;
    }
    response.status = 429;
    response.set_header("Retry-After", std::to_string(ceil<seconds>(decision.retry_after).count()));
    response.set_content("too many requests\n", "text/plain");
}

void refuse(std::chrono::nanoseconds retry_after, httplib::Response& response) {
    response.status = 503;
    response.set_header("Retry-After", std::to_string(std::max<std::int64_t>(1, ceil<seconds>(retry_after).count())));
    response.set_content("try later\n", "text/plain");
}

// Calls the backend through the breaker: who finds it open does not call.
void pay(const Breaker& payments, int backend, httplib::Response& response) {
    const auto receipt = payments.call([&]() -> std::expected<std::string, int> {
        const auto reply = httplib::Client{"127.0.0.1", backend}.Get("/work");
        if (!reply || reply->status != 200) return std::unexpected{reply ? reply->status : 0};
        return reply->body;
    });
    if (receipt)
        response.set_content(*receipt, "text/plain");
    else if (receipt.error().refused())
        refuse(receipt.error().retry_after(), response);
    else
        response.status = 502;
}

// Slow work, of which the host does only so much at a time.
void report(const Bulkhead& reports, httplib::Response& response) {
    const auto permit = reports.try_acquire();
    if (!permit) return refuse(1s, response);
    std::this_thread::sleep_for(300ms);
    response.set_content("a report\n", "text/plain");
}

// One worker: its own listening socket on the common port (SO_REUSEPORT), its own process, and the same limits as all others.
[[noreturn]] void work(int index, const server_options& options, const protection& shared) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    httplib::Server server;
    server.new_task_queue = [] { return new httplib::ThreadPool(4); };
    server.set_default_headers({{"X-Worker", std::to_string(index)}, {"X-Pid", std::to_string(getpid())}});
    const auto limited = [](const Limiter& limiter) {
        return [limiter](const httplib::Request& request, httplib::Response& response) {
            answer(limiter.check(request.remote_addr), response);
        };
    };
    server.Get("/login", limited(shared.login));
    server.Get("/api", limited(shared.api));
    server.Get("/pay", [&](const httplib::Request&, httplib::Response& response) {
        pay(shared.payments, options.backend, response);
    });
    server.Get("/report",
               [&](const httplib::Request&, httplib::Response& response) { report(shared.reports, response); });
    server.Get("/ready", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("ready\n", "text/plain");
    });
    const bool served = server.listen("127.0.0.1", options.port);
    if (!served) fmt::print(stderr, "seki-demo: cannot listen on 127.0.0.1:{}: choose another --port\n", options.port);
    _exit(served ? 0 : 1);
}

pid_t start(int index, const server_options& options, const protection& shared) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, nullptr);
        work(index, options, shared);
    }
    return child;
}

}  // namespace

int serve(const server_options& options) {
    // Opened before the fork, as preloading servers do: the children find themselves worker slots of their own.
    const auto segment = open(options.segment);
    if (!segment) {
        fmt::print(stderr, "seki-demo: {}\n", segment.error().message);
        return 1;
    }
    const auto shared = protect(*segment);
    if (!shared) {
        fmt::print(stderr, "seki-demo: {}\n", shared.error().message);
        return 1;
    }
    sigset_t watched;
    sigemptyset(&watched);
    for (const int each : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&watched, each);
    pthread_sigmask(SIG_BLOCK, &watched, nullptr);
    std::map<pid_t, int> workers;
    for (int index = 1; index <= options.workers; ++index) workers[start(index, options, *shared)] = index;
    for (;;) {
        int caught = 0;
        sigwait(&watched, &caught);
        if (caught != SIGCHLD) break;
        int status = 0;
        for (pid_t gone = 0; (gone = waitpid(-1, &status, WNOHANG)) > 0;) {
            const int index = workers[gone];
            workers.erase(gone);
            if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
                for (const auto& [pid, ignored] : workers) kill(pid, SIGTERM);
                return 1;
            }
            const pid_t next = start(index, options, *shared);
            workers[next] = index;
            fmt::print("worker {} (pid {}) died; pid {} takes its place\n", index, gone, next);
            std::fflush(stdout);
        }
    }
    for (const auto& [pid, index] : workers) kill(pid, SIGTERM);
    while (wait(nullptr) > 0) {
    }
    return 0;
}

}  // namespace seki::demo
