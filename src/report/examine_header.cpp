#include "report/examine_header.hpp"

#include <cstring>
#include <span>

#include <fmt/format.h>

#include "layout/hash.hpp"
#include "layout/header.hpp"
#include "primitives/clock.hpp"

namespace seki::report {
namespace {

using shm::hardware;

constexpr std::uint64_t slack = 1'000'000'000;                         // by which no two clocks of a host differ
constexpr std::uint64_t longest_listening = 3'600ULL * 1'000'000'000;  // sekid asks for two ticks and a second
constexpr std::uint64_t greatest_process = 1ULL << 22;                 // PID_MAX_LIMIT

std::uint64_t now() noexcept { return primitives::read_clock(Clock::precise); }

// Who attaches goes by what stands there; who is attached keeps what stood there then.
void examine_identity(examination& into) {
    const shm::segment& where = into.where();
    layout::header& header = where.header();
    const auto look_at = [&](layout::word& at, std::uint64_t stood, const char* what) {
        const std::uint64_t found = hardware::load_acquire(at);
        if (found == stood) return;
        into.add(invariant::header_stands, "header",
                 fmt::format("its {} is {:016x} and was {:016x}: nobody can attach; repair writes it back", what, found,
                             stood),
                 examination::exchange(at, found, stood));
    };
    look_at(header.id.magic, layout::magic, "magic");
    look_at(header.id.version, layout::version, "version");
    look_at(header.id.layout_hash, layout::layout_hash, "layout hash");
    look_at(header.id.size, where.parts().size, "size");
    layout::geometry found;
    std::memcpy(&found, &header.parts, sizeof found);
    if (found != where.parts())
        into.add(invariant::header_stands, "header",
                 "the sizes of its parts are not what they were: nobody can attach; repair writes them back",
                 [&where] { (void)where.put_header_back(); });
}

// Each word is read before the clock.
void examine_owner(examination& into) {
    layout::header& header = into.where().header();
    if (const std::uint64_t until = hardware::load_acquire(header.id.listening); until > now() + longest_listening)
        into.add(invariant::listening_possible, "header",
                 fmt::format("the events of all calls are wanted until {} ns, hours from now; repair ends that", until),
                 examination::exchange(header.id.listening, until, 0));
    if (const std::uint64_t beat = hardware::load_acquire(header.heartbeat_ns); beat > now() + slack)
        into.add(invariant::heartbeat_past, "header",
                 fmt::format("sekid ticked at {} ns, which is in the future; repair forgets that", beat),
                 examination::exchange(header.heartbeat_ns, beat, 0));
    if (const std::uint64_t pid = hardware::load_acquire(header.owner_pid); pid > greatest_process)
        into.add(invariant::owner_possible, "header",
                 fmt::format("the process {} looks after it, and no process has that number; repair forgets it", pid),
                 examination::exchange(header.owner_pid, pid, 0));
}

}  // namespace

void examine_header(examination& into) {
    examine_identity(into);
    examine_owner(into);
}

void examine_reserved(examination& into) {
    const shm::segment& where = into.where();
    const auto look_at = [&](std::span<layout::word> words, const auto& place) {
        for (layout::word& each : words)
            if (const std::uint64_t found = hardware::load_acquire(each); found != 0)
                into.add(invariant::reserved_untouched, place(),
                         fmt::format("a word of it that is nobody's says {:016x}; repair makes it 0", found),
                         examination::exchange(each, found, 0));
    };
    look_at(where.header().id.reserved, [] { return std::string{"header"}; });
    for (std::size_t i = 0; i < where.directory().size(); ++i)
        look_at(where.directory()[i].reserved, [i] { return fmt::format("directory entry {}", i); });
    for (std::size_t i = 0; i < where.processes().size(); ++i)
        look_at(where.processes()[i].reserved, [i] { return fmt::format("process slot {}", i); });
    for (std::size_t i = 0; i <= where.parts().max_workers; ++i) {
        look_at(where.worker(i).reserved, [i] { return fmt::format("worker slot {}", i); });
        look_at(where.worker(i).events.reserved, [i] { return fmt::format("worker slot {}, events", i); });
    }
}

}  // namespace seki::report
