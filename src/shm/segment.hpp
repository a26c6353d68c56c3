// One mapped segment: how its file comes to be, how it is recognised, and where its parts lie.
//
// The file is made under another name while the administration lock is held, filled (magic last), synced and renamed into place: under
// its own name it is whole or absent. Beside it live `PATH.lock`, the administration lock, and `PATH.live/`, one small lock file for each
// attached process (shm/liveness.hpp).
//
// What stands in the file is believed only after it was checked: the header is read with pread before anything is mapped, the geometry is
// copied to private memory, checked once, and never read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include <boost/interprocess/mapped_region.hpp>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "layout/directory.hpp"
#include "layout/header.hpp"
#include "layout/worker.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

inline constexpr std::uint64_t max_segment_size = 1ULL << 40;

// The geometry that `options` ask for. Refuses options out of range, and a size that leaves no arena.
[[nodiscard]] Result<layout::geometry> plan(const SegmentOptions& options);

// Whether a geometry read from a file of `file_size` bytes can be used: every part inside, aligned, disjoint, in order.
[[nodiscard]] bool sound(const layout::geometry& parts, std::uint64_t file_size) noexcept;

struct place;
struct opened_file;
struct refusal;

// Which file it is, whatever it is called.
struct file_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const file_identity&, const file_identity&) = default;
};

class segment {
public:
    enum class access : std::uint8_t { read_write, read_only, copy };

    // Maps the segment at `path`. Refuses, naming the reason and the remedy, what is missing, not a regular file, a symlink, has more than one
    // name, belongs to somebody unexpected, may be written by everybody, is not a segment, torn, of another version or layout, of an
    // earlier boot, of another time namespace, superseded, or smaller than it claims. Never writes to a file that it refuses.
    // `copy` reads the file into private memory (pread), so that no peer can pull it away by truncating it.
    [[nodiscard]] static Result<std::shared_ptr<segment>> attach(const std::filesystem::path& path, access how);

    // attach(read_write), or makes the segment if there is none, or replaces the one of an earlier boot. Makes the folder (0700) when
    // its parent is /dev/shm. An existing segment is taken as it is, whatever `options` say.
    [[nodiscard]] static Result<std::shared_ptr<segment>> create_or_attach(const std::filesystem::path& path,
                                                                           const SegmentOptions& options);

    // Replaces the segment at `path`, whatever its layout, by a new one; the old one is marked superseded if it is recognisable.
    // For tests: it does not ask whether anybody can use that. sekid does (shm/lifecycle.hpp).
    [[nodiscard]] static Result<std::shared_ptr<segment>> replace(const std::filesystem::path& path,
                                                                  const SegmentOptions& options);

    // Marks the segment superseded and removes its files. Processes that hold it get Errc::superseded at their next call. Changes nothing when
    // it may not remove them, or when a sekid looks after the segment, which would make it anew at once (busy).
    [[nodiscard]] static Result<void> destroy(const std::filesystem::path& path);

    // Whether its path surely names it no more: something else stands there, or nothing. What cannot be looked at, or not from here (another root, another
    // file system mounted over it), is no reason to think so. Asks the file system.
    [[nodiscard]] bool has_lost_its_name() const noexcept;

    // Marks it superseded if it has lost its name, so that nobody goes on in it apart from those who find what is there now. Under the administration
    // lock; where somebody else has that for longer than a moment, or one may only read, nothing is done.
    void give_up_without_name() const noexcept;

    // For tests and fuzzing: takes `bytes` (page-aligned memory that outlives the result) as a segment after the same checks of its content.
    [[nodiscard]] static Result<std::shared_ptr<segment>> adopt_memory(std::span<std::byte> bytes,
                                                                       const std::filesystem::path& named);

    // From the root on, and without links in its folder, so that it means the same after chdir().
    [[nodiscard]] const std::filesystem::path& path() const noexcept;
    [[nodiscard]] const layout::geometry& parts() const noexcept;
    [[nodiscard]] access how() const noexcept;
    [[nodiscard]] std::uint64_t generation() const noexcept;
    [[nodiscard]] file_identity file() const noexcept;  // that is mapped; zeros for memory
    [[nodiscard]] std::uint64_t inode() const noexcept { return file().inode; }

    [[nodiscard]] layout::header& header() const noexcept { return *reinterpret_cast<layout::header*>(base_); }
    [[nodiscard]] std::span<layout::directory_entry> directory() const noexcept;
    [[nodiscard]] std::span<layout::process_slot> processes() const noexcept;
    // Worker `index`, 0 to max_workers; the last one is the shared one.
    [[nodiscard]] layout::worker_slot& worker(std::size_t index) const noexcept;
    [[nodiscard]] std::span<layout::counter_block> counters(std::size_t worker_index) const noexcept;
    // Bytes [offset, offset + size) of the segment, empty unless they lie inside the arena.
    [[nodiscard]] std::span<std::byte> arena(std::uint64_t offset, std::uint64_t size) const noexcept;

    [[nodiscard]] bool superseded() const noexcept { return hardware::load_relaxed(header().id.superseded) != 0; }
    // Superseded, and its memory given back: see give_back_memory().
    [[nodiscard]] bool emptied() const noexcept {
        return hardware::load_acquire(header().id.superseded) == layout::emptied;
    }

    // Writes back what never changes in the header, but for the magic, where somebody scribbled there; whether anything was. Who is attached does not go by it, but nobody
    // else can attach, or he hashes keys by another seed.
    [[nodiscard]] bool put_header_back() const noexcept;

    // Gives back to the host the memory of a segment that is superseded, but for the header, which says so: whoever is in the midst of a call there reads zeros
    // from now on, in every process. For one that was replaced long ago: a file without a name stands as long as anybody maps it. The header says it first
    // (emptied()): a read of what was given back takes memory again, and is a SIGBUS where the file system has none left. So whoever ends something that he began there, be it a
    // thread, a permit or a call, looks at that before, and leaves the rest alone.
    void give_back_memory() const noexcept;

    // Whether its path leads to it, from here and now.
    [[nodiscard]] bool is_at_its_path() const noexcept;

    // A descriptor (O_PATH) of the folder of its lock files, as it stood beside the file when that was attached: neither chroot nor a mount leads it elsewhere.
    // -1 when there was none, once it was removed, and where the program closed the descriptor.
    [[nodiscard]] int lock_folder() const noexcept;
    // The descriptor of one that this one replaces, if that is open on the same folder: before others know of this one.
    void keep_lock_folder_of(const segment& predecessor) noexcept;

    segment(const segment&) = delete;
    segment& operator=(const segment&) = delete;
    ~segment();

private:
    segment();
    // What attach() does, telling apart whether what it refuses may be replaced.
    [[nodiscard]] static std::expected<std::shared_ptr<segment>, refusal> find(const place& where, access how);
    [[nodiscard]] static std::expected<std::shared_ptr<segment>, refusal> map(const opened_file& opened,
                                                                              const place& where, access how);
    [[nodiscard]] static Result<std::shared_ptr<segment>> map_made(const Result<opened_file>& made, const place& where);
    struct state;
    std::unique_ptr<state> state_;
    // Hot copies of what `state` owns.
    std::byte* base_ = nullptr;
    layout::geometry parts_{};
};

// Where the lock files of `path` are.
[[nodiscard]] std::filesystem::path administration_lock_path(const std::filesystem::path& path);
[[nodiscard]] std::filesystem::path owner_lock_path(const std::filesystem::path& path);  // of sekid
[[nodiscard]] std::filesystem::path liveness_folder(const std::filesystem::path& path);

}  // namespace seki::shm
