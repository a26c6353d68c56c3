#include <seki/open.hpp>

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/policy_handle.hpp"
#include "client/segment_handle.hpp"
#include "client/segment_name.hpp"
#include "config/configuration.hpp"
#include "config/plan.hpp"
#include "config/room.hpp"
#include "primitives/adaptive.hpp"
#include "primitives/breaker.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "primitives/hedge.hpp"
#include "primitives/limiter.hpp"
#include "primitives/limiter_upkeep.hpp"
#include "primitives/policy.hpp"
#include "primitives/retry.hpp"
#include "primitives/shedder.hpp"
#include "shm/refuse.hpp"

namespace seki {
namespace {

const std::filesystem::path shared_folder = "/run/seki";

std::filesystem::path private_folder() { return fmt::format("/dev/shm/seki-{}", ::geteuid()); }

// Who may not look into the shared folder is not to have limits of its own for that: it is sent there, and open() says which group to join.
std::filesystem::path in_folders(const std::string& file) {
    std::error_code why;
    if (std::filesystem::exists(shared_folder / file, why) || why == std::errc::permission_denied)
        return shared_folder / file;
    return private_folder() / file;
}

// What the configuration declares, made before anybody asks for it: all of it or none.
Result<void> declare(client::segment_handle& handle, const config::configuration& declared) {
    const auto in = handle.in_use();
    if (!in) return std::unexpected(in.error());
    const auto done = config::plan::carry_out((*in)->where(), declared.primitives, config::differing::refused);
    return done ? Result<void>{} : std::unexpected(done.error());
}

}  // namespace

std::filesystem::path resolve(std::string_view name) {
    if (name.find('/') != std::string_view::npos) return std::filesystem::path{name};
    if (!name.empty()) return in_folders(std::string{name} + (name.ends_with(".seg") ? "" : ".seg"));
    if (const char* chosen = std::getenv("SEKI_SEGMENT"); chosen != nullptr && *chosen != '\0') return resolve(chosen);
    return in_folders("default.seg");
}

namespace {

Result<std::shared_ptr<client::segment_handle>> opened(std::string_view name, OpenOptions wanted) {
    config::configuration declared;
    if (!wanted.config.empty()) {
        auto loaded = config::load(wanted.config);
        if (!loaded) return std::unexpected(loaded.error());
        declared = std::move(*loaded);
        if (const auto fine = config::make_room(declared); !fine) return std::unexpected(fine.error());
        wanted.segment = declared.segment;
    }
    // As sekid reads it: a bare name in the file is no path either.
    const auto path = resolve(name.empty() ? declared.segment_path.native() : name);
    if (const auto fine = client::check_segment_name(path); !fine) return std::unexpected(fine.error());
    std::error_code no_folder;  // removed from under us, and then a path that starts there leads nowhere
    auto written = std::filesystem::absolute(path, no_folder).lexically_normal();
    auto mapped = wanted.access == Access::create_or_attach ? shm::segment::create_or_attach(path, wanted.segment)
                  : wanted.access == Access::attach ? shm::segment::attach(path, shm::segment::access::read_write)
                                                    : shm::segment::attach(path, shm::segment::access::read_only);
    if (!mapped) return std::unexpected(mapped.error());
    auto handle = std::make_shared<client::segment_handle>(std::move(*mapped), std::move(wanted), std::move(written));
    if (const auto made = declare(*handle, declared); !made) return std::unexpected(made.error());
    return handle;
}

// A segment whose file was removed is made anew as it was opened, with what its configuration declares.
Result<void> look_at_name(client::segment_handle& segment) {
    const auto made = segment.look_at_name();
    if (!made) return std::unexpected(made.error());
    if (!*made || segment.options().config.empty()) return {};
    const auto declared = config::load(segment.options().config);
    return declared ? declare(segment, *declared) : std::unexpected(declared.error());
}

// Making and finding primitives is rare, so here who lost its lock by closing all descriptors (closefrom) takes it again, and who works in a file
// that was removed leaves it.
template <class Primitive>
auto get(client::segment_handle& segment, std::string_view name,
         const std::optional<typename Primitive::options_type>& options) noexcept {
    return shm::contained([&]() -> Result<std::shared_ptr<client::bound_handle<Primitive>>> {
        segment.attachment()->look_again();
        if (const auto looked = look_at_name(segment); !looked) return std::unexpected(looked.error());
        return segment.bind<Primitive>(name, options);
    });
}

// The same for what policies are composed of.
template <class Primitive>
auto make_part(client::segment_handle& segment, std::string_view name,
               const typename Primitive::options_type& options) noexcept {
    auto made = get<Primitive>(segment, name, options);
    if (!made) return made;
    const auto known = shm::contained([&]() -> Result<void> {
        segment.made<typename Primitive::options_type>().remember(name, options);
        return {};
    });
    return known ? std::move(made) : std::unexpected(known.error());
}

// What is done in the segment that is in use now.
Result<void> administer(client::segment_handle& segment, auto&& work) noexcept {
    return shm::contained([&]() -> Result<void> {
        segment.attachment()->look_again();
        const auto in = segment.in_use();
        return in ? work((*in)->where()) : std::unexpected(in.error());
    });
}

template <class Options>
Result<void> change(client::segment_handle& segment, std::string_view name, const Options& options) noexcept {
    return administer(segment, [&](const shm::segment& where) {
        return primitives::registry<Options>::change(where, name, options);
    });
}

template <class Options>
Result<void> remove(client::segment_handle& segment, std::string_view name) noexcept {
    return administer(segment,
                      [&](const shm::segment& where) { return primitives::registry<Options>::remove(where, name); });
}

}  // namespace

Result<Segment> open(std::string_view name, const OpenOptions& options) {
    return shm::contained([&]() -> Result<Segment> {
        auto handle = opened(name, options);
        if (!handle) return std::unexpected(handle.error());
        return Segment{std::move(*handle)};
    });
}

Result<Limiter> Segment::limiter(std::string_view name, const LimiterOptions& options) const {
    auto made = make_part<primitives::limiter>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Limiter{std::move(*made)};
}
Result<Limiter> Segment::limiter(std::string_view name) const {
    auto found = get<primitives::limiter>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Limiter{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const LimiterOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_limiter(std::string_view name) const { return remove<LimiterOptions>(*handle_, name); }

Result<Bulkhead> Segment::bulkhead(std::string_view name, const BulkheadOptions& options) const {
    auto made = make_part<primitives::bulkhead>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Bulkhead{std::move(*made)};
}
Result<Bulkhead> Segment::bulkhead(std::string_view name) const {
    auto found = get<primitives::bulkhead>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Bulkhead{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const BulkheadOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_bulkhead(std::string_view name) const { return remove<BulkheadOptions>(*handle_, name); }

Result<Breaker> Segment::breaker(std::string_view name, const BreakerOptions& options) const {
    auto made = make_part<primitives::breaker>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Breaker{std::move(*made)};
}
Result<Breaker> Segment::breaker(std::string_view name) const {
    auto found = get<primitives::breaker>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Breaker{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const BreakerOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_breaker(std::string_view name) const { return remove<BreakerOptions>(*handle_, name); }

Result<Adaptive> Segment::adaptive(std::string_view name, const AdaptiveOptions& options) const {
    auto made = make_part<primitives::adaptive>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Adaptive{std::move(*made)};
}
Result<Adaptive> Segment::adaptive(std::string_view name) const {
    auto found = get<primitives::adaptive>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Adaptive{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const AdaptiveOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_adaptive(std::string_view name) const { return remove<AdaptiveOptions>(*handle_, name); }

Result<Shedder> Segment::shedder(std::string_view name, const ShedderOptions& options) const {
    auto made = make_part<primitives::shedder>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Shedder{std::move(*made)};
}
Result<Shedder> Segment::shedder(std::string_view name) const {
    auto found = get<primitives::shedder>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Shedder{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const ShedderOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_shedder(std::string_view name) const { return remove<ShedderOptions>(*handle_, name); }

Result<Retry> Segment::retry(std::string_view name, const RetryOptions& options) const {
    auto made = make_part<primitives::retry>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Retry{std::move(*made)};
}
Result<Retry> Segment::retry(std::string_view name) const {
    auto found = get<primitives::retry>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Retry{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const RetryOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_retry(std::string_view name) const { return remove<RetryOptions>(*handle_, name); }

Result<Hedge> Segment::hedge(std::string_view name, const HedgeOptions& options) const {
    auto made = get<primitives::hedge>(*handle_, name, options);
    if (!made) return std::unexpected(made.error());
    return Hedge{std::move(*made)};
}
Result<Hedge> Segment::hedge(std::string_view name) const {
    auto found = get<primitives::hedge>(*handle_, name, {});
    if (!found) return std::unexpected(found.error());
    return Hedge{std::move(*found)};
}
Result<void> Segment::change(std::string_view name, const HedgeOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_hedge(std::string_view name) const { return remove<HedgeOptions>(*handle_, name); }

Result<Policy> Segment::composed(std::string_view name, const std::optional<PolicyOptions>& options) const {
    return shm::contained([&]() -> Result<Policy> {
        // Before it is made: a policy that nobody can use is none.
        if (options)
            if (const auto parts = client::find_parts(*this, name, *options); !parts)
                return std::unexpected(parts.error());
        auto found = get<primitives::policy>(*handle_, name, options);
        if (!found) return std::unexpected(found.error());
        auto named = std::make_shared<client::policy_handle>(*this, std::move(*found));
        if (const auto fine = named->compose(); !fine) return std::unexpected(fine.error());
        return Policy{std::move(named)};
    });
}
Result<Policy> Segment::policy(std::string_view name, const PolicyOptions& options) const {
    return composed(name, options);
}
Result<Policy> Segment::policy(std::string_view name) const { return composed(name, {}); }
Result<void> Segment::change(std::string_view name, const PolicyOptions& options) const {
    return seki::change(*handle_, name, options);
}
Result<void> Segment::remove_policy(std::string_view name) const { return remove<PolicyOptions>(*handle_, name); }

Result<void> Segment::maintain() const {
    const auto looked = shm::contained([&] { return look_at_name(*handle_); });
    if (!looked) return looked;
    return administer(*handle_, [&](const shm::segment& where) -> Result<void> {
        shm::reap_some(where, handle_->next_to_reap());
        const shm::roster standing{where};
        primitives::reclaim_permits(where, standing);
        primitives::reclaim_probes(where, standing);
        primitives::finish_changes(where, standing);
        primitives::settle_changes(where, standing);
        primitives::sweep(where, standing, handle_->next_to_sweep(primitives::slots_a_turn));
        return {};
    });
}

const std::filesystem::path& Segment::path() const noexcept { return handle_->path(); }

}  // namespace seki
