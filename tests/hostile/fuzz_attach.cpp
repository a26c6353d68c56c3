// Arbitrary bytes, taken for a segment: refused, or used without a crash, a hang or a step outside of them.
//
// The first byte says how much help the rest gets on its way inside:
//   0   none: the rest is the segment
//   1   the identity, the boot and the clock are made right
//   2   the geometry too
//   3   the rest is a list of scribbles {page, place in 16 bytes, how many bytes less one, the bytes} on a good segment with one of every kind in it
//   4   likewise, and who uses it had its handles before
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <span>

#include "layout/hash.hpp"
#include "primitives/registry.hpp"
#include "shm/host.hpp"
#include "walk.hpp"

namespace {

using namespace seki;
namespace fs = std::filesystem;

constexpr std::size_t tiny_size = 64 * layout::page;

SegmentOptions tiny(std::size_t size) {
    return {.mode = 0600, .group = "", .max_workers = 1, .max_primitives = 10, .size = size};
}

struct freed {
    void operator()(std::byte* memory) const noexcept { ::operator delete(memory, std::align_val_t{layout::page}); }
};
// From the heap, so that the address sanitizer guards both ends.
using memory = std::unique_ptr<std::byte, freed>;

memory pages(std::size_t size) {
    return memory{static_cast<std::byte*>(::operator new(size, std::align_val_t{layout::page}))};
}

// A folder of this process, for the lock files, that goes when the process ends.
struct workshop {
    fs::path folder;
    workshop() {
        std::string pattern = "/dev/shm/fuzz_attach.XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        folder = pattern;
        fs::create_directory(folder / "a.live");
    }
    ~workshop() { fs::remove_all(folder); }
};

const fs::path& segment_name() {
    static const workshop here;
    static const fs::path name = here.folder / "a";
    return name;
}

void put(layout::word& at, std::uint64_t value) { shm::hardware::store_relaxed(at, value); }

void make_right(layout::header& header, std::size_t size, bool geometry_too) {
    static const shm::host here = shm::this_host().value();
    put(header.id.magic, layout::magic);
    put(header.id.version, layout::version);
    put(header.id.layout_hash, layout::layout_hash);
    put(header.id.size, size);
    put(header.id.superseded, 0);
    header.boot_id = here.boot_id;
    header.monotonic_offset_ns = here.monotonic_offset_ns;
    if (!geometry_too) return;
    if (const auto parts = shm::plan(tiny(size))) header.parts = *parts;
}

template <class Options>
void make(const shm::segment& where, const char* name, const Options& options) {
    if (!primitives::registry<Options>::find_or_make(where, name, options)) std::abort();
}

// Its seed is fixed, so that an input means the same in every run, as far as times do. Everything in it has been used.
std::span<const std::byte> good_segment() {
    static const memory bytes = [] {
        memory made = pages(tiny_size);
        std::memset(made.get(), 0, tiny_size);
        make_right(*reinterpret_cast<layout::header*>(made.get()), tiny_size, true);
        const auto where = shm::segment::adopt_memory({made.get(), tiny_size}, segment_name()).value();
        using namespace std::chrono_literals;
        make(*where, "login", LimiterOptions{.limit = 5, .window = 1min, .max_keys = 1});
        make(*where, "payments", BreakerOptions{.wait_multiplier = 2});
        make(*where, "search", BreakerOptions{.window_type = WindowType::time, .window_size = 60s});
        make(*where, "database", BulkheadOptions{.max_concurrent = 3, .max_wait = 20us, .max_waiting = 2});
        make(*where, "api", AdaptiveOptions{.max_limit = 8, .initial_limit = 4, .window = 10, .max_waiting = 2});
        make(*where, "front", ShedderOptions{.max_in_flight = 8});
        make(*where, "call", RetryOptions{});
        make(*where, "mirror", HedgeOptions{.percentile = 90});
        make(*where, "checkout",
             PolicyOptions{.limiter = "login", .bulkhead = "database", .breaker = "payments", .retry = "call"});
        hostile::worker{where}.use();
        return made;
    }();
    return {bytes.get(), tiny_size};
}

void scribble(std::span<std::byte> on, std::span<const std::uint8_t> list) {
    while (list.size() > 3) {
        const std::size_t at = (list[0] * layout::page + list[1] * std::size_t{16}) % on.size();
        const std::size_t length = std::min({std::size_t{list[2]} + 1, list.size() - 3, on.size() - at});
        std::memcpy(&on[at], &list[3], length);
        list = list.subspan(3 + length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned help = data[0] % 5;
    const std::span<const std::uint8_t> rest{data + 1, size - 1};
    const bool is_good = help >= 3;
    const std::size_t wanted =
        help == 0 ? rest.size() : std::max<std::size_t>(rest.size(), help == 1 ? layout::page : tiny_size);
    const std::size_t room = is_good ? tiny_size : (wanted + layout::page - 1) / layout::page * layout::page;
    if (room == 0) return 0;

    const memory bytes = pages(room);
    const std::span<std::byte> all{bytes.get(), room};
    if (is_good) {
        std::memcpy(bytes.get(), good_segment().data(), room);
    } else {
        std::memset(bytes.get(), 0, room);
        std::memcpy(bytes.get(), rest.data(), rest.size());
    }
    if (help == 3) scribble(all, rest);
    if (help != 0) make_right(*reinterpret_cast<layout::header*>(bytes.get()), room, help == 2);

    const auto where = shm::segment::adopt_memory(all, segment_name());
    if (!where) return 0;
    {
        hostile::worker worker{*where};
        if (help == 4) scribble(all, rest);
        hostile::walk(**where);
        hostile::read_events(**where);
        worker.use();
    }
    hostile::mend(**where);
    hostile::worker{*where}.use();
    hostile::walk(**where);
    return 0;
}
