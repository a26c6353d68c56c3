#include "otlp/attributes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/text.hpp"

namespace seki::otlp {

void put(protozero::pbf_builder<any_value>& into, std::string_view text) {
    into.add_string(any_value::string_value, report::valid_utf8(text));
}

void put(protozero::pbf_builder<any_value>& into, const report::json& value) {
    if (value.is_boolean())
        into.add_bool(any_value::bool_value, value.get<bool>());
    else if (value.is_number_float())
        into.add_double(any_value::double_value, value.get<double>());
    else if (value.is_number())
        into.add_int64(any_value::int_value, value.get<std::int64_t>());
    else
        put(into, std::string_view{value.get_ref<const std::string&>()});
}

origin make_origin(const self& who, const config::otlp_options::pairs& given) {
    const std::vector<std::pair<std::string, report::json>> own{
        {"service.name", "sekid"},
        {"service.version", who.version},
        {"service.instance.id", who.host + ":" + who.segment},
        {"host.name", who.host},
        {"process.pid", who.pid},
        {"telemetry.sdk.name", "seki"},
        {"telemetry.sdk.language", "cpp"},
        {"telemetry.sdk.version", who.version},
        {"seki.segment", who.segment},
    };
    origin made;
    protozero::pbf_builder<resource_message> all{made.resource};
    for (const auto& [name, value] : given)
        add_attribute(all, resource_message::attributes, report::valid_utf8(name), std::string_view{value});
    for (const auto& [name, value] : own)
        if (std::ranges::find(given, name, &std::pair<std::string, std::string>::first) == given.end())
            add_attribute(all, resource_message::attributes, name, value);
    protozero::pbf_builder<scope> library{made.scope};
    library.add_string(scope::name, "seki");
    library.add_string(scope::version, who.version);
    return made;
}

}  // namespace seki::otlp
