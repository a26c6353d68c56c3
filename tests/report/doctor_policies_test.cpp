// What the doctor knows of policies: healthy in every state, and each invariant broken by hand, found by name, mended.
#include "doctor_fixture.hpp"
#include "primitives/policy_family.hpp"
#include "primitives/registry.hpp"
#include "shm/policy_piece.hpp"

namespace seki::report {
namespace {

class DoctorOfPolicies : public DoctorTest {
protected:
    [[nodiscard]] shm::placement at() const { return *shm::directory{*where_}.find(layout::kind::policy, "order"); }
    [[nodiscard]] PolicyOptions in_force() const { return primitives::policies::options_of(*where_, at()); }
    [[nodiscard]] PolicyOptions made_with() const { return primitives::policies::creation_options_of(*where_, at()); }
    static PolicyOptions first() { return {.limiter = "login"}; }
    static PolicyOptions second() { return {.bulkhead = "database", .breaker = "calls"}; }

    // In the place of another: the segment has room for no more.
    [[nodiscard]] Policy made() const {
        EXPECT_TRUE(opened_->remove_limiter("other"));
        return *opened_->policy("order", first());
    }
    const Policy policy_ = made();
};

// Fails when a policy that nobody scribbled on is called wrong, or repair changes it; after more changes than there is room for names, too.
TEST_F(DoctorOfPolicies, AFreshOneAChangedOneAndADeletedOneAreSound) {
    for (int change = 0; change < 6; ++change) {
        expect_sound();
        EXPECT_EQ(made_with(), first());
        ASSERT_TRUE(opened_->change("order", change % 2 == 0 ? second() : first()));
        EXPECT_EQ(in_force(), change % 2 == 0 ? second() : first());
    }
    EXPECT_EQ(repair(*where_), 0U);
    ASSERT_TRUE(opened_->remove_policy("order"));
    expect_sound();
}

// Fails when a name that nobody can have given is used, or is not found.
TEST_F(DoctorOfPolicies, AScribbledNameIsFoundAndMended) {
    ASSERT_TRUE(opened_->change("order", second()));
    const std::uint64_t set = shm::read_wide_terms(entry(at().index)).values[layout::policy_names];
    shm::policy_names{*where_, at()}.write(set, layout::policy_part::breaker, "../calls");
    EXPECT_EQ(in_force().breaker, "");
    expect_found_and_mended(invariant::terms_sane);
    EXPECT_EQ(in_force(), first());
}

// Fails when terms that refer to no names are not found, or are followed.
TEST_F(DoctorOfPolicies, TermsThatNoOptionsGiveGoBackToThoseOfTheCreation) {
    auto values = primitives::family<PolicyOptions>::terms_of(first());
    values[layout::policy_names] = layout::policy_name_sets;
    shm::publish_terms(entry(at().index), values);
    EXPECT_EQ(in_force(), first());
    expect_found_and_mended(invariant::terms_sane);
    values[layout::policy_names] = 0;
    values[layout::policy_deadline] = ~0ULL;
    shm::publish_terms(entry(at().index), values);
    expect_found_and_mended(invariant::terms_sane);
}

}  // namespace
}  // namespace seki::report
