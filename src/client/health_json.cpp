// A health report as JSON. The texts in it are the user's, or those of exceptions: any bytes.
#include <seki/health.hpp>

#include <fmt/format.h>

#include "primitives/utf8.hpp"

namespace seki {
namespace {

void append_text(std::string& out, std::string_view text) {
    out += '"';
    primitives::each_character(
        text,
        [&](std::string_view bytes, std::uint32_t code) {
            if (code == '"' || code == '\\')
                out += '\\', out += bytes;
            else if (code < 0x20 || code == 0x7F || code == 0x2028 || code == 0x2029)
                out += fmt::format("\\u{:04x}", code);
            else
                out += bytes;
        },
        [&] { out += "\xEF\xBF\xBD"; });  // U+FFFD
    out += '"';
}

}  // namespace

std::string HealthReport::to_json() const {
    std::string out = fmt::format("{{\"status\":\"{}\",\"checks\":[", to_string(status));
    for (const HealthOutcome& each : checks) {
        out += &each == checks.data() ? "{\"name\":" : ",{\"name\":";
        append_text(out, each.name);
        out += fmt::format(",\"critical\":{},\"status\":\"{}\",\"detail\":", each.critical, to_string(each.status));
        append_text(out, each.detail);
        out += fmt::format(",\"took_seconds\":{:.6f}}}", std::chrono::duration<double>{each.took}.count());
    }
    return out + "]}";
}

}  // namespace seki
