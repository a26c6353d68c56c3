// Making, changing and deleting the limiters of a segment. All of it takes the administration lock; none of it is on the way of a check.
#pragma once

#include <functional>
#include <string_view>

#include <seki/limiter.hpp>

#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// not_found names the limiters that there are.
[[nodiscard]] Result<shm::placement> find_limiter(const shm::segment& where, std::string_view name);

// The limiter of that name, made if there is none. One that was made with other options, and has others now, is different_options.
[[nodiscard]] Result<shm::placement> find_or_make_limiter(const shm::segment& where, std::string_view name,
                                                          const LimiterOptions& options);

// Puts new options in force, all at once: limit, window, burst, on_full, mode, clock.
[[nodiscard]] Result<void> change_limiter(const shm::segment& where, std::string_view name,
                                          const LimiterOptions& options);

// The same for who wants to change some of the options: `edit` gets those in force, under the lock, so that of two who change different ones
// at once neither undoes the other's. Answers the options that are in force now.
using limiter_edit = std::function<Result<LimiterOptions>(const LimiterOptions& in_force)>;
[[nodiscard]] Result<LimiterOptions> edit_limiter(const shm::segment& where, std::string_view name,
                                                  const limiter_edit& edit);

[[nodiscard]] Result<void> delete_limiter(const shm::segment& where, std::string_view name);

// For who holds the administration lock of `where` already, to do several things as one.
[[nodiscard]] Result<shm::placement> find_or_make_limiter(const shm::administration& held, const shm::segment& where,
                                                          std::string_view name, const LimiterOptions& options);
[[nodiscard]] Result<void> change_limiter(const shm::administration& held, const shm::segment& where,
                                          std::string_view name, const LimiterOptions& options);
[[nodiscard]] Result<void> delete_limiter(const shm::administration& held, const shm::segment& where,
                                          std::string_view name);

// Whether change_limiter() would accept these options.
[[nodiscard]] Result<void> may_change(const shm::segment& where, const shm::placement& limiter,
                                      const LimiterOptions& wanted);

// What is in force now, and what it was made with.
[[nodiscard]] LimiterOptions options_of(const shm::segment& where, const shm::placement& limiter);
[[nodiscard]] LimiterOptions creation_options_of(const shm::segment& where, const shm::placement& limiter);

}  // namespace seki::primitives
