#include "daemon/web.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <httplib.h>

#include <prometheus/text_serializer.h>
#include <spdlog/spdlog.h>

#include "daemon/answers.hpp"
#include "daemon/connection.hpp"
#include "daemon/crew.hpp"
#include "daemon/dashboard.hpp"
#include "daemon/event_stream.hpp"
#include "daemon/host_field.hpp"
#include "daemon/metrics.hpp"
#include "daemon/open_metrics.hpp"
#include "daemon/readiness.hpp"
#include "daemon/recorder.hpp"
#include "daemon/state_pages.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

using httplib::Request;
using httplib::Response;

constexpr std::size_t threads = 4 + event_hub::most_subscribers + recorder::most_viewers;

void answer_ready(const board& from, const Request& request, Response& response) {
    const HealthReport report = look_at_health(from.look());
    if (request.has_param("verbose")) {
        response.status = report.http_status();
        response.set_content(report.to_json() + "\n", "application/json");
    } else {
        const std::string why = why_unready(report);
        answer(response, report.http_status(), why.empty() ? "ready\n" : "not ready: " + why + "\n");
    }
}

bool asks_for_open_metrics(const Request& request) {
    return request.get_header_value("Accept").find("application/openmetrics-text") != std::string::npos;
}

void answer_metrics(const board& from, const otlp::ledger& exported, const Request& request, Response& response) {
    const auto families = segment_metrics{from, exported}.Collect();
    if (families.empty()) return answer(response, 503, "there is no segment: see the log\n");
    if (asks_for_open_metrics(request))
        return response.set_content(to_open_metrics(families),
                                    "application/openmetrics-text; version=1.0.0; charset=utf-8");
    const prometheus::TextSerializer serializer;
    response.set_content(serializer.Serialize(families), "text/plain; version=0.0.4; charset=utf-8");
}

constexpr auto answered = httplib::Server::HandlerResponse::Handled;
constexpr auto not_answered = httplib::Server::HandlerResponse::Unhandled;

httplib::Server::HandlerResponse refuse_writes(const Request& request, Response& response) {
    if (request.method == "GET" || request.method == "HEAD") return not_answered;
    response.set_header("Allow", "GET, HEAD");
    answer(response, 405, "only GET and HEAD: nothing here changes state\n");
    return answered;
}

// `own`: what it listens on.
httplib::Server::HandlerResponse refuse_other_hosts(std::string_view own, const Request& request, Response& response) {
    if (request.path == "/healthz" || is_for_this_host(request.get_header_value("Host"), own)) return not_answered;
    answer(response, 403,
           "the Host that was asked for is somebody's name: without a password, ask for an address or for localhost\n");
    return answered;
}

httplib::Server::HandlerResponse refuse_strangers(const gate& by, const Request& request, Response& response) {
    if (request.path == "/healthz" || by.lets_in(request.get_header_value("Authorization"))) return not_answered;
    response.set_header("WWW-Authenticate", "Basic realm=\"sekid\", charset=\"UTF-8\"");
    answer(response, 401, "a user and a password are needed\n");
    return answered;
}

void answer_error(const Request&, Response& response) {
    if (response.body.empty())
        response.set_content(response.status == 404 ? "not found: the foot of / names what there is\n" : "refused\n",
                             plain);
}

void answer_thrown(const Request& request, Response& response, const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& what) {
        spdlog::error("{} failed: {}", request.path, what.what());
    }
    answer(response, 500, "failed: see the log\n");
}

// The library opens TCP sockets only, says little about why it could not, and ends at the first client that is gone before it was accepted. It answers; how clients come
// is up to us.
class server : public httplib::Server {
public:
    server(int socket, std::shared_ptr<const certificate> shown) : shown_{std::move(shown)} { svr_sock_ = socket; }

    void attend(int socket, const waiting_room& others) {
        connection client{socket, shown_ != nullptr ? shown_->context() : nullptr, others};
        bool closed = false;
        // Nobody needs a part of an answer, and the library would put it together as often as a request names it.
        process_request(client, true, closed, [](Request& asked) { asked.ranges.clear(); });
    }

private:
    std::shared_ptr<const certificate> shown_;
};

// A client that went away before it was accepted, or that there never was: nobody's mistake.
bool is_ordinary(int number) noexcept {
    return number == EAGAIN || number == EINTR || number == ECONNABORTED || number == EPROTO;
}

}  // namespace

struct web::inside {
    inside(listener on, const access& who, const board& from, event_hub& hub, const otlp::ledger& exported)
        : listening{std::move(on)},
          own{listening.shown().substr(listening.shown().find("//") + 2)},
          for_this_host_alone{who.tls == nullptr && listening.is_loopback()},
          recording{from},
          http{listening.socket(), who.tls},
          threads_of_clients{threads, before, [this](int client) { http.attend(client, before); }} {
        users.set(who.users);
        http.set_pre_routing_handler([this](const Request& request, Response& response) {
            if (refuse_writes(request, response) == answered) return answered;
            if (for_this_host_alone && users.is_open() && refuse_other_hosts(own, request, response) == answered)
                return answered;
            return refuse_strangers(users, request, response);
        });
        http.set_error_handler(httplib::Server::Handler{answer_error});
        http.set_exception_handler(answer_thrown);
        http.set_default_headers({{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
        serve_dashboard(http);
        http.Get("/healthz", [](const Request&, Response& response) { answer(response, 200, "alive\n"); });
        http.Get("/readyz",
                 [&from](const Request& request, Response& response) { answer_ready(from, request, response); });
        http.Get("/metrics", [&from, &exported](const Request& request, Response& response) {
            answer_metrics(from, exported, request, response);
        });
        http.Get("/api/v1/state", [this, &from](const Request& request, Response& response) {
            answer_state(recording, from, request, response);
        });
        http.Get("/api/v1/history",
                 [this](const Request& request, Response& response) { answer_history(recording, request, response); });
        http.Get("/api/v1/events", [&from, &hub](const Request& request, Response& response) {
            answer_events(hub, from, request, response);
        });
        accepting = std::jthread{[this](const std::stop_token& end) { accept(end); }};
    }

    void accept(const std::stop_token& end) noexcept {
        bool said = false;
        pollfd on{.fd = listening.socket(), .events = POLLIN, .revents = 0};
        while (!end.stop_requested()) {
            // The end is known by a shutdown of the socket, and a second later where that fails.
            if (::poll(&on, 1, 1000) <= 0) continue;
            const int client = ::accept4(listening.socket(), nullptr, nullptr, SOCK_CLOEXEC);
            const int number = client < 0 ? errno : 0;
            if (client >= 0) {
                threads_of_clients.take(client);
                continue;
            }
            // One that was shut down answers so for good. A Unix socket says EAGAIN.
            if (end.stop_requested() || number == EINVAL || number == EBADF) return;
            if (is_ordinary(number)) continue;
            if (!std::exchange(said, true)) say(number);
            ::poll(nullptr, 0, 50);  // it would fail again at once
        }
    }
    void say(int number) const noexcept try {
        spdlog::error("cannot accept a client on {}: {}", listening.shown(), shm::system_advice(number));
    } catch (const std::bad_alloc&) {
        // Then it is not said.
    }

    listener listening;
    const std::string own;  // HOST:PORT
    const bool for_this_host_alone;
    gate users;
    recorder recording;
    server http;
    waiting_room before;
    crew threads_of_clients;
    std::jthread accepting;
};

web::web(listener on, const access& who, const board& from, event_hub& hub, const otlp::ledger& exported)
    : inside_{std::make_unique<inside>(std::move(on), who, from, hub, exported)} {}

Result<std::unique_ptr<web>> web::open(listener on, const access& who, const board& from, event_hub& hub,
                                       const otlp::ledger& exported) {
    const std::string shown = on.shown();
    try {
        return std::unique_ptr<web>{new web{std::move(on), who, from, hub, exported}};
    } catch (const std::system_error& failed) {
        return shm::refuse(Errc::system, "cannot start the {} threads that answer on {}: {}", threads, shown,
                           shm::system_advice(failed.code().value()));
    }
}

void web::let_in(std::shared_ptr<const credentials> users) { inside_->users.set(std::move(users)); }

web::~web() {
    inside_->recording.close();
    inside_->accepting.request_stop();
    // Wakes who accepts.
    ::shutdown(inside_->listening.socket(), SHUT_RDWR);
    inside_->accepting.join();
}

}  // namespace seki::daemon
