#include "daemon/event_stream.hpp"

#include <httplib.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/answers.hpp"

namespace seki::daemon {
namespace {

using httplib::DataSink;
using httplib::Request;
using httplib::Response;

// How soon it is seen that a client is gone: only writing to it tells.
constexpr std::chrono::milliseconds breath{1000};

std::string message_of(const report::event_facts& event) {
    return fmt::format("id: {}\ndata: {}\n\n", event.number,
                       report::to_json(event).dump(-1, ' ', false, report::json::error_handler_t::replace));
}

std::string messages_of(const std::vector<report::event_facts>& events) {
    std::string text;
    for (const auto& each : events) text += message_of(each);
    return text;
}

std::string messages_of(const event_hub::delivery& now) {
    std::string text = messages_of(now.events);
    if (now.missed != 0) text += fmt::format("event: missed\ndata: {{\"missed\": {}}}\n\n", now.missed);
    if (text.empty()) text = ":\n\n";  // a comment
    return text;
}

bool is_on(const Request& request, const char* name, bool otherwise) {
    return request.has_param(name) ? request.get_param_value(name) != "0" : otherwise;
}

void tell_workers(const event_hub& hub, const board& from) {
    const published now = from.look();
    if (now.owned != nullptr) hub.tell_workers(*now.owned->segment, event_hub::listening_time(now.tick));
}

// Lasts as long as the client listens.
void follow(event_hub& hub, const board& from, primitives::event_mask wanted, bool recent, Response& response) {
    auto subscription = hub.subscribe(wanted);
    if (subscription.to == nullptr) {
        return answer_too_many(response, event_hub::most_subscribers, "listen");
    }
    tell_workers(hub, from);
    // The first comment tells that whatever happens from now on is told.
    auto first = std::make_shared<std::string>(":\n\n" + (recent ? messages_of(subscription.before) : std::string{}));
    const auto to = subscription.to;
    response.set_content_provider(
        stream,
        [to, first](std::size_t, DataSink& sink) {
            if (!first->empty()) {
                const std::string text = std::exchange(*first, {});
                return sink.write(text.data(), text.size());
            }
            const event_hub::delivery now = to->wait(breath);
            if (now.over) {
                sink.done();
                return true;
            }
            const std::string text = messages_of(now);
            return sink.write(text.data(), text.size());
        },
        [&hub, &from, to](bool) {
            hub.unsubscribe(to);
            tell_workers(hub, from);
        });
}

}  // namespace

void answer_events(event_hub& hub, const board& from, const Request& request, Response& response) {
    const auto wanted = primitives::match_events(request.has_param("match") ? request.get_param_value("match") : "*");
    if (!wanted) return answer(response, 400, wanted.error().message + "\n");
    const bool recent = is_on(request, "recent", false);
    if (request.method == "HEAD") return response.set_content("", stream);
    if (is_on(request, "follow", true)) return follow(hub, from, *wanted, recent, response);
    response.set_content(recent ? messages_of(hub.remembered_of(*wanted)) : std::string{}, stream);
}

}  // namespace seki::daemon
