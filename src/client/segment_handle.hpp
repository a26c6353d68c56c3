// What stands behind seki::Segment in the calling process: which mapping is in use now, and how to move over to the next one when the segment is
// replaced.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include <seki/open.hpp>

#include "client/made_by_code.hpp"
#include "client/replaceable.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::client {

template <class Primitive>
class bound_handle;

class segment_handle : public std::enable_shared_from_this<segment_handle> {
public:
    // `written`: the path that the caller opened, from the root on.
    segment_handle(std::shared_ptr<shm::segment> mapped, OpenOptions options, std::filesystem::path written);

    // The handle of a primitive: made with `options` if there is none of that name, or found when there are no options.
    template <class Primitive>
    [[nodiscard]] Result<std::shared_ptr<bound_handle<Primitive>>> bind(
        std::string_view name, const std::optional<typename Primitive::options_type>& options);

    [[nodiscard]] const std::shared_ptr<const shm::attachment>& attachment() const noexcept {
        return *current_.current();
    }
    [[nodiscard]] const shm::segment& where() const noexcept { return attachment()->where(); }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return where().path(); }
    [[nodiscard]] const OpenOptions& options() const noexcept { return options_; }  // as they were when it was opened

    // Whether the segment's file was taken away, which marks nothing: then it is marked, and for who may make one there is a new one, without primitives.
    // True then. Asks the file system: for what is rare.
    [[nodiscard]] Result<bool> look_at_name();

    // The attachment that stands now, after moving on from a segment that was replaced. superseded: it has no successor yet.
    [[nodiscard]] Result<std::shared_ptr<const shm::attachment>> in_use();

    // The attachment to the segment that took the place of `old`, if there is one by now. Looks at the file system at most every 10 ms.
    [[nodiscard]] std::shared_ptr<const shm::attachment> successor_of(const shm::attachment& old);

    // Parts of policies that code made by way of this handle.
    template <class Options>
    [[nodiscard]] made_by_code<Options>& made() noexcept {
        return std::get<made_by_code<Options>>(made_);
    }

    // Where the next turn of `count` slots begins, of those that go over all key tables (primitives/limiter_upkeep.hpp).
    [[nodiscard]] std::uint64_t next_to_sweep(std::uint64_t count) noexcept {
        return shm::hardware::fetch_add_relaxed(next_slot_, count);
    }
    // Likewise of those that ask which processes live (shm/workers.hpp).
    [[nodiscard]] layout::word& next_to_reap() noexcept { return next_process_; }

private:
    // Attaches to what the path names now, if that is another segment.
    void move_on();
    // Where the next segment is looked for: where the last one was; and where its folder is gone, where the caller's own path leads by now. That may go by a
    // link to a folder, which an ordinary deployment sets anew before it removes the old one.
    [[nodiscard]] std::filesystem::path where_next() const;

    std::filesystem::path written_;
    OpenOptions options_;
    replaceable<std::shared_ptr<const shm::attachment>> current_;
    std::tuple<made_by_code<LimiterOptions>, made_by_code<ShedderOptions>, made_by_code<BulkheadOptions>,
               made_by_code<AdaptiveOptions>, made_by_code<BreakerOptions>, made_by_code<RetryOptions>>
        made_;
    layout::word looked_ns_;
    layout::word next_slot_;
    layout::word next_process_;
};

}  // namespace seki::client
