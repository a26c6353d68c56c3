// Programs and libraries of different versions: what both know works, and nothing else is touched.
#include <array>
#include <cstring>
#include <string>

#include <gmock/gmock.h>

#include "capi/sized.hpp"
#include "capi_fixture.hpp"

namespace seki::test {

// A struct that has grown: the first version had `first` alone.
struct grown {
    std::uint32_t size;
    std::uint32_t first;
    std::uint64_t later;
};

}  // namespace seki::test

template <>
inline constexpr std::uint32_t seki::capi::first_size<seki::test::grown> = 8;

namespace seki::test {
namespace {

using testing::HasSubstr;

// What a later header may have made of a struct.
template <class Sized>
struct later {
    Sized known;
    std::array<unsigned char, 24> unknown;

    explicit later(const Sized& init) : known{init} {
        known.size = sizeof(later);
        unknown.fill(0xa5);
    }
    [[nodiscard]] bool is_left_alone() const {
        for (const unsigned char byte : unknown)
            if (byte != 0xa5) return false;
        return known.size == sizeof(later);
    }
};

using Versions = CapiTest;

// Fails if what only an older program does not have is read from behind its struct, or written there.
TEST(OlderPrograms, GetDefaultsForWhatTheyDoNotKnowAndNothingBehindTheirStructs) {
    std::array<grown, 2> memory{{{.size = 8, .first = 7, .later = 99}, {.size = 0, .first = 0, .later = 0}}};
    ASSERT_TRUE(capi::has_sensible_size(memory[0]));
    const grown seen = capi::read(memory[0], {.size = 16, .first = 1, .later = 42});
    EXPECT_EQ(seen.first, 7U);
    EXPECT_EQ(seen.later, 42U);
    EXPECT_EQ(seen.size, sizeof(grown));
    capi::write(memory[0], [](grown& all) {
        all.first = 8;
        all.later = 43;
    });
    EXPECT_EQ(memory[0].first, 8U);
    EXPECT_EQ(memory[0].later, 99U);
    EXPECT_EQ(memory[0].size, 8U);
}

// Fails if a size that was never set is believed.
TEST(OlderPrograms, AreNoneWhoseSizeNoVersionHad) {
    for (const std::uint32_t size : {0U, 1U, 7U, 4096U, ~0U})
        EXPECT_FALSE(capi::has_sensible_size(grown{.size = size, .first = 0, .later = 0})) << size;
    for (const std::uint32_t size : {8U, 12U, 16U, 4095U})
        EXPECT_TRUE(capi::has_sensible_size(grown{.size = size, .first = 0, .later = 0})) << size;
}

// Fails if options that a later header knows are in the way of those that this library knows.
TEST_F(Versions, OptionsOfALaterHeaderWork) {
    const later<seki_limiter_options> limits{limiter_options()};
    seki_limiter* made = nullptr;
    must(seki_limiter_create(segment, "later", &limits.known, &made));
    must(seki_limiter_change(segment, "later", &limits.known));
    later<seki_limiter_options> seen{SEKI_LIMITER_OPTIONS_INIT};
    must(seki_limiter_get_options(made, &seen.known));
    EXPECT_EQ(seen.known.limit, 6U);
    EXPECT_TRUE(seen.is_left_alone());
    seki_limiter_free(made);

    const later<seki_open_options> opens{open_options()};
    seki_segment* same = nullptr;
    must(seki_open(path().c_str(), &opens.known, &same));
    seki_close(same);
}

// Fails if what a later header knows is written over, or the size that its program set.
TEST_F(Versions, WhatALaterHeaderKnowsOfAnAnswerIsLeftAlone) {
    later<seki_decision> decision{SEKI_DECISION_INIT};
    later<seki_receipt> receipt{SEKI_RECEIPT_INIT};
    must(seki_limiter_check_receipt(limiter, "alice", 5, 2, &receipt.known, &decision.known));
    EXPECT_EQ(decision.known.remaining, 4U);
    must(seki_limiter_refund_receipt(limiter, &receipt.known, 1));
    EXPECT_EQ(left(), 5U);
    later<seki_breaker_status> calls{SEKI_BREAKER_STATUS_INIT};
    must(seki_breaker_get_status(breaker, &calls.known));
    later<seki_bulkhead_status> permits{SEKI_BULKHEAD_STATUS_INIT};
    must(seki_bulkhead_get_status(bulkhead, &permits.known));
    EXPECT_EQ(permits.known.max_concurrent, 10U);
    later<seki_permit> permit{SEKI_PERMIT_INIT};
    must(seki_bulkhead_try_acquire(bulkhead, &permit.known));
    must(seki_permit_release(&permit.known));
    later<seki_admission> admission{SEKI_ADMISSION_INIT};
    must(seki_breaker_admit(breaker, &admission.known));
    must(seki_admission_tell(&admission.known, SEKI_OUTCOME_OK));
    later<seki_trace_context> trace{SEKI_TRACE_CONTEXT_INIT};
    must(seki_trace_save(&trace.known));
    must(seki_trace_restore(&trace.known));
    EXPECT_TRUE(decision.is_left_alone() && receipt.is_left_alone() && calls.is_left_alone() &&
                permits.is_left_alone() && permit.is_left_alone() && admission.is_left_alone() &&
                trace.is_left_alone());
}

// Fails if the second demand is looked for where it would be with this library's header.
TEST_F(Versions, DemandsOfALaterHeaderAreAsFarApartAsItSays) {
    const later<seki_demand> demands[]{later<seki_demand>{SEKI_DEMAND(limiter, "alice", 5, 1)},
                                       later<seki_demand>{SEKI_DEMAND(limiter, "alice", 5, 2)},
                                       later<seki_demand>{SEKI_DEMAND(limiter, "alice", 5, 3)}};
    seki_decision decision = SEKI_DECISION_INIT;
    must(seki_check_all(&demands[0].known, 3, &decision));
    EXPECT_EQ(decision.allowed, 1U);
    EXPECT_EQ(left(), 0U);
}

// Fails if a library that lacks something passes for one that has it, or one that has more is refused.
TEST(CheckVersion, RefusesALibraryThatIsOlderThanTheHeaderOrOfAnotherMajorVersion) {
    EXPECT_EQ(seki_check_version(SEKI_VERSION_NUMBER), SEKI_OK);
    EXPECT_EQ(seki_check_version(SEKI_VERSION_NUMBER + 99), SEKI_OK);  // a later patch
    EXPECT_EQ(seki_check_version(0), SEKI_OK);                         // 0.0.0
    EXPECT_EQ(seki_check_version(SEKI_VERSION_NUMBER + 100), SEKI_ERROR_WRONG_VERSION);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("0.2.0"));
    EXPECT_THAT(seki_last_error_message(), HasSubstr("install libseki 0.2"));
    EXPECT_EQ(seki_check_version(SEKI_VERSION_NUMBER + 10000), SEKI_ERROR_WRONG_VERSION);
    EXPECT_EQ(seki_check_version(~0U), SEKI_ERROR_WRONG_VERSION);
}

}  // namespace
}  // namespace seki::test
