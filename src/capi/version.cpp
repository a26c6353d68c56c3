#include <seki/version.h>

#include <fmt/format.h>

#include "capi/sentence.hpp"

namespace {

using seki::Errc;
using seki::capi::fail;

#define SEKI_QUOTED_(text) #text
#define SEKI_QUOTED(text) SEKI_QUOTED_(text)
constexpr std::string_view of_header =
    SEKI_QUOTED(SEKI_VERSION_MAJOR) "." SEKI_QUOTED(SEKI_VERSION_MINOR) "." SEKI_QUOTED(SEKI_VERSION_PATCH);
static_assert(of_header == SEKI_VERSION, "include/seki/version.h and CMakeLists.txt differ");

std::string text_of(std::uint32_t number) {
    return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

}  // namespace

const char* seki_version() noexcept { return of_header.data(); }

std::uint32_t seki_version_number() noexcept { return SEKI_VERSION_NUMBER; }

seki_status seki_check_version(std::uint32_t header_version) noexcept try {
    const std::uint32_t major = header_version / 10000, minor = header_version / 100 % 100;
    if (major == SEKI_VERSION_MAJOR && minor <= SEKI_VERSION_MINOR) return SEKI_OK;
    const char* const what =
        major == SEKI_VERSION_MAJOR ? "which is older and does not know all of it" : "of another major version";
    return fail({Errc::wrong_version,
                 fmt::format("the program was built with the header of Seki {}, and runs with the library {}, {}: "
                             "install libseki {}.{}, or build it with the header of the library",
                             text_of(header_version), of_header, what, major, minor)});
} catch (...) {  // no memory for the sentence
    return seki::capi::fail_quickly(Errc::wrong_version);
}
