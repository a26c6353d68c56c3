#include "primitives/registry.hpp"

#include <fmt/format.h>

#include <vector>

#include "primitives/every_family.hpp"
#include "primitives/few.hpp"
#include "primitives/name.hpp"
#include "shm/counters.hpp"

namespace seki::primitives {
namespace {

constexpr std::size_t most_names = 10;  // of a segment's primitives, in a sentence

template <class Options>
Result<shm::placement> make(const shm::segment& where, std::string_view name, const Options& options) {
    using traits = family<Options>;
    return shm::directory{where}.create({.kind = traits::kind,
                                         .name = name,
                                         .shape = traits::shape_of(options),
                                         .arena_bytes = traits::arena_bytes(options, where.parts().max_workers),
                                         .initial = traits::terms_of(options)},
                                        [&](const shm::placement& made) {
                                            traits::fill(where, made, options);
                                            shm::open_shared_block(where, made.index, made.incarnation);
                                        });
}

}  // namespace

Result<shm::administration> administer(const shm::segment& where, std::string_view word, std::string_view name) {
    if (where.how() != shm::segment::access::read_write)
        return std::unexpected(
            Error{Errc::read_only, fmt::format("{} {}: segment {} is attached for reading only: open it for writing",
                                               word, quoted(name), where.path().string())});
    return shm::administration::lock(where);
}

template <class Options>
std::string_view registry<Options>::word() noexcept {
    return shm::to_string(family<Options>::kind);
}

template <class Options>
std::string_view registry<Options>::plural() noexcept {
    return shm::plural(family<Options>::kind);
}

template <class Options>
Result<void> registry<Options>::validate(std::string_view name, const Options& options) {
    if (auto fine = check_name(word(), name); !fine) return fine;
    const auto found = family<Options>::mistakes(options);
    if (found.empty()) return {};
    return std::unexpected(
        Error{Errc::invalid_argument, fmt::format("{} {}: {}", word(), quoted(name), found.front().message)});
}

template <class Options>
Options registry<Options>::options_of(const shm::segment& where, const shm::placement& at) {
    const auto& entry = shm::directory{where}.entry(at.index);
    if constexpr (has_texts<Options>) {
        Options found;
        // Administrators may be quicker for a while, and a name that nobody gave is none.
        for (int round = 0; round < 8; ++round) {
            const auto now = shm::read_wide_terms(entry);
            found = options_by<Options>(where, at, now.values);
            if (shm::in_force(entry, now.version)) break;
        }
        return found;
    } else {
        return family<Options>::options_of(shm::read_wide_terms(entry).values, at.shape);
    }
}

template <class Options>
Options registry<Options>::creation_options_of(const shm::segment& where, const shm::placement& at) {
    const auto& entry = shm::directory{where}.entry(at.index);
    return options_by<Options>(where, at, shm::read_creation_terms<layout::terms_in_block>(entry));
}

template <class Options>
std::string registry<Options>::difference(const Options& existing, const Options& wanted) {
    return describe_difference(family<Options>::options(), existing, wanted);
}

template <class Options>
std::string registry<Options>::change_in_words(const Options& before, const Options& after) {
    return describe_change(family<Options>::options(), before, after);
}

template <class Options>
Result<shm::placement> registry<Options>::find(const shm::segment& where, std::string_view name) {
    if (const auto ok = check_name(word(), name); !ok) return std::unexpected(ok.error());
    const shm::directory directory{where};
    if (auto found = directory.find(family<Options>::kind, name)) return *found;
    const auto list = directory.list(family<Options>::kind);
    std::vector<std::string_view> names;
    for (const auto& each : list) names.push_back(each.name);
    return std::unexpected(
        Error{Errc::not_found,
              fmt::format("{0} \"{1}\": segment {2} has none of that name: {3}", word(), name, where.path().string(),
                          names.empty() ? fmt::format("it has no {}", plural())
                                        : fmt::format("it has {}", few(names, most_names)))});
}

template <class Options>
Result<shm::placement> registry<Options>::agree(const shm::segment& where, const shm::placement& found,
                                                const Options& wanted) {
    if (difference(creation_options_of(where, found), wanted).empty()) return found;
    const std::string what = difference(options_of(where, found), wanted);
    if (what.empty()) return found;
    return std::unexpected(Error{
        Errc::different_options,
        fmt::format("{0} \"{1}\": exists in {2} with other options: {3}: use the same options, or change the {0} with "
                    "`sekictl set {0} {1} OPTION VALUE`",
                    word(), found.name, where.path().string(), what)});
}

template <class Options>
Result<shm::placement> registry<Options>::find_or_make(const shm::segment& where, std::string_view name,
                                                       const Options& options) {
    if (const auto ok = validate(name, options); !ok) return std::unexpected(ok.error());
    if (const auto found = shm::directory{where}.find(family<Options>::kind, name))
        return agree(where, *found, options);
    const auto lock = administer(where, word(), name);
    if (!lock) return std::unexpected(lock.error());
    return find_or_make(*lock, where, name, options);
}

template <class Options>
Result<shm::placement> registry<Options>::find_or_make(const shm::administration& /*held*/, const shm::segment& where,
                                                       std::string_view name, const Options& options) {
    if (const auto ok = validate(name, options); !ok) return std::unexpected(ok.error());
    if (const auto found = shm::directory{where}.find(family<Options>::kind, name))
        return agree(where, *found, options);
    return make(where, name, options);
}

template <class Options>
Result<void> registry<Options>::may_change(const shm::segment& where, const shm::placement& at, const Options& wanted) {
    if (auto ok = validate(at.name, wanted); !ok) return ok;
    const Options existing = options_of(where, at);
    if (auto ok = check_fixed_options(family<Options>::options(), word(), at.name, existing, wanted); !ok) return ok;
    return family<Options>::may_change(where, at, wanted);
}

template <class Options>
Result<void> registry<Options>::change(const shm::segment& where, std::string_view name, const Options& options) {
    const auto lock = administer(where, word(), name);
    if (!lock) return std::unexpected(lock.error());
    return change(*lock, where, name, options);
}

template <class Options>
Result<void> registry<Options>::change(const shm::administration& /*held*/, const shm::segment& where,
                                       std::string_view name, const Options& options) {
    const auto found = find(where, name);
    if (!found) return std::unexpected(found.error());
    if (auto ok = may_change(where, *found, options); !ok) return ok;
    family<Options>::change(where, *found, options);
    return {};
}

template <class Options>
Result<Options> registry<Options>::edit(const shm::segment& where, std::string_view name, const editor& edit) {
    const auto lock = administer(where, word(), name);
    if (!lock) return std::unexpected(lock.error());
    const auto found = find(where, name);
    if (!found) return std::unexpected(found.error());
    auto edited = edit(options_of(where, *found));
    if (!edited) return edited;
    if (const auto done = change(*lock, where, name, *edited); !done) return std::unexpected(done.error());
    return edited;
}

template <class Options>
Result<void> registry<Options>::remove(const shm::segment& where, std::string_view name) {
    const auto lock = administer(where, word(), name);
    if (!lock) return std::unexpected(lock.error());
    return remove(*lock, where, name);
}

template <class Options>
Result<void> registry<Options>::remove(const shm::administration& held, const shm::segment& where,
                                       std::string_view name) {
    const auto found = find(where, name);
    if (!found) return std::unexpected(found.error());
    remove(held, where, *found);
    return {};
}

template <class Options>
void registry<Options>::remove(const shm::administration& /*held*/, const shm::segment& where,
                               const shm::placement& at) noexcept {
    family<Options>::retire(where, at);
    shm::directory{where}.remove(at.index);
}

template struct registry<LimiterOptions>;
template struct registry<BulkheadOptions>;
template struct registry<BreakerOptions>;
template struct registry<AdaptiveOptions>;
template struct registry<ShedderOptions>;
template struct registry<RetryOptions>;
template struct registry<HedgeOptions>;
template struct registry<PolicyOptions>;

}  // namespace seki::primitives
