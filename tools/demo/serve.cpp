#include "serve.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include <fmt/format.h>
#include <httplib.h>

#include <seki/seki.hpp>

namespace seki::demo {
namespace {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::seconds;

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

// One worker: its own listening socket on the common port (SO_REUSEPORT), its own process, and the same limits as all others.
[[noreturn]] void work(int index, int port, const Segment& segment) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const auto login = segment.limiter("login");
    const auto api = segment.limiter("api");
    if (!login || !api) {
        fmt::print(stderr, "seki-demo: {}\n", (login ? api.error() : login.error()).message);
        _exit(1);
    }
    httplib::Server server;
    server.new_task_queue = [] { return new httplib::ThreadPool(4); };
    server.set_default_headers({{"X-Worker", std::to_string(index)}, {"X-Pid", std::to_string(getpid())}});
    const auto limited = [](const Limiter& limiter) {
        return [limiter](const httplib::Request& request, httplib::Response& response) {
            answer(limiter.check(request.remote_addr), response);
        };
    };
    server.Get("/login", limited(*login));
    server.Get("/api", limited(*api));
    server.Get("/ready", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("ready\n", "text/plain");
    });
    const bool served = server.listen("127.0.0.1", port);
    if (!served) fmt::print(stderr, "seki-demo: cannot listen on 127.0.0.1:{}: choose another --port\n", port);
    _exit(served ? 0 : 1);
}

pid_t start(int index, int port, const Segment& segment) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, nullptr);
        work(index, port, segment);
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
    for (const auto& [name, limit, window] :
         {std::tuple{"login", 500, std::chrono::nanoseconds{24h}}, {"api", 200, 1s}}) {
        const LimiterOptions options_of{
            .algorithm = Algorithm::sliding_window, .limit = static_cast<std::uint64_t>(limit), .window = window};
        if (auto found = segment->limiter(name); found) continue;  // the configuration of sekid made it
        if (auto made = segment->limiter(name, options_of); !made) {
            fmt::print(stderr, "seki-demo: {}\n", made.error().message);
            return 1;
        }
    }
    sigset_t watched;
    sigemptyset(&watched);
    for (const int each : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&watched, each);
    pthread_sigmask(SIG_BLOCK, &watched, nullptr);
    std::map<pid_t, int> workers;
    for (int index = 1; index <= options.workers; ++index) workers[start(index, options.port, *segment)] = index;
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
            const pid_t next = start(index, options.port, *segment);
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
