// Arbitrary text, taken for a configuration: refused in sentences, or carried out on a segment, twice with the same outcome.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/plan.hpp"
#include "config/room.hpp"
#include "must.hpp"
#include "small_segment.hpp"

namespace {

using namespace seki;
using hostile::must;

// A line for each mistake, with its place; one more counts those that are too many to be told.
void judge(std::string_view message) {
    std::size_t lines = 0;
    while (!message.empty()) {
        const std::string_view line = message.substr(0, message.find('\n'));
        message.remove_prefix(std::min(line.size() + 1, message.size()));
        must(hostile::is_fit_for_terminals(line), "a mistake is told in characters that can be shown");
        must(lines == config::max_reported || line.starts_with("seki.toml"), "a mistake is told with its place");
        ++lines;
    }
    must(lines >= 1 && lines <= config::max_reported + 1, "some mistakes are told, and not too many");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static hostile::small_segment segment;
    auto read = config::parse({reinterpret_cast<const char*>(data), size}, "seki.toml");
    if (!read) {
        judge(read.error().message);
        return 0;
    }
    if (const auto room = config::make_room(*read); !room) return 0;
    segment.put_right();
    const auto done = config::plan::carry_out(*segment.where(), read->primitives, config::differing::changed);
    if (!done) return 0;
    const auto again = config::plan::carry_out(*segment.where(), read->primitives, config::differing::changed);
    must(again.has_value() && again->missing().empty() && again->changes().empty(), "what was carried out is there");
    return 0;
}
