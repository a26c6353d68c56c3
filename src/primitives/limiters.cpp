#include "primitives/limiters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "algorithm/window_number.hpp"
#include "primitives/clock.hpp"
#include "primitives/limiter_options.hpp"
#include "primitives/limiter_table.hpp"
#include "shm/administration.hpp"
#include "shm/counters.hpp"

namespace seki::primitives {
namespace {

constexpr auto kind = layout::kind::limiter;

Error read_only(std::string_view name, const shm::segment& where) {
    return {Errc::read_only, fmt::format("limiter \"{}\": segment {} is attached for reading only: open it for writing",
                                         name, where.path().string())};
}

Result<shm::placement> agree(const shm::segment& where, const shm::placement& found, const LimiterOptions& wanted) {
    if (describe_difference(creation_options_of(where, found), wanted).empty()) return found;
    const std::string difference = describe_difference(options_of(where, found), wanted);
    if (difference.empty()) return found;
    return std::unexpected(Error{
        Errc::different_options,
        fmt::format("limiter \"{}\": exists in {} with other options: {}: use the same options, or change the limiter "
                    "with `sekictl set limiter {} OPTION VALUE`",
                    found.name, where.path().string(), difference, found.name)});
}

Result<shm::placement> make(const shm::segment& where, std::string_view name, const LimiterOptions& options) {
    const shm::directory directory{where};
    const shm::limiter_shape shape = shape_for(options);
    return directory.create({.kind = kind,
                             .name = name,
                             .shape = shm::pack(shape),
                             .arena_bytes = shm::table_bytes(shape).total(),
                             .initial = shm::widen(pack(compile(options)))},
                            [&](const shm::placement& made) {
                                tables_of(where, made).keys.fill();
                                shm::open_shared_block(where, made.index, made.incarnation);
                            });
}

// The states of a window law name windows by number, and numbers must go on rising when the length of the windows changes.
// Calls that still go by the old terms have read their clock before these are in force (limiter::decide). So the clock is looked at again
// afterwards: should this process have been stopped for so long that the old numbers came further than foreseen, it publishes once more.
void publish_with_shift(layout::directory_entry& entry, const limiter_terms& old, limiter_terms next) {
    const algorithm::fixed_window::terms before{.window = old.window_ns, .shift = old.shift};
    algorithm::nanos now = read_clock(Clock::precise);
    next.shift = algorithm::shift_after_change(before, next.window_ns, now);
    for (;;) {
        shm::publish_terms(entry, pack(next));
        const algorithm::nanos after = read_clock(Clock::precise);
        if (after / old.window_ns <= now / old.window_ns + 1) return;
        now = after;
        const std::uint64_t again = algorithm::shift_after_change(before, next.window_ns, now);
        const bool further = static_cast<std::int64_t>(again - next.shift) > 2;
        next.shift = further ? again : next.shift + 2;
    }
}

}  // namespace

LimiterOptions options_of(const shm::segment& where, const shm::placement& limiter) {
    return to_options(unpack(shm::read_terms(shm::directory{where}.entry(limiter.index)).values), limiter.shape);
}

LimiterOptions creation_options_of(const shm::segment& where, const shm::placement& limiter) {
    return to_options(unpack(shm::read_creation_terms(shm::directory{where}.entry(limiter.index))), limiter.shape);
}

Result<shm::placement> find_limiter(const shm::segment& where, std::string_view name) {
    if (const auto ok = check_name("limiter", name); !ok) return std::unexpected(ok.error());
    const shm::directory directory{where};
    if (auto found = directory.find(kind, name)) return *found;
    std::vector<std::string> names;
    for (const auto& each : directory.list(kind)) names.push_back(each.name);
    return std::unexpected(
        Error{Errc::not_found,
              fmt::format("limiter \"{}\": segment {} has none of that name: {}", name, where.path().string(),
                          names.empty() ? "it has no limiters" : fmt::format("it has {}", fmt::join(names, ", ")))});
}

Result<shm::placement> find_or_make_limiter(const shm::segment& where, std::string_view name,
                                            const LimiterOptions& options) {
    if (const auto ok = check_name("limiter", name); !ok) return std::unexpected(ok.error());
    if (const auto ok = validate(name, options); !ok) return std::unexpected(ok.error());
    const shm::directory directory{where};
    if (const auto found = directory.find(kind, name)) return agree(where, *found, options);
    if (where.how() != shm::segment::access::read_write) return std::unexpected(read_only(name, where));
    const auto lock = shm::administration::lock(where.path());
    if (!lock) return std::unexpected(lock.error());
    if (const auto found = directory.find(kind, name)) return agree(where, *found, options);
    return make(where, name, options);
}

Result<void> change_limiter(const shm::segment& where, std::string_view name, const LimiterOptions& options) {
    if (where.how() != shm::segment::access::read_write) return std::unexpected(read_only(name, where));
    const auto lock = shm::administration::lock(where.path());
    if (!lock) return std::unexpected(lock.error());
    const auto found = find_limiter(where, name);
    if (!found) return std::unexpected(found.error());
    auto& entry = shm::directory{where}.entry(found->index);
    const limiter_terms old = unpack(shm::read_terms(entry).values);
    if (const auto ok = validate_change(name, options_of(where, *found), options, old.count_bits); !ok)
        return std::unexpected(ok.error());
    limiter_terms next = compile(options);
    next.count_bits = old.count_bits;
    next.shift = old.shift;
    if (is_bucket(old.algorithm) || old.window_ns == next.window_ns)
        shm::publish_terms(entry, pack(next));
    else
        publish_with_shift(entry, old, next);
    return {};
}

Result<void> delete_limiter(const shm::segment& where, std::string_view name) {
    if (where.how() != shm::segment::access::read_write) return std::unexpected(read_only(name, where));
    const auto lock = shm::administration::lock(where.path());
    if (!lock) return std::unexpected(lock.error());
    const auto found = find_limiter(where, name);
    if (!found) return std::unexpected(found.error());
    shm::directory{where}.remove(found->index);
    return {};
}

}  // namespace seki::primitives
