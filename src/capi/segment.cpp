#include <seki/segment.h>

#include <cstring>

#include "capi/arguments.hpp"
#include "capi/contained.hpp"
#include "capi/handles.hpp"

namespace {

using namespace seki::capi;

static_assert(SEKI_ACCESS_CREATE_OR_ATTACH == static_cast<int>(seki::Access::create_or_attach) &&
              SEKI_ACCESS_ATTACH == static_cast<int>(seki::Access::attach) &&
              SEKI_ACCESS_READ_ONLY == static_cast<int>(seki::Access::read_only));

constexpr std::string_view text_or_none(const char* text) noexcept {
    return text != nullptr ? std::string_view{text} : std::string_view{};
}

seki::OpenOptions translated(const seki_open_options& given) {
    seki::OpenOptions options;
    options.access = static_cast<seki::Access>(given.access);
    options.segment.mode = given.mode;
    options.segment.max_workers = given.max_workers;
    options.segment.max_primitives =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(given.max_primitives, UINT32_MAX));
    options.segment.size = given.segment_size;
    options.segment.group = text_or_none(given.group);
    options.config = text_or_none(given.config);
    return options;
}

}  // namespace

seki_status seki_open(const char* name, const seki_open_options* options, seki_segment** segment) noexcept {
    constexpr seki_open_options defaults = SEKI_OPEN_OPTIONS_INIT;
    if (is_null(__func__, "segment", segment)) return SEKI_ERROR_INVALID_ARGUMENT;
    *segment = nullptr;
    if (options != nullptr && has_wrong_size(__func__, "options", options)) return SEKI_ERROR_INVALID_ARGUMENT;
    const seki_open_options wanted = options != nullptr ? read(*options, defaults) : defaults;
    if (is_outside(__func__, "options->access", wanted.access, SEKI_ACCESS_CREATE_OR_ATTACH, SEKI_ACCESS_READ_ONLY))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] { return hand_out(seki::open(text_or_none(name), translated(wanted)), segment); });
}

void seki_close(seki_segment* segment) noexcept {
    const uncancelled while_it_closes;
    delete segment;
}

const char* seki_segment_path(const seki_segment* segment) noexcept {
    return segment != nullptr ? segment->of.path().c_str() : nullptr;
}

seki_status seki_resolve(const char* name, char* path, size_t room) noexcept {
    if (is_null(__func__, "path", path)) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] {
        const std::string found = seki::resolve(text_or_none(name)).string();
        if (found.size() >= room)
            return fail({seki::Errc::no_space,
                         fmt::format("seki_resolve(): the path takes {} bytes, and room is {}: give PATH_MAX bytes",
                                     found.size() + 1, room)});
        std::memcpy(path, found.c_str(), found.size() + 1);
        return status_of(seki::Errc::none);
    });
}

seki_status seki_segment_maintain(const seki_segment* segment) noexcept {
    if (is_null(__func__, "segment", segment)) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] { return status_of(segment->of.maintain()); });
}
