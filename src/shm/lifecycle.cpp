// How a segment comes, is replaced and goes. The steps are in shm/creation.cpp; here is who may take them, and when.
#include <fcntl.h>
#include <sys/stat.h>

#include "shm/administration.hpp"
#include "shm/creation.hpp"
#include "shm/file_trust.hpp"
#include "shm/recognition.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::shm {
namespace {

using made_or_not = Result<std::shared_ptr<segment>>;

bool stands(const place& where, const std::string& name) noexcept {
    struct stat facts{};
    return ::fstatat(where.folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

// Without our magic it may be a damaged segment, or a letter to somebody's mother. Only a segment has a folder of lock files beside it.
Result<void> must_be_ours(const place& where, const std::optional<predecessor>& old) {
    if (!old || old->ours || stands(where, where.live_name())) return {};
    return refuse(Errc::not_a_segment,
                  "\"{}\" is not a segment but some other file, and is left alone: choose another path, or remove it",
                  where.path.native());
}

}  // namespace

made_or_not segment::create_or_attach(const std::filesystem::path& path, const SegmentOptions& options) {
    return contained([&]() -> made_or_not {
        const Result<place> where = locate(path, purpose::create);
        if (!where) return std::unexpected(where.error());
        const auto in_the_way = [](const refusal& why) {
            return why.error.code != Errc::not_found && !why.replaceable;
        };
        auto found = find(*where, access::read_write);
        if (found) return *found;
        if (in_the_way(found.error())) return std::unexpected(found.error().error);

        const Result<administration> lock = administration::lock(path);
        if (!lock) return std::unexpected(lock.error());
        found = find(*where, access::read_write);  // somebody may have made it while we waited
        if (found) return *found;
        if (in_the_way(found.error())) return std::unexpected(found.error().error);
        auto old = look_at_predecessor(*where);
        if (!old) return std::unexpected(old.error());
        auto made = make_segment(*where, options, *lock, *old ? &**old : nullptr);
        if (!made) return std::unexpected(made.error());
        found = map(*made, path, access::read_write);
        if (!found) return std::unexpected(found.error().error);
        return *found;
    });
}

made_or_not segment::replace(const std::filesystem::path& path, const SegmentOptions& options) {
    return contained([&]() -> made_or_not {
        const Result<place> where = locate(path, purpose::create);
        if (!where) return std::unexpected(where.error());
        const Result<administration> lock = administration::lock(path);
        if (!lock) return std::unexpected(lock.error());
        auto old = look_at_predecessor(*where);
        if (!old) return std::unexpected(old.error());
        if (Result<void> fine = must_be_ours(*where, *old); !fine) return std::unexpected(fine.error());
        auto made = make_segment(*where, options, *lock, *old ? &**old : nullptr);
        if (!made) return std::unexpected(made.error());
        auto mapped = map(*made, path, access::read_write);
        if (!mapped) return std::unexpected(mapped.error().error);
        return *mapped;
    });
}

Result<void> segment::destroy(const std::filesystem::path& path) {
    return contained([&]() -> Result<void> {
        const Result<place> where = locate(path, purpose::use);
        if (!where) return std::unexpected(where.error());
        // Each of them alone is what a destroy() that died can leave.
        if (!stands(*where, where->name) && !stands(*where, where->live_name()) && !stands(*where, where->new_name()) &&
            !stands(*where, where->lock_name()))
            return refuse(Errc::not_found, "there is no \"{}\"", path.native());
        const Result<administration> lock = administration::lock(path);
        if (!lock) return std::unexpected(lock.error());
        auto old = look_at_predecessor(*where);
        if (!old) return std::unexpected(old.error());
        if (Result<void> fine = must_be_ours(*where, *old); !fine) return fine;
        if (*old && (*old)->ours)
            if (Result<void> done = mark_superseded(*where, **old); !done) return done;
        return remove_files(*where);
    });
}

}  // namespace seki::shm
