// Attributes: of the resource, of a data point, of a log record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <protozero/pbf_builder.hpp>

#include "config/otlp.hpp"
#include "otlp/fields.hpp"
#include "report/json.hpp"

namespace seki::otlp {

void put(protozero::pbf_builder<any_value>& into, std::string_view text);
void put(protozero::pbf_builder<any_value>& into, const report::json& value);  // text, a number, or true or false

template <class Message, class Value>
void add_attribute(protozero::pbf_builder<Message>& to, Message field, std::string_view name, const Value& value) {
    protozero::pbf_builder<key_value> pair{to, field};
    pair.add_string(key_value::key, name.data(), name.size());
    protozero::pbf_builder<any_value> any{pair, key_value::value};
    put(any, value);
}

// A Resource, and an InstrumentationScope: who tells.
struct origin {
    std::string resource;
    std::string scope;
};

struct self {
    std::string segment;  // its path
    std::string host;
    std::string version;
    std::int64_t pid = 0;
};

// What the user gives goes before what sekid says of itself.
[[nodiscard]] origin make_origin(const self& who, const config::otlp_options::pairs& given);

}  // namespace seki::otlp
