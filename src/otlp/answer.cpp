#include "otlp/answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <protozero/pbf_message.hpp>

#include "otlp/fields.hpp"
#include "report/text.hpp"

namespace seki::otlp {
namespace {

constexpr std::array may_be_sent_again{429L, 502L, 503L, 504L};
constexpr std::size_t longest_message = 200;

std::string text_of(protozero::data_view view) {
    return report::for_terminal(
        report::whole_characters(std::string_view{view.data(), std::min<std::size_t>(view.size(), longest_message)}));
}

void read_partial(std::string_view body, judgement& into) {
    protozero::pbf_message<answer_message> whole{body.data(), body.size()};
    while (whole.next(answer_message::partial_success, protozero::pbf_wire_type::length_delimited)) {
        protozero::pbf_message<partial_success> part{whole.get_message()};
        while (part.next()) switch (part.tag_and_type()) {
                case protozero::tag_and_type(partial_success::rejected, protozero::pbf_wire_type::varint):
                    into.rejected = static_cast<std::uint64_t>(std::max<std::int64_t>(part.get_int64(), 0));
                    break;
                case protozero::tag_and_type(partial_success::error_message,
                                             protozero::pbf_wire_type::length_delimited):
                    into.why = text_of(part.get_view());
                    break;
                default: part.skip();
            }
    }
}

std::string message_of(std::string_view body) {
    protozero::pbf_message<status_message> whole{body.data(), body.size()};
    const bool found = whole.next(status_message::message, protozero::pbf_wire_type::length_delimited);
    return found ? text_of(whole.get_view()) : std::string{};
}

// What cannot be read says nothing: a proxy may have answered, in words of its own.
template <class Read>
void if_readable(Read read) {
    try {
        read();
    } catch (const protozero::exception&) {
    }
}

}  // namespace

judgement judge(const answer& what) {
    if (what.status == 0) return {.verdict = verdict::again, .why = what.error};
    if (what.status >= 200 && what.status < 300) {
        judgement fine{.verdict = verdict::taken};
        if_readable([&] { read_partial(what.body, fine); });
        return fine;
    }
    const bool again = std::ranges::find(may_be_sent_again, what.status) != may_be_sent_again.end();
    std::string said;
    if_readable([&] { said = message_of(what.body); });
    return {.verdict = again ? verdict::again : verdict::refused,
            .why = fmt::format("HTTP status {}{}{}", what.status, said.empty() ? "" : ": ", said)};
}

}  // namespace seki::otlp
