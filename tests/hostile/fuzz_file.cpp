// Whatever lies at the path of a segment: refused in a sentence, or attached to and examined. The first byte says how it is opened, what a peer does to it while it is
// read, and what happens to it afterwards; the second what it is (a file, a link, a folder, a pipe, a file of others or for all), the third how much of a good segment
// is there; the rest is a list of scribbles {page, place in 16 bytes, byte}.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "must.hpp"
#include "report/doctor.hpp"
#include "small_segment.hpp"

namespace {

using namespace seki;
using hostile::must;
namespace fs = std::filesystem;
using bytes = std::span<const std::uint8_t>;

void write_file(const fs::path& path, std::span<const std::byte> content, mode_t mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    must(file >= 0 && ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
             ::fchmod(file, mode) == 0,
         "there is room for a file");
    ::close(file);
}

// Until it is asked again: the pages of a new one would take as long as half of what is done with them.
std::span<const std::byte> content_of(std::uint8_t size, bytes scribbles) {
    const auto good = hostile::good_segment();
    static std::vector<std::byte> made;
    made.assign(good.begin(), good.end());
    for (; scribbles.size() >= 3; scribbles = scribbles.subspan(3))
        made[(scribbles[0] * layout::page + scribbles[1] * std::size_t{16} + scribbles[2] % 16) % made.size()] =
            static_cast<std::byte>(scribbles[2]);
    const std::span<const std::byte> all{made};
    if (size < 64) return all.first(size * std::size_t{64});
    if (size < 128) return all.first((size - 64U) * layout::page);
    return all;
}

void put(const fs::path& path, std::uint8_t what, std::span<const std::byte> content) {
    static constexpr std::array<mode_t, 4> modes{0600, 0660, 0666, 0000};
    if (what < 128) return write_file(path, content, modes[what % modes.size()]);
    const fs::path other = path.native() + ".other";
    switch (what % 6) {
        case 0: return fs::create_symlink("a.other", path);
        case 1: write_file(path, content, 0600); return fs::create_hard_link(path, other);
        case 2: fs::create_directory(path); return;
        case 3: return must(::mkfifo(path.c_str(), 0600) == 0, "there is room for a pipe");
        case 4:  // of somebody else, where one may give it away
            write_file(path, content, 0600);
            return static_cast<void>(!::chown(path.c_str(), 12345, 12345));
        default: return;  // there is none
    }
}

// Who comes while a segment is read. What one does to those that are mapped would end this process, as it does any: tests/programs/live_scribbler_test.py has that.
struct peer {
    enum act : std::uint8_t {
        nothing,
        changes_it,
        cuts_it_first,
        cuts_it_then,
        disk_fails_first,
        disk_fails_then,
        memory_ends
    };
    static constexpr unsigned acts = memory_ends + 1;
    act does = nothing;
    int reads = 0;

    // Whether the read fails.
    bool comes_before_a_read() {
        const bool first = reads++ == 0;
        if (does == (first ? cuts_it_first : cuts_it_then))
            must(::truncate(hostile::segment_name().c_str(), 100) == 0, "a file can be cut");
        return does == (first ? disk_fails_first : disk_fails_then);
    }
    void comes_after_a_read() const {
        if (reads != 1 || does != changes_it) return;
        const int file = ::open(hostile::segment_name().c_str(), O_WRONLY | O_CLOEXEC);
        must(file >= 0 && ::pwrite(file, "x", 1, 0) == 1, "a file can be written on");
        ::close(file);
    }
};
peer beside;

peer::act drawn(std::uint8_t from, shm::segment::access how) {
    const auto does = static_cast<peer::act>(from % peer::acts);
    return does == peer::cuts_it_then && how != shm::segment::access::copy ? peer::nothing : does;
}

// Wherever it goes, who looks knows that it is gone.
void take_away(const shm::segment& found, std::uint8_t how) {
    const fs::path& path = hostile::segment_name();
    const fs::path folder = path.parent_path();
    const fs::path elsewhere = folder.native() + ".moved";
    must(found.is_at_its_path() && !found.has_lost_its_name(), "what was attached to has its name");
    switch (how % 4) {
        case 0: return;
        case 1: fs::remove(path); break;
        case 2: fs::rename(folder, elsewhere); break;
        default: write_file(path.native() + ".other", {}, 0600); fs::rename(path.native() + ".other", path);
    }
    must(!found.is_at_its_path() && found.has_lost_its_name(), "what was taken away has lost its name");
    if (how % 4 == 2) fs::rename(elsewhere, folder);
}

}  // namespace

// The linker leads to these whoever calls pread() or mmap().
extern "C" ssize_t __real_pread(int file, void* to, std::size_t size, off_t at);
extern "C" void* __real_mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset);
extern "C" ssize_t __wrap_pread(int file, void* to, std::size_t size, off_t at) {
    if (beside.comes_before_a_read()) return errno = EIO, -1;
    const ssize_t got = __real_pread(file, to, size, at);
    beside.comes_after_a_read();
    return got;
}
extern "C" void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset) {
    if (beside.does == peer::memory_ends) return errno = ENOMEM, MAP_FAILED;
    return __real_mmap(at, size, protection, flags, file, offset);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    using enum shm::segment::access;
    static constexpr std::array ways{read_write, read_only, copy};
    const fs::path& path = hostile::segment_name();
    fs::remove_all(path);
    fs::remove(path.native() + ".other");
    put(path, data[1], content_of(data[2], {data + 3, size - 3}));
    const auto how = ways[data[0] % ways.size()];
    beside = {.does = drawn(data[0] / ways.size(), how)};
    const auto found = shm::segment::attach(path, how);
    beside = {};
    if (!found) {
        must(hostile::is_fit_for_terminals(found.error().message), "a refusal is a sentence");
        return 0;
    }
    struct stat facts{};
    must(::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1 &&
             (facts.st_mode & S_IWOTH) == 0,
         "what was attached to can be trusted");
    (void)report::examine(**found, 20);
    take_away(**found, data[0] / (ways.size() * peer::acts));
    return 0;
}
