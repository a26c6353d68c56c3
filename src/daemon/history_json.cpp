#include "daemon/history_json.hpp"

#include <nlohmann/json.hpp>

#include "primitives/option_names.hpp"
#include "report/text.hpp"
#include "shm/shape.hpp"

namespace seki::daemon {
namespace {

using report::json;

json seconds(std::uint64_t ms) { return static_cast<double>(ms) / 1e3; }
json seconds_or_null(std::uint64_t ms) { return ms == 0 ? json(nullptr) : seconds(ms); }

json value_of(report::column_of what, std::uint32_t number) {
    if (what != report::column_of::state) return number;
    return number < primitives::words_of<BreakerState>::all.size()
               ? json(primitives::words_of<BreakerState>::all[number])
               : json(nullptr);
}

json head_of(layout::kind kind, std::string_view name, const history::refusals& refused) {
    return {{"kind", shm::to_string(kind)},
            {"name", report::valid_utf8(name)},
            {"refusing_since_unix_seconds", seconds_or_null(refused.since_ms)},
            {"refused_last_unix_seconds", seconds_or_null(refused.last_ms)}};
}

json to_json(const history::latest& one) {
    json out = head_of(one.kind, one.name, one.refused);
    json last = one.last ? json::object() : json(nullptr);
    const auto columns = report::columns_of(one.kind);
    for (std::size_t i = 0; one.last && i < columns.size(); ++i)
        last[std::string{columns[i].name}] = value_of(columns[i].is, (*one.last)[i]);
    out["last"] = std::move(last);
    return out;
}

}  // namespace

json to_json(const history::moment& now, std::size_t bytes) {
    json all = json::array();
    for (const history::latest& each : now.all) all.push_back(to_json(each));
    return {{"schema", 1},
            {"every_seconds", 1},
            {"kept_seconds", history::length},
            {"memory_bytes", bytes},
            {"memory_max_bytes", history::most_bytes},
            {"number", now.number},
            {"at_unix_seconds", seconds_or_null(now.at_ms)},
            {"primitives", std::move(all)}};
}

json to_json(layout::kind kind, std::string_view name, const history::past& of) {
    json out{{"schema", 1}, {"every_seconds", 1}};
    out.update(head_of(kind, name, of.refused));
    out["number"] = of.number;
    json at = json::array();
    for (const std::uint64_t ms : of.at_ms) at.push_back(seconds(ms));
    out["at_unix_seconds"] = std::move(at);
    json columns = json::object();
    std::size_t i = 0;
    for (const report::sample_column& each : report::columns_of(kind)) {
        json values = json::array();
        for (const history::row& row : of.rows) values.push_back(value_of(each.is, row[i]));
        columns[std::string{each.name}] = std::move(values);
        ++i;
    }
    out["columns"] = std::move(columns);
    return out;
}

}  // namespace seki::daemon
