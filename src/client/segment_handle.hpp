// What stands behind seki::Segment and seki::Limiter in the calling process: which mapping is in use now, and how to move over to the next one
// when the segment is replaced.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <seki/open.hpp>

#include "client/replaceable.hpp"
#include "primitives/limiter.hpp"
#include "primitives/limiters.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::client {

class segment_handle : public std::enable_shared_from_this<segment_handle> {
public:
    segment_handle(std::shared_ptr<shm::segment> mapped, OpenOptions options);

    [[nodiscard]] Result<Limiter> limiter(std::string_view name, const std::optional<LimiterOptions>& options);

    [[nodiscard]] const std::shared_ptr<const shm::attachment>& attachment() const noexcept {
        return *current_.current();
    }
    [[nodiscard]] const shm::segment& where() const noexcept { return attachment()->where(); }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    // The attachment that stands now, after moving on from a segment that was replaced. superseded: it has no successor yet.
    [[nodiscard]] Result<std::shared_ptr<const shm::attachment>> in_use();

    // The attachment to the segment that took the place of `old`, if there is one by now. Looks at the file system at most every 10 ms.
    [[nodiscard]] std::shared_ptr<const shm::attachment> successor_of(const shm::attachment& old);

private:
    // Attaches to what the path names now, if that is another segment.
    void move_on();

    std::filesystem::path path_;
    OpenOptions options_;
    replaceable<std::shared_ptr<const shm::attachment>> current_;
    layout::word looked_ns_;
};

class limiter_handle {
public:
    // `options` are set when code made the limiter: in a segment that replaces this one it is made again.
    limiter_handle(std::shared_ptr<segment_handle> segment, std::string name, std::optional<LimiterOptions> options);

    // Finds or makes the limiter in that attachment.
    [[nodiscard]] Result<void> bind(const std::shared_ptr<const shm::attachment>& in);

    // Calls `operation(limiter)`; when it answers superseded, moves over to the successor and calls it again.
    template <class Operation>
    auto with(Operation operation) noexcept {
        const primitives::limiter* bound = bound_.current();
        auto result = operation(*bound);
        if (error_of(result) == Errc::superseded) [[unlikely]]
            if (const primitives::limiter* next = move_over(); next != nullptr) result = operation(*next);
        return result;
    }

    [[nodiscard]] Decision check(primitives::demand wanted) noexcept {
        return with([wanted](const primitives::limiter& bound) { return bound.check(wanted); });
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const primitives::limiter& bound() const noexcept { return *bound_.current(); }

private:
    static Errc error_of(const Decision& decision) noexcept { return decision.error; }
    static Errc error_of(Errc error) noexcept { return error; }
    [[nodiscard]] const primitives::limiter* move_over() noexcept;

    std::shared_ptr<segment_handle> segment_;
    std::string name_;
    std::optional<LimiterOptions> options_;
    replaceable<primitives::limiter> bound_;
};

}  // namespace seki::client
