#include "daemon/pages.hpp"

#include <utility>

#include <prometheus/text_serializer.h>
#include <spdlog/spdlog.h>

#include "daemon/answers.hpp"
#include "daemon/dashboard.hpp"
#include "daemon/event_stream.hpp"
#include "daemon/host_field.hpp"
#include "daemon/metrics.hpp"
#include "daemon/open_metrics.hpp"
#include "daemon/readiness.hpp"
#include "daemon/state_pages.hpp"
#include "daemon/without_ranges.hpp"

namespace seki::daemon {
namespace {

using httplib::Request;
using httplib::Response;

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

}  // namespace

pages::pages(const sources& of, std::string own, int listening_socket) {
    svr_sock_ = listening_socket;
    const gate& users = of.users;
    set_pre_routing_handler([&users, own = std::move(own)](const Request& request, Response& response) {
        if (refuse_writes(request, response) == answered) return answered;
        if (!own.empty() && users.is_open() && refuse_other_hosts(own, request, response) == answered) return answered;
        return refuse_strangers(users, request, response);
    });
    set_error_handler(httplib::Server::Handler{answer_error});
    set_exception_handler(answer_thrown);
    set_default_headers({{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
    serve_dashboard(*this);
    Get("/healthz", [](const Request&, Response& response) { answer(response, 200, "alive\n"); });
    Get("/readyz",
        [&from = of.from](const Request& request, Response& response) { answer_ready(from, request, response); });
    Get("/metrics", [&from = of.from, &exported = of.exported](const Request& request, Response& response) {
        answer_metrics(from, exported, request, response);
    });
    Get("/api/v1/state", [&from = of.from, &past = of.recording](const Request& request, Response& response) {
        answer_state(past, from, request, response);
    });
    Get("/api/v1/history", [&past = of.recording](const Request& request, Response& response) {
        answer_history(past, request, response);
    });
    Get("/api/v1/events", [&from = of.from, &hub = of.hub](const Request& request, Response& response) {
        answer_events(hub, from, request, response);
    });
}

void pages::attend(httplib::Stream& client) {
    bool closed = false;
    without_ranges asking{client};
    process_request(asking, true, closed, nullptr);
}

}  // namespace seki::daemon
