// The primitives of one kind in a segment: making, finding, changing and deleting them. All but finding takes the administration lock; none of
// it is on the way of a decision.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <seki/error.hpp>

#include "primitives/family.hpp"
#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// The administration lock of a segment that is open for writing. The error is about the primitive `name` of the kind `word`.
[[nodiscard]] Result<shm::administration> administer(const shm::segment& where, std::string_view word,
                                                     std::string_view name);

template <class Options>
struct registry {
    // "limiter", "limiters"
    [[nodiscard]] static std::string_view word() noexcept;
    [[nodiscard]] static std::string_view plural() noexcept;

    // The first of the mistakes, or of the name's. `name` may be any text.
    [[nodiscard]] static Result<void> validate(std::string_view name, const Options& options);

    // not_found names some of those that there are.
    [[nodiscard]] static Result<shm::placement> find(const shm::segment& where, std::string_view name);

    // The one of that name, made if there is none. One that was made with other options, and has others now, is different_options.
    [[nodiscard]] static Result<shm::placement> find_or_make(const shm::segment& where, std::string_view name,
                                                             const Options& options);

    // `found`, if it was made with those options or has them now; otherwise different_options, with what differs.
    [[nodiscard]] static Result<shm::placement> agree(const shm::segment& where, const shm::placement& found,
                                                      const Options& wanted);

    // Puts new options in force, all at once.
    [[nodiscard]] static Result<void> change(const shm::segment& where, std::string_view name, const Options& options);

    // The same for who wants to change some of the options: `edit` gets those in force, under the lock, so that of two who change different
    // ones at once neither undoes the other's. Answers the options that are in force now.
    using editor = std::function<Result<Options>(const Options& in_force)>;
    [[nodiscard]] static Result<Options> edit(const shm::segment& where, std::string_view name, const editor& edit);

    [[nodiscard]] static Result<void> remove(const shm::segment& where, std::string_view name);

    // For who holds the administration lock of `where` already, to do several things as one.
    [[nodiscard]] static Result<shm::placement> find_or_make(const shm::administration& held, const shm::segment& where,
                                                             std::string_view name, const Options& options);
    [[nodiscard]] static Result<void> change(const shm::administration& held, const shm::segment& where,
                                             std::string_view name, const Options& options);
    [[nodiscard]] static Result<void> remove(const shm::administration& held, const shm::segment& where,
                                             std::string_view name);
    static void remove(const shm::administration& held, const shm::segment& where, const shm::placement& at) noexcept;

    // Whether change() would accept these options.
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const Options& wanted);

    // What is in force now, and what it was made with.
    [[nodiscard]] static Options options_of(const shm::segment& where, const shm::placement& at);
    [[nodiscard]] static Options creation_options_of(const shm::segment& where, const shm::placement& at);

    // "limit is 5, not 10", or empty.
    [[nodiscard]] static std::string difference(const Options& existing, const Options& wanted);
    // "limit 5 -> 10", or empty.
    [[nodiscard]] static std::string change_in_words(const Options& before, const Options& after);
};

using limiters = registry<LimiterOptions>;
using bulkheads = registry<BulkheadOptions>;
using breakers = registry<BreakerOptions>;
using adaptives = registry<AdaptiveOptions>;
using shedders = registry<ShedderOptions>;
using retries = registry<RetryOptions>;
using hedges = registry<HedgeOptions>;
using policies = registry<PolicyOptions>;

}  // namespace seki::primitives
