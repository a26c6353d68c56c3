#include "event_client.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "channel.hpp"
#include "login.hpp"
#include "report/text.hpp"
#include "shm/refuse.hpp"

namespace seki::ctl {
namespace {

constexpr std::size_t longest_line = 1 << 20;  // of a server that is none of ours

// The lines of an answer, without their ends.
class line_reader {
public:
    explicit line_reader(channel& from) : from_{from} {}

    // Nothing at the end of the answer, or when it is none.
    Result<std::optional<std::string>> next() {
        for (std::size_t seen = 0;;) {  // ends with a line, or with the answer
            if (const std::size_t end = held_.find('\n', seen); end != held_.npos) {
                std::string line = held_.substr(0, end);
                held_.erase(0, end + 1);
                if (line.ends_with('\r')) line.pop_back();
                return line;
            }
            seen = held_.size();
            std::array<char, 16384> bytes;
            const auto length = from_.read(bytes);
            if (!length) return std::unexpected(length.error());
            if (*length == 0 || held_.size() > longest_line) return std::nullopt;
            held_.append(bytes.data(), *length);
        }
    }

private:
    channel& from_;
    std::string held_;
};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return out;
}

std::string why_not(const std::string& status, bool has_login, const std::optional<std::string>& body) {
    if (!status.substr(0, 14).contains(" 401 ")) return body && !body->empty() ? *body : status;
    if (has_login) return "it has no such user with that password";
    return "it wants a user and a password: --netrc-file FILE, as for curl, or NAME:PASSWORD in $SEKICTL_USER";
}

// Past the head of the answer, which must be a good one.
Result<void> skip_head(line_reader& lines, const sekid_address& from, bool has_login) {
    const auto status = lines.next();
    if (!status) return std::unexpected(status.error());
    if (!*status) return cannot_listen(from, "it closed the connection without an answer");
    for (auto line = lines.next(); line && *line && !(*line)->empty();) line = lines.next();
    if ((*status)->substr(0, 14).contains(" 200 ")) return {};
    const auto body = lines.next();
    return std::unexpected(Error{Errc::busy, fmt::format("sekid at {} refuses: {}", from.text,
                                                         why_not(**status, has_login, body.value_or(std::nullopt)))});
}

std::string request_for(const event_question& asked, const std::optional<login>& who) {
    const std::string authorized = who ? fmt::format("Authorization: {}\r\n", authorization(*who)) : "";
    return fmt::format(
        "GET /api/v1/events?recent=1&follow={:d}&match={} HTTP/1.1\r\nHost: sekid\r\nAccept: "
        "text/event-stream\r\n{}Connection: close\r\n\r\n",
        asked.follow, escaped(asked.match), authorized);
}

}  // namespace

Result<void> read_events(const event_question& asked, const std::function<bool(const json&)>& take) {
    const auto address = parse_address(asked.address);
    if (!address) return std::unexpected(address.error());
    const auto who = find_login(asked.netrc_file, address->host);
    if (!who) return std::unexpected(who.error());
    auto connection = channel::open(*address, asked.cacert);
    if (!connection) return std::unexpected(connection.error());
    if (auto sent = connection->send_all(request_for(asked, *who)); !sent) return sent;
    line_reader lines{*connection};
    if (auto fine = skip_head(lines, *address, who->has_value()); !fine) return fine;
    connection->wait_for_ever();  // events come when something happens
    constexpr std::string_view data = "data: ";
    auto line = lines.next();
    for (; line && *line; line = lines.next()) {
        if (!(*line)->starts_with(data)) continue;
        const json event = json::parse((*line)->substr(data.size()), nullptr, false);
        if (event.is_object() && !take(event)) return {};
    }
    if (!asked.follow) return {};
    if (!line) return cannot_listen(*address, line.error().message);
    return shm::refuse(Errc::system, "sekid at {} ended, and its events with it: follow again when it runs",
                       asked.address);
}

}  // namespace seki::ctl
