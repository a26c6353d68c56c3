// The sentence of a thread's last error.
#include <pthread.h>

#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

using testing::HasSubstr;
using testing::StrEq;

using Messages = CapiTest;

// Fails if one thread hears of another's error.
TEST_F(Messages, BelongToTheThread) {
    seki_limiter* none = nullptr;
    EXPECT_EQ(seki_limiter_get(segment, "mine", &none), SEKI_ERROR_NOT_FOUND);
    std::thread{[this] {
        EXPECT_THAT(seki_last_error_message(), StrEq(""));
        seki_limiter* other = nullptr;
        EXPECT_EQ(seki_limiter_get(segment, "others", &other), SEKI_ERROR_NOT_FOUND);
        EXPECT_THAT(seki_last_error_message(), HasSubstr("others"));
    }}.join();
    EXPECT_THAT(seki_last_error_message(), HasSubstr("mine"));
}

// Fails if what goes well takes the sentence away.
TEST_F(Messages, StayWhatTheyWereWhenACallGoesWell) {
    seki_limiter* none = nullptr;
    EXPECT_EQ(seki_limiter_get(segment, "mine", &none), SEKI_ERROR_NOT_FOUND);
    const std::string before = seki_last_error_message();
    EXPECT_EQ(left(), 6U);
    EXPECT_EQ(seki_segment_maintain(segment), SEKI_OK);
    EXPECT_EQ(seki_last_error_message(), before);
}

// Fails if a refusal that has to be quick leaves the sentence of an earlier error.
TEST_F(Messages, OfQuickRefusalsSayWhatTheyMean) {
    seki_limiter* none = nullptr;
    EXPECT_EQ(seki_limiter_get(segment, "mine", &none), SEKI_ERROR_NOT_FOUND);
    must(seki_breaker_force(breaker, SEKI_BREAKER_FORCED_OPEN));
    seki_admission admission = SEKI_ADMISSION_INIT;
    EXPECT_EQ(seki_breaker_admit(breaker, &admission), SEKI_ERROR_CIRCUIT_OPEN);
    EXPECT_THAT(seki_last_error_message(), StrEq(seki_status_message(SEKI_ERROR_CIRCUIT_OPEN)));
    EXPECT_THAT(seki_breaker_explain(breaker, SEKI_ERROR_CIRCUIT_OPEN), HasSubstr("breaker \"payments\""));
    EXPECT_THAT(seki_last_error_message(), HasSubstr("breaker \"payments\""));
}

// Fails, under a sanitizer, if an error in what a thread does at its end touches a sentence that is gone.
TEST_F(Messages, MayComeWhileAThreadEnds) {
    static pthread_key_t key{};
    static bool refused = false;
    ASSERT_EQ(pthread_key_create(&key,
                                 [](void* of) {
                                     seki_limiter* none = nullptr;
                                     refused = seki_limiter_get(static_cast<seki_segment*>(of), "at-the-end", &none) ==
                                                   SEKI_ERROR_NOT_FOUND &&
                                               seki_last_error_message() != std::string{};
                                 }),
              0);
    std::thread{[this] {
        seki_limiter* none = nullptr;
        EXPECT_EQ(seki_limiter_get(segment, "before", &none), SEKI_ERROR_NOT_FOUND);
        pthread_setspecific(key, segment);
    }}.join();
    EXPECT_TRUE(refused);
    pthread_key_delete(key);
}

}  // namespace
}  // namespace seki::test
