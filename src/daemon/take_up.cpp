#include "daemon/take_up.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace seki::daemon {
namespace {

using mapped = Result<std::shared_ptr<shm::segment>>;

// wrong_host is none of them: create_or_attach() replaces the segment of an earlier boot, and another time namespace is for people to mend.
bool is_useless(Errc why) noexcept {
    constexpr std::array useless{Errc::not_a_segment, Errc::wrong_version, Errc::damaged, Errc::superseded};
    return std::ranges::find(useless, why) != useless.end();
}

void report_adoption(const shm::segment& found, const SegmentOptions& options) {
    spdlog::info("adopted segment {}, generation {}", found.path().native(), found.generation());
    const auto planned = shm::plan(options);
    if (!planned || *planned == found.parts()) return;
    const auto& parts = found.parts();
    spdlog::warn(
        "segment {} keeps its {} bytes, {} workers and {} primitives, where the configuration says {}, {} and "
        "{}: to change that, stop sekid, `sekictl destroy` it and start sekid again",
        found.path().native(), parts.size, parts.max_workers, parts.max_primitives, planned->size, planned->max_workers,
        planned->max_primitives);
}

mapped find_or_make(const std::filesystem::path& path, const SegmentOptions& options) {
    mapped found = shm::segment::attach(path, shm::segment::access::read_write);
    if (found) {
        report_adoption(**found, options);
        return found;
    }
    const Error why = found.error();
    if (!is_useless(why.code) && why.code != Errc::not_found && why.code != Errc::wrong_host) return found;
    found = is_useless(why.code) ? shm::segment::replace(path, options) : shm::segment::create_or_attach(path, options);
    if (!found) return found;
    if (why.code != Errc::not_found) spdlog::warn("replaced what was there: {}", why.message);
    spdlog::info("made segment {}, generation {}, {} bytes", path.native(), (*found)->generation(),
                 (*found)->parts().size);
    return found;
}

}  // namespace

Result<std::shared_ptr<guarded_segment>> take_up(const std::filesystem::path& path, const SegmentOptions& options) {
    const mapped found = find_or_make(path, options);
    if (!found) return std::unexpected(found.error());
    return std::make_shared<guarded_segment>(*found);
}

}  // namespace seki::daemon
