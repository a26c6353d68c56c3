// What was found in a segment, in words for people: the same ones wherever sekictl shows it. Nothing in them moves a cursor or colours a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "report/holdings.hpp"
#include "report/keys.hpp"
#include "report/snapshot.hpp"

namespace seki::ctl {

using table_rows = std::vector<std::vector<std::string>>;  // of a table

// Never less than it is, and no more digits than one reads.
[[nodiscard]] std::string about(std::chrono::nanoseconds span);
[[nodiscard]] std::string about_bytes(std::uint64_t bytes);

// As text where it is one, else 0x and its bytes; # and its fingerprint when no text is kept.
[[nodiscard]] std::string in_words(const report::key_facts& key);
[[nodiscard]] std::string in_words(const report::owner_facts& owner);
// "2 of database, waits for cache, 1 probe of payments"
[[nodiscard]] std::string held_in_words(const std::vector<report::holding>& holds);

// One primitive: what it is called, and its value, a row each.
[[nodiscard]] table_rows options_in_words(const report::limiter_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::breaker_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::bulkhead_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::adaptive_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::shedder_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::retry_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::hedge_facts& facts);
[[nodiscard]] table_rows options_in_words(const report::policy_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::limiter_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::breaker_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::bulkhead_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::adaptive_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::shedder_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::retry_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::hedge_facts& facts);
[[nodiscard]] table_rows state_in_words(const report::policy_facts& facts);

}  // namespace seki::ctl
