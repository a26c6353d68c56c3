#include "shm/segment.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

#include <boost/interprocess/anonymous_shared_memory.hpp>

#include "shm/descriptor.hpp"
#include "shm/file_trust.hpp"
#include "shm/host.hpp"
#include "shm/kept_descriptor.hpp"
#include "shm/recognition.hpp"
#include "shm/refuse.hpp"

namespace seki::shm {

namespace ipc = boost::interprocess;

// Of all segments that had the same one: a process keeps what was replaced, and not a descriptor for each.
struct kept_folder {
    kept_descriptor it{};
    kept_folder() = default;
    explicit kept_folder(kept_descriptor kept) noexcept : it{kept} {}
    ~kept_folder() { it.close(); }
    kept_folder(const kept_folder&) = delete;
    kept_folder& operator=(const kept_folder&) = delete;
};

struct segment::state {
    std::filesystem::path path;
    access how = access::read_write;
    ipc::mapped_region region;  // empty for memory that somebody else owns
    std::uint64_t generation = 0;
    file_identity file{};
    file_identity root{};     // of the file system, as this process saw it then
    layout::header header{};  // as it stood when it was attached
    std::shared_ptr<const kept_folder> lock_folder = std::make_shared<kept_folder>();
};

namespace {

// Boost maps whatever has a mapping handle. Its own file_mapping opens by name and follows symlinks.
struct mappable {
    int file;
    [[nodiscard]] ipc::mapping_handle_t get_mapping_handle() const noexcept {
        return ipc::ipcdetail::mapping_handle_from_file_handle(file);
    }
};

// Why it cannot be read; 0: it was read. ENODATA: the file ends before.
int read_at(std::uint64_t offset, int file, std::span<std::byte> to) noexcept {
    std::size_t done = 0;
    while (done < to.size()) {  // ends: each turn reads some, or was interrupted by a signal
        const ssize_t got = ::pread(file, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (got == 0) return ENODATA;
        if (got < 0 && errno != EINTR) return errno;
        if (got > 0) done += static_cast<std::uint64_t>(got);
    }
    return 0;
}

// The same into memory of zeros, which stay alone where the file has them: a segment is as large as it may become, and a copy takes the memory that was used.
int read_sparsely(int file, std::span<std::byte> to) noexcept {
    alignas(layout::page) std::array<std::byte, 16 * layout::page> read;
    static constexpr std::array<std::byte, layout::page> zeros{};
    for (std::size_t offset = 0; offset < to.size(); offset += read.size()) {
        const auto some = std::span{read}.first(std::min(read.size(), to.size() - offset));
        if (const int why = read_at(offset, file, some); why != 0) return why;
        for (std::size_t page = 0; page < some.size(); page += layout::page) {
            const auto one = some.subspan(page, std::min<std::size_t>(layout::page, some.size() - page));
            if (std::memcmp(one.data(), zeros.data(), one.size()) != 0)
                std::memcpy(to.data() + offset + page, one.data(), one.size());
        }
    }
    return 0;
}

refusal damaged(const std::filesystem::path& path, const char* how) {
    return {{Errc::damaged,
             fmt::format("segment \"{}\" is damaged: {}; restart sekid, or sekictl destroy", path.native(), how)}};
}

// A device that fails says nothing about the segment.
refusal not_read(const std::filesystem::path& path, int number) {
    if (number == ENODATA) return damaged(path, "it became shorter while it was read");
    return {{Errc::system, fmt::format("cannot read segment \"{}\": {}", path.native(), system_advice(number))}};
}

refusal not_mapped(const std::filesystem::path& path, std::uint64_t size, const ipc::interprocess_exception& thrown) {
    const int number = thrown.get_native_error();
    return {{number == ENOMEM ? Errc::no_space : Errc::system,
             fmt::format("cannot map the {} bytes of \"{}\": {}", size, path.native(), system_advice(number))}};
}

std::expected<layout::header, refusal> read_header(const opened_file& opened, const std::filesystem::path& path) {
    const auto size = static_cast<std::uint64_t>(opened.facts.st_size);
    if (size < sizeof(layout::header)) {
        return std::unexpected(
            refusal{{Errc::not_a_segment, fmt::format("\"{}\" is not a segment: it has {} bytes, and a segment has at "
                                                      "least {}: choose another path",
                                                      path.native(), size, sizeof(layout::header))}});
    }
    layout::header header;
    if (const int why = read_at(0, opened.file.get(), std::as_writable_bytes(std::span{&header, 1})); why != 0)
        return std::unexpected(not_read(path, why));
    return header;
}

// Memory does not outlast a boot, so a file that lies in it is of this one, whatever boot id its maker was shown and we are: a container of systemd-nspawn or LXC is
// shown one of its own, and has the kernel, the clock and the files of its host.
bool lies_in_memory(int file) noexcept {
    struct statfs facts{};
    if (::fstatfs(file, &facts) != 0) return false;
    const auto kind = static_cast<std::uint32_t>(facts.f_type);
    return kind == TMPFS_MAGIC || kind == RAMFS_MAGIC;
}

// A peer may have changed the file between our look at its header and the mapping.
bool same_identity(const layout::identity& now, const layout::identity& before) noexcept {
    const auto same = [](const layout::word& a, const layout::word& b) {
        return hardware::load_relaxed(a) == hardware::load_relaxed(b);
    };
    return same(now.magic, before.magic) && same(now.version, before.version) &&
           same(now.layout_hash, before.layout_hash) && same(now.size, before.size);
}

std::expected<ipc::mapped_region, refusal> bytes_of(const opened_file& opened, const std::filesystem::path& path,
                                                    std::uint64_t size, segment::access how) {
    try {
        if (how != segment::access::copy)
            return ipc::mapped_region{mappable{opened.file.get()},
                                      how == segment::access::read_only ? ipc::read_only : ipc::read_write, 0, size};
        ipc::mapped_region copy = ipc::anonymous_shared_memory(size);
        if (const int why = read_sparsely(opened.file.get(), {static_cast<std::byte*>(copy.get_address()), size});
            why != 0)
            return std::unexpected(not_read(path, why));
        return copy;
    } catch (const ipc::interprocess_exception& thrown) {
        return std::unexpected(not_mapped(path, size, thrown));
    }
}

std::shared_ptr<const kept_folder> keep_folder(int around, const std::filesystem::path& name) {
    descriptor folder = away_from_standard_streams(
        descriptor{::openat(around, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)});
    struct stat facts{};
    if (!folder || ::fstat(folder.get(), &facts) != 0) return std::make_shared<kept_folder>();
    return std::make_shared<kept_folder>(kept_descriptor{std::move(folder), facts});
}

}  // namespace

segment::segment() : state_{std::make_unique<state>()} {}
segment::~segment() = default;

std::expected<std::shared_ptr<segment>, refusal> segment::map(const opened_file& opened, const place& where,
                                                              access how) {
    const std::filesystem::path& path = where.path;
    auto here = this_host();
    if (!here) return std::unexpected(refusal{here.error()});
    const auto header = read_header(opened, path);
    if (!header) return std::unexpected(header.error());
    const auto size = static_cast<std::uint64_t>(opened.facts.st_size);
    if (header->boot_id != here->boot_id && lies_in_memory(opened.file.get())) here->boot_id = header->boot_id;
    if (auto why = recognise(*header, size, *here, path)) return std::unexpected(std::move(*why));

    auto region = bytes_of(opened, path, size, how);
    if (!region) return std::unexpected(region.error());
    const std::shared_ptr<segment> made{new segment};
    made->state_->path = where.anywhere;
    made->state_->how = how;
    made->state_->region.swap(*region);
    made->state_->generation = header->generation;
    made->state_->header = *header;
    made->state_->file = {opened.facts.st_dev, opened.facts.st_ino};
    struct stat root{};
    if (::stat("/", &root) == 0) made->state_->root = {root.st_dev, root.st_ino};
    made->state_->lock_folder = keep_folder(where.folder.get(), where.live_name());
    made->base_ = static_cast<std::byte*>(made->state_->region.get_address());
    made->parts_ = header->parts;
    // By a read: who made the file shorter meanwhile would end us by SIGBUS, and sekid's guard can only stand over what is mapped (daemon/bus_guard.hpp).
    const auto now = read_header(opened, path);
    if (!now) return std::unexpected(now.error());
    if (!same_identity(now->id, header->id)) return std::unexpected(damaged(path, "it changed while it was opened"));
    return made;
}

std::expected<std::shared_ptr<segment>, refusal> segment::find(const place& where, access how) {
    auto opened = open_trusted(where, where.name, how == access::read_write ? O_RDWR : O_RDONLY);
    if (!opened) return std::unexpected(refusal{opened.error()});
    if (how == access::read_write)
        if (Result<void> fine = not_mounted_alone(where, *opened); !fine)
            return std::unexpected(refusal{std::move(fine.error())});
    return map(*opened, where, how);
}

Result<std::shared_ptr<segment>> segment::map_made(const Result<opened_file>& made, const place& where) {
    if (!made) return std::unexpected(made.error());
    auto mapped = map(*made, where, access::read_write);
    if (!mapped) return std::unexpected(std::move(mapped.error().error));
    return *mapped;
}

Result<std::shared_ptr<segment>> segment::attach(const std::filesystem::path& path, access how) {
    return contained([&]() -> Result<std::shared_ptr<segment>> {
        const Result<place> where = locate(path, purpose::use);
        if (!where) return std::unexpected(where.error());
        auto found = find(*where, how);
        if (!found) return std::unexpected(std::move(found.error().error));
        return *found;
    });
}

Result<std::shared_ptr<segment>> segment::adopt_memory(std::span<std::byte> bytes, const std::filesystem::path& named) {
    return contained([&]() -> Result<std::shared_ptr<segment>> {
        if (bytes.size() < sizeof(layout::header) || reinterpret_cast<std::uintptr_t>(bytes.data()) % layout::page != 0)
            return refuse(Errc::not_a_segment,
                          "memory \"{}\" is not a segment: it has less than a page, or starts within one",
                          named.native());
        const auto here = this_host();
        if (!here) return std::unexpected(here.error());
        layout::header header;
        std::memcpy(&header, bytes.data(), sizeof header);
        if (auto why = recognise(header, bytes.size(), *here, named)) return std::unexpected(std::move(why->error));

        const std::shared_ptr<segment> made{new segment};
        made->state_->path = named;
        made->state_->lock_folder = keep_folder(AT_FDCWD, liveness_folder(named));
        made->state_->generation = header.generation;
        made->state_->header = header;
        made->base_ = bytes.data();
        made->parts_ = header.parts;
        return made;
    });
}

const std::filesystem::path& segment::path() const noexcept { return state_->path; }
const layout::geometry& segment::parts() const noexcept { return parts_; }
segment::access segment::how() const noexcept { return state_->how; }
std::uint64_t segment::generation() const noexcept { return state_->generation; }
file_identity segment::file() const noexcept { return state_->file; }

namespace {

// Somebody may have removed the folders that led to a file as well. Whether the first that is left lies on that file system.
bool lay_on(std::uint64_t device, std::filesystem::path folder) {
    struct stat facts{};
    for (; ::stat(folder.c_str(), &facts) != 0; folder = folder.parent_path())  // ends at the root
        if (errno != ENOENT || folder == folder.root_path()) return false;
    return facts.st_dev == device;
}

}  // namespace

bool segment::has_lost_its_name() const noexcept try {
    struct stat now{};
    if (file() == file_identity{} || !path().is_absolute()) return false;
    if (::stat("/", &now) != 0 || file_identity{now.st_dev, now.st_ino} != state_->root) return false;
    if (::lstat(path().c_str(), &now) == 0) return now.st_dev == file().device && now.st_ino != file().inode;
    return errno == ENOENT && lay_on(file().device, path().parent_path());
} catch (...) {
    return false;  // no memory for the names
}

bool segment::is_at_its_path() const noexcept {
    struct stat now{};
    return ::lstat(path().c_str(), &now) == 0 && file_identity{now.st_dev, now.st_ino} == file();
}

bool segment::put_header_back() const noexcept {
    const layout::header& stood = state_->header;
    layout::header& found = header();
    bool put = false;
    for (layout::word layout::identity::* const each :
         {&layout::identity::version, &layout::identity::layout_hash, &layout::identity::size}) {
        const std::uint64_t right = hardware::load_relaxed(stood.id.*each);
        if (hardware::load_relaxed(found.id.*each) == right) continue;
        hardware::store_relaxed(found.id.*each, right);
        put = true;
    }
    constexpr std::size_t first = offsetof(layout::header, parts);
    constexpr std::size_t size = offsetof(layout::header, next_incarnation) - first;
    const std::byte* const right = reinterpret_cast<const std::byte*>(&stood) + first;
    if (std::memcmp(base_ + first, right, size) == 0) return put;
    std::memcpy(base_ + first, right, size);
    return true;
}

void segment::give_back_memory() const noexcept {
    if (how() != access::read_write || !superseded()) return;
    hardware::store_release(header().id.superseded, layout::emptied);  // pairs with emptied()
    static_cast<void>(::madvise(base_ + layout::page, parts_.size - layout::page, MADV_REMOVE));
}

void segment::keep_lock_folder_of(const segment& predecessor) noexcept {
    if (state_->lock_folder->it.is_open_like(predecessor.state_->lock_folder->it))
        state_->lock_folder = predecessor.state_->lock_folder;
}

int segment::lock_folder() const noexcept {
    const kept_descriptor& kept = state_->lock_folder->it;
    return kept.has_a_name() ? kept.number() : -1;
}

std::span<layout::directory_entry> segment::directory() const noexcept {
    return {reinterpret_cast<layout::directory_entry*>(base_ + parts_.directory_offset), parts_.max_primitives};
}

std::span<layout::process_slot> segment::processes() const noexcept {
    return {reinterpret_cast<layout::process_slot*>(base_ + parts_.processes_offset), parts_.max_workers};
}

layout::worker_slot& segment::worker(std::size_t index) const noexcept {
    const std::size_t inside =
        std::min<std::size_t>(index, parts_.max_workers);  // out of range: the shared one, which suits anybody
    return *reinterpret_cast<layout::worker_slot*>(base_ + parts_.workers_offset + inside * parts_.worker_stride);
}

std::span<layout::counter_block> segment::counters(std::size_t worker_index) const noexcept {
    auto* const slot = reinterpret_cast<std::byte*>(&worker(worker_index));
    return {reinterpret_cast<layout::counter_block*>(slot + sizeof(layout::worker_slot)), parts_.max_primitives};
}

std::span<std::byte> segment::arena(std::uint64_t offset, std::uint64_t size) const noexcept {
    if (offset < parts_.arena_offset || offset > parts_.size || size > parts_.size - offset) return {};
    return {base_ + offset, size};
}

std::filesystem::path administration_lock_path(const std::filesystem::path& path) { return path.native() + ".lock"; }
std::filesystem::path owner_lock_path(const std::filesystem::path& path) { return path.native() + ".owner"; }
std::filesystem::path liveness_folder(const std::filesystem::path& path) { return path.native() + ".live"; }

}  // namespace seki::shm
