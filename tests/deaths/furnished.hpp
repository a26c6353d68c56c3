// A segment with one of each kind of primitive, and what must be true of it whoever died in it.
#pragma once

#include <cstdint>

#include "stage.hpp"

namespace seki::test {

// What the primitives are called, of whatever kind.
inline constexpr const char* one_name = "it";

inline constexpr std::int64_t checks_a_year = 4;
[[nodiscard]] LimiterOptions a_few_a_year(Algorithm algorithm);
inline constexpr Algorithm every_algorithm[] = {Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                                Algorithm::sliding_window, Algorithm::fixed_window};
// The limiter of that algorithm: there is one of each.
[[nodiscard]] const char* name_of_limiter(Algorithm algorithm);

[[nodiscard]] BulkheadOptions three_permits();
[[nodiscard]] BreakerOptions of_ten_calls();
[[nodiscard]] AdaptiveOptions two_to_five();
[[nodiscard]] ShedderOptions four_in_flight();
[[nodiscard]] RetryOptions five_retries();
[[nodiscard]] HedgeOptions five_hedges();
[[nodiscard]] PolicyOptions of_all_parts();

[[nodiscard]] OpenOptions roomy(Access access = Access::create_or_attach);
[[nodiscard]] Segment opened_roomy(const fs::path& folder, Access access = Access::create_or_attach);

// World: all of these, each used a little by somebody who died and held one of what can be held.
void furnish(const fs::path& folder);
// The same, and nobody held anything.
void furnish_in_peace(const fs::path& folder);

// Whoever lives on makes a call with each that is there; how long the longest took is noted (survivors.hpp).
void call_each(const Segment& by);

// After somebody tidied up: the doctor has nothing to say, of whatever is there all can be had, and no more than that, and what is not there can be made.
void expect_all_works(const Segment& by);

}  // namespace seki::test
