#include "client/segment_handle.hpp"

#include <sys/stat.h>

#include <utility>

#include "primitives/clock.hpp"

namespace seki::client {
namespace {

constexpr std::uint64_t look_every_ns = 10'000'000;

// Whether the path names another file than the one that is mapped.
bool replaced(const std::filesystem::path& path, const shm::segment& mapped) noexcept {
    struct stat now{};
    return ::stat(path.c_str(), &now) == 0 && now.st_ino != mapped.inode();
}

}  // namespace

segment_handle::segment_handle(std::shared_ptr<shm::segment> mapped, OpenOptions options)
    : path_{mapped->path()}, options_{std::move(options)} {
    current_.publish(nullptr, std::make_shared<const shm::attachment>(std::move(mapped)));
}

Result<Limiter> segment_handle::limiter(std::string_view name, const std::optional<LimiterOptions>& options) {
    auto handle = std::make_shared<limiter_handle>(shared_from_this(), std::string{name}, options);
    std::shared_ptr<const shm::attachment> in = attachment();
    if (in->where().superseded())
        if (auto next = successor_of(*in)) in = std::move(next);
    if (const auto bound = handle->bind(in); !bound) return std::unexpected(bound.error());
    return Limiter{std::move(handle)};
}

std::shared_ptr<const shm::attachment> segment_handle::successor_of(const shm::attachment& old) {
    auto* const newest = current_.current();
    if (newest->get() != &old) return *newest;  // another thread was here before
    const std::uint64_t now = primitives::read_clock(Clock::precise);
    std::uint64_t looked = shm::hardware::load_relaxed(looked_ns_);
    if (now - looked < look_every_ns && looked != 0) return nullptr;
    if (!shm::hardware::cas_acq_rel(looked_ns_, looked, now)) return nullptr;  // another thread looks
    if (!replaced(path_, old.where())) return nullptr;
    auto next = shm::segment::attach(path_, old.where().how());
    if (!next) return nullptr;
    current_.publish(newest, std::make_shared<const shm::attachment>(std::move(*next)));
    return *current_.current();
}

limiter_handle::limiter_handle(std::shared_ptr<segment_handle> segment, std::string name,
                               std::optional<LimiterOptions> options)
    : segment_{std::move(segment)}, name_{std::move(name)}, options_{options} {}

Result<void> limiter_handle::bind(const std::shared_ptr<const shm::attachment>& in) {
    const auto place = options_ ? primitives::find_or_make_limiter(in->where(), name_, *options_)
                                : primitives::find_limiter(in->where(), name_);
    if (!place) return std::unexpected(place.error());
    bound_.publish(bound_.current(), in, *place);
    return {};
}

const primitives::limiter* limiter_handle::move_over() noexcept {
    const primitives::limiter* const old = bound_.current();
    const auto next = segment_->successor_of(old->attachment());
    if (!next || &next->where() == &old->attachment().where() || !bind(next)) return nullptr;
    return bound_.current();
}

}  // namespace seki::client
