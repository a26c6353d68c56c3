#include "daemon/state_pages.hpp"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "daemon/answers.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "shm/shape.hpp"

namespace seki::daemon {
namespace {

using httplib::DataSink;
using httplib::Request;
using httplib::Response;

// How soon it is seen that a client is gone: only writing to it tells.
constexpr std::chrono::milliseconds breath{2000};

void answer_with(const report::json& value, Response& response) {
    response.set_content(value.dump(2, ' ', false, report::json::error_handler_t::replace) + "\n", "application/json");
}

std::optional<layout::kind> find_kind(std::string_view word) {
    for (auto each = static_cast<std::uint64_t>(layout::kind::limiter);
         each <= static_cast<std::uint64_t>(layout::last_kind); ++each)
        if (const auto kind = static_cast<layout::kind>(each); shm::to_string(kind) == word) return kind;
    return std::nullopt;
}

// Lasts as long as the client looks. One that takes no piece of it for some seconds is dropped (daemon/connection.hpp).
void follow(recorder& past, Response& response) {
    const auto seat = past.join();
    if (!seat) {
        return answer_too_many(response, recorder::most_viewers, "follow the state");
    }
    response.set_content_provider(
        stream,
        [&past, seen = *seat](std::size_t, DataSink& sink) mutable {
            const recorder::news now = past.wait(seen, breath);
            if (now.over) {
                sink.done();
                return true;
            }
            seen = now.number;
            return now.text != nullptr ? sink.write(now.text->data(), now.text->size()) : sink.write(":\n\n", 3);
        },
        [&past](bool) { past.leave(); });
}

}  // namespace

void answer_state(recorder& past, const board& from, const Request& request, Response& response) {
    if (request.has_param("follow") && request.get_param_value("follow") != "0") {
        if (request.method == "HEAD") return response.set_content("", stream);
        return follow(past, response);
    }
    const published now = from.look();
    if (now.owned == nullptr) return answer(response, 503, "there is no segment: see the log\n");
    answer_with(report::to_json(report::take_with_keys(*now.owned->segment)), response);
}

void answer_history(const recorder& past, const Request& request, Response& response) {
    if (!request.has_param("kind") && !request.has_param("name")) return answer_with(past.now(), response);
    const auto kind = find_kind(request.get_param_value("kind"));
    if (!kind) return answer(response, 400, "kind is the kind of a primitive, as limiter, and name its name\n");
    if (*kind == layout::kind::policy) return answer(response, 404, "policies count nothing, and have no history\n");
    const auto found = past.past_of(*kind, request.get_param_value("name"));
    if (!found) return answer(response, 404, "there is no such primitive, or sekid saw it less than a second ago\n");
    answer_with(*found, response);
}

}  // namespace seki::daemon
