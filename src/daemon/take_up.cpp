#include "daemon/take_up.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "shm/file_trust.hpp"
#include "shm/group.hpp"
#include "shm/lifecycle.hpp"
#include "shm/shape.hpp"

namespace seki::daemon {
namespace {

using mapped = Result<std::shared_ptr<shm::segment>>;

// What workers can only complain of, and sekid alone replaces.
bool is_useless(Errc why) noexcept {
    constexpr std::array useless{Errc::not_a_segment, Errc::wrong_version, Errc::damaged};
    return std::ranges::find(useless, why) != useless.end();
}

// What workers make or replace as well: a segment of an earlier boot (another time namespace is refused, and for people to mend), or one whose replacer died
// before there was a successor. So somebody may have done it by when we have the lock, and hold permits there: create_or_attach() looks again.
bool is_anybodys(Errc why) noexcept {
    constexpr std::array anybodys{Errc::not_found, Errc::wrong_host, Errc::superseded};
    return std::ranges::find(anybodys, why) != anybodys.end();
}

// Who narrows the permissions in the configuration must not believe that it is done.
void warn_of_other_access(const std::filesystem::path& path, const SegmentOptions& wanted) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return;
    const auto group = shm::group_of(wanted.group);
    const bool other_group = group && *group && **group != facts.st_gid;
    const unsigned mode = facts.st_mode & 0777;
    if (!other_group && mode == wanted.mode) return;
    spdlog::warn(
        "segment {} keeps its mode {:04o} and group {}, where the configuration says {:04o}{}: to change that, stop "
        "sekid, "
        "`sekictl destroy` it and start sekid again",
        path.native(), mode, shm::group_name(facts.st_gid), wanted.mode,
        wanted.group.empty() ? "" : fmt::format(" and {}", wanted.group));
}

mapped find_or_make(const config::configuration& wanted) {
    const std::filesystem::path& path = wanted.segment_path;
    const SegmentOptions& options = wanted.segment;
    mapped found = shm::segment::attach(path, shm::segment::access::read_write);
    if (found) {
        spdlog::info("adopted segment {}, generation {}", path.native(), (*found)->generation());
        warn_of_other_parts(**found, wanted);
        warn_of_other_access(path, options);
        return found;
    }
    const Error why = found.error();
    if (!is_useless(why.code) && !is_anybodys(why.code)) return found;
    found = is_useless(why.code) ? shm::take_over(path, options) : shm::segment::create_or_attach(path, options);
    if (!found) return found;
    if (why.code != Errc::not_found) spdlog::warn("replaced what was there: {}", why.message);
    spdlog::info("made segment {}, generation {}, {} bytes", path.native(), (*found)->generation(),
                 (*found)->parts().size);
    // It may be a worker's all the same, who was quicker.
    warn_of_other_parts(**found, wanted);
    warn_of_other_access(path, options);
    return found;
}

}  // namespace

void warn_of_other_parts(const shm::segment& found, const config::configuration& wanted) {
    const auto& parts = found.parts();
    const std::uint64_t size = wanted.size_is_ours ? parts.size : shm::whole_pages(wanted.segment.size);
    if (size == parts.size && wanted.segment.max_workers == parts.max_workers &&
        wanted.segment.max_primitives == parts.max_primitives)
        return;
    spdlog::warn(
        "segment {} keeps its {} bytes, {} workers and {} primitives, where the configuration says {}, {} and "
        "{}: to change that, stop sekid, `sekictl destroy` it and start sekid again",
        found.path().native(), parts.size, parts.max_workers, parts.max_primitives,
        wanted.size_is_ours ? "\"auto\"" : std::to_string(size), wanted.segment.max_workers,
        wanted.segment.max_primitives);
}

Result<std::shared_ptr<guarded_segment>> take_up(const config::configuration& wanted) {
    const mapped found = find_or_make(wanted);
    if (!found) return std::unexpected(found.error());
    return std::make_shared<guarded_segment>(*found);
}

}  // namespace seki::daemon
