#include "config/size.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::config {
namespace {

struct unit {
    std::string_view name;
    unsigned shift;
};

constexpr std::array<unit, 5> units{{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"", 0}}};

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
    return shm::refuse(Errc::invalid_argument, "{} {}: a size is written \"64MiB\", \"1GiB\" or \"4096\"",
                       primitives::quoted(text), why);
}

}  // namespace

std::string format_size(std::uint64_t bytes) {
    for (const unit& u : units)
        if (bytes != 0 && bytes % (1ULL << u.shift) == 0) return fmt::format("{}{}", bytes >> u.shift, u.name);
    return "0";
}

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end_of_text = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), end_of_text, number);
    if (problem == std::errc::result_out_of_range) return refuse(text, "is too large");
    if (problem != std::errc{}) return refuse(text, "is not a size");
    for (const unit& u : units) {
        if (u.name != std::string_view(end, end_of_text)) continue;
        if (number > std::numeric_limits<std::uint64_t>::max() >> u.shift) return refuse(text, "is too large");
        return number << u.shift;
    }
    return refuse(text, "is not a size");
}

}  // namespace seki::config
