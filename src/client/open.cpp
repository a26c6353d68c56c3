#include <seki/open.hpp>

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "config/configuration.hpp"
#include "config/room.hpp"

namespace seki {
namespace {

const std::filesystem::path shared_folder = "/run/seki";

std::filesystem::path private_folder() { return fmt::format("/dev/shm/seki-{}", ::geteuid()); }

std::filesystem::path in_folders(const std::string& file) {
    std::error_code ignored;
    if (std::filesystem::exists(shared_folder / file, ignored)) return shared_folder / file;
    return private_folder() / file;
}

// What the configuration declares, made before anybody asks for it.
Result<void> declare(client::segment_handle& handle, const config::configuration& declared) {
    for (const auto& [name, options] : declared.limiters)
        if (const auto made = handle.limiter(name, options); !made) return std::unexpected(made.error());
    return {};
}

}  // namespace

std::filesystem::path resolve(std::string_view name) {
    if (name.find('/') != std::string_view::npos) return std::filesystem::path{name};
    if (!name.empty()) return in_folders(std::string{name} + ".seg");
    if (const char* chosen = std::getenv("SEKI_SEGMENT"); chosen != nullptr && *chosen != '\0') return resolve(chosen);
    return in_folders("default.seg");
}

Result<Segment> open(std::string_view name, const OpenOptions& options) {
    OpenOptions wanted = options;
    config::configuration declared;
    if (!options.config.empty()) {
        auto loaded = config::load(options.config);
        if (!loaded) return std::unexpected(loaded.error());
        declared = std::move(*loaded);
        if (const auto fine = config::make_room(declared); !fine) return std::unexpected(fine.error());
        wanted.segment = declared.segment;
    }
    const auto path = name.empty() && !declared.segment_path.empty() ? declared.segment_path : resolve(name);
    auto mapped = options.access == Access::create_or_attach ? shm::segment::create_or_attach(path, wanted.segment)
                  : options.access == Access::attach ? shm::segment::attach(path, shm::segment::access::read_write)
                                                     : shm::segment::attach(path, shm::segment::access::read_only);
    if (!mapped) return std::unexpected(mapped.error());
    auto handle = std::make_shared<client::segment_handle>(std::move(*mapped), std::move(wanted));
    if (const auto made = declare(*handle, declared); !made) return std::unexpected(made.error());
    return Segment{std::move(handle)};
}

// Making and finding primitives is rare, so here who lost its lock by closing all descriptors (closefrom) takes it again.
Result<Limiter> Segment::limiter(std::string_view name, const LimiterOptions& options) const {
    handle_->attachment()->look_again();
    return handle_->limiter(name, options);
}
Result<Limiter> Segment::limiter(std::string_view name) const {
    handle_->attachment()->look_again();
    return handle_->limiter(name, std::nullopt);
}

Result<void> Segment::change(std::string_view name, const LimiterOptions& options) const {
    const auto in = handle_->in_use();
    if (!in) return std::unexpected(in.error());
    return primitives::change_limiter((*in)->where(), name, options);
}
Result<void> Segment::remove_limiter(std::string_view name) const {
    const auto in = handle_->in_use();
    if (!in) return std::unexpected(in.error());
    return primitives::delete_limiter((*in)->where(), name);
}

const std::filesystem::path& Segment::path() const noexcept { return handle_->path(); }

}  // namespace seki
