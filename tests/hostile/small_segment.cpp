#include "small_segment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "layout/hash.hpp"
#include "passing_folder.hpp"
#include "primitives/registry.hpp"
#include "shm/host.hpp"
#include "walk.hpp"

namespace seki::hostile {
namespace {

namespace fs = std::filesystem;

SegmentOptions small(std::size_t size) {
    return {.mode = 0600, .group = "", .max_workers = 1, .max_primitives = 16, .size = size};
}

// A folder of this process, for the lock files.
struct workshop {
    passing_folder here;
    fs::path folder = here.path();
    workshop() { fs::create_directory(folder / "a.live"); }
};

void put(layout::word& at, std::uint64_t value) { shm::hardware::store_relaxed(at, value); }

template <class Options>
void make(const shm::segment& where, const char* name, const Options& options) {
    if (!primitives::registry<Options>::find_or_make(where, name, options)) std::abort();
}

// Of the users that come, each forgets its keys.
void leave_keys(const std::shared_ptr<shm::segment>& where) {
    const auto attached = std::make_shared<const shm::attachment>(where);
    for (const auto& place : shm::directory{*where}.list(layout::kind::limiter)) {
        const primitives::limiter limiter{attached, place};
        for (const char* key : {"carol", "dave", "erin"})
            if (!limiter.check({.key = key}).allowed) std::abort();
    }
}

}  // namespace

memory pages(std::size_t size) {
    return memory{static_cast<std::byte*>(::operator new(size, std::align_val_t{layout::page}))};
}

const fs::path& segment_name() {
    static const workshop here;
    static const fs::path name = here.folder / "a";
    return name;
}

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
    if (const auto parts = shm::plan(small(size))) header.parts = *parts;
}

std::span<const std::byte> good_segment() {
    static const memory bytes = [] {
        memory made = pages(small_size);
        std::memset(made.get(), 0, small_size);
        make_right(*reinterpret_cast<layout::header*>(made.get()), small_size, true);
        const auto where = shm::segment::adopt_memory({made.get(), small_size}, segment_name()).value();
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
        make(*where, "pages",
             LimiterOptions{.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1min, .max_keys = 1});
        make(*where, "former", RetryOptions{});
        worker{where}.use();
        if (!primitives::retries::remove(*where, "former")) std::abort();
        leave_keys(where);
        return made;
    }();
    return {bytes.get(), small_size};
}

small_segment::small_segment() : bytes_{pages(small_size)} {
    put_right();
    where_ = shm::segment::adopt_memory(bytes(), segment_name()).value();
}

void small_segment::put_right() noexcept { std::memcpy(bytes_.get(), good_segment().data(), small_size); }

}  // namespace seki::hostile
