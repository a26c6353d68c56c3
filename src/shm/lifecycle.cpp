// How a segment comes, is replaced and goes. The steps are in shm/creation.cpp; here is who may take them, and when.
#include "shm/lifecycle.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "shm/administration.hpp"
#include "shm/creation.hpp"
#include "shm/file_trust.hpp"
#include "shm/recognition.hpp"
#include "shm/refuse.hpp"

namespace seki::shm {
namespace {

using made_or_not = Result<std::shared_ptr<segment>>;

bool stands(const place& where, const std::string& name) noexcept {
    struct stat facts{};
    return ::fstatat(where.folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

// Where that cannot be told, what is done next says why.
bool may_stand(const place& where, const std::string& name) noexcept { return stands(where, name) || errno != ENOENT; }

// Without our magic it may be a damaged segment, or a letter to somebody's mother. Only a segment has a folder of lock files beside it.
Result<void> must_be_ours(const place& where, const std::optional<predecessor>& old) {
    if (!old || old->ours || stands(where, where.live_name())) return {};
    return refuse(Errc::not_a_segment,
                  "\"{}\" is not a segment but some other file, and is left alone: choose another path",
                  where.path.native());
}

// Does `work` under the administration lock. Where it fails and there is no segment of ours, the lock file goes again.
template <class Work>
auto administer(const place& where, Work&& work) -> decltype(work(std::declval<const administration&>())) {
    const Result<administration> lock = administration::lock(where.path);
    if (!lock) return std::unexpected(lock.error());
    auto done = contained([&] { return work(*lock); });
    if (!done && !stands(where, where.live_name())) ::unlinkat(where.folder.get(), where.lock_name().c_str(), 0);
    return done;
}

Result<opened_file> make_over(const place& where, const SegmentOptions& options, const administration& lock,
                              bool only_ours) {
    const auto old = look_at_predecessor(where);
    if (!old) return std::unexpected(old.error());
    if (only_ours)
        if (Result<void> fine = must_be_ours(where, *old); !fine) return std::unexpected(fine.error());
    return make_segment(where, options, lock, *old ? &**old : nullptr);
}

}  // namespace

made_or_not segment::create_or_attach(const std::filesystem::path& path, const SegmentOptions& options) {
    return contained([&]() -> made_or_not {
        const Result<place> where = locate(path, purpose::create);
        if (!where) return std::unexpected(where.error());
        const auto in_the_way = [](const refusal& why) {
            return why.error.code != Errc::not_found && !why.replaceable;
        };
        const auto found = find(*where, access::read_write);
        if (found) return *found;
        if (in_the_way(found.error())) return std::unexpected(found.error().error);

        return administer(*where, [&](const administration& lock) -> made_or_not {
            const auto meanwhile = find(*where, access::read_write);  // somebody may have made it while we waited
            if (meanwhile) return *meanwhile;
            if (in_the_way(meanwhile.error())) return std::unexpected(meanwhile.error().error);
            return map_made(make_over(*where, options, lock, false), *where);
        });
    });
}

made_or_not segment::replace(const std::filesystem::path& path, const SegmentOptions& options) {
    return contained([&]() -> made_or_not {
        const Result<place> where = locate(path, purpose::create);
        if (!where) return std::unexpected(where.error());
        return administer(*where, [&](const administration& lock) {
            return map_made(make_over(*where, options, lock, true), *where);
        });
    });
}

made_or_not take_over(const std::filesystem::path& path, const SegmentOptions& options) {
    return contained([&]() -> made_or_not {
        const Result<place> where = locate(path, purpose::create);
        if (!where) return std::unexpected(where.error());
        return administer(*where, [&](const administration& lock) -> made_or_not {
            if (made_or_not meanwhile = segment::attach(path, segment::access::read_write)) return meanwhile;
            if (const auto made = make_over(*where, options, lock, true); !made) return std::unexpected(made.error());
            return segment::attach(path, segment::access::read_write);
        });
    });
}

void supersede(const segment& ours) noexcept {
    std::uint64_t in_force = 0;
    static_cast<void>(hardware::cas_acq_rel(ours.header().id.superseded, in_force, 1));
}

Result<void> segment::destroy(const std::filesystem::path& path) {
    return contained([&]() -> Result<void> {
        const Result<place> where = locate(path, purpose::use);
        if (!where) return std::unexpected(where.error());
        // Each of them alone is what a destroy() that died can leave.
        const std::array names{where->name, where->live_name(), where->new_name(), where->owner_name(),
                               where->lock_name()};
        if (std::ranges::none_of(names, [&](const std::string& name) { return may_stand(*where, name); }))
            return refuse(Errc::not_found, "there is no \"{}\": look whether the path is right", path.native());
        return administer(*where, [&](const administration&) -> Result<void> {
            const auto old = look_at_predecessor(*where);
            if (!old) return std::unexpected(old.error());
            if (Result<void> fine = must_be_ours(*where, *old); !fine) return fine;
            const Result<descriptor> no_sekid = lock_out_sekid(*where);
            if (!no_sekid) return std::unexpected(no_sekid.error());
            if (Result<void> fine = may_remove(*where, *old ? &**old : nullptr); !fine) return fine;
            if (*old && (*old)->ours)
                if (Result<void> done = mark_superseded(*where, **old); !done) return done;
            return remove_files(*where);
        });
    });
}

void segment::give_up_without_name() const noexcept {
    if (how() != access::read_write || superseded() || !has_lost_its_name()) return;
    static_cast<void>(contained([&]() -> Result<void> {
        const Result<administration> lock = administration::lock(path(), std::chrono::milliseconds{10});
        const Result<place> where = locate(path(), purpose::use);
        // Where there is no folder, nobody makes a segment in it.
        if (!lock && where) return std::unexpected(lock.error());
        if (has_lost_its_name()) supersede(*this);
        if (where && !stands(*where, where->live_name()) && !stands(*where, where->name))
            ::unlinkat(where->folder.get(), where->lock_name().c_str(), 0);  // which we made
        return {};
    }));
}

}  // namespace seki::shm
