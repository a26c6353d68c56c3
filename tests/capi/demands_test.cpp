// Several demands at once, as many as a program of C has.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "capi_fixture.hpp"
#include "support/small_stack.hpp"

namespace seki::test {
namespace {

class Demands : public CapiTest {
protected:
    Demands() {
        seki_limiter_options options = limiter_options();
        options.limit = 100'000;
        must(seki_limiter_create(segment, "crowd", &options, &crowd));
    }
    ~Demands() override { seki_limiter_free(crowd); }

    [[nodiscard]] std::vector<seki_demand> demands(std::size_t count) const {
        return std::vector<seki_demand>(count, seki_demand SEKI_DEMAND(crowd, "alice", 5, 1));
    }

    seki_limiter* crowd = nullptr;
};

// Fails if a demand takes a piece of the stack.
TEST_F(Demands, AreAsManyAsThereAreOnASmallStack) {
    const auto very_many = demands(99'000), many = demands(1000);
    seki_decision d = SEKI_DECISION_INIT;
    must(seki_check_all(very_many.data(), very_many.size(), &d));
    EXPECT_EQ(d.remaining, 1000U);
    seki_decision first = SEKI_DECISION_INIT, second = SEKI_DECISION_INIT;
    on_small_stack([&] {
        must(seki_check_all(many.data(), many.size(), &first));
        must(seki_check_all(many.data(), many.size(), &second));
    });
    EXPECT_EQ(first.allowed, 1U);
    EXPECT_EQ(first.remaining, 0U);
    EXPECT_EQ(second.allowed, 0U);
    EXPECT_GT(second.retry_after_ns, 0);
    EXPECT_NE(second.retry_after_ns, SEKI_NEVER);
}

// Fails if two demands on one key that can never pass together are told to come back.
TEST_F(Demands, OnOneKeyMustFitTogether) {
    const seki_demand twice[] = {SEKI_DEMAND(limiter, "alice", 5, 4), SEKI_DEMAND(limiter, "alice", 5, 3)};
    seki_decision d = SEKI_DECISION_INIT;
    must(seki_check_all(twice, 2, &d));
    EXPECT_EQ(d.allowed, 0U);
    EXPECT_EQ(d.retry_after_ns, SEKI_NEVER);
    EXPECT_EQ(d.remaining, 6U);
    EXPECT_EQ(left(), 6U);
}

}  // namespace
}  // namespace seki::test
