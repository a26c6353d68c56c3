// Which options of bulkheads are accepted, what is said about the others, and what an entry says of them.
#include "primitives/bulkhead_options.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <set>

#include "primitives/bulkhead_family.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "primitives/registry.hpp"
#include "support/seed.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using traits = family<BulkheadOptions>;

std::string message_of(const Result<void>& result) { return result ? "" : result.error().message; }
std::string refusal(const BulkheadOptions& options) { return message_of(bulkheads::validate("database", options)); }

std::string parse(std::string_view option, std::string_view text) {
    BulkheadOptions options;
    const auto* const known = find_option(bulkhead_option_table(), option);
    return message_of(known->parse(options, *known, text));
}

// Fails when a value outside a range passes, or when the words do not name the bulkhead, the fault and what is accepted.
TEST(BulkheadOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    struct bad_options {
        BulkheadOptions options;
        std::string_view message;
    };
    const std::array<bad_options, 7> table{{
        {{.max_concurrent = 0}, "max_concurrent 0 is too small: 1 to 65535"},
        {{.max_concurrent = 65'536}, "max_concurrent 65536 is too large: 1 to 65535"},
        {{.max_concurrent = ~0ULL}, "max_concurrent 18446744073709551615 is too large: 1 to 65535"},
        {{.max_wait = -1s}, "max_wait -1s is too short: 0s (do not wait) to 1d"},
        {{.max_wait = 24h + 1ns}, "max_wait 1d1ns is too long: 0s (do not wait) to 1d"},
        {{.max_waiting = 65'536}, "max_waiting 65536 is too large: 0 to 65535"},
        {{.max_concurrent = 0, .max_wait = -1s}, "max_concurrent 0 is too small: 1 to 65535"},
    }};
    for (const bad_options& bad : table)
        EXPECT_EQ(refusal(bad.options), "bulkhead \"database\": " + std::string{bad.message});
    EXPECT_EQ(mistakes({.max_concurrent = 0, .max_wait = -1s, .max_waiting = 1 << 20}).size(), 3U);
}

// Fails when a default, or the edge of a range, is refused; or the defaults are not those of the manual.
TEST(BulkheadOptions, DefaultsAndEdgesAreAccepted) {
    EXPECT_EQ(refusal({}), "");
    EXPECT_EQ(refusal({.max_concurrent = 1, .max_wait = 0s, .max_waiting = 0}), "");
    EXPECT_EQ(refusal({.max_concurrent = 65'535, .max_wait = 24h, .max_waiting = 65'535}), "");
    EXPECT_EQ(BulkheadOptions{}, (BulkheadOptions{.max_concurrent = 10, .max_wait = 0s, .max_waiting = 100}));
}

// Fails when a text that means nothing is taken for a number or a duration.
TEST(BulkheadOptions, TextsAreReadOrRefused) {
    EXPECT_EQ(parse("max_concurrent", "12"), "");
    EXPECT_EQ(parse("max_wait", "0s"), "");
    EXPECT_EQ(parse("max_wait", "250ms"), "");
    EXPECT_EQ(parse("max_waiting", "0"), "");
    EXPECT_EQ(parse("max_concurrent", "0"), "max_concurrent 0 is too small: 1 to 65535");
    EXPECT_EQ(parse("max_concurrent", "many"), "max_concurrent \"many\" is not a whole number: 1 to 65535");
    EXPECT_EQ(parse("max_waiting", "-1"), "max_waiting -1 is too small: 0 to 65535");
    EXPECT_NE(parse("max_wait", "10"), "");
}

// Fails when an option is lost on its way into an entry and back, or a text on its way through the table.
TEST(BulkheadOptions, AnEntryGivesBackWhatItWasMadeFrom) {
    const BulkheadOptions options{.max_concurrent = 321, .max_wait = 1500ms, .max_waiting = 7};
    EXPECT_EQ(traits::options_of(traits::terms_of(options), traits::shape_of(options)), options);
    BulkheadOptions read;
    for (const auto& [name, text] : list_options(bulkhead_option_table(), options)) {
        const auto* const known = find_option(bulkhead_option_table(), name);
        EXPECT_TRUE(known->parse(read, *known, text));
    }
    EXPECT_EQ(read, options);
}

// Fails when what somebody scribbled into an entry becomes an option that the tables cannot have.
TEST(BulkheadOptions, WhateverStandsInAnEntryIsSafeToLookAt) {
    std::mt19937_64 random{test::seed_or(1)};
    for (int round = 0; round < 10'000; ++round) {
        shm::wide_terms terms{};
        shm::shape shape{};
        for (auto& each : terms) each = random() >> random() % 64;
        for (auto& each : shape) each = random() >> random() % 64;
        const BulkheadOptions options = traits::options_of(terms, shape);
        const auto room = shm::unpack_bulkhead_shape(shape);
        EXPECT_GE(options.max_concurrent, 1U);
        EXPECT_LE(options.max_concurrent, std::max<std::uint64_t>(room.permits, 1));
        EXPECT_LE(options.max_waiting, room.waiting);
        EXPECT_GE(options.max_wait, 0s);
        EXPECT_LE(options.max_wait, longest_wait);
    }
}

// Fails when a bulkhead cannot grow fourfold, or sizes are so many that deleted ones fit nobody.
TEST(BulkheadOptions, ThereIsRoomToGrowInFewSizes) {
    std::set<std::uint64_t> sizes;
    for (std::uint64_t permits = 1; permits <= max_permits; ++permits) {
        const std::uint64_t room = room_for(permits);
        sizes.insert(room);
        ASSERT_GE(room, std::min<std::uint64_t>(4 * permits, max_permits));
        ASSERT_GE(room, 1024U);
        ASSERT_LE(room, max_permits);
    }
    EXPECT_EQ(sizes.size(), 7U);
}

// Fails when a bulkhead is told to grow beyond its tables, or the words do not say how far it can.
TEST(BulkheadOptions, BeyondItsRoomABulkheadDoesNotGrow) {
    const auto room = shape_for({.max_concurrent = 10, .max_waiting = 300});
    EXPECT_EQ(message_of(check_room("database", {.max_concurrent = 1024, .max_waiting = 2048}, room)), "");
    EXPECT_EQ(message_of(check_room("database", {.max_concurrent = 1025}, room)),
              "bulkhead \"database\": max_concurrent 1025 is too large for the room that it was created with: at most "
              "1024, or delete the bulkhead and create it anew");
    EXPECT_EQ(message_of(check_room("database", {.max_waiting = 2049}, room)),
              "bulkhead \"database\": max_waiting 2049 is too large for the room that it was created with: at most "
              "2048, or delete the bulkhead and create it anew");
}

}  // namespace
}  // namespace seki::primitives
