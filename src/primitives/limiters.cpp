#include "primitives/limiters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "algorithm/window_number.hpp"
#include "primitives/clock.hpp"
#include "primitives/duration.hpp"
#include "primitives/limiter_options.hpp"
#include "primitives/limiter_table.hpp"
#include "shm/counters.hpp"

namespace seki::primitives {
namespace {

constexpr auto kind = layout::kind::limiter;

// The lock, for who may write.
Result<shm::administration> administer(const shm::segment& where, std::string_view name) {
    if (where.how() != shm::segment::access::read_write)
        return std::unexpected(
            Error{Errc::read_only, fmt::format("limiter \"{}\": segment {} is attached for reading only: open it for "
                                               "writing",
                                               name, where.path().string())});
    return shm::administration::lock(where.path());
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

// Each change of window takes a few numbers. A scribbled shift, or changes without end, would use up those that a state can keep, and time
// would stand still for the limiter.
Result<void> check_numbers(std::string_view name, const limiter_terms& old, const LimiterOptions& wanted) {
    const std::uint64_t window = compile(wanted).window_ns;
    if (is_bucket(old.algorithm) || old.window_ns == window) return {};
    const unsigned counts =
        old.algorithm == Algorithm::sliding_window ? 2 * old.count_bits : algorithm::fixed_window::count_bits;
    const std::uint64_t last = (1ULL << (63 - counts)) - 1;
    const algorithm::fixed_window::terms before{.window = old.window_ns, .shift = old.shift};
    const std::uint64_t shift = algorithm::shift_after_change(before, window, read_clock(Clock::precise));
    if (algorithm::numbers_last(window, shift, last)) return {};
    return std::unexpected(Error{
        Errc::invalid_argument,
        fmt::format("limiter \"{}\": window cannot change to {} any more, for the numbers of its windows would run "
                    "out: keep {}, or delete the limiter and create it anew",
                    name, format_duration(wanted.window),
                    format_duration(std::chrono::nanoseconds{static_cast<std::int64_t>(old.window_ns)}))});
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
    if (const auto found = shm::directory{where}.find(kind, name)) return agree(where, *found, options);
    const auto lock = administer(where, name);
    if (!lock) return std::unexpected(lock.error());
    return find_or_make_limiter(*lock, where, name, options);
}

Result<shm::placement> find_or_make_limiter(const shm::administration& /*held*/, const shm::segment& where,
                                            std::string_view name, const LimiterOptions& options) {
    if (const auto ok = validate(name, options); !ok) return std::unexpected(ok.error());
    if (const auto found = shm::directory{where}.find(kind, name)) return agree(where, *found, options);
    return make(where, name, options);
}

Result<void> may_change(const shm::segment& where, const shm::placement& limiter, const LimiterOptions& wanted) {
    const limiter_terms old = unpack(shm::read_terms(shm::directory{where}.entry(limiter.index)).values);
    if (auto ok = validate_change(limiter.name, options_of(where, limiter), wanted, old.count_bits); !ok) return ok;
    return check_numbers(limiter.name, old, wanted);
}

Result<void> change_limiter(const shm::segment& where, std::string_view name, const LimiterOptions& options) {
    const auto lock = administer(where, name);
    if (!lock) return std::unexpected(lock.error());
    return change_limiter(*lock, where, name, options);
}

Result<void> change_limiter(const shm::administration& /*held*/, const shm::segment& where, std::string_view name,
                            const LimiterOptions& options) {
    const auto found = find_limiter(where, name);
    if (!found) return std::unexpected(found.error());
    if (auto ok = may_change(where, *found, options); !ok) return ok;
    auto& entry = shm::directory{where}.entry(found->index);
    const limiter_terms old = unpack(shm::read_terms(entry).values);
    limiter_terms next = compile(options);
    next.count_bits = old.count_bits;
    next.shift = old.shift;
    if (is_bucket(old.algorithm) || old.window_ns == next.window_ns)
        shm::publish_terms(entry, pack(next));
    else
        publish_with_shift(entry, old, next);
    return {};
}

Result<LimiterOptions> edit_limiter(const shm::segment& where, std::string_view name, const limiter_edit& edit) {
    const auto lock = administer(where, name);
    if (!lock) return std::unexpected(lock.error());
    const auto found = find_limiter(where, name);
    if (!found) return std::unexpected(found.error());
    auto edited = edit(options_of(where, *found));
    if (!edited) return edited;
    if (const auto done = change_limiter(*lock, where, name, *edited); !done) return std::unexpected(done.error());
    return edited;
}

Result<void> delete_limiter(const shm::segment& where, std::string_view name) {
    const auto lock = administer(where, name);
    if (!lock) return std::unexpected(lock.error());
    return delete_limiter(*lock, where, name);
}

Result<void> delete_limiter(const shm::administration& /*held*/, const shm::segment& where, std::string_view name) {
    const auto found = find_limiter(where, name);
    if (!found) return std::unexpected(found.error());
    shm::directory{where}.remove(found->index);
    return {};
}

}  // namespace seki::primitives
